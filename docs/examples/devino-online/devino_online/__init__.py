"""SMS through api.devino.online: its channel, and itself in the sandbox."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

import devino_core as devino
import devino_sandbox as sandbox
from devino_plugins.kit import ChannelConnectionSettings

if TYPE_CHECKING:
    from devino_codecs.http import ApiKey, Login

__all__ = ["OnlineSettings", "devino_channels", "devino_sandbox_services"]


class OnlineSettings(ChannelConnectionSettings, frozen=True, kw_only=True):
    """Who asks is a ``key``, or a ``login`` with its ``password``."""

    base_url: str = "https://api.devino.online"
    key: devino.Secret | None = None
    """The key, as the cabinet gave it: printable ASCII."""
    login: Annotated[str, Meta(min_length=1)] | None = None
    """The account's login, without a colon."""
    password: devino.Secret | None = None
    """The account's password; it travels in a header."""
    chunk: Annotated[int, Meta(ge=1, le=32_000)] = 1000
    """How many messages go in one call. A lost answer costs as many OutcomeUnknown."""
    segments: bool = True
    """Ask for the ids of segments, which tell into how many parts a text was cut."""
    shorten_urls: bool = False
    """The platform replaces links in texts by short ones; the option of that name decides for one
    message."""
    callback_url: devino.Secret | None = None
    """The URL that the platform shall call. It may hold a secret. Nobody has described what it
    posts: your application reads that."""
    edition: Literal["2020", "2022"] = "2022"
    """Which edition of the documentation priorities are written by: numbers or words."""

    def __post_init__(self) -> None:
        if (self.key is None) is (self.login is None):
            raise ValueError("key, login: give one of them")
        if (self.login is None) is not (self.password is None):
            raise ValueError("login, password: give both or neither")
        key = "key" if self.key is None else self.key.reveal()
        if not (key and key.isascii() and key.isprintable()):
            raise ValueError("key: expected printable ASCII characters")
        if ":" in (self.login or ""):
            raise ValueError("login: a colon cannot be told from what divides login and password")
        url = urlsplit("https://." if self.callback_url is None else self.callback_url.reveal())
        if not (url.scheme in {"http", "https"} and url.netloc):
            raise ValueError("callback_url: expected a URL that begins with http:// or https://")

    @property
    def credentials(self) -> ApiKey | Login:
        """Who asks."""
        # Not above: plugins are listed with their settings, and that needs no codec.
        from devino_codecs.http import ApiKey, Login

        if self.key is not None:
            return ApiKey(self.key.reveal())
        return Login(self.login or "", self.password.reveal() if self.password else "")


@devino.hookimpl
def devino_channels() -> Iterable[devino.ChannelSpec]:
    yield devino.ChannelSpec(
        name="online-sms",
        summary="SMS through api.devino.online.",
        media=frozenset({devino.Medium.SMS}),
        settings=OnlineSettings,
        load="devino_online.channel:Online",
    )


@devino.hookimpl(optionalhook=True)
def devino_sandbox_services(world: sandbox.World) -> Iterable[sandbox.Service]:
    from .service import OnlineService

    yield OnlineService(world)
