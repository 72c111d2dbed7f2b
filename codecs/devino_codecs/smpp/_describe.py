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
from ._header import HEADER_SIZE, unpack_header
from ._interpret import parse_fields
from ._pdus import PDU_TYPES, AnyPdu
from ._tlvs import TLV_BY_TAG, tlv_name

__all__ = ["describe"]

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
    ``***`` unless ``show_secrets``. Raises what :func:`encode` and :func:`decode` raise.

    >>> print(describe(QuerySm(message_id="17", source_addr="79001234567", sequence_number=5)))
    query_sm  sequence_number 5, command_status ESME_ROK (0x00), 33 octets
      message_id       '17'
      source_addr_ton  0 UNKNOWN
      source_addr_npi  0 UNKNOWN
      source_addr      '79001234567'
    """
    data = pdu if isinstance(pdu, bytes) else encode(pdu)
    header = unpack_header(data)
    of = PDU_TYPES.get(header.command_id)
    if of is None:
        name, rows = f"0x{header.command_id:08X}", [("body", data[HEADER_SIZE:].hex())]
    else:
        _, fields = parse_fields(data, of)
        tlvs = fields.pop("tlvs", [])
        name = CommandId(header.command_id).name.lower()
        rows = [(field, _shown(field, value, show_secrets)) for field, value in fields.items()]
        rows += [_tlv(tag, octets) for tag, octets in tlvs[:_MOST_TLVS]]
        if len(tlvs) > _MOST_TLVS:
            rows.append(("tlv ...", f"and {len(tlvs) - _MOST_TLVS} more"))
    width = max((len(field) for field, _ in rows), default=0)
    title = (
        f"{name}  sequence_number {header.sequence_number}, "
        f"command_status {status_name(header.command_status)}, {len(data)} octets"
    )
    return "\n".join([title, *(f"  {field:{width}}  {value}" for field, value in rows)])


def _tlv(tag: int, octets: bytes) -> tuple[str, str]:
    row = TLV_BY_TAG.get(tag)
    value = row.parse(octets) if row else None
    if value is None:
        return f"tlv {tlv_name(tag)}", f"{octets.hex()} (not typed)" if row else octets.hex()
    return f"tlv {tlv_name(tag)}", _shown(tlv_name(tag), value, False)


def _shown(field: str, value: Any, show_secrets: bool) -> str:
    if field == "password" and not show_secrets:
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
