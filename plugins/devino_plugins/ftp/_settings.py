"""Settings of the FTP channel."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from devino_core import ChannelSettings, Secret
from devino_plugins.kit.settings import Positive, Seconds

__all__ = ["FtpSettings"]


class FtpSettings(ChannelSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``ftp``."""

    host: str = "ftp1.integrationapi.net"
    """The platform's FTP server."""
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    """Its port. Unless given it is 990 with ``implicit`` and 21 otherwise."""
    login: Annotated[str, Meta(min_length=1)]
    """The account's login. It is also the first part of each archive's name."""
    password: Secret
    """The password of the account's folder."""
    tls: Literal["explicit", "implicit", "none"] = "explicit"
    """How the connections are encrypted. ``explicit`` asks for TLS after the greeting,
    ``implicit`` starts with it. Both verify the server's name. ``none`` sends everything in the
    clear, the password too."""
    directory: str = ""
    """The folder on the server; unless given, the one that the login leads to."""
    archive: Literal["template", "plain"] = "template"
    """The kind of archive that support has set up. ``plain`` has one table of numbers and texts:
    no sender, no validity, no time of sending."""
    encoding: str = "utf-8"
    """The encoding of the tables. Agree on another with support."""
    quoting: Literal["refuse", "never", "standard"] = "refuse"
    """What to do with ``;`` and ``"`` in a text. ``refuse`` refuses both, ``never`` writes ``"`` as
    it is and refuses ``;``, ``standard`` quotes as RFC 4180 says. The manual does not say what the
    platform understands."""
    line_break: str | None = None
    """What stands for a line break. Without it a text of several lines is refused."""
    utc_offset: Annotated[str, Meta(pattern=r"^[+-][0-9]{2}:[0-9]{2}$")] | None = None
    """The clock by which the platform reads this account's dates, such as ``+03:00``. An aware
    ``send_at`` needs it."""
    connections: Positive = 4
    """How many archives travel at once; each has a connection of its own."""
    attempts: Positive = 3
    """How often a transfer that breaks is begun or resumed."""
    connect_timeout: Seconds = 10.0
    """Seconds to get a connection."""
    timeout: Seconds = 60.0
    """Seconds to wait for each reply, and for a transfer that stands still."""
    temp_dir: str | None = None
    """Where archives are built before they are sent; unless given, the system's place."""

    @property
    def real_port(self) -> int:
        """The port that is meant."""
        return self.port or (990 if self.tls == "implicit" else 21)
