"""Who asks, and where in a request it stands: in arguments, in a header, or in either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from devino_codecs._masked import SECRET, Masked
from devino_codecs.errors import EncodeError

__all__ = [
    "ApiKey",
    "Auth",
    "Login",
    "Session",
    "arguments",
    "basic",
    "either",
    "header",
]


class Session(Masked, frozen=True):
    """The id of a session that somebody opened before. The repr does not show it."""

    id: Annotated[str, SECRET]

    @property
    def secret(self) -> str:
        """The part that must not be shown."""
        return self.id


class Login(Masked, frozen=True):
    """Login and password. The repr shows neither."""

    login: Annotated[str, SECRET]
    password: Annotated[str, SECRET]

    @property
    def secret(self) -> str:
        """The part that must not be shown."""
        return self.password


class ApiKey(Masked, frozen=True):
    """A key that says who asks. The repr does not show it."""

    key: Annotated[str, SECRET]

    @property
    def secret(self) -> str:
        """The part that must not be shown."""
        return self.key


class Auth(msgspec.Struct, frozen=True):
    """One way, or several, to say who asks. Made by the functions of this module."""

    of: type[Any]
    """The type of the credentials."""
    names: tuple[str, ...] = ()
    """Arguments, one for each attribute of the type, in order."""
    header: str | None = None
    to_header: Callable[[Any], str] = str
    from_header: Callable[[str], Any] = str
    """Reads the header. ``""`` gives empty credentials; the platform decides what they mean."""
    other: Auth | None = None

    @property
    def schemes(self) -> tuple[Auth, ...]:
        """Each way for itself, the preferred first."""
        return (self,) if self.other is None else (self, *self.other.schemes)


def arguments(of: type[Any], *names: str) -> Auth:
    """Credentials as arguments, in the query or in the form: ``arguments(Login, "user", "pass")``.

    One name for each attribute of the type, in order. One that lacks or is empty is a
    :exc:`MissingArgumentError`.
    """
    if len(names) != len(of.__struct_fields__):
        raise TypeError(f"{of.__name__} has {len(of.__struct_fields__)} attributes, not these")
    return Auth(of, names)


def header(name: str, *, scheme: str = "") -> Auth:
    """An :class:`ApiKey` in a header of its own, or after a word: ``scheme="Bearer"``."""
    begins = f"{scheme} " if scheme else ""

    def read(text: str) -> ApiKey:
        if text[: len(begins)].lower() != begins.lower():
            return ApiKey("")
        return ApiKey(text[len(begins) :].strip())

    return Auth(
        ApiKey, header=name, to_header=lambda key: begins + _said(key.key, name), from_header=read
    )


def basic() -> Auth:
    """A :class:`Login` as HTTP's Basic, in UTF-8; Latin-1 is read too."""
    return Auth(Login, header="Authorization", to_header=_write_basic, from_header=_read_basic)


def either(*schemes: Auth) -> Auth:
    """Any of these schemes. A request is written with the scheme whose type the credentials have,
    and read with the first scheme that it holds. If it holds none, the first counts as empty."""
    *others, last = schemes
    for scheme in reversed(others):
        last = msgspec.structs.replace(scheme, other=last)
    return last


def _said(text: str, path: str) -> str:
    if not text:
        raise EncodeError("must not be empty", path=path)
    if not (text.isascii() and text.isprintable()):
        raise EncodeError("a character that no header can hold", path=path)
    return text


# Base64 is imported where it is needed: not every interface wants it.


def _write_basic(login: Login) -> str:
    from binascii import b2a_base64

    if not login.login:
        raise EncodeError("must not be empty", path="login")
    if ":" in login.login:
        raise EncodeError("a login with a colon cannot be told from its password", path="login")
    try:
        pair = f"{login.login}:{login.password}".encode()
    except UnicodeError as error:
        raise EncodeError(f"{error}", path="Authorization") from None
    return f"Basic {b2a_base64(pair, newline=False).decode()}"


def _read_basic(text: str) -> Login:
    from binascii import Error, a2b_base64

    scheme, _, encoded = text.partition(" ")
    if scheme.lower() != "basic":
        return Login("", "")
    try:
        pair = a2b_base64(encoded.strip().encode(), strict_mode=True)
    except (Error, UnicodeError):
        return Login("", "")
    try:
        said = pair.decode()
    except UnicodeDecodeError:
        said = pair.decode("latin-1")
    login, _, password = said.partition(":")
    return Login(login, password)
