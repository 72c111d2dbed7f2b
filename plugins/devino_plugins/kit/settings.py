"""The settings that every service and channel over HTTP has, and every channel over SMTP."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from msgspec import Meta

from devino_core import ChannelSettings, Priority, Secret, ServiceSettings

if TYPE_CHECKING:
    from devino_codecs.http import ApiKey, Credentials, Login

__all__ = [
    "ChannelConnectionSettings",
    "ChannelKeyOrLoginSettings",
    "ChannelKeySettings",
    "ChannelLoginSettings",
    "ConnectionSettings",
    "Language",
    "MessengerSettings",
    "PerSecond",
    "Positive",
    "ResendSettings",
    "Seconds",
    "ServiceKeySettings",
    "ServiceLoginSettings",
    "SmtpSettings",
    "Tls",
    "check_rate",
    "check_url",
    "offset_of",
]

Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0, le=86400)]
PerSecond = Annotated[float, Meta(ge=0, le=1000)]
Language: TypeAlias = Literal["en", "ru"]
Tls: TypeAlias = Literal["starttls", "tls", "none"]


def offset_of(setting: str, text: str) -> timedelta:
    """A setting like ``"+03:00"`` as a span of time. Raises ValueError with the setting's name."""
    match = re.fullmatch(r"([+-])([0-9]{2}):([0-5][0-9])", text)
    if match is None or int(match[2]) > 14:
        raise ValueError(f"{setting}: expected hours and minutes ahead of UTC, as in +03:00")
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -offset if match[1] == "-" else offset


class ConnectionSettings(ServiceSettings, frozen=True, kw_only=True):
    """Settings of a service over HTTP: where it is, and how long it may take.

    Inherit :class:`ServiceKeySettings` or :class:`ServiceLoginSettings`, which also say who asks.
    For another way to say that, inherit this class and give :attr:`credentials`.
    """

    base_url: str
    """Where the API lives; another one for the sandbox or a gateway of your own."""
    connections: Positive = 100
    """The size of the connection pool, over all concurrent calls."""
    connect_timeout: Seconds = 10.0
    """Seconds to get a connection."""
    timeout: Seconds = 30.0
    """Seconds for an answer after that; without one, a call with an effect is OutcomeUnknown."""
    keep_alive: Annotated[float, Meta(ge=0, le=86400)] = 15.0
    """Seconds for which an unused connection is kept; 0: each call has one of its own, for a server
    that closes connections when it likes."""
    proxy: Secret | None = None
    """URL of an HTTP proxy, which may hold a password."""
    plain_http: bool = False
    """Allow an ``http://`` base URL beyond this machine: secrets travel unencrypted."""

    @property
    def credentials(self) -> Credentials:
        """Who asks, as the ``auth`` of the interface wants it."""
        raise NotImplementedError(f"{type(self).__name__} does not say who asks")


class ServiceKeySettings(ConnectionSettings, frozen=True, kw_only=True):
    """Settings of a service over HTTP that asks with a key."""

    api_key: Secret
    """The key, as the provider gave it: printable ASCII."""

    def __post_init__(self) -> None:
        _check_key(self.api_key)

    @property
    def credentials(self) -> ApiKey:
        """Who asks."""
        # Not above: plugins are listed with their settings, and that needs no codec.
        from devino_codecs.http import ApiKey

        return ApiKey(self.api_key.reveal())


class ServiceLoginSettings(ConnectionSettings, frozen=True, kw_only=True):
    """Settings of a service over HTTP that asks with login and password."""

    login: Annotated[str, Meta(min_length=1)]
    """The account's login, as given at registration."""
    password: Secret
    """The account's password."""

    @property
    def credentials(self) -> Login:
        """Who asks."""
        from devino_codecs.http import Login

        return Login(self.login, self.password.reveal())


# The connection is said anew: a struct can have the fields of one other only, and a channel's are
# below ChannelSettings.
class ChannelConnectionSettings(ChannelSettings, frozen=True, kw_only=True):
    """Settings of a channel over HTTP: where it is, and how long it may take.

    Inherit :class:`ChannelLoginSettings` or :class:`ChannelKeySettings`, which also say who asks.
    For another way to say that, inherit this class and give :attr:`credentials`.
    """

    base_url: str
    """Where the API lives; another one for the sandbox or a gateway of your own."""
    concurrency: Positive = 8
    """How many calls of one ``send`` or ``status`` may be under way at once."""
    connections: Positive = 100
    """The size of the connection pool, over all concurrent sends."""
    connect_timeout: Seconds = 10.0
    """Seconds to get a connection."""
    timeout: Seconds = 30.0
    """Seconds for an answer after that; a send without one is OutcomeUnknown."""
    keep_alive: Annotated[float, Meta(ge=0, le=86400)] = 15.0
    """Seconds for which an unused connection is kept; 0: each call has one of its own, for a server
    that closes connections when it likes."""
    proxy: Secret | None = None
    """URL of an HTTP proxy, which may hold a password."""
    plain_http: bool = False
    """Allow an ``http://`` base URL beyond this machine: secrets travel unencrypted."""

    @property
    def credentials(self) -> Credentials:
        """Who asks, as the ``auth`` of the interface wants it."""
        raise NotImplementedError(f"{type(self).__name__} does not say who asks")


class ChannelLoginSettings(ChannelConnectionSettings, frozen=True, kw_only=True):
    """Settings of a channel over HTTP that asks with login and password."""

    login: Annotated[str, Meta(min_length=1)]
    """The account's login, as given at registration."""
    password: Secret
    """The account's password; it travels in request bodies only."""

    @property
    def credentials(self) -> Login:
        """Who asks."""
        from devino_codecs.http import Login

        return Login(self.login, self.password.reveal())


class ResendSettings(ChannelLoginSettings, frozen=True, kw_only=True):
    """Settings of a channel whose platform sends something else instead of what failed."""

    resend_grace: Annotated[float, Meta(ge=0, le=86400)] = 120.0
    """Seconds for which a failure of a message with a fallback counts as ENROUTE: so long it may
    take until the platform tells of what it sent instead."""


class MessengerSettings(ResendSettings, frozen=True, kw_only=True):
    """Settings of a channel for a messenger, where every request has login and password, and every
    message a validity and a priority."""

    password: Secret
    """The account's password; it travels in a header."""
    validity: Annotated[int, Meta(ge=60, le=86400)] = 86400
    """Seconds for which the platform tries to deliver a message that says no ``validity``."""
    priority: Priority = Priority.NORMAL
    """How soon a message goes that says no ``priority``. The platform asks for HIGH for what
    somebody waits for, such as a code, and for LOW for advertising."""

    def __post_init__(self) -> None:
        _check_basic(self.login)


class ChannelKeySettings(ChannelConnectionSettings, frozen=True, kw_only=True):
    """Settings of a channel over HTTP that asks with a key."""

    api_key: Secret
    """The key, as the provider gave it: printable ASCII."""

    def __post_init__(self) -> None:
        _check_key(self.api_key)

    @property
    def credentials(self) -> ApiKey:
        """Who asks."""
        from devino_codecs.http import ApiKey

        return ApiKey(self.api_key.reveal())


class ChannelKeyOrLoginSettings(ChannelConnectionSettings, frozen=True, kw_only=True):
    """Settings of a channel over HTTP that asks with a key, or with a login and its password."""

    key: Secret | None = None
    """The key, as the provider gave it: printable ASCII."""
    login: Annotated[str, Meta(min_length=1)] | None = None
    """The account's login, without a colon."""
    password: Secret | None = None
    """The account's password; it travels in a header."""

    def __post_init__(self) -> None:
        if (self.key is None) is (self.login is None):
            raise ValueError("key, login: give one of them")
        if (self.login is None) is not (self.password is None):
            raise ValueError("login, password: give both or neither")
        if self.key is not None:
            _check_key(self.key, "key")
        _check_basic(self.login or "")

    @property
    def credentials(self) -> ApiKey | Login:
        """Who asks."""
        from devino_codecs.http import ApiKey, Login

        if self.key is not None:
            return ApiKey(self.key.reveal())
        return Login(self.login or "", self.password.reveal() if self.password else "")


def check_url(setting: str, url: Secret | None) -> None:
    """It is a URL of the web, or is not given. Raises ValueError with the setting's name."""
    if url is None:
        return
    # Not above: few settings have a URL.
    from urllib.parse import urlsplit

    text = url.reveal()
    try:
        parts = urlsplit(text)
        # Of a port that is no number this raises ValueError.
        has_host = bool(parts.hostname) and parts.port != 0
        is_url = parts.scheme in {"http", "https"} and has_host
    except ValueError:
        # Its text may hold the URL.
        is_url = False
    # urlsplit passes over blanks and the ends of lines.
    if not is_url or " " in text or not text.isprintable():
        raise ValueError(f"{setting}: expected a URL that begins with http:// or https://")


def check_rate(per_second: float) -> None:
    """It is 0, for no limit, or at least 0.001: slower is a slip, and would look like a hang.

    Raises ValueError.
    """
    # No bound can say that.
    if 0 < per_second < 0.001:
        raise ValueError("requests_per_second: expected 0, or 0.001 to 1000")


def _check_key(key: Secret, setting: str = "api_key") -> None:
    said = key.reveal()
    if not said:
        raise ValueError(f"{setting}: must not be empty")
    if not (said.isascii() and said.isprintable()):
        raise ValueError(f"{setting}: expected printable ASCII characters")


def _check_basic(login: str) -> None:
    if ":" in login:
        raise ValueError("login: a colon cannot be told from what divides login and password")


class SmtpSettings(ChannelSettings, frozen=True, kw_only=True):
    """Which mail server, how it is reached, and how long it may take."""

    host: str
    """The mail server that takes the mails: your own or your provider's."""
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    """The server's port. Unless given it is 587 with ``starttls``, 465 with ``tls`` and 25 with
    ``none``."""
    tls: Tls = "starttls"
    """How the connection is encrypted. ``starttls`` encrypts after the greeting, ``tls`` from the
    start. Both verify the server's name and refuse a server that offers no TLS. ``none`` sends
    everything in the clear, passwords too."""
    local_hostname: str | None = None
    """The name by which this machine introduces itself to the mail server. Unless given it is the
    machine's full name."""
    connections: Positive = 4
    """How many connections are used at once and kept."""
    idle_timeout: Seconds = 60.0
    """Seconds after which an unused connection is replaced."""
    max_lifetime: Seconds = 600.0
    """Seconds after which a connection is replaced."""
    connect_timeout: Seconds = 10.0
    """Seconds to get a connection that is encrypted and logged in."""
    timeout: Seconds = 60.0
    """Seconds to wait for each reply. A mail without a reply is OutcomeUnknown."""
