"""Channels ``email`` and ``email-smtp``: mails over the platform's HTTP API, with its campaigns,
templates and statistics, and over SMTP.

What the platform posts about mails is read by the source ``email``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.callbacks import CallbackSpec
from devino_core.hookspecs import commands_at
from devino_core.lazy import lazy

from ._settings import EmailOptions, EmailSettings, EmailSmtpSettings

if TYPE_CHECKING:
    from ._campaigns import Senders, Tasks, Templates
    from ._channel import EmailChannel
    from ._smtp import EmailSmtpChannel
    from ._source import EmailSource
else:
    __getattr__ = lazy(
        __name__,
        {
            "EmailChannel": "_channel",
            "EmailSmtpChannel": "_smtp",
            "EmailSource": "_source",
            "Senders": "_campaigns",
            "Tasks": "_campaigns",
            "Templates": "_campaigns",
        },
    )

__all__ = [
    "EmailChannel",
    "EmailOptions",
    "EmailSettings",
    "EmailSmtpChannel",
    "EmailSmtpSettings",
    "EmailSource",
    "Senders",
    "Tasks",
    "Templates",
]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``email`` and ``email-smtp``."""
    yield ChannelSpec(
        name="email",
        summary="E-mail over HTTP: mails in bulk, campaigns, templates, statistics.",
        media=frozenset({Medium.EMAIL}),
        settings=EmailSettings,
        load="devino_plugins.email:EmailChannel",
        extra="devino[http]",
    )
    yield ChannelSpec(
        name="email-smtp",
        summary="E-mail over SMTP, one by one: with headers, without ids or status.",
        media=frozenset({Medium.EMAIL}),
        settings=EmailSmtpSettings,
        load="devino_plugins.email:EmailSmtpChannel",
        extra="devino[smtp]",
    )


@hookimpl
def devino_callbacks() -> Iterable[CallbackSpec]:
    """``email``."""
    yield CallbackSpec(
        name="email",
        summary="What became of mails, and who wants no more of them.",
        source="devino_plugins.email:EmailSource",
        methods=frozenset({"POST"}),
    )


devino_commands: Final = commands_at("devino_plugins.email._decode:decode")
