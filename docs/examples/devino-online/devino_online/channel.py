"""The channel."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial

import msgspec

import devino_core as devino
from devino_codecs.http import Refusal, Unread
from devino_codecs.text import is_gsm7
from devino_core import Expressible, Medium, Message, OutcomeUnknown, Receipt, State, Status
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import dispatch, failed_receipt, in_lots
from devino_plugins.kit import ApiClient, Wire
from devino_plugins.kit.checks import MessageLimits, check_send_at, check_text, number_of
from devino_plugins.kit.ids import MOST_PARTS, GivenIds, most_answered
from devino_plugins.kit.masking import masked
from devino_plugins.kit.messengers import check_whole, seconds_of
from devino_plugins.kit.refusals import refused
from devino_plugins.kit.states import accepted

from . import OnlineSettings
from .wire import API, RANKS, GetBilling, Outcome, Send, Sms, Word, why, word_of

_log = logging.getLogger(__name__)
_SHORT, _LONG = MessageLimits(text=17_085), MessageLimits(text=34_170)
_VALIDITY = (1, 259_200)


class OnlineOptions(msgspec.Struct, frozen=True, kw_only=True):
    shorten_urls: bool | None = None
    """The platform replaces links in the text by short ones. Unless given, the setting says it."""
    echo: dict[str, str] = {}
    """What the platform is to repeat when it calls ``callback_url``, beside the ``ref``."""


_NONE = OnlineOptions()


class Online(ApiClient[OnlineSettings], devino.Channel[OnlineSettings]):
    api: Wire = API
    takes: Mapping[Medium, devino.Takes] = {
        Medium.SMS: devino.Takes(
            expresses=frozenset({Expressible.SEND_AT, Expressible.VALIDITY, Expressible.PRIORITY}),
            options=OnlineOptions,
        )
    }
    remembers = timedelta(0)
    """No call of this API tells what became of a message."""

    def __init__(self, settings: OnlineSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._callback = settings.callback_url.reveal() if settings.callback_url else None
        ranks: Sequence[int | str] = range(4) if settings.edition == "2020" else RANKS
        self._ranks = dict(zip(devino.Priority, ranks, strict=True))
        self._given = GivenIds()
        self._was_blocked = False

    def check(self, messages: Sequence[Message]) -> None:
        self._plan(messages)

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        calls = [
            (places, partial(self._send, [messages[n] for n in places], texts, shorten))
            for shorten, plan in self._plan(messages).items()
            for places, texts in (
                zip(*lot, strict=True) for lot in in_lots(plan, self.settings.chunk)
            )
        ]
        at_once = self.settings.concurrency
        return await dispatch(messages, calls, channel=self.name, concurrency=at_once)

    def _plan(self, messages: Sequence[Message]) -> dict[bool, list[tuple[int, Sms]]]:
        """By whether links are shortened, which is said once for a whole call."""
        self.check_takes(messages)
        plan: dict[bool, list[tuple[int, Sms]]] = {}
        for place, message in enumerate(messages):
            own = self.options_of(message, OnlineOptions) if message.options else _NONE
            shorten = self.settings.shorten_urls if own.shorten_urls is None else own.shorten_urls
            plan.setdefault(shorten, []).append((place, self._sms(message, own)))
        return plan

    async def balance(self) -> Decimal:
        held = (await self.ask(GetBilling())).result.account
        if held.is_blocked and not self._was_blocked:
            _log.warning("channel %r: the platform has blocked this account", self.name)
        self._was_blocked = held.is_blocked
        return held.balance

    def error_of(self, refused: Refusal, *, changes: bool) -> devino.DevinoError:
        # Nobody knows the HTTP status of a refusal. Its words say that nothing was carried out.
        return super().error_of(msgspec.structs.replace(refused, http_status=400), changes=changes)

    def hide(self, text: str) -> str:
        return masked(super().hide(text), self._callback or "")

    def _sms(self, message: Message, options: OnlineOptions) -> Sms:
        text, rank, echo = message.text, message.priority, options.echo
        is_short = len(text) <= 17_085 or not is_gsm7(text)
        check_text(text, message, _SHORT if is_short else _LONG)
        if message.send_at is not None:
            check_send_at(message.send_at, message)
        if echo:
            check_whole("options", [*echo, *echo.values()], message)
        if self._callback is not None:
            echo = {**echo, "ref": message.ref}
        return Sms(
            sender=self.sender_of(message),
            to=number_of(message),
            text=text,
            validity=seconds_of(message.validity, _VALIDITY, message),
            scheduled_time=message.send_at,
            priority=None if rank is None else self._ranks[rank],
            callback_url=self._callback,
            options=echo or None,
        )

    async def _send(
        self, messages: Sequence[Message], texts: Sequence[Sms], shorten: bool
    ) -> list[Receipt]:
        request = Send(
            messages=tuple(texts),
            include_segment_id=self.settings.segments or None,
            shorten_url=shorten or None,
        )
        count = len(messages)
        most = most_answered(MOST_PARTS * count)
        outcomes = (await self.ask(request, messages=count, max_answer=most)).result
        ids = [it.message_id for it in outcomes if isinstance(it, Outcome) and it.message_id]
        if len(outcomes) != count or len({*ids}) != len(ids):
            error = OutcomeUnknown(
                f"the platform told of {len(outcomes)} messages, {len({*ids})} of them with an id, "
                f"where {count} were sent: they may have been sent"
            )
            lost = (failed_receipt(message, error, channel=self.name) for message in messages)
            return [msgspec.structs.replace(it, unassigned_ids=tuple(ids)) for it in lost]
        self._given.remember(ids)
        return list(map(self._receipt, messages, outcomes))

    def _receipt(self, message: Message, told: Outcome | Unread) -> Receipt:
        if isinstance(told, Unread):
            error = OutcomeUnknown(f"what the platform told of it cannot be read: {told}")
            return failed_receipt(message, error, channel=self.name)
        code, parts = told.code.upper(), len(told.segments_id or ())
        if code == "OK" and told.message_id:
            status, ids = accepted(message, self.clock), (told.message_id,)
            return Receipt.of(message, status, channel=self.name, ids=ids, parts=parts)
        if code == "REJECTED":
            key = word_of(told.reasons[0].key) if told.reasons else Word.UNKNOWN
            no = refused(key)(self.hide(why(told)), code=self.hide(str(key)))
            return failed_receipt(message, no, channel=self.name)
        word = self.hide(told.code)
        status = Status(state=State.UNKNOWN, code=word, description=self.hide(why(told)))
        unknown = OutcomeUnknown(f"the platform said {word} and gave no id: it may have been sent")
        return Receipt.of(message, status, channel=self.name, parts=0, error=unknown)
