"""The wire's ids are numbers: each is made from the ref of its message."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from devino_core import InvalidMessage, Message

__all__ = ["id_of", "ids_of"]


def id_of(ref: str, bits: int) -> int:
    """The id of a message: the ref itself if it is a number that fits, else a hash of it.

    A ref gives the same id in every process, so that whoever knows the ref can ask after the
    message. The platform remembers ids for three days. Among two million messages, the chance that
    two share a hash is one in 4 million with 63 bits; with 31 bits, thousands share one.

    >>> id_of("1234", 63), id_of("order-1234", 63)
    (1234, 5228644424371161237)
    """
    if ref.isascii() and ref.isdecimal() and ref[0] != "0" and len(ref) < 20:
        number = int(ref)
        if number < 1 << bits:
            return number
    digest = int.from_bytes(
        blake2b(ref.encode(errors="surrogatepass"), digest_size=8).digest(), "big"
    )
    return digest >> (64 - bits) or 1


def ids_of(messages: Sequence[Message], bits: int) -> list[int]:
    """The ids of the messages of one call.

    Raises InvalidMessage where two messages would share one: their answers could not be told apart.
    """
    numbers = [id_of(message.ref, bits) for message in messages]
    if len(set(numbers)) < len(numbers):
        refs: dict[int, str] = {}
        for message, number in zip(messages, numbers, strict=True):
            if number in refs:
                why = (
                    "occurs twice in one call"
                    if refs[number] == message.ref
                    else f"gives the same id as {refs[number]!r}: use numbers as refs, or a higher "
                    "`id_bits`"
                )
                raise InvalidMessage("ref", why, ref=message.ref)
            refs[number] = message.ref
    return numbers
