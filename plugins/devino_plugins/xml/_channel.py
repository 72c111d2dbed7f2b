"""The channel: it sends packages, matches the results, and asks about every lost answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta, timezone
from functools import partial

import msgspec

from devino_codecs import xmlpackage as xml
from devino_codecs.http import Refusal
from devino_core import (
    Channel,
    DevinoError,
    Expressible,
    InvalidMessage,
    Medium,
    Message,
    ProtocolViolation,
    Receipt,
    Retry,
    State,
    Status,
    Takes,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import (
    check_ids,
    dispatch,
    failed_receipt,
    gather,
    statuses_in_batches,
)
from devino_plugins.kit import ApiClient, Wire
from devino_plugins.kit.answered import of_answer
from devino_plugins.kit.ids import most_answered
from devino_plugins.kit.states import accepted

from ._answers import ACCEPTED, error_of, is_taken, is_unknown, package_error, status_of
from ._numbering import id_of
from ._once import Finding, Patience, Places, send_once
from ._plan import Prepared, encode, plan
from ._settings import XmlOptions, XmlSettings
from ._used import UsedIds
from ._wire import Ask, Submit, XmlWire

__all__ = ["XmlChannel"]


class XmlChannel(ApiClient[XmlSettings], Channel[XmlSettings]):
    """The XML package API (chapter 6). Login and password travel in the body only."""

    api: Wire = XmlWire()
    remembers: timedelta = timedelta(days=3)
    takes: Mapping[Medium, Takes] = {
        Medium.SMS: Takes(
            expresses=frozenset({Expressible.SEND_AT, Expressible.VALIDITY}), options=XmlOptions
        )
    }

    def __init__(self, settings: XmlSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        encode((), (), settings.credentials)
        self._patience = Patience(settings.asks, settings.ask_interval, settings.resend)
        self._used = UsedIds(self.remembers, clock)
        self._zone = timezone(timedelta(hours=settings.utc_offset))

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send SMS in packages.

        The wire's id of a message is its ``ref`` where that is a number, else a hash of it. When
        an answer is lost, the platform is asked by that id, and the receipt tells what it says. A
        message that it does not know is OutcomeUnknown: its package may still be on its way. The
        setting ``resend`` sends such a message once more.

        A ``ref`` is of one message. This channel remembers for three days, as the platform does,
        what each of the latest 100,000 was used for, and refuses another message under it with
        InvalidMessage. To send the same message again, as after OutcomeUnknown, may send it twice:
        the manual does not say whether the platform refuses an id that it has. Ask
        :meth:`status_by_ref` first. Where the platform refuses it, the receipt tells of the message
        that is there.

        Limits: sender 11 characters. ``options``: :class:`~devino_plugins.xml.XmlOptions`.
        ``send_at`` must be aware, for the wire does not know the recipient's clock; with
        ``validity`` it travels in the platform's zone (setting ``utc_offset``), in seconds.
        """
        packages = self._plan(messages)
        taken = self._used.use([wire for package in packages for wire in package.wires])
        try:
            receipts = await dispatch(
                messages,
                [(package.positions, partial(self._send_package, package)) for package in packages],
                channel=self.name,
                concurrency=self.settings.concurrency,
            )
        except DevinoError as error:
            if error.retry is not Retry.MAY_DUPLICATE:
                self._used.free(taken)
            raise
        self._used.settle(taken, receipts)
        return receipts

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what keeps one of these from being sent."""
        self._plan(messages)

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        """The state of each id that the platform gave, up to 1000 a call.

        After three days the platform no longer knows it: the state is UNKNOWN (code 201).
        """
        self.require_medium(medium)
        check_ids(ids)
        asked = {message_id: xml.StatusRequest(sms_id=_sms_id(message_id)) for message_id in ids}

        async def some(part: Sequence[str]) -> list[Status]:
            results = await self._some_states([asked[message_id] for message_id in part])
            return [_status(one, self._zone, id_) for one, id_ in zip(results, part, strict=True)]

        return await statuses_in_batches(
            ids,
            some,
            size=xml.MAX_STATUS_IDS,
            concurrency=self.settings.concurrency,
            medium=medium,
        )

    async def status_by_ref(self, refs: Sequence[str]) -> list[Status]:
        """The state of each message by the caller's own ref, up to 1000 a call.

        This is for messages whose receipts are lost, such as those of a process that died. A
        message that the platform does not know is UNKNOWN (code 201), and can be sent.
        """
        bits = self.settings.id_bits
        asked = [xml.StatusRequest(id=id_of(ref, bits)) for ref in refs]
        return [_status(result, self._zone) for result in await self._states(asked)]

    async def try_login(self) -> None:
        """Ask after a message that is nobody's."""
        await self._states([xml.StatusRequest(id=0)])

    async def recall(self, messages: Sequence[Message]) -> list[Receipt | None]:
        """By :meth:`status_by_ref`; within three days of the sending."""
        bits = self.settings.id_bits
        asked = [xml.StatusRequest(id=id_of(message.ref, bits)) for message in messages]
        results = await self._states(asked)
        return [
            self._recalled(message, result, one.id)
            for message, result, one in zip(messages, results, asked, strict=True)
        ]

    def _recalled(
        self, message: Message, result: xml.StatusResult | None, wire: int | None
    ) -> Receipt | None:
        # A result without an id was matched by its place. That proves nothing.
        if result is None or result.id != wire:
            return failed_receipt(message, _untold(), channel=self.name)
        if is_unknown(result):
            return None
        refused = error_of(result)
        if refused is not None:
            return failed_receipt(message, refused, channel=self.name)
        if not is_taken(result):
            return failed_receipt(message, _untold(), channel=self.name)
        status = status_of(result, self._zone, otherwise=ACCEPTED)
        ids = () if status.id is None else (status.id,)
        return Receipt.of(message, status, channel=self.name, ids=ids, parts=result.sms_count or 0)

    def error_of(self, refused: Refusal, *, changes: bool) -> DevinoError:
        return package_error(refused.code, changes=changes)

    def _plan(self, messages: Sequence[Message]) -> list[Prepared]:
        self.check_takes(messages)
        packages = plan(
            messages,
            self.sender_of,
            credentials=self.settings.credentials,
            size=self.settings.package_size,
            id_bits=self.settings.id_bits,
            utc_offset=self.settings.utc_offset,
            now=self.clock.now(),
        )
        for package in packages:
            self._used.check(package.messages, package.wires)
        return packages

    async def _send_package(self, package: Prepared) -> list[Receipt]:
        async def submit(places: Places) -> list[xml.MessageResult | None]:
            wires, body = package.wires, package.body
            if len(places) < len(wires):
                # The second time, seldom the whole package is sent.
                wires = [wires[place] for place in places]
                messages = [package.messages[place] for place in places]
                body = encode(wires, messages, self.settings.credentials)
            # An answer says of each message more than an id.
            most = most_answered(4 * len(wires))
            answer = await self.ask(Submit(body), messages=len(wires), max_answer=most)
            return xml.match(wires, answer.messages)

        async def ask(places: Places) -> list[xml.StatusResult | None]:
            asked = [xml.StatusRequest(id=package.wires[place].id) for place in places]
            results = await self._states(asked)
            # A result without an id was matched by its place. That proves nothing.
            return [
                result if result is not None and result.id == one.id else None
                for one, result in zip(asked, results, strict=True)
            ]

        findings = await send_once(
            len(package.wires), submit=submit, ask=ask, clock=self.clock, patience=self._patience
        )
        return list(map(self._receipt, package.messages, findings))

    def id_in(self, answer: xml.Answer) -> str | None:
        first = next(iter(answer.messages), None)
        return None if first is None or first.sms_id is None else str(first.sms_id)

    def _receipt(self, message: Message, finding: Finding) -> Receipt:
        if isinstance(finding, DevinoError):
            return failed_receipt(message, finding, channel=self.name)
        refused = error_of(finding)
        if refused is not None:
            return failed_receipt(message, of_answer(refused), channel=self.name)
        # The platform answers 106 also when it took a message for later.
        at_once = message.send_at is None
        taken = ACCEPTED if at_once else accepted(message, self.clock).state
        # A code that is in no table, with an id: the message was taken, as in the manual's example.
        status = status_of(finding, self._zone, accepted=taken, otherwise=taken)
        return Receipt.of(
            message,
            status,
            channel=self.name,
            ids=() if status.id is None else (status.id,),
            parts=finding.sms_count or 0,
        )

    async def _states(self, asked: Sequence[xml.StatusRequest]) -> list[xml.StatusResult | None]:
        size = xml.MAX_STATUS_IDS
        parts = await gather(
            [
                partial(self._some_states, asked[start : start + size])
                for start in range(0, len(asked), size)
            ],
            concurrency=self.settings.concurrency,
        )
        return [result for part in parts for result in part]

    async def _some_states(
        self, asked: Sequence[xml.StatusRequest]
    ) -> list[xml.StatusResult | None]:
        answer = await self.ask(Ask(tuple(asked)))
        return xml.match(asked, answer.statuses)


def _untold() -> ProtocolViolation:
    return ProtocolViolation("the platform does not say whether it has the message", changes=False)


def _sms_id(message_id: str) -> int:
    if message_id.isascii() and message_id.isdecimal() and len(message_id) < 20:
        number = int(message_id)
        if number < 1 << 63:
            return number
    raise InvalidMessage("id", f"{message_id[:40]!r} is no id that this protocol gives")


def _status(
    result: xml.StatusResult | None, zone: timezone, message_id: str | None = None
) -> Status:
    if result is None:
        return Status(state=State.UNKNOWN, id=message_id, medium=Medium.SMS)
    status = status_of(result, zone, otherwise=State.UNKNOWN)
    return status if message_id is None else msgspec.structs.replace(status, id=message_id)
