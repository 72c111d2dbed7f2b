"""Who asks: a session id (version 1) or a login and password (version 2)."""

from msgspec import Struct

__all__ = ["Credentials", "Login", "Session"]


class Session(Struct, frozen=True):
    """The session that version 1 wants with every request: what :class:`GetSession` answers.

    ``id``: 36 of ``[A-Za-z0-9_]`` on the platform; it lives 120 minutes. Any non-empty text passes
    here. The repr does not show it.
    """

    id: str

    def __repr__(self) -> str:
        return "Session(***)"

    # msgspec gives rich an attribute list of its own, which would print the id.
    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("id", "***")]


class Login(Struct, frozen=True):
    """Login and password: with every request of version 2, with :class:`GetSession` of version 1.

    The repr shows neither.
    """

    login: str
    password: str

    def __repr__(self) -> str:
        return "Login(***)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("login", "***"), ("password", "***")]


Credentials = Session | Login
