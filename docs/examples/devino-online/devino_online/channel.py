"""The channel."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

import msgspec

import devino_core as devino
from devino_codecs.http import Refusal, Unread
from devino_core import Expressible, Medium, Message
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_plugins.kit import BulkChannel, TakenIf, Unclear, Wire
from devino_plugins.kit.checks import MessageLimits, check_text, number_of
from devino_plugins.kit.messengers import check_whole, seconds_of

from . import OnlineSettings
from .wire import API, RANKS, GetBilling, Outcome, Send, Sms, Word, longest, why

_log = logging.getLogger(__name__)


class OnlineOptions(msgspec.Struct, frozen=True, kw_only=True):
    shorten_urls: bool | None = None
    """The platform replaces links in the text by short ones. Unless given, the setting says it."""
    echo: dict[str, str] = {}
    """What the platform is to repeat when it calls ``callback_url``, beside the ``ref``."""


class Online(BulkChannel[OnlineSettings, Sms, Outcome]):
    api: Wire = API
    takes: Mapping[Medium, devino.Takes] = {
        Medium.SMS: devino.Takes(
            expresses=frozenset({Expressible.SEND_AT, Expressible.VALIDITY, Expressible.PRIORITY}),
            options=OnlineOptions,
        )
    }
    taken = TakenIf(says={"code": "OK"}, id="message_id", segments="segments_id")
    remembers = timedelta(0)
    """No call of this API tells what became of a message."""

    def __init__(self, settings: OnlineSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self.most_messages = settings.chunk
        # A message's ref goes with the URL.
        self.number_field = "" if settings.callback_url else "to"
        self._callback = settings.callback_url.reveal() if settings.callback_url else None
        ranks: Sequence[int | str] = range(4) if settings.edition == "2020" else RANKS
        self._ranks = dict(zip(devino.Priority, ranks, strict=True))
        self._was_blocked = False

    def item(self, message: Message) -> Sms:
        text, rank = message.text, message.priority
        echo = self.options_of(message, OnlineOptions).echo if message.options else {}
        check_text(text, message, MessageLimits(text=longest(text)))
        check_whole("options", [*echo, *echo.values()], message)
        if self._callback is not None:
            if "ref" in echo:
                reason = "`echo` has a `ref`, which is the message's own: give it another name"
                raise devino.InvalidMessage("options", reason, ref=message.ref)
            echo = {**echo, "ref": message.ref}
        return Sms(
            sender=self.sender_of(message),
            to=number_of(message),
            text=text,
            validity=seconds_of(message.validity, (1, 259_200), message),
            scheduled_time=message.send_at,
            priority=None if rank is None else self._ranks[rank],
            callback_url=self._callback,
            options=echo or None,
        )

    def shared(self, message: Message) -> bool:
        own = self.options_of(message, OnlineOptions).shorten_urls if message.options else None
        return self.settings.shorten_urls if own is None else own

    async def send_items(self, items: Sequence[Sms], shared: bool) -> Sequence[Outcome | Unread]:
        request = Send(
            messages=tuple(items),
            include_segment_id=self.settings.segments or None,
            shorten_url=shared or None,
        )
        return (await self.ask(request, messages=len(items))).result

    def outcome(self, told: Outcome) -> Refusal | Unclear:
        if told.code.upper() != "REJECTED":
            return Unclear(told.code, why(told))
        key = told.reasons[0].key if told.reasons else Word.UNKNOWN
        return Refusal(Word.of_word(key), why(told))

    async def balance(self) -> Decimal:
        held = await self.ask(GetBilling())
        if held.is_blocked and not self._was_blocked:
            _log.warning("channel %r: the platform has blocked this account", self.name)
        self._was_blocked = held.is_blocked
        return held.balance
