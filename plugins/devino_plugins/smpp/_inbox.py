"""Events that wait to be iterated, and the acknowledgements that wait for that."""

from __future__ import annotations

import logging
import traceback
from collections import OrderedDict
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from devino_codecs import DecodeError
from devino_codecs.smpp import (
    DataSm,
    DeliverSm,
    DeliveryReceipt,
    Incomplete,
    Pdu,
    Reassembler,
    ReceiptStyle,
    Whole,
)
from devino_core import Event
from devino_core.clock import Clock
from devino_core.push import Correlator, Handover, Origin

from ._events import digest, incoming, octets_of, receipt_in, status_changed, unread
from ._session import SmppSession
from ._timer import Timer

__all__ = ["Held", "Inbox"]

_log = logging.getLogger("devino.smpp")

_REMEMBERED = 10_000


class Held:
    """An event, and what is to be acknowledged once it was handed over."""

    __slots__ = ("digest", "event", "pdu", "session")

    def __init__(self, event: Event, digested: str = "") -> None:
        self.event = event
        self.digest = digested
        """Of an incoming message."""
        self.session: SmppSession | None = None
        self.pdu: DeliverSm | DataSm | None = None


class _Told(NamedTuple):
    event: Event
    digest: str


class Inbox(Handover[Held]):
    """Takes what sessions deliver and gives it to who iterates, at most ``limit`` in between.

    A ``deliver_sm`` is acknowledged when its event was handed over. The parts of a longer text are
    acknowledged when they come, all but the one that completes it: a centre may wait for that
    before it sends the next.
    """

    def __init__(
        self,
        *,
        channel: str,
        clock: Clock,
        style: ReceiptStyle,
        correlator: Correlator,
        limit: int,
        alphabet: str = "gsm7",
        parts_timeout: float = 3600.0,
    ) -> None:
        super().__init__()
        self.left: int = 0
        """How many deliveries were left to the centre, because ``limit`` events waited."""
        self._is_full = False
        self._alphabet = alphabet
        self._channel = channel
        self._clock = clock
        self._style = style
        self._correlator = correlator
        self._limit = limit
        self._reassembler = Reassembler(max_age=parts_timeout, lenient=True)
        self._expiry = Timer(clock, self._expire)
        self._unanswered: dict[Held, None] = {}
        """Incoming messages that are not acknowledged."""
        self._told: OrderedDict[str, _Told] = OrderedDict()
        """Messages that the centre will deliver again, by the digest of what it will deliver."""

    def take(self, session: SmppSession, pdu: Pdu) -> None:
        """The centre delivered this."""
        if not isinstance(pdu, DeliverSm | DataSm):
            session.reply(pdu)
        elif len(self._queue) + self._correlator.waiting >= self._limit:
            if not self._is_full:
                _log.warning(
                    "%s events wait to be iterated: more are left to the centre", self._limit
                )
            self._is_full = True
            self.left += 1
            session.leave(pdu)
        else:
            self._is_full = False
            try:
                self._take(session, pdu)
            except Exception as error:  # noqa: BLE001 - who acknowledges it must hand something over
                # The error may quote the PDU, and the PDU holds what a subscriber wrote.
                told = "".join(traceback.format_tb(error.__traceback__))
                _log.error("a delivery is told unread: %s\n%s", type(error).__name__, told)
                event = unread(pdu, now=self._clock.now(), channel=self._channel)
                self._put_message(session, pdu, Held(event, event.id))

    def _take(self, session: SmppSession, pdu: DeliverSm | DataSm) -> None:
        receipt = receipt_in(pdu, self._style)
        if receipt is None:
            self._take_message(session, pdu)
        else:
            put = partial(self._put_receipt, session, pdu, receipt)
            self._correlator.find(receipt.id, put)

    def acknowledge(self, held: Held) -> None:
        """It was handed over."""
        self._unanswered.pop(held, None)
        if held.session is not None and held.pdu is not None:
            held.session.reply(held.pdu)

    def session_ended(self, session: SmppSession) -> None:
        """What it did not get acknowledged will be delivered again, by another session."""
        for held in [held for held in self._unanswered if held.session is session]:
            del self._unanswered[held]
            if held.pdu is not None:
                self._told[digest([held.pdu])] = _Told(held.event, held.digest)
            if len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)

    def close(self) -> None:
        """Let who iterates come to an end."""
        super().close()
        self._expiry.cancel()

    def _put_receipt(
        self,
        session: SmppSession,
        pdu: DeliverSm | DataSm,
        receipt: DeliveryReceipt,
        origin: Origin | None,
    ) -> None:
        if origin is not None:
            receipt = replace(receipt, id=self._correlator.given(receipt.id))
        event = status_changed(pdu, receipt, origin, now=self._clock.now(), channel=self._channel)
        held = Held(event)
        held.session, held.pdu = session, pdu
        self.put(held)

    def _take_message(self, session: SmppSession, pdu: DeliverSm | DataSm) -> None:
        told = self._told.pop(digest([pdu]), None) if self._told else None
        if told is not None:
            # Of a longer text this is the last part: the others were acknowledged, and will not
            # come again.
            self._put_message(session, pdu, Held(told.event, told.digest))
            return
        try:
            results = self._reassembler.add(pdu, self._clock.monotonic())
        except DecodeError:
            # Its header cannot be read, so it is shown with the text.
            results = [Whole((pdu,), (octets_of(pdu),))]
        for result in results:
            held = self._held(result)
            if isinstance(result, Whole):
                self._put_message(session, pdu, held)
            else:
                self.put(held)
        if not any(isinstance(result, Whole) for result in results):
            session.reply(pdu)
        self._set_expiry()

    def _put_message(self, session: SmppSession, pdu: DeliverSm | DataSm, held: Held) -> None:
        held.session, held.pdu = session, pdu
        self._unanswered[held] = None
        self.put(held)

    def _held(self, message: Whole | Incomplete) -> Held:
        now = self._clock.now()
        digested = digest(message.pdus)
        event_id = f"{digested}-{now:%Y%m%d%H%M%S%f}"
        event = incoming(message, event_id, now=now, channel=self._channel, alphabet=self._alphabet)
        return Held(event, digested)

    def _set_expiry(self) -> None:
        deadline = self._reassembler.deadline()
        if deadline is not None:
            self._expiry.set(deadline)

    def _expire(self, now: float) -> None:
        for given_up in self._reassembler.expire(now):
            self.put(self._held(given_up))
        self._set_expiry()
