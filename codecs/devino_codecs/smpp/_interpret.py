"""construct itself reads and writes PDUs field by field: slowly, and always sure of the place.

The generated functions leave to it what they cannot do: to read and write the lists of
``submit_multi``, and to find out which field is broken. Tests compare the two.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from io import BytesIO
from typing import IO, Any

import construct
from construct import Int32ub

from devino_codecs.errors import EncodeError

from ._errors import PduError
from ._fields import AnyField, TlvBlock, UnfitError, WireField, fields_of, octets_of
from ._header import HEADER_SIZE, RESPONSE, Header, unpack_header
from ._pdus import Defect, Pdu
from ._tlvs import NO_TLVS, TLV_BY_TAG, TLVS, RawTlvs, typed_tlvs

__all__ = ["interpreted_decode", "interpreted_encode", "layout", "parse_fields", "salvaged"]

_TLVS = TlvBlock()
_STRICT_TLVS = TlvBlock(strict=True)
_TLV_HEAD = 4
"""The octets of a parameter's tag and length."""


@cache
def layout(of: type[Pdu]) -> construct.Struct:
    """A PDU's body as a construct: the mandatory fields, then ``tlvs`` as (tag, octets).

    >>> layout(QuerySm).parse(bytes.fromhex("3132330001013739303000")).source_addr
    '7900'
    """
    return construct.Struct(*(name / field for name, field in _rows(of)))


@cache
def _rows(of: type[Pdu]) -> tuple[tuple[str, AnyField], ...]:
    return (*fields_of(of), ("tlvs", _TLVS))


def parse_fields(
    data: bytes, of: type[Pdu], *, strict: bool = False
) -> tuple[Header, dict[str, Any]]:
    """The header and the raw fields of a whole PDU, ``tlvs`` as (tag, octets).

    An answer without a body gives no fields. Unless it is ``strict``, it overlooks up to three NULs
    at the end. Raises :exc:`PduError` with the field at fault and where it begins.
    """
    header = unpack_header(data)
    if header.command_length != len(data):
        raise PduError(
            f"says {header.command_length}, {len(data)} octets were given",
            header,
            path="command_length",
            offset=0,
        )
    values: dict[str, Any] = {}
    if header.is_response and len(data) == HEADER_SIZE:
        return header, values
    stream = BytesIO(data)
    stream.seek(HEADER_SIZE)
    for name, field in _rows(of):
        began = stream.tell()
        try:
            values[name] = (_STRICT_TLVS if strict and field is _TLVS else field).parse_stream(
                stream
            )
        except construct.ConstructError as error:
            reason = _reason(error, "the PDU ends within the field")
        else:
            continue
        raise PduError(reason, header, path=name, offset=began)
    return header, values


def interpreted_decode(data: bytes, of: type[Pdu]) -> Pdu:
    """As :func:`decode`, by construct. The caller knows the class, and that there is a header."""
    header, values = parse_fields(data, of)
    tlvs, raw_tlvs = typed_tlvs(values.pop("tlvs", ()))
    return of(
        **values,
        command_status=header.command_status,
        sequence_number=header.sequence_number,
        tlvs=tlvs or NO_TLVS,
        raw_tlvs=raw_tlvs,
    )


def salvaged(data: bytes, of: type[Pdu], error: PduError) -> Pdu:
    """What can be read of a PDU after :func:`interpreted_decode` raised this error.

    Strings may be too long or lack their NUL, and the short message may be cut. Fields behind the
    end have their defaults. A parameter that overruns the end is raw, except ``message_payload``,
    which may be the whole text.
    """
    header = error.header
    stream = BytesIO(data)
    stream.seek(HEADER_SIZE)
    values = (header.is_response and _only_tlvs(stream)) or _salvaged_fields(stream, of)
    block, cut = values.pop("tlvs", []), stream.read()
    raw_tlvs: RawTlvs = ()
    if len(cut) >= _TLV_HEAD:
        parameter = int.from_bytes(cut[:2], "big"), cut[_TLV_HEAD:]
        if parameter[0] == TLVS["message_payload"].tag:
            block.append(parameter)
        else:
            raw_tlvs = (parameter,)
    tlvs, untyped = typed_tlvs(block)
    missing = tuple([name for name, _ in fields_of(of) if name not in values])
    return of(
        **values,
        command_status=header.command_status,
        sequence_number=header.sequence_number,
        tlvs=tlvs or NO_TLVS,
        raw_tlvs=untyped + raw_tlvs,
        defect=Defect(error.reason, error.path, error.offset, data, missing),
    )


def _only_tlvs(stream: IO[bytes]) -> dict[str, Any] | None:
    """The optional parameters of an answer that has nothing else, not even an empty id."""
    began = stream.tell()
    with suppress(UnfitError):
        found = _STRICT_TLVS.take(stream)
        if found and all(tag in TLV_BY_TAG for tag, _ in found):
            return {"tlvs": found}
    stream.seek(began)
    return None


def _salvaged_fields(stream: IO[bytes], of: type[Pdu]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    with suppress(construct.ConstructError):
        for name, field in _rows(of):
            began = stream.tell()
            try:
                values[name] = field.parse_stream(stream)
            except construct.ConstructError:
                if not isinstance(field, WireField):
                    raise
                stream.seek(began)
                values[name] = field.salvage(stream)
    return values


def interpreted_encode(pdu: Pdu, sequence_number: int | None) -> bytes:
    """As :func:`encode`, by construct. An :exc:`EncodeError` names the field at fault."""
    number = pdu.sequence_number if sequence_number is None else sequence_number
    body = b""
    fields = fields_of(type(pdu))
    values = [getattr(pdu, name) for name, _ in fields]
    refusal = pdu.command_id & RESPONSE and pdu.command_status
    if not refusal or any(values) or pdu.tlvs or pdu.raw_tlvs:
        for (name, field), value in zip(fields, values, strict=True):
            body += _built(field, value, name)
        body += _built_tlvs(pdu)
    return (
        _built(Int32ub, HEADER_SIZE + len(body), "command_length")
        + _built(Int32ub, pdu.command_id, "command_id")
        + _built(Int32ub, pdu.command_status, "command_status")
        + _built(Int32ub, number, "sequence_number")
        + body
    )


def _built(field: construct.Construct[Any, Any], value: object, path: str) -> bytes:
    try:
        return field.build(value)
    except construct.ConstructError as error:
        reason = _reason(error, _misfit(field, value))
    raise EncodeError(reason, path=path)


def _built_tlvs(pdu: Pdu) -> bytes:
    if not isinstance(pdu.tlvs, dict):
        raise EncodeError(f"{type(pdu.tlvs).__name__} is not a dict", path="tlvs")
    block = [
        (TLVS[name].tag, octets)
        for name, value in pdu.tlvs.items()
        for octets in _built_tlv(name, value)
    ]
    try:
        block += [(tag, octets_of(octets)) for tag, octets in pdu.raw_tlvs]
        return _TLVS.build(block)
    except (construct.ConstructError, TypeError, ValueError):
        pass
    raise EncodeError("not pairs of a tag (16 bits) and up to 65535 octets", path="raw_tlvs")


def _built_tlv(name: str, value: object) -> list[bytes]:
    row, path = TLVS.get(name), f"tlvs.{name}"
    if row is None:
        raise EncodeError("no such parameter; raw_tlvs can send one by its number", path=path)
    if not row.repeats:
        return [_built(row.value, value, path)]
    if not isinstance(value, tuple | list):
        raise EncodeError("may stand several times, so its value is a tuple", path=path)
    return [_built(row.value, each, path) for each in value]


def _misfit(field: construct.Construct[Any, Any], value: object) -> str:
    if not isinstance(value, int):
        return f"{type(value).__name__} does not fit"
    bits = 8 * field.sizeof() if isinstance(field, construct.FormatField) else 0
    return f"{value} is not an integer of {bits} bits" if bits else "does not fit"


def _reason(error: construct.ConstructError, otherwise: str) -> str:
    return error.reason if isinstance(error, UnfitError) else otherwise
