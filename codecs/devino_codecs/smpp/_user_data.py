"""The content of a message PDU: octets in some alphabet, often after a user data header.

3GPP TS 23.040, 9.2.3.24 defines the header. ``esm_class`` says whether it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from devino_codecs.errors import DecodeError
from devino_codecs.text import gsm7_decode, ucs2_decode

from ._charset import Charset, charset
from ._codes import EsmClass
from ._pdus import DataSm, MessagePdu

__all__ = [
    "MessageLike",
    "Segment",
    "SegmentKind",
    "UserData",
    "content",
    "decode_text",
    "user_data",
    "without_marks",
]

MessageLike = MessagePdu | DataSm
Errors = Literal["strict", "replace"]
Header: TypeAlias = tuple[tuple[int, bytes], ...]
"""Information elements: identifier and octets."""
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
    header: Header = ()
    segment: Segment | None = None
    """None for a whole text, and for a number that is not 1 to ``total``."""


_UDHI = int(EsmClass.UDHI)  # A plain number, because Python masks it far faster than a flag.
_CONCATENATION: dict[int, tuple[SegmentKind, int]] = {0x00: ("udh8", 3), 0x08: ("udh16", 4)}
"""The kind of segment and the size of an information element, by its identifier."""
_FORGOTTEN = {b"\x05\x00\x03": 6, b"\x06\x08\x04": 7}
"""How the header of a part begins, and its size: what stands where ``esm_class`` announces none."""
_MISCOUNTED = {b"\x06\x00\x03": 6}
"""The same for a header that says one octet more than it has."""


def content(pdu: MessageLike) -> bytes:
    """``short_message``, or ``message_payload`` where that is empty; with the header, if any."""
    octets = pdu.short_message if isinstance(pdu, MessagePdu) else b""
    return octets or pdu.tlvs.get("message_payload", b"")


def user_data(pdu: MessageLike, *, lenient: bool = False) -> UserData:
    """The header and the octets of a PDU, and which part of a longer text it is.

    ``lenient`` also finds the header of a part, such as ``05 00 03 reference total number``, where
    ``esm_class`` does not announce it, and where it counts itself as 6 octets (``06 00 03``). No
    text begins like that.

    Raises :exc:`~devino_codecs.DecodeError` if ``esm_class`` announces a header that is cut or that
    overruns the message.
    """
    octets = content(pdu)
    announced = pdu.esm_class & _UDHI
    sar = _sar(pdu)
    if lenient:
        size = (_MISCOUNTED if announced else _FORGOTTEN).get(octets[:3], 0)
        found: Header = ((octets[1], octets[3:size]),) if size else ()
        segment = _concatenation(found)
        if segment is not None and segment.total > 1:
            return UserData(octets[size:], found, sar or segment)
    header: Header = ()
    if announced:
        header, octets = _split(octets)
    return UserData(octets, header, sar or _concatenation(header))


def _split(octets: bytes) -> tuple[Header, bytes]:
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


def _concatenation(header: Header) -> Segment | None:
    for identifier, octets in header:
        kind, size = _CONCATENATION.get(identifier, (None, 0))
        if kind is not None and size == len(octets):
            *reference, total, number = octets
            if 1 <= number <= total:
                return Segment(kind, int.from_bytes(reference, "big"), total, number)
    return None


def decode_text(
    octets: bytes, data_coding: int, *, errors: Errors = "strict", default: str = "gsm7"
) -> str:
    """The text of octets in the :func:`charset` of a ``data_coding``.

    ``default`` is the centre's default alphabet (``data_coding`` 0): ``"gsm7"``, with one septet in
    each octet, or any encoding of Python, such as ``"latin-1"``. A byte order mark of UCS-2 stays.

    Raises :exc:`~devino_codecs.DecodeError` for octets that the alphabet lacks (not under
    ``errors="replace"``), and for binary data.
    """
    of = charset(data_coding)
    if of is Charset.UCS2:
        return ucs2_decode(octets, errors=errors)
    if of is None or of is Charset.OCTETS:
        raise DecodeError(f"no text: data_coding is 0x{data_coding:02X}", path="data_coding")
    codec = default if of is Charset.DEFAULT else of.value
    if codec == "gsm7":
        return gsm7_decode(octets, errors=errors)
    try:
        return octets.decode(codec, errors)
    except UnicodeDecodeError as error:
        reason, at = f"not {codec}: {error.reason}", error.start
    raise DecodeError(reason, path="short_message", offset=at)


def without_marks(parts: Sequence[bytes]) -> bytes:
    """Parts of a text in UCS-2 as one, without the byte order marks that they begin with.

    If the first mark says little-endian, all the parts are, and the result is big-endian again.
    """
    swapped = parts[0].startswith(_LITTLE)
    mark = _LITTLE if swapped else _BIG
    octets = b"".join([part.removeprefix(mark) for part in parts])
    if not swapped:
        return octets
    turned = bytearray(octets)
    even = len(turned) & ~1
    turned[0:even:2], turned[1:even:2] = turned[1:even:2], turned[0:even:2]
    return bytes(turned)


_BIG, _LITTLE = b"\xfe\xff", b"\xff\xfe"
