"""SMS sent as mails to the platform's gateway (chapter 4), and ``devino decode email2sms``.

The mail server's reply is all that comes back. So a receipt has the state ACCEPTED and no ids, and
no status can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.lazy import lazy

from ._settings import Email2SmsSettings

if TYPE_CHECKING:
    import click

    from ._channel import Email2SmsChannel
else:
    __getattr__ = lazy(__name__, {"Email2SmsChannel": "_channel"})

__all__ = ["Email2SmsChannel", "Email2SmsSettings", "devino_channels", "devino_commands"]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``email2sms``."""
    return (
        ChannelSpec(
            name="email2sms",
            summary="Mails to the SMS gateway through a mail server: SMS, without ids or status.",
            media=frozenset({Medium.SMS}),
            settings=Email2SmsSettings,
            load="devino_plugins.email2sms:Email2SmsChannel",
            extra="devino[smtp]",
        ),
    )


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``decode email2sms``."""
    # Imported here: a client loads all plugins, also where the extra `cli` is not installed.
    from ._decode import decode

    return [decode]
