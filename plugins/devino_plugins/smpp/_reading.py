"""What PDUs say, for people and for programs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from devino_codecs import DecodeError, smpp
from devino_core.cli.toolkit import one_line

__all__ = ["as_lines", "as_object", "frames"]

_BETWEEN = re.compile(r"0x|[\s:]", re.IGNORECASE)
_STRANGE = re.compile(r"[^0-9a-f]", re.IGNORECASE | re.ASCII)
_WANTED = "give the PDU in hexadecimal"


def frames(written: str) -> Iterator[bytes]:
    """PDUs from hex. Raises DecodeError where something is left over."""
    digits = _BETWEEN.sub("", written)
    strange = _STRANGE.search(digits)
    if strange is not None:
        raise DecodeError(f"{strange[0]!a} is no hexadecimal digit: {_WANTED}")
    if len(digits) % 2:
        raise DecodeError(f"{len(digits)} digits, which is odd: {_WANTED}, two digits an octet")
    if not digits:
        raise DecodeError(f"0 octets are no whole PDU: {_WANTED}")
    data = bytes.fromhex(digits)
    framer = smpp.Framer()
    yield from framer.feed(data)
    if framer.error is not None:
        raise framer.error
    if framer.pending:
        raise DecodeError(f"the last {framer.pending} of {len(data)} octets are no whole PDU")


def as_lines(octets: bytes) -> Iterator[str]:
    """A PDU for people."""
    yield smpp.describe(octets)
    for name, value in _content(smpp.decode(octets)).items():
        yield from (f"  {line}" for line in _lines(name, value))


def as_object(octets: bytes) -> Mapping[str, object]:
    """A PDU for programs."""
    pdu = smpp.decode(octets)
    header = {
        "command": _name(pdu),
        "command_id": int(pdu.command_id),
        "command_status": pdu.command_status,
        "sequence_number": pdu.sequence_number,
    }
    if isinstance(pdu, smpp.UnknownPdu):
        return {**header, "body": pdu.body.hex()}
    fields = {
        name: "***" if name == "password" else _plain(getattr(pdu, name))
        for name in pdu.__struct_fields__
        if name not in header and name != "defect"
    }
    tlvs = {"tlvs": fields.pop("tlvs"), "raw_tlvs": fields.pop("raw_tlvs")}
    return {**header, **fields, **tlvs, **_content(pdu)}


def _content(pdu: smpp.AnyPdu) -> dict[str, object]:
    """What is in a message's octets: a receipt or a text, and which part of one."""
    if not isinstance(pdu, smpp.MessagePdu | smpp.DataSm):
        return {}
    content: dict[str, object] = {}
    with contextlib.suppress(DecodeError):
        receipt = None
        if isinstance(pdu, smpp.DeliverSm | smpp.DataSm):
            receipt = smpp.receipt_of(pdu)
        if receipt is not None:
            return {"receipt": _plain(receipt)}
        data = smpp.user_data(pdu)
        if data.segment is not None:
            content["segment"] = data.segment._asdict()
        content["text"] = smpp.decode_text(data.octets, pdu.data_coding)
    return content


def _name(pdu: smpp.AnyPdu) -> str | None:
    return None if isinstance(pdu, smpp.UnknownPdu) else smpp.CommandId(pdu.command_id).name.lower()


def _lines(name: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, content in value.items():
            if content not in ("", None, {}):
                yield f"{name} {key}  {_words(content)}"
    else:
        yield f"{name}  {_words(value)}"


def _words(value: object) -> str:
    return one_line(value.isoformat() if isinstance(value, datetime) else str(value))


def _plain(value: object) -> object:
    """Octets as hex, structs and named tuples as mappings."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {name: _plain(content) for name, content in value.items()}
    if isinstance(value, smpp.NetworkErrorCode | smpp.ItsSessionInfo):
        return value._asdict()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
