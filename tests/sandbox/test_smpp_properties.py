"""Whatever a client sends, the SMSC answers each request once, and never fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise, takewhile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devino_codecs import smpp
from devino_codecs.smpp import CommandStatus, Pdu, SubmitSm
from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, World
from devino_sandbox.services.smpp._centre import Centre
from devino_sandbox.services.smpp._connection import Connection
from devino_sandbox.services.smpp._settings import SmppSettings
from tests.sandbox._smpp import PASSWORD, SENDER, TO
from tests.wire._smpp_values import few_tlvs, latin_1, pdus, uint8

FIRST_ID = "579700854169272358"

numbers = st.sampled_from([TO, "79990000041", "79990001088", "79990001011", "42", ""])
senders = st.sampled_from([SENDER, "", "79001234567"]) | st.text(latin_1, max_size=20)
times = st.sampled_from(["", "000000010000000R", "110115130000000+", "991399999999999+"])
ids = st.sampled_from([FIRST_ID, "579700854169272360", "", "x"])
codings = st.sampled_from([0, 4, 8]) | uint8
headers = st.builds(
    lambda reference, total, number: bytes([5, 0, 3, reference, total, number]),
    st.integers(0, 1),
    st.integers(1, 3),
    st.integers(1, 3),
)
texts = st.binary(max_size=150) | st.builds(bytes.__add__, headers, st.binary(max_size=134))
message: dict[str, st.SearchStrategy[Any]] = {
    "source_addr": senders,
    "esm_class": st.sampled_from([0, 0x40]) | uint8,
    "registered_delivery": st.sampled_from([0, 1, 2, 0x11]) | uint8,
    "data_coding": codings,
}
submits = st.builds(
    SubmitSm,
    **message,
    destination_addr=numbers,
    schedule_delivery_time=times,
    validity_period=times,
    short_message=texts,
    tlvs=st.just({}) | few_tlvs,
)
addresses = st.builds(smpp.SmeAddress, uint8, uint8, numbers)
BIND = smpp.BindTransceiver(system_id="demo", password=PASSWORD)
others = st.one_of(
    st.just(BIND),
    st.builds(
        smpp.SubmitMulti,
        **message,
        dest_address=st.lists(addresses, min_size=1, max_size=3).map(tuple),
        short_message=texts,
    ),
    st.builds(smpp.DataSm, **message, destination_addr=numbers, tlvs=few_tlvs),
    st.builds(smpp.QuerySm, message_id=ids, source_addr=senders),
    st.builds(smpp.CancelSm, message_id=ids, source_addr=senders, destination_addr=numbers),
    st.builds(
        smpp.ReplaceSm,
        message_id=ids,
        schedule_delivery_time=times,
        validity_period=times,
        short_message=texts,
    ),
)
conversations = st.builds(
    list.__add__, st.sampled_from([[], [BIND]]), st.lists(submits | others | pdus, max_size=12)
)


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written += data

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


async def converse(chunks: Sequence[bytes | float]) -> tuple[list[smpp.AnyPdu], bool]:
    """What the SMSC answers to octets and passing seconds, and whether it closed."""
    account = Account(login="demo", password=Secret(PASSWORD))
    clock = ManualClock()
    world = World([account], clock=clock)
    centre = Centre(world, SmppSettings(bind_timeout=3600, enquire_after=None))
    centre.start()
    connection, wire = Connection(centre), Wire()
    connection.connection_made(wire)
    for chunk in chunks:
        if isinstance(chunk, float):
            clock.advance(chunk)
            world.advance()
            await asyncio.sleep(0)
        elif not wire.closed:
            connection.data_received(chunk)
    connection.connection_lost(None)
    assert customer_is_free(centre, account)
    centre.stop()
    return [smpp.decode(frame) for frame in smpp.Framer().feed(wire.written)], wire.closed


def customer_is_free(centre: Centre, account: Account) -> bool:
    customer = centre.customers.of(account)
    return customer.sessions == 0 and not customer.deliveries.receivers


quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@quick
@given(conversations, st.lists(st.sampled_from([0.0, 0.2, 1.0, 4000.0]), max_size=12))
def test_each_request_has_one_answer_and_none_is_a_failure(
    caplog: pytest.LogCaptureFixture, said: list[Pdu], pauses: list[float]
) -> None:
    caplog.clear()
    requests = [pdu for pdu in said if pdu.command_id < 0x80000000]
    numbered = [(pdu, smpp.encode(pdu, number)) for number, pdu in enumerate(said, 1)]
    chunks: list[bytes | float] = [octets for _, octets in numbered]
    for at, pause in enumerate(pauses):
        chunks.insert(2 * at, pause)
    heard, closed = asyncio.run(converse(chunks))
    answers = [pdu for pdu in heard if pdu.command_id > 0x80000000]
    answered = [pdu.sequence_number for pdu in answers]
    assert len(answered) == len(set(answered))
    for pdu in answers:
        request = said[pdu.sequence_number - 1]
        assert pdu.command_id == request.command_id | 0x80000000
        assert pdu.command_status != CommandStatus.ESME_RSYSERR
    silent = (smpp.Outbind, smpp.AlertNotification)
    if not closed:
        assert len(answers) == sum(not isinstance(pdu, silent) for pdu in requests)
    assert "failed" not in caplog.text


@quick
@given(conversations, st.lists(st.integers(0, 3000), max_size=5), st.binary(max_size=40))
def test_it_makes_no_difference_how_octets_are_cut(
    said: list[Pdu], cuts: list[int], garbage: bytes
) -> None:
    # A request after an unbind is answered only if both are read together.
    before = list(takewhile(lambda pdu: not isinstance(pdu, smpp.Unbind), said))
    octets = b"".join(smpp.encode(pdu, n) for n, pdu in enumerate(before, 1)) + garbage
    borders = [0, *sorted(cuts), len(octets)]
    pieces = [octets[start:end] for start, end in pairwise(borders)]
    at_once, in_pieces = (
        asyncio.run(converse([smpp.encode(BIND, 0), *chunks]))
        for chunks in ([octets], [piece for piece in pieces if piece])
    )
    if not garbage:
        assert answers_of(at_once[0]) == answers_of(in_pieces[0])
    assert at_once[1] == in_pieces[1]


def answers_of(heard: Sequence[smpp.AnyPdu]) -> list[smpp.AnyPdu]:
    """Sorted by number, because the machine answers some requests by itself, and sooner."""
    answers = [pdu for pdu in heard if pdu.command_id >= 0x80000000]
    return sorted(answers, key=lambda pdu: pdu.sequence_number)
