"""Settings of the address book."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from devino_core import Secret
from devino_plugins.kit.settings import Language, Positive, ServiceLoginSettings, offset_of

__all__ = ["AddressBookSettings"]


class AddressBookSettings(ServiceLoginSettings, frozen=True, kw_only=True):
    """Settings of service kind ``addressbook``."""

    password: Secret
    """The account's password; it travels in a header."""
    base_url: str = "https://integrationapi.net/addressbook/v2"
    """Where the API lives; another one for the sandbox or a gateway of your own."""
    language: Language = "en"
    """In which language the platform says why it refuses something."""
    book_utc_offset: str = "+03:00"
    """How far the calendar in which the platform keeps dates of birth is ahead of UTC."""
    server_utc_offset: str = "+00:00"
    """What is added to the times of groups and of the unsubscribed, if you see them early: the
    platform may take stored UTC for its own clock's time. Never added to dates of birth."""
    import_attempts: Positive = 5
    """How often a call of an import is tried, at doubling intervals from a second on."""
    import_patience: Annotated[float, Meta(ge=0, le=3600)] = 10.0
    """Seconds for which the platform is asked whether contacts arrived whose answer was lost. If it
    knows nothing of them then, they are sent again."""

    def __post_init__(self) -> None:
        if ":" in self.login:
            raise ValueError("login: a colon cannot be told from what divides login and password")
        offset_of("book_utc_offset", self.book_utc_offset)
        offset_of("server_utc_offset", self.server_utc_offset)
