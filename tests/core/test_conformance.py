"""The conformance kit proves what it says: it passes a right channel and catches each wrong one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import pytest

from devino_core import (
    Card,
    Channel,
    ChannelSettings,
    DevinoError,
    Event,
    Expressible,
    Incoming,
    InvalidMessage,
    Medium,
    Message,
    OutcomeUnknown,
    Receipt,
    Rejected,
    Retry,
    Secret,
    State,
    Status,
    Takes,
    Template,
    Throttled,
    Unsupported,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import check_ids
from devino_core.testing import ChannelConformance, Connected
from tests.core._fake import FakeChannel, FakeSettings, spec

TO = "79031234567"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    flash: bool = False


class Right(FakeChannel):
    """A channel in memory that is right in every respect."""

    takes: Mapping[Medium, Takes] = {
        Medium.SMS: Takes(
            expresses=frozenset({Expressible.SEND_AT, Expressible.VALIDITY}), options=Options
        ),
        Medium.VIBER: Takes(contents=frozenset({str, Card})),
    }

    def __init__(self, settings: FakeSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self.breaks: DevinoError | None = None
        self.sendings = 0

    def check(self, messages: Sequence[Message]) -> None:
        self.check_takes(messages)
        for message in messages:
            if message.medium is Medium.SMS and len(message.text) > 100:
                raise InvalidMessage("text", "is too long", ref=message.ref)

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.check(messages)
        await asyncio.sleep(0)
        if self.breaks is not None:
            raise self.breaks
        return [self._receipt(message) for message in messages]

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        check_ids(ids)
        return [Status(state=State.DELIVERED, id=one, medium=medium) for one in ids]

    async def balance(self) -> Decimal:
        return Decimal("1.50")

    async def inbox(self, since: datetime, until: datetime) -> list[Incoming]:
        return []

    async def events(self) -> AsyncIterator[Event]:
        await asyncio.Event().wait()
        yield Incoming(id="1", at=datetime.now(UTC), sender=TO, to="2435", text="Hi")

    def _receipt(self, message: Message) -> Receipt:
        self.sendings += 1
        return Receipt.of(
            message,
            Status(state=State.ACCEPTED),
            channel=self.name,
            ids=(f"{self.settings.prefix}-{self.sendings}",),
        )


SETTINGS = FakeSettings(token=Secret("t0p-secret"))


@asynccontextmanager
async def opened(
    kind: type[Right], breaks: DevinoError | None = None
) -> AsyncIterator[Channel[ChannelSettings]]:
    async with kind(SETTINGS, name="memory") as channel:
        channel.breaks = breaks
        yield channel


def conformance(kind: type[Right], **data: Any) -> ChannelConformance:
    """The kit with data for this channel. ``data`` replaces the right channel's own data."""
    unanswered: Connected = partial(opened, kind, OutcomeUnknown("no answer"))
    given: dict[str, Any] = {
        "spec": spec("memory", kind),
        "carries": (
            Message(TO, "Hello", send_at=datetime(2100, 1, 1, tzinfo=UTC)),
            Message(TO, "Hello", validity=timedelta(hours=1)),
            Message(TO, "Hello", options={"flash": True}),
            Message(TO, "Hello", medium=Medium.VIBER),
            Message(TO, Card("Hello", "https://example.org/a.png"), medium=Medium.VIBER),
        ),
        "refuses": ((Message(TO, "a" * 101), InvalidMessage),),
        "faults": ((unanswered, OutcomeUnknown), (unanswered, Retry.MAY_DUPLICATE)),
        "connected": staticmethod(partial(opened, kind)),
    }
    return type("Kit", (ChannelConformance,), {**given, **data})()  # type: ignore[no-any-return]


def run(kit: ChannelConformance) -> dict[str, str]:
    """Each test of the kit that does not pass, with its text."""
    ends: dict[str, str] = {}
    for name in dir(kit):
        if name.startswith("test_"):
            try:
                getattr(kit, name)()
            except pytest.skip.Exception as skipped:
                ends[name] = f"skipped: {skipped}"
            except Exception as error:  # noqa: BLE001 - what a test fails with
                ends[name] = f"{type(error).__name__}: {error}"
    return ends


def test_a_right_channel_passes() -> None:
    assert run(conformance(Right)) == {}


def test_a_test_that_cannot_run_is_skipped_and_not_passed() -> None:
    class Mute(Right):
        status = Channel.status
        balance = Channel.balance

    assert run(conformance(Mute, refuses=(), faults=())) == {
        "test_statuses_answer_the_ids_in_order": "skipped: the channel does not claim status",
        "test_one_id_is_no_list_of_ids": "skipped: the channel does not claim status",
        "test_balance_is_exact": "skipped: the channel does not claim balance",
        "test_what_it_refuses_is_refused_before_sending": "skipped: `refuses` is empty",
        "test_a_failure_of_the_platform_is_told_as_what_it_is": "skipped: `faults` is empty",
    }


class _Blind(Right):
    """Overlooks one field, like a channel whose hand-written checks are out of date."""

    blind: str

    def check_takes(self, messages: Sequence[Message]) -> None:
        nothing: dict[str, Any] = {self.blind: {} if self.blind == "options" else None}
        super().check_takes([msgspec.structs.replace(m, **nothing) for m in messages])


class DropsFallback(_Blind):
    blind = "fallback"


class IgnoresPriority(_Blind):
    blind = "priority"


class ReadsWallClocksAsInstants(_Blind):
    blind = "send_at"


class IgnoresOptions(_Blind):
    blind = "options"


class DropsButtons(Right):
    def check(self, messages: Sequence[Message]) -> None:
        plain = [
            msgspec.structs.replace(m, content=m.content.text) if isinstance(m.content, Card) else m
            for m in messages
        ]
        super().check(plain)


class SendsEverythingBySms(Right):
    def check_takes(self, messages: Sequence[Message]) -> None:
        super().check_takes(
            [
                m if m.medium in self.takes else msgspec.structs.replace(m, medium=Medium.SMS)
                for m in messages
            ]
        )


class ChecksTooLate(Right):
    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        await asyncio.sleep(0)
        return await super().send(messages)


class SendsWhatComesBeforeAWrongOne(Right):
    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        sent: list[Receipt] = []
        for message in messages:
            sent += await super().send([message])
        return sent


class ForgetsToCheck(Right):
    def check(self, messages: Sequence[Message]) -> None:
        pass

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        Right.check(self, messages)
        return await super().send(messages)


class SendsWhatCheckRefuses(Right):
    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        if self.breaks is not None:
            raise self.breaks
        return [self._receipt(message) for message in messages]


class ClaimsMoreThanItTakes(Right):
    def check(self, messages: Sequence[Message]) -> None:
        super().check(messages)
        if any(message.validity for message in messages):
            raise Unsupported("no validity")


class SaysMoreThanIsShown(Right):
    takes: Mapping[Medium, Takes] = {
        Medium.SMS: Takes(
            contents=frozenset({str, Template}),
            expresses=frozenset(Expressible),
            options=msgspec.defstruct("O", [("flash", bool, False), ("wap", bool, False)]),
        ),
        Medium.VIBER: Takes(contents=frozenset({str, Card})),
        Medium.WHATSAPP: Takes(contents=frozenset({Card})),
    }


class TakesNoFills(Right):
    def check(self, messages: Sequence[Message]) -> None:
        super().check(messages)
        if any(not isinstance(message.content, str | Card) for message in messages):
            raise Unsupported("texts only")


class EventsThatAreUnsupported(Right):
    async def events(self) -> AsyncIterator[Event]:
        raise Unsupported("no events")
        yield  # type: ignore[unreachable]


class InboxThatIsUnsupported(Right):
    async def inbox(self, since: datetime, until: datetime) -> list[Incoming]:
        raise Unsupported("no inbox")


class EventsThatFail(Right):
    async def events(self) -> AsyncIterator[Event]:
        yield Incoming(id="1", at=datetime.now(UTC), sender=TO, to="2435", text=str(1 // 0))


class ReceiptsInDisorder(Right):
    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        return (await super().send(messages))[::-1]


class ReceiptsOfNoChannel(Right):
    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        sent = await super().send(messages)
        return [msgspec.structs.replace(receipt, channel="") for receipt in sent]


class SharesIds(Right):
    def _receipt(self, message: Message) -> Receipt:
        return msgspec.structs.replace(super()._receipt(message), ids=("1",))


class StatusesInDisorder(Right):
    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        return (await super().status(ids, medium=medium))[::-1]


class TakesOneIdForAList(Right):
    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        return await super().status(list(ids), medium=medium)


class InexactBalance(Right):
    async def balance(self) -> Decimal:
        return 1.5  # type: ignore[return-value]


class ShowsItsToken(Right):
    def __repr__(self) -> str:
        return f"<ShowsItsToken {self.settings.token.reveal()}>"


class ClosesOnce(Right):
    async def aclose(self) -> None:
        if not self.is_open:
            raise RuntimeError("closed already")
        await super().aclose()


class AnswersForNothing(Right):
    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        if not messages:
            raise IndexError("no first message")
        return await super().send(messages)


class SaysThatItFailedIsRefused(Right):
    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        try:
            return await super().send(messages)
        except OutcomeUnknown:
            raise Rejected("refused") from None


class ShowsItsTokenInErrors(Right):
    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        try:
            return await super().send(messages)
        except OutcomeUnknown:
            raise OutcomeUnknown(f"no answer to {self.settings.token.reveal()}") from None


class SaysNothingOfFailures(Right):
    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        try:
            return await super().send(messages)
        except OutcomeUnknown:
            return [self._receipt(message) for message in messages]


NOT_TAKEN = "test_what_it_does_not_take_is_unsupported"
CARRIED = "test_what_it_carries_is_accepted"
REFUSED = "test_what_it_refuses_is_refused_before_sending"
OPTION = "test_an_option_it_does_not_know_is_refused_before_sending"
IN_ORDER = "test_every_message_gets_its_receipt_in_order"
CAPABLE = "test_capabilities_are_true"
FAILURE = "test_a_failure_of_the_platform_is_told_as_what_it_is"

WRONG: list[tuple[type[Right], set[str], str]] = [
    (DropsFallback, {NOT_TAKEN}, "`check` does not refuse fallback by SMS before any I/O"),
    (IgnoresPriority, {NOT_TAKEN}, "`check` does not refuse priority by SMS"),
    (ReadsWallClocksAsInstants, {NOT_TAKEN}, "`check` does not refuse wall_clock by SMS"),
    (IgnoresOptions, {OPTION}, "`check` does not refuse option `no_such_option`"),
    (DropsButtons, {NOT_TAKEN}, "`check` does not refuse Card by SMS"),
    (SendsEverythingBySms, {NOT_TAKEN}, "`check` does not refuse medium WHATSAPP"),
    (ChecksTooLate, {NOT_TAKEN, REFUSED, OPTION}, "`send` does not refuse .* before any I/O"),
    (
        SendsWhatComesBeforeAWrongOne,
        {NOT_TAKEN, REFUSED, OPTION},
        "`send` does not refuse .* before any I/O",
    ),
    (ForgetsToCheck, {NOT_TAKEN, REFUSED, OPTION}, "`check` does not refuse"),
    (SendsWhatCheckRefuses, {NOT_TAKEN, REFUSED, OPTION}, "`send` does not refuse"),
    (ClaimsMoreThanItTakes, {CARRIED}, r"`check` refuses Message\(to='7903\*\*\*4567'"),
    (
        SaysMoreThanIsShown,
        {"test_what_it_takes_is_shown"},
        "Template by SMS; with wall_clock by SMS; .* with option wap by SMS; with Card by WHATS",
    ),
    (TakesNoFills, {CARRIED}, r"`check` refuses Message\(.*Fill"),
    (EventsThatAreUnsupported, {CAPABLE}, "events is claimed and raises Unsupported"),
    (InboxThatIsUnsupported, {CAPABLE}, "inbox is claimed and raises Unsupported"),
    (EventsThatFail, {CAPABLE}, "ZeroDivisionError"),
    (ReceiptsInDisorder, {IN_ORDER, CARRIED}, "receipts are not those of the messages"),
    (ReceiptsOfNoChannel, {IN_ORDER, CARRIED}, "a receipt does not name the channel"),
    (SharesIds, {"test_ids_are_never_shared_between_messages"}, "two messages have one id"),
    (StatusesInDisorder, {"test_statuses_answer_the_ids_in_order"}, "not those of the ids"),
    (
        TakesOneIdForAList,
        {"test_one_id_is_no_list_of_ids"},
        r'status\("12"\) asks about "1" and "2"',
    ),
    (InexactBalance, {"test_balance_is_exact"}, "no Decimal"),
    (ShowsItsToken, {"test_secrets_do_not_show"}, "a repr shows a secret"),
    (ClosesOnce, {"test_closing_twice_is_safe"}, "closed already"),
    (AnswersForNothing, {"test_nothing_to_send_is_no_error"}, "no first message"),
    (SaysThatItFailedIsRefused, {FAILURE}, r"ends in Rejected\('refused'\), and not in Outcome"),
    (ShowsItsTokenInErrors, {FAILURE}, r"the error of faults\[0\] shows a secret"),
    (SaysNothingOfFailures, {FAILURE}, "ends in a receipt without error"),
]


@pytest.mark.parametrize(
    ("kind", "failing", "why"), [pytest.param(*each, id=each[0].__name__) for each in WRONG]
)
def test_a_wrong_channel_is_caught_where_it_is_wrong(
    kind: type[Right], failing: set[str], why: str
) -> None:
    ends = run(conformance(kind))
    assert set(ends) == failing
    for said in ends.values():
        assert re.search(why, said), said


@pytest.mark.parametrize(
    ("data", "failing", "why"),
    [
        (
            {"refuses": ((Message(TO, "Hello"), InvalidMessage),)},
            REFUSED,
            r"`check` does not refuse refuses\[0\]",
        ),
        (
            {"refuses": ((Message(TO, "a" * 101), Unsupported),)},
            REFUSED,
            r"`check` of refuses\[0\] raises InvalidMessage\(.*\), and not Unsupported",
        ),
        (
            {"faults": ((partial(opened, Right, Throttled("slowly")), Retry.NEVER),)},
            FAILURE,
            "faults.0. ends in Throttled.'slowly'., and not in never",
        ),
        (
            {"spec": msgspec.structs.replace(spec("memory", Right), media=frozenset({Medium.SMS}))},
            "test_manifest_tells_what_the_class_is",
            "`spec.media` is not what `takes` says",
        ),
        (
            {"spec": msgspec.structs.replace(spec("memory", Right), summary="")},
            "test_manifest_tells_what_the_class_is",
            "`spec.summary` says nothing",
        ),
        (
            {"spec": spec("memory", IgnoresPriority)},
            "test_manifest_tells_what_the_class_is",
            "`spec.load` gives another class",
        ),
    ],
)
def test_wrong_data_is_caught(data: dict[str, Any], failing: str, why: str) -> None:
    ends = run(conformance(Right, **data))
    assert set(ends) == {failing}
    assert re.search(why, ends[failing]), ends[failing]
