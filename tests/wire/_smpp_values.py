"""Hypothesis strategies for SMPP values, made from the same annotations as the codec."""

from __future__ import annotations

from typing import Any

import msgspec
from construct import Construct, FormatField
from hypothesis import settings
from hypothesis import strategies as st

from devino_codecs.smpp import ItsSessionInfo, NetworkErrorCode, Pdu
from devino_codecs.smpp._fields import (
    COctetString,
    Listed,
    OctetString,
    OneOf,
    Record,
    ShortMessage,
    TextToEnd,
    Time,
    fields_of,
)
from devino_codecs.smpp._pdus import PDU_TYPES
from devino_codecs.smpp._tlvs import TLV_BY_TAG, TLVS, Tlv


def quick(examples: int = 100) -> settings:
    """So many examples, without a time limit, because the first one may compile."""
    return settings(max_examples=examples, deadline=None)


CLASSES = list(PDU_TYPES.values())

uint8 = st.integers(0, 0xFF)
uint16 = st.integers(0, 0xFFFF)
uint32 = st.integers(0, 0xFFFFFFFF)
latin_1 = st.characters(min_codepoint=1, max_codepoint=0xFF)
times = st.just("") | st.text("0123456789+-R", min_size=16, max_size=16)


def field_values(field: Construct[Any, Any]) -> st.SearchStrategy[Any]:
    match field:
        case FormatField():
            return st.integers(0, 256**field.length - 1)
        case Time():
            return times
        case COctetString() | TextToEnd():
            return st.text(latin_1, max_size=field.size - 1)
        case ShortMessage():
            return st.binary(max_size=field.size)
        case OctetString():
            return st.binary(min_size=field.least, max_size=min(field.most, 300))
        case Record():
            return records(field.of)
        case OneOf():
            return st.one_of(*map(records, field.flags))
        case Listed():
            return st.lists(field_values(field.item), min_size=field.least, max_size=4).map(tuple)
    raise AssertionError(field)


def records(of: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    return st.builds(of, **{name: field_values(field) for name, field in fields_of(of)})


_PAIRS = {
    "network_error_code": st.builds(NetworkErrorCode, uint8, uint16),
    "its_session_info": st.builds(ItsSessionInfo, uint8, uint8),
    "alert_on_message_delivery": st.just(True),
}


def _tlv_values(row: Tlv) -> st.SearchStrategy[Any]:
    one = _PAIRS[row.name] if row.name in _PAIRS else field_values(row.value)
    return st.lists(one, min_size=1, max_size=3).map(tuple) if row.repeats else one


tlvs = st.fixed_dictionaries({}, optional={name: _tlv_values(row) for name, row in TLVS.items()})
few_tlvs = st.lists(st.sampled_from(list(TLVS)), max_size=4, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: _tlv_values(TLVS[name]) for name in names})
)
raw_tlvs = st.lists(
    st.tuples(uint16.filter(lambda tag: tag not in TLV_BY_TAG), st.binary(max_size=20)), max_size=3
).map(tuple)


def pdus_of(of: type[Pdu]) -> st.SearchStrategy[Pdu]:
    """PDUs of one class that can be written, and that are the same when read."""
    return st.builds(
        of,
        **{name: field_values(field) for name, field in fields_of(of)},
        command_status=st.just(0) | uint32,
        sequence_number=uint32,
        tlvs=st.just({}) | few_tlvs | tlvs,
        raw_tlvs=st.just(()) | raw_tlvs,
    )


pdus = st.sampled_from(CLASSES).flatmap(pdus_of)
