"""PDUs that several tests read and write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devino_codecs import DecodeError, EncodeError
from devino_codecs.smpp import SubmitSm
from tests._vectors import ROOT

__all__ = ["SUBMIT", "VECTORS", "either", "framed", "ids"]

VECTORS = [
    (f"{suite}:{case}", bytes.fromhex(octets))
    for suite, case, octets in (
        line.split("\t") for line in (ROOT / "smpp" / "pdus.tsv").read_text().splitlines()
    )
]


def ids(row: object) -> str | None:
    return row if isinstance(row, str) else None


def framed(command_id: int, body: bytes, *, status: int = 0, number: int = 7) -> bytes:
    header = (16 + len(body), command_id, status, number)
    return b"".join(each.to_bytes(4, "big") for each in header) + body


SUBMIT = SubmitSm(
    source_addr_ton=5,
    source_addr="Devino",
    dest_addr_ton=1,
    dest_addr_npi=1,
    destination_addr="79001234567",
    short_message=b"Hello",
    sequence_number=7,
)


def either(read: Callable[..., object], *arguments: object) -> Any:
    """The result of a function, or the error that it raises."""
    try:
        return read(*arguments)
    except (DecodeError, EncodeError) as error:
        return error
