"""Deliveries with one bad octet, as centres send them, and what can be read of each."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BROKEN", "NUL_BEHIND", "Broken"]


class Broken(NamedTuple):
    name: str
    octets: bytes
    sender: str
    text: bytes
    path: str
    """The field at fault."""


_ADDRESSES = "0001013739393931323334353637000501444556494e4f00"


def _delivery(body: str) -> bytes:
    octets = bytes.fromhex("00000005 00000000 00000007" + body)
    return (4 + len(octets)).to_bytes(4, "big") + octets


def _sent(behind: str) -> bytes:
    return _delivery(_ADDRESSES + "000000000000000000" + behind)


NUL_BEHIND = _sent("0548656c6c6f" + "00")
"""A NUL that ``sm_length`` does not count: read without a word."""

_LONG = "79991234567" + "0" * 20

BROKEN = [
    Broken("a cut parameter", _sent("0548656c6c6f" + "0427"), "79991234567", b"Hello", "tlvs"),
    Broken(
        "a parameter that is too long",
        _sent("0548656c6c6f" + "001e0041" + "3130310000"),
        "79991234567",
        b"Hello",
        "tlvs",
    ),
    Broken(
        "a payload that is too short",
        _sent("00" + "0424000b" + "48656c6c6f"),
        "79991234567",
        b"Hello",
        "tlvs",
    ),
    Broken(
        "an sm_length too large", _sent("1048656c6c6f"), "79991234567", b"Hello", "short_message"
    ),
    Broken("an sm_length of 255", _sent("ff48656c6c6f"), "79991234567", b"Hello", "short_message"),
    Broken("an sm_length too small", _sent("0348656c6c6f"), "79991234567", b"Hel", "tlvs"),
    Broken(
        "an address too long",
        _delivery(
            "000101" + _LONG.encode().hex() + "00"
            "0501444556494e4f00000000000000000000" + "0548656c6c6f"
        ),
        _LONG,
        b"Hello",
        "source_addr",
    ),
    Broken("no text at all", _delivery(_ADDRESSES), "79991234567", b"", "esm_class"),
    Broken("an address without its end", _delivery("0001013739"), "79", b"", "source_addr"),
    Broken("no body", _delivery(""), "", b"", "service_type"),
]
