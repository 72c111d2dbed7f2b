"""Who asks: a session, a login with its password, or a key."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from devino_codecs._masked import SECRET, Masked

__all__ = ["ApiKey", "Credentials", "Login", "Session"]


class Session(Masked, frozen=True):
    """The id of a session that somebody opened before. The repr does not show it."""

    id: Annotated[str, SECRET]

    @property
    def secret(self) -> str:
        """What nobody is to see."""
        return self.id


class Login(Masked, frozen=True):
    """Login and password. The repr shows neither."""

    login: Annotated[str, SECRET]
    password: Annotated[str, SECRET]

    @property
    def secret(self) -> str:
        """What nobody is to see."""
        return self.password


class ApiKey(Masked, frozen=True):
    """A key that says who asks. The repr does not show it."""

    key: Annotated[str, SECRET]

    @property
    def secret(self) -> str:
        """What nobody is to see."""
        return self.key


Credentials: TypeAlias = Session | Login | ApiKey
