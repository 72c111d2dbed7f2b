"""Settings of the Email2SMS channel."""

from __future__ import annotations

from typing import ClassVar, Literal

from devino_core import Secret
from devino_plugins.kit.settings import Positive, SmtpSettings

__all__ = ["Email2SmsSettings", "Format"]

Format = Literal["template", "semicolon", "base64"]


class Email2SmsSettings(SmtpSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``email2sms``."""

    private: ClassVar[frozenset[str]] = frozenset({"login", "smtp_username"})

    login: str
    """The account's login, as given at registration."""
    password: Secret
    """The account's password; it travels in the mails."""
    smtp_username: str | None = None
    """The name to log in to the mail server with, where it asks for one."""
    smtp_password: Secret | None = None
    """The password to log in to the mail server with."""
    from_addr: str
    """The address that the mails come from, such as ``sms@example.org``."""
    gateway: str = "email2sms@integrationapi.net"
    """The address that the mails go to."""
    format: Format = "template"
    """The body: ``template``, ``semicolon`` (AddonToEmail2SMS) or ``base64``
    (AddonToEmail2SMS_Base64)."""
    numbers_per_mail: Positive | None = None
    """How many numbers share a mail. Unless given it is 20 with ``template``, 1000 with ``base64``
    and 1 with ``semicolon``: the manual names no list for it, and the gateway does not say what it
    left out. ``semicolon`` takes up to 20."""
    line_break: str | None = None
    """What stands for a line break in ``semicolon`` and ``base64``, which are one line. Without it
    they refuse texts of several lines."""
