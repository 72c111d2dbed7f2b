"""Settings of the Email2SMS channel."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from devino_core import ChannelSettings, Secret
from devino_plugins.kit.settings import Positive, Seconds

__all__ = ["Email2SmsSettings", "Format", "Tls"]

Format = Literal["template", "semicolon", "base64"]
Tls = Literal["starttls", "tls", "none"]


class Email2SmsSettings(ChannelSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``email2sms``."""

    login: str
    """The account's login, as given at registration."""
    password: Secret
    """The account's password; it travels in the mails."""
    host: str
    """The mail server that takes the mails: your own or your provider's."""
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    """Its port; unless given, 587 with ``starttls``, 465 with ``tls``, 25 with ``none``."""
    tls: Tls = "starttls"
    """How passwords are kept from others on the way: ``starttls`` encrypts after the greeting,
    ``tls`` from the start, and both verify the server's name. A server that offers no TLS is
    refused. ``none`` sends everything in the clear."""
    smtp_username: str | None = None
    """The name to log in to the mail server with, where it asks for one."""
    smtp_password: Secret | None = None
    """The password to log in to the mail server with."""
    from_addr: str
    """The address that the mails come from, such as ``sms@example.org``."""
    gateway: str = "email2sms@integrationapi.net"
    """The address that they go to."""
    format: Format = "template"
    """The body: ``template`` (20 numbers a mail), ``semicolon`` (AddonToEmail2SMS, 20) or
    ``base64`` (AddonToEmail2SMS_Base64, 1000)."""
    line_break: str | None = None
    """What stands for a line break in the formats that are one line; without it, texts of several
    lines are refused there."""
    local_hostname: str | None = None
    """How this machine introduces itself to the mail server; unless given, by its full name."""
    connections: Positive = 4
    """How many connections are used at once and kept."""
    idle_timeout: Seconds = 60.0
    """Seconds after which an unused connection is replaced."""
    max_lifetime: Seconds = 600.0
    """Seconds after which a connection is replaced."""
    connect_timeout: Seconds = 10.0
    """Seconds to get a connection, encrypted and logged in."""
    timeout: Seconds = 60.0
    """Seconds for each answer; a mail without one is OutcomeUnknown."""
