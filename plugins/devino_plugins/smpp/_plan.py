"""From messages to encoded PDUs, before any I/O."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

from devino_codecs import EncodeError
from devino_codecs.smpp import (
    Concatenation,
    EncodedRequest,
    RegisteredDelivery,
    SubmitSm,
    SubmitSmResp,
    compose,
    encode_request,
    format_time,
)
from devino_codecs.text import Alphabet, count_parts
from devino_core import InvalidMessage, Message, State
from devino_core.clock import Clock
from devino_plugins.kit.checks import MessageLimits, check_sender, check_text

from ._rules import Numbering, Rules
from ._settings import SmppSettings

__all__ = ["Outgoing", "Planner"]

_LIMITS = MessageLimits(sender_digits=15)
# It has fewer digits than a number with its country code, as phone.normalize takes one.
_SHORT_CODE = re.compile(r"[0-9]{1,6}")
_NUMBER = re.compile(r"\+?[0-9]{7,15}")
_SECOND = timedelta(seconds=1)
_KEPT_SENDERS = 1000
# On Python 3.11 an enum's member takes long to look up.
_PAYLOAD = Concatenation.PAYLOAD
_SCHEDULED, _ACCEPTED = State.SCHEDULED, State.ACCEPTED
_FIELDS: Mapping[str, str] = {
    "source_addr": "sender",
    "destination_addr": "to",
    "schedule_delivery_time": "send_at",
    "validity_period": "validity",
}


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One message, ready to be sent."""

    message: Message
    submits: tuple[EncodedRequest[SubmitSmResp], ...]
    """A ``submit_sm`` for each part, encoded."""
    sender: str
    """The ``source_addr``."""
    parts: int
    """How many segments are charged."""
    state: State
    """The state of the message once it is taken."""


class Planner:
    """Writes messages by the settings of an account and the rules of its centre."""

    def __init__(self, settings: SmppSettings, rules: Rules, clock: Clock) -> None:
        self._settings = settings
        self._rules = rules
        self._clock = clock
        self._concatenation = Concatenation(settings.concatenation)
        self._registered_delivery = int(
            RegisteredDelivery.RECEIPT if settings.receipts else RegisteredDelivery.NONE
        )
        # Random, because two processes should not count in step.
        self._reference = int.from_bytes(os.urandom(2), "big")
        # Cached, because an account has few senders.
        self.source = lru_cache(_KEPT_SENDERS)(self._source)
        """``source_addr`` of a sender, with its type of number and numbering plan."""

    def plan(self, message: Message, sender: str, number: str) -> Outgoing:
        """One message as PDUs. ``number`` is that of its recipient. Raises InvalidMessage."""
        text = message.text
        check_text(text, message, _LIMITS)
        check_sender(sender, message, _LIMITS)
        source_addr, (source_ton, source_npi) = self.source(sender)
        dest_ton, dest_npi = self._rules.international
        schedule = validity = ""
        if message.send_at is not None or message.validity is not None:
            now = self._clock.now()
            schedule, validity = self._schedule(message, now), self._validity(message, now)
        template = SubmitSm(
            source_addr_ton=source_ton,
            source_addr_npi=source_npi,
            source_addr=source_addr,
            dest_addr_ton=dest_ton,
            dest_addr_npi=dest_npi,
            destination_addr=number,
            registered_delivery=self._registered_delivery,
            schedule_delivery_time=schedule,
            validity_period=validity,
        )
        self._reference += 1
        try:
            pdus = compose(
                template,
                text,
                concatenation=self._concatenation,
                reference=self._reference,
                default=self._settings.alphabet,
            )
            submits = tuple(map(encode_request, pdus))
        except EncodeError as error:
            field = _FIELDS.get(error.path, "text")
            raise InvalidMessage(field, error.reason, ref=message.ref) from None
        whole = self._concatenation is _PAYLOAD
        return Outgoing(
            message,
            submits,
            source_addr,
            _charged(text, pdus[0].data_coding) if whole else len(submits),
            _SCHEDULED if schedule else _ACCEPTED,
        )

    def _source(self, sender: str) -> tuple[str, Numbering]:
        rules = self._rules
        if _SHORT_CODE.fullmatch(sender):
            numbering = rules.short_code
        elif _NUMBER.fullmatch(sender):
            sender, numbering = sender.removeprefix("+"), rules.international
        else:
            numbering = rules.alphanumeric
        if self._settings.source_ton is not None:
            numbering = (self._settings.source_ton, numbering[1])
        return sender, numbering

    def _schedule(self, message: Message, now: datetime) -> str:
        at = message.send_at
        if at is None or at <= now:
            return ""
        as_span = self._settings.times == "relative"
        return _written(message, "send_at", at, now if as_span else None)

    def _validity(self, message: Message, now: datetime) -> str:
        if message.validity is None:
            return ""
        seconds = _whole_seconds(message.validity)
        if seconds < self._rules.min_validity:
            raise InvalidMessage(
                "validity", f"must be {self._rules.min_validity} seconds or more", ref=message.ref
            )
        # On the wire it counts from now; in a message it counts from the time of sending.
        begins = max(message.send_at or now, now)
        as_span = self._settings.times != "absolute"
        try:
            # In a zone of its own, hours that clocks repeat would not count.
            ends = begins.astimezone(UTC) + timedelta(seconds=seconds)
        except OverflowError:
            raise InvalidMessage("validity", "is too long", ref=message.ref) from None
        return _written(message, "validity", ends, now if as_span else None)


def _charged(text: str, data_coding: int) -> int:
    """How many segments a text is sent in that goes whole in ``message_payload``."""
    return count_parts(text, alphabet=Alphabet(data_coding))


def _whole_seconds(span: timedelta) -> int:
    """The seconds of a span, rounded up."""
    seconds, rest = divmod(span, _SECOND)
    return seconds + bool(rest)


def _written(message: Message, field: str, at: datetime, now: datetime | None) -> str:
    """A time as an instant, or as a span from ``now``, in whole seconds rounded up."""
    try:
        if now is None:
            return format_time(at.astimezone(UTC))
        return format_time(timedelta(seconds=_whole_seconds(at - now)))
    except (EncodeError, OverflowError) as error:
        reason = error.reason if isinstance(error, EncodeError) else "is out of range"
        raise InvalidMessage(field, reason, ref=message.ref) from None
