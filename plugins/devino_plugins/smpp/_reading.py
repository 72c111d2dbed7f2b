"""What PDUs say, for people and for programs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from devino_codecs import DecodeError, smpp
from devino_core.cli.toolkit import one_line

__all__ = ["as_lines", "as_object"]


def as_lines(pdu: smpp.AnyPdu) -> Iterator[str]:
    """A PDU for people."""
    yield smpp.describe(pdu)
    for name, value in _content(pdu).items():
        yield from (f"  {line}" for line in _lines(name, value))


def as_object(pdu: smpp.AnyPdu) -> Mapping[str, object]:
    """A PDU for programs. What was salvaged of a broken one has only the fields that were read."""
    header = {
        "command": _name(pdu),
        "command_id": int(pdu.command_id),
        "command_status": pdu.command_status,
        "sequence_number": pdu.sequence_number,
    }
    if isinstance(pdu, smpp.UnknownPdu):
        return {**header, "body": pdu.body.hex()}
    hidden, missing = smpp.secret_fields(pdu), pdu.defect.missing if pdu.defect else ()
    fields = {
        name: "***" if name in hidden else _plain(getattr(pdu, name))
        for name in pdu.__struct_fields__
        if name not in header and name != "defect" and name not in missing
    }
    tlvs = {"tlvs": fields.pop("tlvs"), "raw_tlvs": fields.pop("raw_tlvs")}
    found = {**header, **fields, **tlvs, **_content(pdu)}
    if pdu.defect is not None:
        defect = pdu.defect
        found["defect"] = {"reason": defect.reason, "path": defect.path, "offset": defect.offset}
    return found


def _content(pdu: smpp.AnyPdu) -> dict[str, object]:
    """What is in a message's octets: a receipt or a text, and which part of one."""
    if not isinstance(pdu, smpp.MessagePdu | smpp.DataSm):
        return {}
    if pdu.defect is not None and "short_message" in pdu.defect.missing:
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
