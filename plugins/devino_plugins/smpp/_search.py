"""Finds PDUs among other octets, such as the headers of a captured frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from devino_codecs import DecodeError
from devino_codecs.smpp import MAX_COMMAND_LENGTH, CommandId

__all__ = ["Found", "find"]

_HEADER = 16
_HIGHEST_STATUS = 0x4FF
"""Beyond the codes of SMPP stand those that a centre makes up (5.1.3)."""

_COMMAND = re.compile(
    b"(?=(?:%s))" % b"|".join(re.escape(command.to_bytes(4, "big")) for command in CommandId),
    re.DOTALL,
)


class Found(NamedTuple):
    """A PDU and where it begins."""

    offset: int
    skipped: int
    """So many octets before it are no PDU."""
    octets: bytes
    """Fewer than its ``command_length`` says, if the end is missing."""
    is_whole: bool

    def told(self, defect: str, among: int) -> str:
        """What is wrong with it, among so many octets."""
        if self.is_whole:
            return defect
        return f"the last {among - self.offset} of {among} octets are no whole PDU: {defect}"


def find(data: bytes) -> Iterator[Found]:
    """Each PDU among the octets.

    What begins with the number of a command is taken for a PDU, whatever its length says; else one
    is searched for, whose header is sound. Raises DecodeError where there is none, and where
    octets behind the last one are none.
    """
    at = 0 if _begins_with_command(data) else _next(data, 0)
    if at is None:
        # An unknown command is believed only where all else fits.
        if not (len(data) >= _HEADER and _length(data, 0) == len(data)):
            raise DecodeError(_none_in(data))
        at = 0
    framed, behind = at > 0, 0
    while at is not None and len(data) - at >= _HEADER:
        end = at + _length(data, at)
        if not at + _HEADER <= end <= min(len(data), at + MAX_COMMAND_LENGTH):
            yield Found(at, at - behind, data[at:], is_whole=False)
            return
        yield Found(at, at - behind, data[at:end], is_whole=True)
        behind = end
        # Behind a PDU stands the next one, or what belongs to the frame.
        at = _next(data, end) if framed else end
    if at is not None and at < len(data):
        raise DecodeError(f"the last {len(data) - at} of {len(data)} octets are no whole PDU")


def _length(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _begins_with_command(data: bytes) -> bool:
    return _COMMAND.match(data, 4) is not None


def _next(data: bytes, start: int) -> int | None:
    """Where the next sound header is: a whole PDU, or else one that is cut."""
    cut = None
    for found in _COMMAND.finditer(data, start + 4):
        at = found.start() - 4
        length, status = _length(data, at), int.from_bytes(data[at + 8 : at + 12], "big")
        if not (_HEADER <= length <= MAX_COMMAND_LENGTH and status <= _HIGHEST_STATUS):
            continue
        if len(data) - at < _HEADER:
            break
        if at + length <= len(data):
            return at
        cut = at if cut is None else cut
    return cut


def _none_in(data: bytes) -> str:
    if len(data) < _HEADER:
        return f"the last {len(data)} of {len(data)} octets are no whole PDU"
    return f"no PDU is in these {len(data)} octets: give them from command_length on, or the frame"
