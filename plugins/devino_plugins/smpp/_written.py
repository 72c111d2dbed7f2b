"""Octets as people have them at hand: a tool's dump, source code, a log's escapes, plain hex, or
the octets themselves."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

from devino_codecs import DecodeError

__all__ = ["read_written"]

_WANTED = "give the PDU in hexadecimal"
_MOST = 1 << 24
"""So many octets a dump may have, those that ``*`` stands for included."""

_OFFSET = re.compile(r"\s*(?:0x)?([0-9a-f]{4,16})(:?)(?:([ \t]+)(.*))?", re.IGNORECASE)
_GROUP = re.compile(r"((?:[0-9a-f]{2})+)(?=[\s-]|$)", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t-]+")
_PAIR = re.compile(r"[0-9a-f]{2}(?=\s|$)", re.IGNORECASE)
_LITERAL = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'""", re.DOTALL)
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-f]{2})|u00([0-9a-f]{2})|([0-7]{1,3})|(\r?\n)|(.))", re.IGNORECASE | re.DOTALL
)
_ESCAPED = re.compile(r"\\x[0-9a-f]{2}|\\u00[0-9a-f]{2}|\\[0-3][0-7]{2}", re.IGNORECASE)
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}
_LINE_COMMENT = re.compile(r"//[^\n]*")
_BRACES = re.compile(r"\{([^{}]*)\}")
_LISTED = re.compile(r"0x[0-9a-f]{1,2}\s*,", re.IGNORECASE)
_OCTET = re.compile(r"\b0x([0-9a-f]{1,2})\b", re.IGNORECASE)
_BETWEEN = re.compile(r"0x|[\s:,-]", re.IGNORECASE)
_STRANGE = re.compile(r"[^0-9a-f]", re.IGNORECASE | re.ASCII)


def read_written(written: bytes) -> list[bytes]:
    """The octets that this says; of a dump of several packets, those of each.

    It reads dumps with offsets (Wireshark, ``xxd``, ``hexdump -C``, ``od -t x1``, ``tcpdump -x``
    and ``-X``), arrays of C and its relatives, strings with escapes (of C, Python, Go), hex with
    blanks, colons, dashes or ``0x``, and octets as they are. Raises DecodeError.
    """
    wide = written.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # Every PDU holds a NUL, and no text does.
    if b"\0" in written and not wide:
        return [written]
    text = written.decode("utf-16" if wide else "utf-8-sig", "replace")
    rows = list(_rows(text))
    if _is_dump(rows):
        return _dumped(rows)
    if _ESCAPED.search(text):
        return [_unescaped(text)]
    if _LISTED.search(text):
        return _arrays(_LINE_COMMENT.sub(" ", _without_comments(text)))
    return [_plain(text)]


class _Row(NamedTuple):
    """A line of a dump, or ``*``, which stands for lines like the one before."""

    offset: int | None
    set_off: bool
    """Whether the number cannot be one of the octets: more than a blank divides it from them, or
    they stand in pairs of digits."""
    has_colon: bool
    octets: bytes


def _rows(text: str) -> Iterator[_Row]:
    """The lines that may be a dump's. Others, such as the headings of ``tcpdump``, are none."""
    for line in text.splitlines():
        if line.strip() == "*":
            yield _Row(None, False, False, b"")
        elif found := _OFFSET.fullmatch(line):
            offset, colon, gap, rest = found.groups(default="")
            set_off = len(gap) > 1 or (len(gap) == 1 and bool(colon or _PAIR.match(rest)))
            yield _Row(int(offset, 16), set_off, bool(colon and gap), _octets_in(rest))


def _octets_in(rest: str) -> bytes:
    """The octets of a line, up to the column that shows them as text."""
    digits, at = "", 0
    while group := _GROUP.match(rest, at):
        digits += group[1]
        blanks = _BLANKS.match(rest, group.end())
        at = group.end() if blanks is None else blanks.end()
        gap = at - group.end()
        # Many tools divide sixteen octets into two halves.
        halved = gap == 2 and len(digits) == 16 and _PAIR.match(rest, at)
        if gap > 1 and not halved:
            break
    return bytes.fromhex(digits)


def _is_dump(rows: list[_Row]) -> bool:
    """Whether the first number of each line is where it stands, and not a part of a PDU."""
    if not rows or rows[0].offset is None or not (rows[0].set_off and rows[0].octets):
        return False
    # No PDU begins with four octets of 0: they are its length.
    if rows[0].has_colon or rows[0].offset == 0:
        return True
    following = rows[1].offset if len(rows) > 1 else None
    return following == rows[0].offset + len(rows[0].octets)


def _dumped(rows: list[_Row]) -> list[bytes]:
    """The octets of each packet: an offset of 0 begins the next one."""
    packets: list[bytearray] = []
    begin, repeats, last = 0, False, b""
    for row in rows:
        if row.offset is None:
            repeats = True
            continue
        if not packets or (row.offset == 0 and packets[-1]):
            packets.append(bytearray())
            begin = row.offset
        packet, at = packets[-1], row.offset - begin
        if repeats and last and len(packet) < at <= _MOST:
            packet += (last * (at // len(last) + 1))[: at - len(packet)]
        if at > len(packet) or at < 0:
            place = f"0x{begin + len(packet):04x}"
            raise DecodeError(f"the dump goes on at 0x{row.offset:04x}, and not at {place}")
        # What was read beyond that was the text beside the octets.
        del packet[at:]
        packet += row.octets
        repeats, last = False, row.octets or last
    return [bytes(packet) for packet in packets]


def _unescaped(text: str) -> bytes:
    """The octets of string literals, one after the other; without quotes, of the whole text."""
    found = ["".join(pair) for pair in _LITERAL.findall(text)]
    escaped = [one for one in found if _ESCAPED.search(one)] and found
    said = _ESCAPE.sub(_one, "".join(escaped) if escaped else text.strip())
    try:
        return said.encode("latin-1")
    except UnicodeEncodeError as error:
        raise DecodeError(f"{said[error.start]!a} is no octet: write it as \\x..") from None


def _one(escape: re.Match[str]) -> str:
    in_hex, short, octal, line_end, named = escape.groups()
    if in_hex or short:
        return chr(int(in_hex or short, 16))
    if octal:
        return chr(int(octal, 8) & 0xFF)
    return "" if line_end else _NAMED.get(named, named)


def _without_comments(text: str) -> str:
    # A regular expression would look for the end of each that has none, over and over.
    kept, at = "", 0
    while (begin := text.find("/*", at)) >= 0 and (end := text.find("*/", begin + 2)) >= 0:
        kept += text[at:begin] + " "
        at = end + 2
    return kept + text[at:]


def _arrays(text: str) -> list[bytes]:
    """The octets of each array; of the whole text where there are no braces."""
    arrays = [array for array in _BRACES.findall(text) if _OCTET.search(array)] or [text]
    return [bytes(int(octet, 16) for octet in _OCTET.findall(array)) for array in arrays]


def _plain(text: str) -> bytes:
    digits = _BETWEEN.sub("", text)
    strange = _STRANGE.search(digits)
    if strange is not None:
        raise DecodeError(f"{strange[0]!a} is no hexadecimal digit: {_WANTED}")
    if len(digits) % 2:
        raise DecodeError(f"{len(digits)} digits, which is odd: {_WANTED}, two digits an octet")
    if not digits:
        raise DecodeError(f"0 octets are no whole PDU: {_WANTED}")
    return bytes.fromhex(digits)
