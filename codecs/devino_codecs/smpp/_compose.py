"""From a text to the PDUs that carry it, in one piece or in parts."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from msgspec.structs import replace

from devino_codecs.errors import EncodeError
from devino_codecs.text import Alphabet, encode_parts, gsm7_decode

from ._codes import EsmClass
from ._pdus import MessagePdu
from ._tlvs import Tlvs

__all__ = ["Concatenation", "compose"]

P = TypeVar("P", bound=MessagePdu)

_GSM7 = Alphabet.GSM7
_DATA_CODING_GSM7, _DATA_CODING_UCS2 = Alphabet.GSM7.value, Alphabet.UCS2.value
_MOST_PARTS = 255


class Concatenation(Enum):
    """How a text that needs several messages is sent."""

    UDH = "udh"
    """Each part begins with a header of 6 octets that holds an 8-bit reference."""
    SAR = "sar"
    """Each part has the parameters sar_msg_ref_num (16 bits), -total_segments, -segment_seqnum."""
    PAYLOAD = "payload"
    """The whole text is in message_payload. The centre cuts it, and reports on the first part only.
    """


def compose(
    template: P,
    text: str,
    *,
    concatenation: Concatenation = Concatenation.UDH,
    reference: int = 0,
    alphabet: Alphabet | None = None,
    default: str = "gsm7",
) -> list[P]:
    """The PDUs that carry a text: copies of the template with ``data_coding`` and content set.

    The alphabet is GSM 7 bit, one septet in each octet, if it can write the text; otherwise it is
    UCS-2. ``alphabet`` overrides this. ``default`` is the centre's default alphabet, as for
    :func:`decode_text`: a text of GSM 7 bit is then written in that, and in UCS-2 if it does not
    have all the characters. A part holds 153 septets or 67 UTF-16 units. All parts must
    go over the same account. ``reference`` tells the texts of one sender to one recipient apart;
    only its lower 8 (UDH) or 16 (SAR) bits are used.

    Raises :exc:`~devino_codecs.EncodeError` for a text that cannot be written or needs more than
    255 parts.

    >>> [len(pdu.short_message) for pdu in compose(SubmitSm(), "Привет, мир! " * 6)]
    [140, 28]
    """
    chosen, parts = encode_parts(text, alphabet=alphabet)
    if default != "gsm7" and chosen is _GSM7:
        try:
            parts = tuple([gsm7_decode(part).encode(default) for part in parts])
        except UnicodeEncodeError:
            chosen, parts = encode_parts(text, alphabet=Alphabet.UCS2)
    data_coding = _DATA_CODING_GSM7 if chosen is _GSM7 else _DATA_CODING_UCS2
    total = len(parts)
    if total == 1:
        return [replace(template, data_coding=data_coding, short_message=parts[0])]
    if concatenation is Concatenation.PAYLOAD:
        payload: Tlvs = {**template.tlvs, "message_payload": b"".join(parts)}
        return [replace(template, data_coding=data_coding, short_message=b"", tlvs=payload)]
    if total > _MOST_PARTS:
        raise EncodeError(f"{total} parts, at most {_MOST_PARTS} can be numbered")
    numbered = enumerate(parts, 1)
    if concatenation is Concatenation.UDH:
        esm_class = template.esm_class | EsmClass.UDHI
        return [
            replace(
                template,
                esm_class=int(esm_class),
                data_coding=data_coding,
                short_message=bytes([5, 0, 3, reference & 0xFF, total, number]) + octets,
            )
            for number, octets in numbered
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
        for number, octets in numbered
    ]
