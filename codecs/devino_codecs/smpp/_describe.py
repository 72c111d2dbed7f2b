"""PDUs for people: each field with its value, as construct reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum, IntFlag
from typing import Any, TypeAlias

import msgspec

from devino_codecs._masked import Kind
from devino_codecs.errors import DecodeError

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
from ._user_data import Errors, decode_text

__all__ = ["describe", "secret_fields"]

_LONGEST_SYSTEM_ID = 15
_HIDDEN = frozenset({"password"})

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


_Mask: TypeAlias = Callable[[Kind, str], str]
_KINDS: Mapping[str, Kind] = {
    "system_id": Kind.SECRET,
    "password": Kind.SECRET,
    "source_addr": Kind.RECIPIENT,
    "destination_addr": Kind.RECIPIENT,
    "esme_addr": Kind.RECIPIENT,
    "dest_address": Kind.RECIPIENT,
    "unsuccess_sme": Kind.RECIPIENT,
    "callback_num": Kind.RECIPIENT,
    "source_subaddress": Kind.RECIPIENT,
    "dest_subaddress": Kind.RECIPIENT,
    "callback_num_atag": Kind.TEXT,
    "short_message": Kind.TEXT,
    "message_payload": Kind.TEXT,
    "additional_status_info_text": Kind.WORDS,
}
"""What tells of people. All other fields that the specification knows are shown."""


def describe(pdu: AnyPdu | bytes, *, show_secrets: bool = False, mask: _Mask | None = None) -> str:
    """A whole PDU with one field in each line. Known codes have their names. Octets are in hex, and
    a message's as text, too, if ``data_coding`` names an alphabet that they can be read in.

    Of more than a thousand optional parameters the others are counted. A password is shown as
    ``***`` unless ``show_secrets``. A ``mask`` (:mod:`devino_codecs.masking`) decides what stands
    in the place of addresses, texts, logins and passwords. What :func:`salvage` read is shown as
    far as it was read, and its ``defect`` in the last line. Raises what :func:`encode` and
    :func:`decode` raise.

    >>> print(describe(QuerySm(message_id="17", source_addr="79001234567", sequence_number=5)))
    query_sm  sequence_number 5, command_status ESME_ROK (0x00), 33 octets
      message_id       '17'
      source_addr_ton  0 UNKNOWN
      source_addr_npi  0 UNKNOWN
      source_addr      '79001234567'
    """
    if isinstance(pdu, Pdu) and pdu.defect is not None:
        hidden = frozenset[str]() if show_secrets else secret_fields(pdu)
        data, rows = pdu.defect.octets, list(_salvaged_rows(pdu, pdu.defect, hidden, mask))
    else:
        data = pdu if isinstance(pdu, bytes) else encode(pdu)
        hidden = frozenset[str]() if show_secrets else _HIDDEN
        rows = list(_rows(data, hidden, mask))
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
    has_moved = not pdu.password or (
        pdu.defect is not None
        and (pdu.defect.path == "system_id" or len(pdu.system_id) > _LONGEST_SYSTEM_ID)
    )
    return frozenset({"system_id", "password"} if has_moved else {"password"})


def _rows(data: bytes, hidden: frozenset[str], mask: _Mask | None) -> Iterator[tuple[str, str]]:
    of = PDU_TYPES.get(unpack_header(data).command_id)
    if of is None:
        body = data[HEADER_SIZE:].hex()
        yield "body", body if mask is None else mask(Kind.TEXT, body)
        return
    _, fields = parse_fields(data, of)
    tlvs = fields.pop("tlvs", [])
    if hidden and fields.get("password") == "":
        # It may have run into the login.
        hidden |= {"system_id"}
    shows = _Shows(hidden, mask, fields.get("data_coding", 0), fields.get("esm_class", 0))
    for field, value in fields.items():
        yield field, shows.field(field, value)
    for tag, octets in tlvs[:_MOST_TLVS]:
        yield shows.tlv(tag, octets)
    if len(tlvs) > _MOST_TLVS:
        yield "tlv ...", f"and {len(tlvs) - _MOST_TLVS} more"


def _salvaged_rows(
    pdu: Pdu, defect: Defect, hidden: frozenset[str], mask: _Mask | None
) -> Iterator[tuple[str, str]]:
    coding, esm_class = getattr(pdu, "data_coding", 0), getattr(pdu, "esm_class", 0)
    shows = _Shows(hidden, mask, coding, esm_class)
    for field, _ in fields_of(type(pdu)):
        if field not in defect.missing:
            yield field, shows.field(field, getattr(pdu, field))
    for name, value in pdu.tlvs.items():
        yield f"tlv {name}", shows.field(name, value)
    for tag, octets in pdu.raw_tlvs[:_MOST_TLVS]:
        yield f"tlv {tlv_name(tag)}", shows.octets(octets)
    if defect.missing:
        yield "not there", ", ".join(defect.missing)
    yield "defect", str(defect) if mask is None else mask(Kind.WORDS, str(defect))


class _Shows:
    """How the values of one PDU are shown."""

    def __init__(
        self, hidden: frozenset[str], mask: _Mask | None, data_coding: int, esm_class: int
    ) -> None:
        self._hidden = hidden
        self._mask = mask
        self._data_coding = data_coding
        self._has_header = bool(esm_class & EsmClass.UDHI)

    def tlv(self, tag: int, octets: bytes) -> tuple[str, str]:
        """A parameter's name, and its value."""
        row, name = TLV_BY_TAG.get(tag), tlv_name(tag)
        value = row.parse(octets) if row else None
        if value is not None:
            return f"tlv {name}", self.field(name, value)
        shown = self.octets(octets)
        return f"tlv {name}", f"{shown} (not typed)" if row else shown

    def octets(self, octets: bytes) -> str:
        """Octets without a type. What the specification does not know may be anything."""
        return octets.hex() if self._mask is None else self._mask(Kind.TEXT, octets.hex())

    def field(self, name: str, value: Any) -> str:
        """A value as the field of this name."""
        kind = _KINDS.get(name)
        if self._mask is not None and kind is not None:
            text = self._text(value) if kind is Kind.TEXT else _plain(value)
            if kind is Kind.RECIPIENT and text.isalpha():
                # The name of a sender.
                kind = Kind.SHOWN
            return self._mask(kind, text) if text else repr(value)
        if name in self._hidden:
            return "***"
        if isinstance(value, bytes):
            shown = f"{len(value)} octets {value.hex()}".rstrip()
            said = self._said(value, "strict") if kind is Kind.TEXT else None
            return f"{shown} {said!r}" if said else shown
        codes = _CODES.get(name)
        if codes and isinstance(value, int):
            return " ".join([str(value), *_names(codes, value)])
        if isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            return ", ".join(map(repr, value))
        shown = repr(value)
        return self._mask(Kind.SHOWN, shown) if self._mask is not None else shown

    def _text(self, value: Any) -> str:
        if not isinstance(value, bytes):
            return _plain(value)
        said = self._said(value, "replace")
        return value.hex() if said is None else said

    def _said(self, octets: bytes, errors: Errors) -> str | None:
        """The text of these octets without the header before it; None if they are no text."""
        begin = 1 + octets[0] if self._has_header and octets else 0
        try:
            return decode_text(octets[begin:], self._data_coding, errors=errors)
        except DecodeError:
            return None


def _plain(value: Any) -> str:
    """All that a value holds of text, several of them with commas between."""
    if isinstance(value, tuple):
        return ", ".join(map(_plain, value))
    if isinstance(value, msgspec.Struct):
        return ", ".join(str(each) for each in msgspec.structs.astuple(value) if each)
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _names(codes: type[IntEnum | IntFlag], value: int) -> Iterator[str]:
    try:
        name = codes(value).name
    except ValueError:
        return
    if name:
        yield name
