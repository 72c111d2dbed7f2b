"""SMS sent as mails to the platform's gateway (chapter 4), and ``devino decode email2sms``.

The mail server's reply is all that comes back. So a receipt has the state ACCEPTED and no ids, and
no status can be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.hookspecs import commands_at
from devino_core.lazy import lazy

from ._settings import Email2SmsSettings

if TYPE_CHECKING:
    from ._channel import Email2SmsChannel
else:
    __getattr__ = lazy(__name__, {"Email2SmsChannel": "_channel"})

__all__ = ["Email2SmsChannel", "Email2SmsSettings"]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``email2sms``."""
    yield ChannelSpec(
        name="email2sms",
        summary="Mails to the SMS gateway through a mail server: SMS, without ids or status.",
        media=frozenset({Medium.SMS}),
        settings=Email2SmsSettings,
        load="devino_plugins.email2sms:Email2SmsChannel",
        extra="devino[smtp]",
    )


devino_commands: Final = commands_at("devino_plugins.email2sms._decode:decode")
