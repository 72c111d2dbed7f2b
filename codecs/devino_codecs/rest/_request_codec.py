"""Requests to and from HTTP: canonical when written, as lenient as the platform when read."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from devino_codecs._masked import Masked
from devino_codecs.errors import EncodeError

from ._arguments import PHONES, read_phones
from ._credentials import Credentials
from ._errors import InvalidArgumentError, MissingArgumentError
from ._form import pairs, unquote
from ._requests import Request
from ._routes import Argument, resolve, route

__all__ = ["REQUEST_TYPE", "HttpRequest", "decode_request", "encode_request"]

REQUEST_TYPE = "application/x-www-form-urlencoded"
"""The Content-Type of a request's body."""


class HttpRequest(Masked, frozen=True):
    """A request as HTTP has it. ``path`` starts at the host's root, ``query`` lacks the ``?``.

    ``query`` and ``body`` hold the credentials, so the repr shows neither.
    """

    masked: ClassVar[frozenset[str]] = frozenset({"query", "body"})

    method: str
    path: str
    query: str = ""
    body: bytes = b""

    @property
    def target(self) -> str:
        """Path and query, as in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


def encode_request(
    request: Request[object], credentials: Credentials, *, in_url: bool = False
) -> HttpRequest:
    """Write a request: a :class:`Session` makes it version 1, a :class:`Login` version 2.

    By default a POST whose form body holds everything, the credentials too, which the platform
    takes for every operation; ``in_url`` gives the manual's form: its verb, all in the query.
    Dates are cut to whole seconds. :class:`GetSession` takes a :class:`Login` and is version 1.

    Raises :exc:`EncodeError` with the argument's name for what cannot be written: an empty or
    missing text, a naive date where an instant is meant, a validity below one minute.
    """
    try:
        way = route(type(request), type(credentials))
    except KeyError:
        raise EncodeError(
            f"{type(request).__name__} cannot go with {type(credentials).__name__}: "
            "GetSession wants a Login, version 1 a Session, version 2 a Login"
        ) from None
    parts = []
    for source, arguments in ((credentials, way.credentials), (request, way.arguments)):
        for argument in arguments:
            value = getattr(source, argument.attribute)
            try:
                text = argument.kind.write(value, argument.prefix)
            except (ValueError, TypeError) as error:
                raise EncodeError(str(error), path=argument.name) from None
            if text:
                parts.append(text)
            elif argument.required:
                raise EncodeError("must not be empty", path=argument.name)
    text = "&".join(parts)
    if in_url:
        return HttpRequest(way.operation.method, way.path, text)
    return HttpRequest("POST", way.path, "", text.encode())


def decode_request(
    path: str,
    query: str | bytes = b"",
    body: bytes = b"",
    *,
    split_destinations: bool = False,
) -> tuple[Request[object], Credentials]:
    """Read a request as the platform does.

    The credentials tell the version: a :class:`Login` is version 2, or :class:`GetSession`.

    The verb and the content type mean nothing there, so neither is asked for. Paths and names in
    any case, doubled and trailing slashes, arguments in the query or the body or both (of several
    non-empty values the first counts, the query's before the body's), lists as ``X``, ``X[]`` or
    ``X[0]``, singular for plural and back, raw UTF-8, blanks around numbers, empty optional
    arguments, a validity of 0 and unknown arguments: all pass. ``path`` starts at the host's root
    and may carry a query itself.

    ``split_destinations`` also splits one value of a list of numbers at commas and semicolons. Off
    by default: the manual's tables show such a line, but as number formats.

    Raises :exc:`UnknownResourceError`, :exc:`MissingArgumentError` or :exc:`InvalidArgumentError`.
    """
    path, _, in_path = path.partition("?")
    way = resolve(path)
    found = _Found(way.names)
    for data in (in_path, query, body):
        if data:
            found.add(data.encode(errors="surrogatepass") if isinstance(data, str) else data)

    def read(argument: Argument) -> Any:
        try:
            value: Any = argument.kind.read(found.texts(argument.name))
        except ValueError as error:
            raise InvalidArgumentError(
                str(error), path=argument.name, request=way.operation.request
            ) from None
        if split_destinations and argument.kind is PHONES:
            value = read_phones([part for phone in value for part in re.split("[,;]", phone)])
        if argument.required and not value:
            raise MissingArgumentError(
                "missing or empty", path=argument.name, request=way.operation.request
            )
        return value

    request = way.operation.request(*map(read, way.arguments))
    return request, way.credentials_type(*map(read, way.credentials))


class _Found:
    """The values of a request's known arguments, still escaped, under their canonical names."""

    def __init__(self, names: Mapping[bytes, str]) -> None:
        self._names = names
        self._spelled: dict[bytes, tuple[str, int | None]] = {}
        self._plain: dict[str, list[bytes]] = {}
        self._indexed: dict[str, list[tuple[int, bytes]]] = {}

    def add(self, data: bytes) -> None:
        for raw, value in pairs(data):
            name, index = self._names.get(raw), None
            if name is None:
                name, index = self._spelled.get(raw) or self._spell(raw)
            if not (name and value):
                continue
            if index is None:
                self._plain.setdefault(name, []).append(value)
            else:
                self._indexed.setdefault(name, []).append((index, value))

    def _spell(self, raw: bytes) -> tuple[str, int | None]:
        """Read a name not spelled as in the manual: any case, escaped, ``[]`` or ``[0]``."""
        name = unquote(raw).decode(errors="replace").strip().lower()
        index = None
        if name.endswith("]"):
            name, _, number = name[:-1].rpartition("[")
            if number.isascii() and number.isdecimal() and len(number) < 10:
                index = int(number)
            elif number:
                name = ""
        # An unknown argument is kept under the empty name, which nobody asks for.
        spelled = self._spelled[raw] = (self._names.get(name.encode(), ""), index)
        return spelled

    def texts(self, name: str) -> list[str]:
        values = self._plain.get(name, [])
        if name in self._indexed:
            values = values + [v for _, v in sorted(self._indexed[name], key=lambda item: item[0])]
        return [unquote(value).decode() for value in values]
