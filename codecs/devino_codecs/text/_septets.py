"""Seven-bit characters packed into octets, least significant bit first (TS 23.038, 6.1.2.1).

Eight septets make seven octets. Both directions treat the whole text as one long integer and move
all its lanes at once. In three steps pairs of 7 bits join to 14, 28 and 56 bits, or come apart
again. The number of steps does not depend on the length.
"""

from __future__ import annotations

from devino_codecs.errors import DecodeError, EncodeError

__all__ = ["gsm7_pack", "gsm7_unpack", "udh_fill_bits"]

_LANES = (
    # Eight octets with the lower lane of each pair set, and how far the upper one moves.
    (bytes.fromhex("7f00 7f00 7f00 7f00"), 1),
    (bytes.fromhex("ff3f0000 ff3f0000"), 2),
    (bytes.fromhex("ffffff0f00000000"), 4),
)


def udh_fill_bits(udh_octets: int) -> int:
    """The bits between a user data header and the septets, which start on a septet's border.

    ``udh_octets`` counts the header's own length octet: 6 (8-bit reference) gives 1, 7 gives 0.
    TS 23.040, 9.2.3.24.
    """
    return -8 * udh_octets % 7


def gsm7_pack(septets: bytes, *, fill_bits: int = 0) -> bytes:
    """Pack septets (one byte each, as :func:`gsm7_encode` gives them) into octets.

    ``fill_bits`` zero bits (0 to 6) come first, if there is a header: see :func:`udh_fill_bits`.
    The last octet is filled with zeros.

    Raises :exc:`~devino_codecs.EncodeError` for a byte above 0x7F; its ``path`` is the position.
    """
    if not 0 <= fill_bits <= 6:
        raise EncodeError(f"{fill_bits} is not 0 to 6", path="fill_bits")
    if not septets.isascii():
        at = next(at for at, septet in enumerate(septets) if septet > 0x7F)
        raise EncodeError(f"0x{septets[at]:02X} is not a septet", path=f"[{at}]")
    blocks = -(-len(septets) // 8)
    bits = int.from_bytes(septets, "little")
    for lower, shift in _LANES:
        low = bits & int.from_bytes(lower * blocks, "little")
        bits = low | (bits ^ low) >> shift
    octets = bytearray(bits.to_bytes(8 * blocks, "little"))
    del octets[7::8]  # 56 bits stand in every eight octets
    bits = int.from_bytes(octets, "little") << fill_bits
    return bits.to_bytes((7 * len(septets) + fill_bits + 7) // 8, "little")


def gsm7_unpack(octets: bytes, *, fill_bits: int = 0, count: int | None = None) -> bytes:
    """Unpack ``count`` septets, one byte each, that come after ``fill_bits`` bits (0 to 6).

    Without ``count`` it unpacks as many as the octets hold. Give it if the protocol tells it
    (TP-UDL less the header's septets): both seven and eight septets fill seven octets, and a
    missing eighth would read as ``@``. Leftover bits are ignored.

    Raises :exc:`~devino_codecs.DecodeError` when the octets hold fewer.
    """
    if not 0 <= fill_bits <= 6:
        raise DecodeError(f"{fill_bits} is not 0 to 6", path="fill_bits")
    held = max(8 * len(octets) - fill_bits, 0) // 7
    if count is None:
        count = held
    elif not 0 <= count <= held:
        raise DecodeError(
            f"{count} septets were announced, {len(octets)} octets hold {held}",
            path="count",
            offset=len(octets),
        )
    blocks = -(-count // 8)
    bits = int.from_bytes(octets, "little") >> fill_bits
    packed = bits.to_bytes(max(7 * blocks, len(octets)), "little")
    septets = bytearray(8 * blocks)
    for lane in range(7):
        septets[lane::8] = packed[lane : 7 * blocks : 7]
    bits = int.from_bytes(septets, "little")
    for lower, shift in reversed(_LANES):
        low = bits & int.from_bytes(lower * blocks, "little")
        bits = low | (bits ^ low) << shift
    return bits.to_bytes(8 * blocks, "little")[:count]
