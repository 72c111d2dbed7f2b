"""The content of a message PDU: octets in some alphabet, often after a user data header.

3GPP TS 23.040, 9.2.3.24 defines the header. ``esm_class`` says whether it is there.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from devino_codecs.errors import DecodeError
from devino_codecs.text import gsm7_decode, ucs2_decode

from ._codes import EsmClass
from ._pdus import DataSm, MessagePdu

__all__ = ["MessageLike", "Segment", "SegmentKind", "UserData", "decode_text", "user_data"]

MessageLike = MessagePdu | DataSm
Errors = Literal["strict", "replace"]
SegmentKind = Literal["sar", "udh8", "udh16"]


class Segment(NamedTuple):
    """Which part of a text a PDU is."""

    kind: SegmentKind
    """What says it: SAR parameters, or a header with an 8-bit or a 16-bit reference."""
    reference: int
    total: int
    number: int
    """From 1 to ``total``."""


class UserData(msgspec.Struct, frozen=True):
    """The content of one PDU."""

    octets: bytes
    """``short_message`` or ``message_payload`` without the header."""
    header: tuple[tuple[int, bytes], ...] = ()
    """Information elements: identifier and octets."""
    segment: Segment | None = None
    """None for a whole text, and for a number that is not 1 to ``total``."""


_CONCATENATION: dict[int, tuple[SegmentKind, int]] = {0x00: ("udh8", 3), 0x08: ("udh16", 4)}
"""The kind of segment and the size of an information element, by its identifier."""


def user_data(pdu: MessageLike) -> UserData:
    """The header and the octets of a PDU, and which part of a longer text it is.

    Raises :exc:`~devino_codecs.DecodeError` if ``esm_class`` announces a header that is cut or that
    overruns the message.
    """
    octets = pdu.short_message if isinstance(pdu, MessagePdu) else b""
    octets = octets or pdu.tlvs.get("message_payload", b"")
    header: tuple[tuple[int, bytes], ...] = ()
    if pdu.esm_class & EsmClass.UDHI:
        header, octets = _split(octets)
    return UserData(octets, header, _sar(pdu) or _concatenation(header))


def _split(octets: bytes) -> tuple[tuple[tuple[int, bytes], ...], bytes]:
    end = 1 + octets[0] if octets else 1
    if end > len(octets):
        raise DecodeError("the user data header overruns the message", path="short_message")
    elements = []
    at = 1
    while at < end:
        stop = at + 2 + octets[at + 1] if at + 1 < end else end + 1
        if stop > end:
            raise DecodeError("an information element overruns the header", path="short_message")
        elements.append((octets[at], octets[at + 2 : stop]))
        at = stop
    return tuple(elements), octets[end:]


def _sar(pdu: MessageLike) -> Segment | None:
    tlvs = pdu.tlvs
    if "sar_msg_ref_num" not in tlvs:
        return None
    total, number = tlvs.get("sar_total_segments", 0), tlvs.get("sar_segment_seqnum", 0)
    return Segment("sar", tlvs["sar_msg_ref_num"], total, number) if 1 <= number <= total else None


def _concatenation(header: tuple[tuple[int, bytes], ...]) -> Segment | None:
    for identifier, octets in header:
        kind, size = _CONCATENATION.get(identifier, ("udh8", 0))
        if size == len(octets):
            *reference, total, number = octets
            if 1 <= number <= total:
                return Segment(kind, int.from_bytes(reference, "big"), total, number)
    return None


_CODECS = {0x01: "ascii", 0x03: "latin-1", 0x06: "iso8859-5", 0x07: "iso8859-8", 0x0E: "euc_kr"}
_CODECS |= {0x05: "shift_jis", 0x0A: "iso2022_jp"}


def decode_text(
    octets: bytes, data_coding: int, *, errors: Errors = "strict", default: str = "gsm7"
) -> str:
    """The text of octets in the alphabet of a ``data_coding`` (5.2.19; TS 23.038, 4).

    ``default`` is the centre's default alphabet (``data_coding`` 0): ``"gsm7"``, with one septet in
    each octet, or any encoding of Python, such as ``"latin-1"``.

    Raises :exc:`~devino_codecs.DecodeError` for octets that the alphabet lacks (not under
    ``errors="replace"``), and for binary data.
    """
    if data_coding == 0x08 or data_coding & 0xF0 == 0xE0:
        return ucs2_decode(octets, errors=errors)
    if data_coding == 0 or data_coding & 0xF4 == 0xF0 or data_coding & 0xE0 == 0xC0:
        codec = default
    else:
        codec = _CODECS.get(data_coding, "")
    if codec == "gsm7":
        return gsm7_decode(octets, errors=errors)
    if not codec:
        raise DecodeError(f"no text: data_coding is 0x{data_coding:02X}", path="data_coding")
    try:
        return octets.decode(codec, errors)
    except UnicodeDecodeError as error:
        reason, at = f"not {codec}: {error.reason}", error.start
    raise DecodeError(reason, path="short_message", offset=at)
