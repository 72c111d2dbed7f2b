"""The fastest functions for an answer that holds nothing but an id, such as ``submit_sm_resp``.

It is so short that each step counts. If it has no optional parameters, its size tells the length of
the id. ``command_length`` and ``command_id``, read as one integer, follow from that. Any other
answer is left to the functions that take all.
"""

from __future__ import annotations

import struct
from typing import Any

__all__ = ["DECODE", "ENCODE", "layouts"]

ENCODE = """\
def encode(pdu, sequence_number):
    try:
        number = pdu.sequence_number if sequence_number is None else sequence_number
        {string} = pdu.{string}.encode("latin-1")
        if (
            0 in {string}
            or pdu.tlvs
            or pdu.raw_tlvs
            or (pdu.command_status and not {string})
        ):
            return encode{following}(pdu, sequence_number)
        pack, head = PACK[len({string})]
        return pack(head, pdu.command_status, number, {string})
    except FAILURES:
        pass
    return encode{following}(pdu, sequence_number)
"""

DECODE = """\
def decode(data):
    try:
        unpack, expected = UNPACK[len(data)]
        head, command_status, sequence_number, {string}, nul = unpack(data)
        if head == expected and not (nul or 0 in {string}):
            return PDU(
                {string}.decode("latin-1"),
                command_status=command_status,
                sequence_number=sequence_number,
            )
    except FAILURES:
        pass
    return decode{following}(data)
"""


def layouts(least_size: int, limit: int, command_id: int) -> tuple[list[Any], list[Any]]:
    """``PACK`` by the length of the id, which is below ``limit``; ``UNPACK`` by that of the PDU.

    Each function comes with the integer that begins the PDU.
    """
    packs: list[Any] = []
    unpacks: list[Any] = [None] * least_size
    for length in range(limit):
        head = (least_size + length) << 32 | command_id
        packs.append((struct.Struct(f">QII{length}sx").pack, head))
        unpacks.append((struct.Struct(f">QII{length}sB").unpack, head))
    return packs, unpacks
