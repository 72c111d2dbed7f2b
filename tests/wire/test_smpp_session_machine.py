"""Two session machines connected by a link that cuts, reorders, repeats and loses.

Whatever happens, nothing hangs, every request has exactly one outcome, and framing never slips.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from devino_codecs.smpp import (
    Answered,
    BindRequest,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    Closed,
    CommandStatus,
    DeliverSm,
    DeliverSmResp,
    Framer,
    Late,
    NeverSent,
    Pdu,
    QuerySm,
    QuerySmResp,
    Received,
    Refused,
    Role,
    SessionMachine,
    SessionSettings,
    SessionState,
    StateError,
    SubmitSm,
    SubmitSmResp,
    Unanswered,
    Unmatched,
    decode,
    encode,
)

BINDS: dict[type[BindRequest], SessionState] = {
    BindTransceiver: SessionState.BOUND_TRX,
    BindTransmitter: SessionState.BOUND_TX,
}
OUTCOMES = (Answered, Unanswered, NeverSent)
REPLIES: dict[type[Pdu], Pdu] = {
    SubmitSm: SubmitSmResp(message_id="id"),
    QuerySm: QuerySmResp(message_id="id", message_state=2),
    DeliverSm: DeliverSmResp(),
    BindTransceiver: BindTransceiverResp(system_id="centre"),
    BindTransmitter: BindTransmitterResp(system_id="centre"),
}


class End:
    """One end, with the events that it gave."""

    def __init__(self, role: Role, settings: SessionSettings) -> None:
        self.session: SessionMachine[int] = SessionMachine(role, 0.0, settings)
        self.sent: dict[int, int] = {}
        """The number of every request ever made, by its context."""
        self.written: set[int] = set()
        """The numbers of requests that were written."""
        self.outcomes: Counter[int] = Counter()
        self.ended: dict[int, Any] = {}
        self.owed: list[Pdu] = []
        self.closed = 0
        self.inbox = bytearray()
        """Octets on their way to this end."""

    def take(self, events: list[Any], *, was_open: bool = True) -> None:
        for event in events:
            assert not self.closed, "an event after the last one"
            if isinstance(event, OUTCOMES):
                self.outcomes[event.context] += 1
                self.ended[event.context] = event
                if isinstance(event, Answered):
                    assert event.answer.sequence_number == self.sent[event.context]
            elif isinstance(event, Late):
                assert isinstance(self.ended[event.context], Unanswered)
            elif isinstance(event, Received):
                self.owed.append(event.pdu)
            elif isinstance(event, Closed):
                self.closed += 1
            elif isinstance(event, Refused):
                # This request overtook the answer to the bind.
                assert was_open
                assert event.command_status == CommandStatus.ESME_RINVBNDSTS
            else:
                assert isinstance(event, Unmatched), event


class Wired(RuleBasedStateMachine):
    @initialize(
        window=st.integers(1, 4),
        enquire_after=st.sampled_from([None, 20.0]),
        bind=st.sampled_from([*BINDS, None]),
    )
    def connect(
        self, window: int, enquire_after: float | None, bind: type[BindRequest] | None
    ) -> None:
        self.now = 0.0
        self.contexts = 0
        settings_ = SessionSettings(
            window=window, response_timeout=10.0, enquire_after=enquire_after, bind_timeout=50.0
        )
        self.ends = {role: End(role, settings_) for role in Role}
        self.client, self.server = self.ends[Role.ESME], self.ends[Role.SMSC]
        if bind:
            self.send(Role.ESME, bind(system_id="login"))
            self.carry(Role.ESME, answers=True)
            self.carry(Role.SMSC, answers=False)
            assert self.client.session.state is self.server.session.state is BINDS[bind]

    def send(self, role: Role, pdu: Pdu, timeout: float | None = None) -> None:
        end, context = self.ends[role], self.contexts
        self.contexts += 1
        try:
            number = end.session.send(pdu, self.now, context, timeout=timeout)
        except StateError:
            return
        assert number not in end.sent.values()
        end.sent[context] = number

    @rule(count=st.integers(1, 5), timeout=st.none() | st.sampled_from([3.0, 30.0]))
    def submit(self, count: int, timeout: float | None) -> None:
        for _ in range(count):
            self.send(Role.ESME, SubmitSm(short_message=b"x" * 30), timeout)

    @rule()
    def query(self) -> None:
        self.send(Role.ESME, QuerySm(message_id="17"))

    @rule()
    def deliver(self) -> None:
        self.send(Role.SMSC, DeliverSm(short_message=b"id:17 stat:DELIVRD"))

    @rule(kind=st.sampled_from([BindTransceiver, BindTransmitter]))
    def bind(self, kind: type[BindRequest]) -> None:
        self.send(Role.ESME, kind(system_id="login"))

    @rule(role=st.sampled_from(Role))
    def flush(self, role: Role) -> None:
        """Write everything that an end has ready to send."""
        end = self.ends[role]
        data = end.session.data_to_send()
        frames = Framer().feed(data)
        assert b"".join(frames) == data
        for frame in frames:
            if frame[4] < 0x80:
                end.written.add(decode(frame).sequence_number)
        self.ends[role.peer].inbox += data

    @rule(role=st.sampled_from(Role), size=st.integers(1, 60) | st.just(10_000))
    def read(self, role: Role, size: int) -> None:
        """Some of the octets on their way arrive, cut at any place."""
        end = self.ends[role]
        data = bytes(end.inbox[:size])
        del end.inbox[:size]
        was_open = end.session.state is SessionState.OPEN
        end.take(end.session.receive(data, self.now), was_open=was_open)

    @rule(role=st.sampled_from(Role), answers=st.booleans())
    def carry(self, role: Role, answers: bool) -> None:
        """All octets of an end arrive. They may be answered."""
        self.flush(role)
        self.read(role.peer, 100_000)
        if answers:
            for _ in range(len(self.ends[role.peer].owed)):
                self.reply(role.peer, 0)
            self.flush(role.peer)

    @rule(role=st.sampled_from(Role), size=st.integers(1, 200))
    def read_byte_by_byte(self, role: Role, size: int) -> None:
        for _ in range(min(size, len(self.ends[role].inbox))):
            self.read(role, 1)

    def rest(self, role: Role) -> tuple[bytes, list[bytes]]:
        """The octets on their way: the rest of a PDU that is partly read, and whole PDUs."""
        end = self.ends[role]
        if end.closed or end.session.state is SessionState.CLOSED:
            end.inbox.clear()  # nobody reads it any more
            return b"", []
        missing = 0
        buffered = bytes(end.session._framer._buffer)
        if buffered:
            size = int.from_bytes((buffered + bytes(end.inbox))[:4], "big")
            missing = size - len(buffered)
        head, tail = bytes(end.inbox[:missing]), bytes(end.inbox[missing:])
        frames = Framer().feed(tail)
        assert b"".join(frames) == tail
        return head, frames

    @rule(role=st.sampled_from(Role), order=st.randoms(use_true_random=False))
    def reorder(self, role: Role, order: Any) -> None:
        head, frames = self.rest(role)
        order.shuffle(frames)
        self.ends[role].inbox[:] = head + b"".join(frames)

    @rule(role=st.sampled_from(Role), which=st.integers(0, 20), times=st.sampled_from([0, 2]))
    def lose_or_repeat_an_answer(self, role: Role, which: int, times: int) -> None:
        head, frames = self.rest(role)
        answers = [at for at, frame in enumerate(frames) if frame[4] >= 0x80]
        if answers:
            at = answers[which % len(answers)]
            frames[at : at + 1] = [frames[at]] * times
        self.ends[role].inbox[:] = head + b"".join(frames)

    @rule(role=st.sampled_from(Role), number=st.integers(1, 12))
    def forge_an_answer(self, role: Role, number: int) -> None:
        head, frames = self.rest(role)
        forged = encode(SubmitSmResp(message_id="forged"), number)
        self.ends[role].inbox[:] = head + b"".join([*frames, forged])

    @rule(number=st.integers(1001, 1003))
    def deliver_where_no_centre_should(self, number: int) -> None:
        """A transmitter gets a delivery too, and takes it."""
        head, frames = self.rest(Role.ESME)
        forged = encode(DeliverSm(short_message=b"id:17 stat:DELIVRD"), number)
        self.client.inbox[:] = head + b"".join([*frames, forged])

    @rule(role=st.sampled_from(Role), which=st.integers(0, 20))
    def reply(self, role: Role, which: int) -> None:
        end = self.ends[role]
        if end.owed:
            request = end.owed.pop(which % len(end.owed))
            end.session.reply(request, REPLIES[type(request)])

    @rule(role=st.sampled_from(Role), which=st.integers(0, 20))
    def cancel(self, role: Role, which: int) -> None:
        end = self.ends[role]
        if end.sent:
            context = list(end.sent)[which % len(end.sent)]
            outcome = end.session.cancel(end.sent[context], self.now)
            if outcome is not None:
                assert outcome.context == context
                end.outcomes[context] += 1
                end.ended[context] = outcome

    @rule(role=st.sampled_from(Role), seconds=st.sampled_from([0.5, 5.0]))
    def pause(self, role: Role, seconds: float) -> None:
        self.ends[role].session.pause(self.now + seconds)

    @rule(seconds=st.sampled_from([0.0, 1.0, 4.0, 11.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.now += seconds
        for end in self.ends.values():
            self.wake(end)

    def wake(self, end: End) -> None:
        for _ in range(10):
            deadline = end.session.deadline()
            if deadline is None or deadline > self.now:
                return
            end.take(end.session.handle_deadline(self.now))
        raise AssertionError("a deadline that stays in the past")

    @precondition(lambda self: self.contexts > 3)
    @rule(role=st.sampled_from(Role))
    def unbind(self, role: Role) -> None:
        self.ends[role].session.unbind(self.now)

    @precondition(lambda self: self.contexts > 3)
    @rule(role=st.sampled_from(Role), way=st.sampled_from(["eof", "abort"]))
    def cut_the_connection(self, role: Role, way: str) -> None:
        end = self.ends[role]
        end.take(getattr(end.session, way)())

    @invariant()
    def every_outcome_is_one_and_true(self) -> None:
        for end in self.ends.values():
            for context, count in end.outcomes.items():
                assert count == 1
                never = isinstance(end.ended[context], NeverSent)
                assert never == (end.sent[context] not in end.written)
            assert end.session.in_flight <= end.session.settings.window
            assert end.session._framer.error is None
            if end.closed:
                assert end.session.state is SessionState.CLOSED
                assert set(end.outcomes) == set(end.sent)

    def teardown(self) -> None:
        """If an end gets nothing more from its owner and its peer, everything ends."""
        if not hasattr(self, "ends"):
            return
        for end in self.ends.values():
            for _ in range(5 + len(end.sent)):
                self.now += 31.0
                self.wake(end)
                self.flush(end.session.role)
            # An idle session may live on, but no request may.
            assert set(end.outcomes) == set(end.sent)
            assert all(count == 1 for count in end.outcomes.values())
            end.take(end.session.eof())
            assert end.closed == 1


TestWired = Wired.TestCase
TestWired.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
