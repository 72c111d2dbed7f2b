"""A stream is cut into the same PDUs, however it arrives."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs.smpp import AnyPdu, EnquireLink, Framer, FramingError, SubmitSm, decode, encode
from tests.wire._smpp_values import pdus, quick

PDUS = [
    encode(EnquireLink(), 1),
    encode(SubmitSm(short_message=b"x" * 254), 2),
    encode(EnquireLink()),
]
STREAM = b"".join(PDUS)


def fed(framer: Framer, chunks: list[bytes]) -> list[bytes]:
    return [frame for chunk in chunks for frame in framer.feed(chunk)]


def test_a_stream_is_cut_the_same_whole_and_byte_by_byte() -> None:
    assert Framer().feed(STREAM) == PDUS
    assert fed(Framer(), [bytes([octet]) for octet in STREAM]) == PDUS


def test_a_cut_anywhere_changes_nothing() -> None:
    for cut in range(len(STREAM)):
        framer = Framer()
        assert fed(framer, [STREAM[:cut], STREAM[cut:]]) == PDUS
        assert framer.pending == 0


@given(st.lists(pdus, max_size=5), st.lists(st.integers(1, 60), min_size=1, max_size=60))
@quick()
def test_any_pdus_in_any_chunks_come_out_as_they_were(sent: list[AnyPdu], sizes: list[int]) -> None:
    stream, framer, frames, at = b"".join(map(encode, sent)), Framer(), [], 0
    while at < len(stream):
        size = sizes[at % len(sizes)]
        frames += framer.feed(stream[at : at + size])
        at += size
    assert [decode(frame) for frame in frames] == sent
    assert framer.error is None


def test_the_beginning_of_a_pdu_waits_for_its_rest() -> None:
    framer = Framer()
    assert framer.feed(STREAM + PDUS[1][:20]) == PDUS
    assert framer.pending == 20
    assert framer.feed(PDUS[1][20:]) == [PDUS[1]]


@pytest.mark.parametrize("length", [0, 15, 70_001, 0xFFFFFFFF])
def test_an_impossible_length_loses_the_stream_after_the_pdus_before_it(length: int) -> None:
    framer = Framer()
    wrong = length.to_bytes(4, "big") + PDUS[0][4:]
    assert framer.feed(PDUS[0] + wrong + PDUS[1]) == [PDUS[0]]
    assert framer.error is not None
    assert framer.error.header.sequence_number == 1
    with pytest.raises(FramingError) as caught:
        framer.feed(PDUS[0])
    assert str(length) in str(caught.value)


def test_the_longest_pdu_allowed_passes() -> None:
    length = 1000
    longest = length.to_bytes(4, "big") + bytes(length - 4)
    framer = Framer(max_command_length=length)
    assert fed(framer, [longest[:999], longest[999:]]) == [longest]
    assert framer.feed((length + 1).to_bytes(4, "big") + bytes(12)) == []
    assert framer.error is not None


def test_a_long_pdu_in_single_octets_takes_linear_work_and_little_memory() -> None:
    length = 70_000
    octets = length.to_bytes(4, "big") + bytes(length - 4)
    framer = Framer()
    tracemalloc.start()
    try:
        frames = [frame for at in range(length) for frame in framer.feed(octets[at : at + 1])]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert frames == [octets]
    assert peak < 5 * length
