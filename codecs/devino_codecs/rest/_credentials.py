"""Who asks: a session id (version 1) or a login and password (version 2)."""

from typing import ClassVar

from devino_codecs._masked import Masked

__all__ = ["Credentials", "Login", "Session"]


class Session(Masked, frozen=True):
    """The session that version 1 wants with every request: what :class:`GetSession` answers.

    ``id``: 36 of ``[A-Za-z0-9_]`` on the platform; it lives 120 minutes. Any non-empty text passes
    here. The repr does not show it.
    """

    masked: ClassVar[frozenset[str]] = frozenset({"id"})

    id: str

    @property
    def secret(self) -> str:
        """What nobody is to see."""
        return self.id


class Login(Masked, frozen=True):
    """Login and password: with every request of version 2, with :class:`GetSession` of version 1.

    The repr shows neither.
    """

    masked: ClassVar[frozenset[str]] = frozenset({"login", "password"})

    login: str
    password: str

    @property
    def secret(self) -> str:
        """What nobody is to see."""
        return self.password


Credentials = Session | Login
