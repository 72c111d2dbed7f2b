"""Straight-line ``encode`` and ``decode`` for a PDU class, generated as Python from annotations.

They do the same as construct's interpreter (:mod:`._interpret`), about sixty times faster. The
trick is one :class:`struct.Struct` for a whole PDU. Once the lengths of its strings are known, each
field has a known place. The messages of one sender have few lengths, so the structs are kept by
lengths. A decoder tries the struct of the last PDU first.

A class with strings that are mostly empty (``usually_empty``) gets each function twice. The first
one expects a single NUL for each of those strings. It leaves any other PDU to the second one,
whose name ends in ``_in_full``. The last one leaves what it cannot do to the interpreter, which
does it or says what is wrong. So the functions may give up at any doubt, and need no error
messages.

An answer that holds nothing but an id has a still shorter function (:mod:`._short_answer`).

:func:`source` gives the text, which is compiled on first use.
"""

from __future__ import annotations

import linecache
import struct
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from textwrap import indent
from typing import Any

import construct
import msgspec
from construct import FormatField

from ._fields import COctetString, ShortMessage, fields_of
from ._header import HEADER_SIZE, RESPONSE, pack_header
from ._interpret import interpreted_decode, interpreted_encode
from ._pdus import AnyPdu, Pdu
from ._short_answer import DECODE, ENCODE, layouts
from ._tlv_stream import SAR, integer_run, read_tlvs, write_tlvs

__all__ = ["Codec", "Decoder", "Encoder", "compiled", "source"]

Encoder = Callable[[Any, int | None], bytes]
"""``sequence_number`` None stands for the PDU's own."""
Decoder = Callable[[bytes], AnyPdu]


class Codec(msgspec.Struct, frozen=True):
    """The two functions of a class."""

    encode: Encoder
    decode: Decoder


_FAILURES = (
    ValueError,  # no NUL, a NUL inside, not latin-1, a parameter that overruns
    LookupError,  # too long; no such parameter
    TypeError,  # a value of another type
    AttributeError,  # the same
    OverflowError,
    struct.error,
    construct.ConstructError,  # a parameter that does not fit
)

_NESTED = 2
"""For up to so many strings, structs are kept in nested lists, where a look-up is fastest."""
_KEPT_STRUCTS = 4096
"""How many structs are kept for a class with more strings."""

_ENCODE = """\
def encode{suffix}(pdu, sequence_number):
    try:
        {leave_filled}
        number = pdu.sequence_number if sequence_number is None else sequence_number
        {leave_body}
        {strings}
        {message}
        {check}
        size = {size}
        tlvs = pdu.tlvs
        if tlvs or pdu.raw_tlvs:
            {tlvs}
            size += len(octets)
            tail += octets
        return {pack}(
            size,
            COMMAND_ID,
            pdu.command_status,
            number,
            {values}
        ) + tail
    except FAILURES:
        pass
    return encode{following}(pdu, sequence_number)
"""

_DECODE = """\
def decode{suffix}(data):
    try:
        {without_body}
        end, unpack = LAST{suffix}
        if end > len(data):
            end, unpack = locate{suffix}(data)
        {unpack}
        {relocate}
        if {wrong}:
            return decode{following}(data)
        {message}
        if end == command_length:
            return PDU(
                {values}
                command_status=command_status,
                sequence_number=sequence_number,
            )
        if end < command_length:
            tlvs, raw_tlvs = read_tlvs(data, end)
            return PDU(
                {values}
                command_status=command_status,
                sequence_number=sequence_number,
                tlvs=tlvs,
                raw_tlvs=raw_tlvs,
            )
    except FAILURES:
        pass
    return decode{following}(data)


def locate{suffix}(data):
    global LAST{suffix}
    {ends}
    LAST{suffix} = {end}, unpacker{suffix}({lengths})
    return LAST{suffix}
"""


class _Part(msgspec.Struct, frozen=True):
    """A mandatory field before the short message."""

    name: str
    integer: str
    """The letter of an integer in :mod:`struct`; empty for a string."""
    string: COctetString | None


class _Version(msgspec.Struct, frozen=True):
    """One pair of functions: they read and write some of the strings, and expect empty others."""

    suffix: str
    """The end of the names of its functions."""
    following: str
    """The suffix of the functions that do what these cannot do."""
    of: type[Pdu]
    parts: tuple[_Part, ...]
    strings: tuple[_Part, ...]
    has_message: bool
    is_short: bool
    """Whether :mod:`._short_answer` gives the functions."""

    @property
    def skipped(self) -> list[str]:
        return [part.name for part in self.parts if part.string and part not in self.strings]

    @property
    def sizes(self) -> list[int]:
        """The sizes of its strings, NULs included."""
        return [part.string.size for part in self.strings if part.string]

    @property
    def may_lack_body(self) -> bool:
        return bool(self.of.command_id & RESPONSE and self.parts)

    @property
    def least_size(self) -> int:
        return HEADER_SIZE + struct.calcsize(">" + self.body_format([0] * len(self.strings), "x"))

    def body_format(self, lengths: Iterable[int], nul: str) -> str:
        """The format of the body up to sm_length. ``nul`` is the letter for the end of a string."""
        left = iter(lengths)
        codes = [
            part.integer or (f"{next(left)}s{nul}" if part in self.strings else nul)
            for part in self.parts
        ]
        return "".join(codes) + "B" * self.has_message


def _versions(of: type[Pdu]) -> list[_Version]:
    """The faster version first. A class with fields that only construct can do has none."""
    fields = dict(fields_of(of))
    has_message = any(isinstance(field, ShortMessage) for field in fields.values())
    if has_message:
        fields.pop("short_message")
    parts = []
    for name, field in fields.items():
        if isinstance(field, FormatField):
            parts.append(_Part(name, field.fmtstr[1:], None))
        elif isinstance(field, COctetString):
            parts.append(_Part(name, "", field))
        else:
            return []
    strings = [part for part in parts if part.string]
    busy = [part for part in strings if part.string and not part.string.usually_empty]
    is_id = parts == strings and len(strings) == 1 and not has_message
    ways = [("", "_by_construct", strings)]
    if is_id or busy != strings:
        ways = [("", "_in_full", busy), ("_in_full", "_by_construct", strings)]
    return [
        _Version(
            suffix,
            following,
            of,
            tuple(parts),
            tuple(way),
            has_message,
            is_short=is_id and not suffix,
        )
        for suffix, following, way in ways
    ]


def source(of: type[Pdu]) -> str:
    """The text of ``encode`` and ``decode`` for a class; empty if construct does the work."""
    return "\n\n".join(
        function(version) for version in _versions(of) for function in (_encoder, _decoder)
    )


def _filled(template: str, slots: dict[str, str | list[str]]) -> str:
    """The template with its slots filled. Each item of a list gets a line of its own."""
    lines = []
    for line in template.splitlines():
        slot = slots.get(line.strip(" {}"))
        if isinstance(slot, list):
            lines += [indent(item, line[: -len(line.lstrip())]) for item in slot]
        else:
            lines.append(line.format_map(slots))
    return "\n".join(lines) + "\n"


def _indexed(table: str, lengths: list[str]) -> str:
    if len(lengths) > _NESTED:
        return f"{table}({', '.join(lengths)})"
    return table + "".join(f"[{length}]" for length in lengths)


def _encoder(version: _Version) -> str:
    strings = [part.name for part in version.strings]
    if version.is_short:
        slots = {"string": strings[0], "following": version.following}
        return ENCODE.format_map(slots)
    give_up = f"    return encode{version.following}(pdu, sequence_number)"
    filled = [f"pdu.{string} is not EMPTY" for string in version.skipped]
    wrong = [f"0 in {string}" for string in strings]
    size = [str(version.least_size), *(f"len({string})" for string in strings)]
    values = [
        part.name if part in version.strings else f"pdu.{part.name}"
        for part in version.parts
        if part.name not in version.skipped
    ]
    message = ['tail = b""']
    if version.has_message:
        message = ["tail = pdu.short_message", "sm_length = len(tail)"]
        wrong += ["type(tail) is not bytes", f"sm_length > {ShortMessage.size}"]
        size += ["sm_length"]
        values += ["sm_length"]
    written = "octets = write_tlvs(tlvs, pdu.raw_tlvs)"
    tlvs = [written]
    if version.has_message:
        tlvs = [
            "if [*tlvs] == SAR and not pdu.raw_tlvs:",
            f"    octets = PACK_SAR({integer_run(SAR).arguments})",
            "else:",
            f"    {written}",
        ]
    said = [f"pdu.{part.name}" for part in version.parts] + ["pdu.tlvs", "pdu.raw_tlvs"]
    return _filled(
        _ENCODE,
        {
            "suffix": version.suffix,
            "following": version.following,
            "leave_filled": [f"if {' or '.join(filled)}:", give_up] if filled else [],
            "leave_body": [
                f"if pdu.command_status and not ({' or '.join(said)}):",
                "    return HEADER(16, COMMAND_ID, pdu.command_status, number)",
            ]
            if version.may_lack_body
            else [],
            "strings": [f'{string} = pdu.{string}.encode("latin-1")' for string in strings],
            "message": message,
            "check": [f"if {' or '.join(wrong)}:", give_up] if wrong else [],
            "size": " + ".join(size),
            "pack": _indexed(f"PACK{version.suffix}", [f"len({string})" for string in strings]),
            "values": [f"{value}," for value in values],
            "tlvs": tlvs,
        },
    )


def _decoder(version: _Version) -> str:
    strings = [part.name for part in version.strings]
    if version.is_short:
        slots = {"string": strings[0], "following": version.following}
        return DECODE.format_map(slots)
    names = ["command_length", "command_id", "command_status", "sequence_number"]
    values, ends, lengths = [], [], []
    at, gap = "", HEADER_SIZE
    for part in version.parts:
        if part in version.strings:
            names += [part.name, f"nul_{part.name}"]
            values += [f'{part.name}.decode("latin-1")']
            begin = f"{at} + {gap}" if at else str(gap)
            ends += [f"end_{part.name} = data.index(0, {begin})"]
            lengths += [f"end_{part.name} - ({begin})"]
            at, gap = f"end_{part.name}", 1
        else:
            names += [part.name]
            values += ["EMPTY" if part.string else part.name]
            gap += struct.calcsize(part.integer or "x")
    wrong = [*version.skipped, "command_length != len(data)", "command_id != COMMAND_ID"]
    message = []
    if version.has_message:
        names += ["sm_length"]
        values += ["data[begin:end]"]
        wrong += [f"sm_length > {ShortMessage.size}"]
        message = ["begin = end", "end += sm_length"]
        gap += 1
    unpack = ["(", *(f"    {name}," for name in names), ") = unpack(data)"]
    elsewhere = [f"nul_{string}" for string in strings] + [f"0 in {string}" for string in strings]
    return _filled(
        _DECODE,
        {
            "suffix": version.suffix,
            "following": version.following,
            "without_body": [
                "if len(data) == 16:",
                "    return decode_by_construct(data)",
            ]
            if version.may_lack_body
            else [],
            "unpack": unpack,
            "relocate": [
                f"if {' or '.join(elsewhere)}:",
                f"    end, unpack = locate{version.suffix}(data)",
                *(f"    {line}" for line in unpack),
            ]
            if strings
            else [],
            "wrong": " or ".join(wrong),
            "message": message,
            "values": [f"{value}," for value in values],
            "ends": ends,
            "end": f"{at} + {gap}" if at else str(gap),
            "lengths": ", ".join(lengths),
        },
    )


@cache
def compiled(of: type[Pdu], decode_other: Decoder) -> Codec:
    """``encode(pdu, sequence_number)`` and ``decode(data)`` for a class.

    ``decode_other`` decodes octets that turn out to have another ``command_id``.
    """
    command_id = of.command_id.to_bytes(4, "big")

    def decode_by_construct(data: bytes) -> AnyPdu:
        return interpreted_decode(data, of) if data[4:8] == command_id else decode_other(data)

    text = source(of)
    if not text:
        return Codec(interpreted_encode, decode_by_construct)
    namespace: dict[str, Any] = {
        "COMMAND_ID": int(of.command_id),
        "EMPTY": "",
        "FAILURES": _FAILURES,
        "HEADER": pack_header,
        "PACK_SAR": integer_run(SAR).layout.pack,
        "PDU": of,
        "SAR": SAR,
        "decode_by_construct": decode_by_construct,
        "encode_by_construct": interpreted_encode,
        "read_tlvs": read_tlvs,
        "write_tlvs": write_tlvs,
    }
    for version in _versions(of):
        if version.is_short:
            (limit,) = version.sizes
            packs, unpacks = layouts(version.least_size, limit, of.command_id)
            namespace["PACK"], namespace["UNPACK"] = packs, unpacks
        else:
            namespace[f"PACK{version.suffix}"] = _packer(version)
            namespace[f"unpacker{version.suffix}"] = _unpacker(version)
            namespace[f"LAST{version.suffix}"] = (1 << 32, None)  # longer than any PDU
    file = f"<{of.__module__} {of.__name__}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec"), namespace)  # noqa: S102 - made here, of our own classes
    return Codec(namespace["encode"], namespace["decode"])


def _packer(version: _Version) -> Any:
    """``pack`` by the lengths of the strings: by index if the strings are few, else by a call.

    Every place of the index first holds a function that makes the right ``pack`` for its arguments.
    It puts that ``pack`` in its own place, and calls it.
    """
    sizes = version.sizes
    written = [part for part in version.parts if part.name not in version.skipped]
    places = [4 + at for at, part in enumerate(written) if part.string]

    def made(*lengths: int) -> Callable[..., bytes]:
        for part, length in zip(version.strings, lengths, strict=True):
            if part.string and not part.string.fits(length):
                raise ValueError
        return struct.Struct(">4I" + version.body_format(lengths, "x")).pack

    def first(*arguments: Any) -> bytes:
        lengths = [len(arguments[place]) for place in places]
        row = rows
        for length in lengths[:-1]:
            row = row[length]
        row[lengths[-1]] = made(*lengths)
        packed: bytes = row[lengths[-1]](*arguments)
        return packed

    rows: Any
    if len(sizes) > _NESTED:
        return lru_cache(_KEPT_STRUCTS)(made)
    if len(sizes) == 2:
        rows = [[first] * sizes[1] for _ in range(sizes[0])]
    elif sizes:
        rows = [first] * sizes[0]
    else:
        rows = made()
    return rows


def _unpacker(version: _Version) -> Callable[..., Any]:
    """``unpack_from`` by the lengths of the strings."""

    @lru_cache(_KEPT_STRUCTS)
    def made(*lengths: int) -> Any:
        for part, length in zip(version.strings, lengths, strict=True):
            if part.string and length >= part.string.size:
                raise ValueError
        return struct.Struct(">4I" + version.body_format(lengths, "B")).unpack_from

    return made
