"""SMS through Pigeon's gateway: its channel, its callbacks, and itself in the sandbox."""

from __future__ import annotations

from collections.abc import Iterable

import devino_core as devino
import devino_sandbox as sandbox
from devino_core.callbacks import CallbackSpec
from devino_plugins.kit import ChannelKeySettings


class PigeonSettings(ChannelKeySettings, frozen=True, kw_only=True):
    base_url: str = "https://sms.pigeon.example"


@devino.hookimpl
def devino_channels() -> Iterable[devino.ChannelSpec]:
    yield devino.ChannelSpec(
        name="pigeon",
        summary="SMS through Pigeon's gateway.",
        media=frozenset({devino.Medium.SMS}),
        settings=PigeonSettings,
        load="devino_pigeon.channel:Pigeon",
    )


@devino.hookimpl
def devino_callbacks() -> Iterable[CallbackSpec]:
    source, post = "devino_pigeon.news:Source", frozenset({"POST"})
    yield CallbackSpec(name="pigeon", summary="Pigeon's news.", source=source, methods=post)


devino_sandbox_services = sandbox.services_at("devino_pigeon.gateway:PigeonService")
