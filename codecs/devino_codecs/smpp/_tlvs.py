"""The optional parameters of SMPP 3.4, 5.3, in one table."""

# No `from __future__ import annotations`: to make the table's annotations out of texts took longer
# than the rest of this module.

import struct
from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple, NoReturn, TypedDict, cast, get_type_hints

import construct
from construct import FormatField, Int8ub, Int16ub, Int32ub

from ._fields import AnyField, OctetString, TextToEnd, ToEnd, UnfitError

__all__ = [
    "NO_TLVS",
    "TLVS",
    "TLV_BY_TAG",
    "ItsSessionInfo",
    "NetworkErrorCode",
    "RawTlvs",
    "Tlv",
    "Tlvs",
    "integer_of",
    "tlv_name",
    "typed_tlvs",
]


class NetworkErrorCode(NamedTuple):
    """``network_error_code`` (5.3.2.31)."""

    network_type: int
    """1 ANSI-136, 2 IS-95, 3 GSM."""
    error_code: int


class ItsSessionInfo(NamedTuple):
    """``its_session_info`` (5.3.2.43)."""

    session_number: int
    sequence_number: int
    """The number in the dialogue, shifted left by one. The lowest bit marks the last one."""


class _Pair(ToEnd[tuple[int, int]]):
    """Two integers as a named tuple; ``layout`` is a :mod:`struct` format."""

    def __init__(self, of: type[NetworkErrorCode | ItsSessionInfo], layout: str) -> None:
        super().__init__()
        self.of = of
        self.layout = struct.Struct(layout)

    def read(self, octets: bytes) -> tuple[int, int]:
        if len(octets) != self.layout.size:
            raise UnfitError(f"{len(octets)} octets, expected {self.layout.size}")
        return self.of(*self.layout.unpack(octets))

    def write(self, value: object) -> bytes:
        if isinstance(value, tuple) and len(value) == 2:
            try:
                return self.layout.pack(*value)
            except struct.error:
                pass
        raise UnfitError(f"not two integers that fit {self.layout.size} octets")


class _Present(ToEnd[bool]):
    """A parameter without a value. True says that it is there."""

    def read(self, octets: bytes) -> bool:
        if octets:
            raise UnfitError(f"{len(octets)} octets, expected none")
        return True

    def write(self, value: object) -> bytes:
        if value is not True:
            raise UnfitError("leave the parameter out instead of making it false")
        return b""


def integer_of(octets: bytes, size: int) -> int:
    """An integer that should have ``size`` octets, and may have 1 to 4 if its value fits."""
    length = len(octets)
    if length != size and (not 1 <= length <= _LONGEST_INTEGER or any(octets[:-size])):
        raise UnfitError(f"{length} octets, expected {size}")
    return int.from_bytes(octets, "big")


_LONGEST_INTEGER = 4


class Tlv:
    """An annotation in the table: the tag of a parameter, and its value as a subconstruct.

    ``repeats`` marks a parameter that a PDU may have several times. Its value is a tuple.
    """

    name: str

    def __init__(self, tag: int, value: AnyField, *, repeats: bool = False) -> None:
        self.tag = tag
        self.value = value
        self.repeats = repeats

    def parse(self, octets: bytes) -> object:
        """The typed value; None if the octets do not fit."""
        try:
            if isinstance(self.value, FormatField):
                return integer_of(octets, self.value.length)
            return cast("object", self.value.parse(octets))
        except construct.ConstructError:
            return None


class Tlvs(TypedDict, total=False):
    """The optional parameters of 5.3.2, by name. Any PDU may carry any of them, or none.

    >>> tlvs: Tlvs = {"sar_msg_ref_num": 7, "sar_total_segments": 2, "sar_segment_seqnum": 1}
    """

    dest_addr_subunit: Annotated[int, Tlv(0x0005, Int8ub)]
    dest_network_type: Annotated[int, Tlv(0x0006, Int8ub)]
    dest_bearer_type: Annotated[int, Tlv(0x0007, Int8ub)]
    dest_telematics_id: Annotated[int, Tlv(0x0008, Int16ub)]
    source_addr_subunit: Annotated[int, Tlv(0x000D, Int8ub)]
    source_network_type: Annotated[int, Tlv(0x000E, Int8ub)]
    source_bearer_type: Annotated[int, Tlv(0x000F, Int8ub)]
    source_telematics_id: Annotated[int, Tlv(0x0010, Int8ub)]
    qos_time_to_live: Annotated[int, Tlv(0x0017, Int32ub)]
    payload_type: Annotated[int, Tlv(0x0019, Int8ub)]
    additional_status_info_text: Annotated[str, Tlv(0x001D, TextToEnd(256))]
    receipted_message_id: Annotated[str, Tlv(0x001E, TextToEnd(65))]
    ms_msg_wait_facilities: Annotated[int, Tlv(0x0030, Int8ub)]
    privacy_indicator: Annotated[int, Tlv(0x0201, Int8ub)]
    source_subaddress: Annotated[bytes, Tlv(0x0202, OctetString(2, 23))]
    dest_subaddress: Annotated[bytes, Tlv(0x0203, OctetString(2, 23))]
    user_message_reference: Annotated[int, Tlv(0x0204, Int16ub)]
    user_response_code: Annotated[int, Tlv(0x0205, Int8ub)]
    source_port: Annotated[int, Tlv(0x020A, Int16ub)]
    destination_port: Annotated[int, Tlv(0x020B, Int16ub)]
    sar_msg_ref_num: Annotated[int, Tlv(0x020C, Int16ub)]
    language_indicator: Annotated[int, Tlv(0x020D, Int8ub)]
    sar_total_segments: Annotated[int, Tlv(0x020E, Int8ub)]
    sar_segment_seqnum: Annotated[int, Tlv(0x020F, Int8ub)]
    sc_interface_version: Annotated[int, Tlv(0x0210, Int8ub)]
    callback_num_pres_ind: Annotated[tuple[int, ...], Tlv(0x0302, Int8ub, repeats=True)]
    callback_num_atag: Annotated[tuple[bytes, ...], Tlv(0x0303, OctetString(0, 65), repeats=True)]
    number_of_messages: Annotated[int, Tlv(0x0304, Int8ub)]
    callback_num: Annotated[tuple[bytes, ...], Tlv(0x0381, OctetString(4, 19), repeats=True)]
    dpf_result: Annotated[int, Tlv(0x0420, Int8ub)]
    set_dpf: Annotated[int, Tlv(0x0421, Int8ub)]
    ms_availability_status: Annotated[int, Tlv(0x0422, Int8ub)]
    network_error_code: Annotated[NetworkErrorCode, Tlv(0x0423, _Pair(NetworkErrorCode, ">BH"))]
    message_payload: Annotated[bytes, Tlv(0x0424, OctetString())]
    delivery_failure_reason: Annotated[int, Tlv(0x0425, Int8ub)]
    more_messages_to_send: Annotated[int, Tlv(0x0426, Int8ub)]
    message_state: Annotated[int, Tlv(0x0427, Int8ub)]
    ussd_service_op: Annotated[int, Tlv(0x0501, Int8ub)]
    display_time: Annotated[int, Tlv(0x1201, Int8ub)]
    sms_signal: Annotated[int, Tlv(0x1203, Int16ub)]
    ms_validity: Annotated[int, Tlv(0x1204, Int8ub)]
    alert_on_message_delivery: Annotated[bool, Tlv(0x130C, _Present())]
    its_reply_type: Annotated[int, Tlv(0x1380, Int8ub)]
    its_session_info: Annotated[ItsSessionInfo, Tlv(0x1383, _Pair(ItsSessionInfo, ">BB"))]


class _NoTlvs(dict[str, object]):
    """All PDUs without optional parameters share one of these, so it cannot be changed."""

    def update(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("tlvs are given when a PDU is made, and not changed")

    __setitem__: Any = update
    __ior__: Any = update
    setdefault: Any = update

    def __reduce__(self) -> tuple[type[dict[str, object]], tuple[()]]:
        return dict, ()  # A copy is an ordinary dict.


NO_TLVS = cast("Tlvs", _NoTlvs())

RawTlvs = tuple[tuple[int, bytes], ...]
"""Parameters as (tag, octets): those that the table lacks, those that do not fit their type, and
repeats of those that may come once."""


def _table() -> dict[str, Tlv]:
    rows: dict[str, Tlv] = {}
    for name, hint in get_type_hints(Tlvs, include_extras=True).items():
        rows[name] = hint.__metadata__[0]
        rows[name].name = name
    return rows


TLVS = _table()
"""Name to parameter, in the order of tags."""
TLV_BY_TAG = {row.tag: row for row in TLVS.values()}


def tlv_name(tag: int) -> str:
    """The specification's name of a tag, else its number in hex."""
    row = TLV_BY_TAG.get(tag)
    return row.name if row else f"0x{tag:04X}"


def typed_tlvs(found: Iterable[tuple[int, bytes]]) -> tuple[Tlvs, RawTlvs]:
    """Parameters by name if the table has them and their octets fit; the others as they are."""
    tlvs: dict[str, object] = {}
    repeated: dict[str, list[object]] = {}
    raw_tlvs = []
    for tag, octets in found:
        row = TLV_BY_TAG.get(tag)
        value = row.parse(octets) if row else None
        if row is None or value is None:
            raw_tlvs.append((tag, octets))
        elif row.repeats:
            repeated.setdefault(row.name, []).append(value)
            tlvs[row.name] = value
        elif row.name in tlvs:
            raw_tlvs.append((tag, octets))
        else:
            tlvs[row.name] = value
    tlvs |= {name: tuple(values) for name, values in repeated.items()}
    return cast("Tlvs", tlvs), tuple(raw_tlvs)
