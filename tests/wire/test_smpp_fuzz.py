"""Whatever octets come: a value or a DecodeError, within 50 ms, and nothing grows."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import DecodeError
from devino_codecs.smpp import (
    Answered,
    BindTransceiver,
    BindTransceiverResp,
    Closed,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    Incomplete,
    Reason,
    Reassembler,
    Received,
    Role,
    SessionMachine,
    SessionSettings,
    SubmitSm,
    SubmitSmResp,
    UserData,
    Whole,
    decode,
    decode_text,
    encode,
    receipt_of,
    salvage,
    user_data,
)
from tests._quick import assert_quick
from tests.wire._smpp_broken import BROKEN, NUL_BEHIND
from tests.wire._smpp_samples import VECTORS, either, framed
from tests.wire._smpp_session import SUBMIT, esme, smsc, submitted
from tests.wire._smpp_values import quick

pytestmark = pytest.mark.attack

CONTENT = st.binary(max_size=60) | st.builds(
    lambda size, octets: bytes([size % 256]) + octets, st.integers(0, 20), st.binary(max_size=60)
)


@given(CONTENT, st.integers(0, 255), st.booleans())
@quick(500)
def test_any_user_data(octets: bytes, esm_class: int, lenient: bool) -> None:
    pdu = DeliverSm(esm_class=esm_class, short_message=octets)
    read = either(lambda: user_data(pdu, lenient=lenient))
    assert isinstance(read, UserData | DecodeError)


def test_an_unknown_empty_information_element_is_passed_over() -> None:
    pdu = DeliverSm(esm_class=0x40, short_message=bytes.fromhex("022400") + b"Hello")
    assert user_data(pdu) == UserData(b"Hello", ((0x24, b""),), None)


@given(CONTENT, st.integers(0, 255), st.sampled_from(["gsm7", "latin-1", "ascii"]))
@quick(500)
def test_any_text(octets: bytes, data_coding: int, default: str) -> None:
    read = either(lambda: decode_text(octets, data_coding, default=default))
    assert isinstance(read, str | DecodeError)
    read = either(lambda: decode_text(octets, data_coding, errors="replace", default=default))
    assert isinstance(read, str | DecodeError)


RECEIPT = (
    b"id:17 sub:001 dlvrd:001 submit date:2601311200 done date:2601311201 stat:DELIVRD err:000"
)


@given(
    CONTENT | st.integers(0, len(RECEIPT)).map(lambda end: RECEIPT[:end]),
    st.sampled_from([0x04, 0x20, 0x44, 0x00]),
    st.integers(0, 255),
)
@quick(500)
def test_any_receipt(octets: bytes, esm_class: int, data_coding: int) -> None:
    pdu = DeliverSm(esm_class=esm_class, data_coding=data_coding, short_message=octets)
    either(receipt_of, pdu)


@given(st.lists(st.tuples(CONTENT, st.sampled_from([0, 0x40])), max_size=30))
@quick(200)
def test_any_parts_are_a_message_or_are_given_up_once(parts: list[tuple[bytes, int]]) -> None:
    reassembler = Reassembler(max_age=10, lenient=True)
    given_pdus = 0
    results: list[Whole | Incomplete] = []
    for now, (octets, esm_class) in enumerate(parts):
        read = either(
            reassembler.add, DeliverSm(esm_class=esm_class, short_message=octets), now / 10
        )
        if not isinstance(read, DecodeError):
            given_pdus += 1
            results += read
    results += reassembler.expire(1000.0)
    assert len(reassembler) == 0
    assert sum(len(result.pdus) for result in results) <= given_pdus
    for result in results:
        either(lambda result=result: result.text())
        either(lambda result=result: result.text(errors="replace"))


FRAMES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([octets for _, octets in VECTORS]),
    st.sampled_from([broken.octets for broken in BROKEN]),
    st.builds(
        framed,
        st.sampled_from([*range(1, 10), 0x15, 0x103, 0x999, 0x80000004, 0x80000009, 0x80000015]),
        st.binary(max_size=30),
        status=st.sampled_from([0, 0, 8, 0x58]),
        number=st.integers(1, 4),
    ),
)
MACHINES: dict[str, Callable[[], SessionMachine[Any]]] = {
    "esme": lambda: esme(salvage_deliveries=True),
    "esme, open": lambda: SessionMachine(Role.ESME, 0.0, SessionSettings(salvage_deliveries=True)),
    "smsc": smsc,
    "smsc, strict": lambda: smsc(strict=True, refusals_have_bodies=True),
    "smsc, open": lambda: SessionMachine(Role.SMSC, 0.0),
}


@pytest.mark.parametrize("machine", MACHINES)
@given(st.lists(FRAMES, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
@quick(150)
def test_any_octets_leave_every_request_with_one_outcome(
    machine: str, frames: list[bytes], replies: list[bool]
) -> None:
    session = MACHINES[machine]()
    open_requests: set[str] = set()
    if machine == "esme":
        submitted(session, "one", "two")
        open_requests = {"one", "two"}
    elif machine == "esme, open":
        session.send(BindTransceiver(), 0.0, "bind")
        session.data_to_send()
        open_requests = {"bind"}
    owed = []
    events: list[Any] = []
    for now, (frame, reply) in enumerate(zip(frames, replies, strict=False)):
        told: list[Any] = session.receive(frame, float(now))
        events += told
        owed += [event.pdu for event in told if isinstance(event, Received)]
        if reply and owed:
            pdu = owed.pop(0)
            if pdu.command_id < 0x100 or pdu.command_id == 0x103:
                either(session.forget, pdu)
        session.data_to_send()
        session.deadline()
    events += session.eof()  # what forget() has told is still to come, also when it closed
    assert [type(event) for event in events].count(Closed) == 1
    outcomes = [event.context for event in events if hasattr(event, "context")]
    assert set(outcomes) >= open_requests
    assert session.data_to_send() == b""


LARGE: dict[str, Callable[[], object]] = {
    "user data": lambda: user_data(
        DeliverSm(esm_class=0x40, tlvs={"message_payload": b"\xff" + bytes(65_000)})
    ),
    "text": lambda: decode_text(b"\x1b" * 65_000, 0, errors="replace"),
    "korean": lambda: decode_text(b"\xfe" * 65_000, 14, errors="replace"),
    "receipt": lambda: receipt_of(
        DeliverSm(esm_class=4, tlvs={"message_payload": b"submit date:" * 5_400})
    ),
    "receipt of keys": lambda: receipt_of(
        DeliverSm(esm_class=4, tlvs={"message_payload": b"id: a: " * 9_000})
    ),
    "receipt of digits": lambda: receipt_of(
        DeliverSm(esm_class=4, tlvs={"message_payload": b"id:1 submit date:" + b"1" * 65_000})
    ),
    "parameters": lambda: decode(
        framed(DeliverSm.command_id, encode(DeliverSm(), 1)[16:] + b"\x13\0\0\0" * 16_000)
    ),
    "broken": lambda: salvage(framed(DeliverSm.command_id, b"x" * 65_000)),
    "broken parameters": lambda: salvage(
        framed(DeliverSm.command_id, encode(DeliverSm(), 1)[16:] + b"\4\x27\0\1\2" * 13_000 + b"\1")
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_64_kilobytes_take_less_than_50_ms(name: str) -> None:
    assert_quick(partial(either, LARGE[name]), b"", name)


def test_a_session_does_not_grow_with_what_it_receives() -> None:
    session = esme(salvage_deliveries=True, max_nonsense=None)
    odd = b"".join(
        [
            *[broken.octets for broken in BROKEN],
            NUL_BEHIND,
            encode(EnquireLink(), 1),
            encode(SubmitSmResp(message_id="1"), 77),
            framed(0x999, b"abc"),
            framed(SubmitSm.command_id, b""),
        ]
    )

    def run(times: int) -> None:
        for _ in range(times):
            for event in session.receive(odd, 0.0):
                if isinstance(event, Received):
                    session.forget(event.pdu)
            session.data_to_send()

    run(100)
    tracemalloc.start()
    try:
        run(100)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        run(500)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 50_000


def test_a_flood_that_says_nothing_ends_the_session() -> None:
    for nonsense in (
        encode(EnquireLink(), 1),
        encode(SubmitSmResp(message_id="1"), 77),
        framed(0x999, b"abc"),
        framed(SubmitSm.command_id, b""),
    ):
        session = esme(salvage_deliveries=True)
        for second in range(10):
            for _ in range(1000):
                assert not any(
                    isinstance(event, Closed) for event in session.receive(nonsense, float(second))
                )
        *_, last = session.receive(nonsense, 9.5)
        assert isinstance(last, Closed)
        assert "say nothing" in last.reason.value


def test_messages_are_no_flood() -> None:
    session = esme(salvage_deliveries=True)
    sound, broken = encode(DeliverSm(), 1), BROKEN[0].octets
    for _ in range(3000):
        for event in session.receive(sound + broken, 0.0):
            if isinstance(event, Received):
                session.reply(event.pdu, DeliverSmResp())
    assert session.is_bound


def test_broken_messages_that_nobody_takes_are_a_flood() -> None:
    session = esme(salvage_deliveries=True)
    for _ in range(1001):
        for event in session.receive(BROKEN[0].octets, 0.0):
            if isinstance(event, Received):
                session.forget(event.pdu)
    assert session.handle_deadline(0.0) == [Closed(Reason.FLOODED)]


def test_a_delivery_before_the_answer_to_the_bind_waits_for_it() -> None:
    session: SessionMachine[str] = SessionMachine(
        Role.ESME, 0.0, SessionSettings(salvage_deliveries=True)
    )
    number = session.send(BindTransceiver(), 0.0, "bind")
    session.data_to_send()
    early = encode(DeliverSm(short_message=b"early"), 5) + BROKEN[0].octets
    assert [event for event in session.receive(early, 0.0) if isinstance(event, Received)] == []
    assert session.data_to_send() == b""
    answered, first, second = session.receive(encode(BindTransceiverResp(), number), 0.0)
    assert isinstance(answered, Answered)
    assert isinstance(first, Received)
    assert isinstance(second, Received)
    assert first.pdu.short_message == b"early"  # type: ignore[attr-defined]
    assert session.peer_requests == 2


@pytest.mark.parametrize("count", [1, 5])
def test_what_follows_a_bind_waits_until_it_is_answered(count: int) -> None:
    session: SessionMachine[str] = SessionMachine(Role.SMSC, 0.0)
    both = encode(BindTransceiver(), 1) + b"".join(encode(SUBMIT, 2 + n) for n in range(count))
    [bind] = session.receive(both[:-3], 0.0)
    assert isinstance(bind, Received)
    assert session.receive(both[-3:], 0.0) == []
    session.reply(bind.pdu, BindTransceiverResp())
    assert session.deadline() == float("-inf")
    submits = session.handle_deadline(0.0)
    assert [event.pdu.sequence_number for event in submits] == list(range(2, 2 + count))  # type: ignore[union-attr]


def test_what_follows_a_bind_that_is_refused_is_refused_after_it() -> None:
    session: SessionMachine[str] = SessionMachine(Role.SMSC, 0.0)
    [bind] = session.receive(encode(BindTransceiver(), 1) + encode(SUBMIT, 2), 0.0)
    assert isinstance(bind, Received)
    session.reply(bind.pdu, BindTransceiverResp(command_status=14))
    session.handle_deadline(0.0)
    frames = session.data_to_send()
    assert frames == encode(BindTransceiverResp(command_status=14), 1) + encode(
        SubmitSmResp(command_status=4), 2
    )
