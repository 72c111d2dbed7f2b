"""PDUs for people: each field with its value, as construct reads it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum, IntFlag
from typing import Any

import msgspec

from ._codec import encode
from ._codes import (
    CommandId,
    DataCoding,
    EsmClass,
    MessageState,
    Npi,
    RegisteredDelivery,
    Ton,
    status_name,
)
from ._fields import fields_of
from ._header import HEADER_SIZE, unpack_header
from ._interpret import parse_fields
from ._pdus import PDU_TYPES, AnyPdu, BindRequest, Defect, Outbind, Pdu
from ._tlvs import TLV_BY_TAG, tlv_name

__all__ = ["describe", "secret_fields"]

_LONGEST_SYSTEM_ID = 15

_MOST_TLVS = 1000
"""So many optional parameters are shown. No sound PDU has as many."""

_CODES: dict[str, type[IntEnum | IntFlag]] = {
    "source_addr_ton": Ton,
    "source_addr_npi": Npi,
    "dest_addr_ton": Ton,
    "dest_addr_npi": Npi,
    "esme_addr_ton": Ton,
    "esme_addr_npi": Npi,
    "addr_ton": Ton,
    "addr_npi": Npi,
    "esm_class": EsmClass,
    "registered_delivery": RegisteredDelivery,
    "data_coding": DataCoding,
    "message_state": MessageState,
}


def describe(pdu: AnyPdu | bytes, *, show_secrets: bool = False) -> str:
    """A whole PDU with one field in each line. Known codes have their names; octets are in hex.

    Of more than a thousand optional parameters the others are counted. A password is shown as
    ``***`` unless ``show_secrets``. What :func:`salvage` read is shown as far as it was read, and
    its ``defect`` in the last line. Raises what :func:`encode` and :func:`decode` raise.

    >>> print(describe(QuerySm(message_id="17", source_addr="79001234567", sequence_number=5)))
    query_sm  sequence_number 5, command_status ESME_ROK (0x00), 33 octets
      message_id       '17'
      source_addr_ton  0 UNKNOWN
      source_addr_npi  0 UNKNOWN
      source_addr      '79001234567'
    """
    if isinstance(pdu, Pdu) and pdu.defect is not None:
        data, rows = pdu.defect.octets, list(_salvaged_rows(pdu, pdu.defect, show_secrets))
    else:
        data = pdu if isinstance(pdu, bytes) else encode(pdu)
        rows = list(_rows(data, show_secrets))
    header = unpack_header(data)
    of = PDU_TYPES.get(header.command_id)
    name = f"0x{header.command_id:08X}" if of is None else CommandId(header.command_id).name.lower()
    width = max((len(field) for field, _ in rows), default=0)
    title = (
        f"{name}  sequence_number {header.sequence_number}, "
        f"command_status {status_name(header.command_status)}, {len(data)} octets"
    )
    return "\n".join([title, *(f"  {field:{width}}  {value}" for field, value in rows)])


def secret_fields(pdu: AnyPdu) -> frozenset[str]:
    """The fields that nobody should be shown: a bind's password, and where a defect may have moved
    it to."""
    if not isinstance(pdu, BindRequest | Outbind):
        return frozenset()
    # Without its NUL, one string runs into the next.
    has_moved = pdu.defect is not None and (
        pdu.defect.path == "system_id" or len(pdu.system_id) > _LONGEST_SYSTEM_ID
    )
    return frozenset({"system_id", "password"} if has_moved else {"password"})


def _rows(data: bytes, show_secrets: bool) -> Iterator[tuple[str, str]]:
    of = PDU_TYPES.get(unpack_header(data).command_id)
    if of is None:
        yield "body", data[HEADER_SIZE:].hex()
        return
    _, fields = parse_fields(data, of)
    tlvs = fields.pop("tlvs", [])
    for field, value in fields.items():
        yield field, _shown(field, value, field == "password" and not show_secrets)
    for tag, octets in tlvs[:_MOST_TLVS]:
        yield _tlv(tag, octets)
    if len(tlvs) > _MOST_TLVS:
        yield "tlv ...", f"and {len(tlvs) - _MOST_TLVS} more"


def _salvaged_rows(pdu: Pdu, defect: Defect, show_secrets: bool) -> Iterator[tuple[str, str]]:
    hidden = frozenset[str]() if show_secrets else secret_fields(pdu)
    for field, _ in fields_of(type(pdu)):
        if field not in defect.missing:
            yield field, _shown(field, getattr(pdu, field), field in hidden)
    for name, value in pdu.tlvs.items():
        yield f"tlv {name}", _shown(name, value)
    for tag, octets in pdu.raw_tlvs[:_MOST_TLVS]:
        yield f"tlv {tlv_name(tag)}", octets.hex()
    if defect.missing:
        yield "not there", ", ".join(defect.missing)
    yield "defect", str(defect)


def _tlv(tag: int, octets: bytes) -> tuple[str, str]:
    row = TLV_BY_TAG.get(tag)
    value = row.parse(octets) if row else None
    if value is None:
        return f"tlv {tlv_name(tag)}", f"{octets.hex()} (not typed)" if row else octets.hex()
    return f"tlv {tlv_name(tag)}", _shown(tlv_name(tag), value)


def _shown(field: str, value: Any, is_hidden: bool = False) -> str:
    if is_hidden:
        return "***"
    if isinstance(value, bytes):
        return f"{len(value)} octets {value.hex()}".rstrip()
    codes = _CODES.get(field)
    if codes and isinstance(value, int):
        return " ".join([str(value), *_names(codes, value)])
    if isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
        return ", ".join(map(repr, value))
    return repr(value)


def _names(codes: type[IntEnum | IntFlag], value: int) -> Iterator[str]:
    try:
        name = codes(value).name
    except ValueError:
        return
    if name:
        yield name
