"""Settings of the channels, and the options of their messages."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from devino_core import Secret
from devino_plugins.kit.settings import ChannelLoginSettings, Language, SmtpSettings, offset_of

__all__ = ["EmailOptions", "EmailSettings", "EmailSmtpSettings"]


class EmailOptions(Struct, frozen=True, kw_only=True):
    """``Message.options`` of channel kind ``email``."""

    campaign: str | None = None
    """An id of your own for messages that belong together; callbacks repeat it."""


class EmailSettings(ChannelLoginSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``email``."""

    base_url: str = "https://integrationapi.net/email/v2"
    """Where the API lives; another one for the sandbox or a gateway of your own."""
    password: Secret
    """The account's password; it travels in a header."""
    batch_size: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    """How many recipients one call takes. The platform tells no limit but 10 MB of texts."""
    language: Language = "en"
    """The language of the platform's descriptions."""
    server_utc_offset: str = "+00:00"
    """What to add to dates of answers whose zone the platform does not know (``-0000``). Leave it
    unless they are early by the platform's own zone, ``+03:00``."""

    def __post_init__(self) -> None:
        if ":" in self.login:
            raise ValueError("login: a colon cannot be told from what divides login and password")
        offset_of("server_utc_offset", self.server_utc_offset)


class EmailSmtpSettings(SmtpSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``email-smtp``. Its login and password are not the account's: the
    platform gives them for SMTP alone, and takes them only from a known IP address."""

    private: ClassVar[frozenset[str]] = frozenset({"login"})

    host: str = "integrationapi.net"
    """The mail server that takes the mails; another one for the sandbox."""
    login: Annotated[str, Meta(min_length=1)]
    """The login for SMTP."""
    password: Secret
    """The password for SMTP."""
