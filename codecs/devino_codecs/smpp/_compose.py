"""A text as the PDUs that carry it, in one piece or in parts."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from msgspec.structs import replace

from devino_codecs.errors import EncodeError
from devino_codecs.text import Alphabet, gsm7_encode, segment, ucs2_encode

from ._codes import EsmClass
from ._pdus import MessagePdu
from ._tlvs import Tlvs

__all__ = ["Concatenation", "compose"]

P = TypeVar("P", bound=MessagePdu)

_MOST_PARTS = 255


class Concatenation(Enum):
    """How a text that needs several messages is sent."""

    UDH = "udh"
    """Each part begins with a header of 6 octets that holds an 8-bit reference."""
    SAR = "sar"
    """Each part has the parameters sar_msg_ref_num (16 bits), -total_segments, -segment_seqnum."""
    PAYLOAD = "payload"
    """All of it in message_payload: the centre cuts it, and reports on the first part only."""


def compose(
    template: P,
    text: str,
    *,
    concatenation: Concatenation = Concatenation.UDH,
    reference: int = 0,
    alphabet: Alphabet | None = None,
) -> list[P]:
    """The PDUs that carry a text: copies of the template with ``data_coding`` and content set.

    The alphabet is GSM 7 bit, a septet an octet, where that can write the text, and else UCS-2;
    ``alphabet`` decides otherwise. Parts hold 153 septets or 67 UTF-16 units, and all are to go
    over the same account. ``reference`` tells the texts of one sender to one recipient apart; only
    its lower 8 (UDH) or 16 (SAR) bits are used.

    Raises :exc:`~devino_codecs.EncodeError` for a text that cannot be written or needs more than
    255 parts.

    >>> [len(pdu.short_message) for pdu in compose(SubmitSm(), "Привет, мир! " * 6)]
    [140, 28]
    """
    cut = segment(text, alphabet=alphabet)
    write = gsm7_encode if cut.alphabet is Alphabet.GSM7 else ucs2_encode
    data_coding = cut.alphabet.value
    total = cut.parts_count
    if total == 1:
        return [replace(template, data_coding=data_coding, short_message=write(text))]
    if concatenation is Concatenation.PAYLOAD:
        payload: Tlvs = {**template.tlvs, "message_payload": write(text)}
        return [replace(template, data_coding=data_coding, short_message=b"", tlvs=payload)]
    if total > _MOST_PARTS:
        raise EncodeError(f"{total} parts, at most {_MOST_PARTS} can be numbered")
    parts = enumerate(map(write, cut.parts), 1)
    if concatenation is Concatenation.UDH:
        esm_class = template.esm_class | EsmClass.UDHI
        return [
            replace(
                template,
                esm_class=int(esm_class),
                data_coding=data_coding,
                short_message=bytes([5, 0, 3, reference & 0xFF, total, number]) + octets,
            )
            for number, octets in parts
        ]
    return [
        replace(
            template,
            data_coding=data_coding,
            short_message=octets,
            tlvs={
                **template.tlvs,
                "sar_msg_ref_num": reference & 0xFFFF,
                "sar_total_segments": total,
                "sar_segment_seqnum": number,
            },
        )
        for number, octets in parts
    ]
