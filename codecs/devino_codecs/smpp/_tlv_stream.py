"""Reads and writes optional parameters fast: plain functions that do what the table says.

Most parameters are integers, and the same ones come in PDU after PDU, above all those of
concatenation. A single struct reads and writes such a *run*.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import construct
import msgspec
from construct import FormatField

from ._fields import ToEnd
from ._tlvs import NO_TLVS, TLV_BY_TAG, TLVS, RawTlvs, Tlv, Tlvs, integer_of

__all__ = ["SAR", "integer_run", "read_tlvs", "write_tlvs"]

SAR = ["sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum"]
"""The most frequent run: that of a part of a longer text."""

_HEAD = struct.Struct(">HH")

Read = Callable[[bytes], object]
Write = Callable[[Any], bytes]
ReadRun = Callable[[bytes, int], Tlvs | None]
"""Reads the parameters of one run at an offset. None: other parameters are there."""
WriteAll = Callable[[Tlvs], bytes]

_RUN = """\
def read(data, at):
    {parts} = unpack(data, at)
    if {same}:
        return {tlvs}


def write(tlvs):
    return pack({values})
"""

_KEPT_ORDERS = 256
"""Only a strange peer uses more orders. Those beyond are read and written one by one."""
_write_by_names: dict[tuple[str, ...], WriteAll] = {}
_read_by_names: dict[tuple[str, ...], ReadRun] = {}
_read_by_size: dict[int, ReadRun] = {}
"""The reader of the last run of this size in octets. The next one is likely the same."""


def _learn(names: tuple[str, ...]) -> WriteAll:
    """The function that writes the parameters of these names, in this order."""
    if len(_write_by_names) >= _KEPT_ORDERS:
        return _write_each
    run = _made_run(names)
    if run is None:
        _write_by_names[names] = _write_each
    else:
        _read_by_names[names], _write_by_names[names] = run
    return _write_by_names[names]


class Run(msgspec.Struct, frozen=True):
    """The layout of integers that follow each other."""

    heads: list[int]
    """The tag and length of each."""
    layout: struct.Struct
    arguments: str
    """The arguments of ``layout.pack``, as Python, for a dict ``tlvs``."""


def integer_run(names: Sequence[str]) -> Run:
    """The run of these names, which are integers that may come once."""
    rows = [(TLVS[name].tag, cast("FormatField[Any, Any]", TLVS[name].value)) for name in names]
    heads = [tag << 16 | field.length for tag, field in rows]
    layout = struct.Struct(">" + "".join("I" + field.fmtstr[1:] for _, field in rows))
    pairs = zip(heads, names, strict=True)
    return Run(heads, layout, ", ".join(f'{head:#010x}, tlvs["{name}"]' for head, name in pairs))


def _is_integer(name: str) -> bool:
    row = TLVS.get(name)
    return row is not None and isinstance(row.value, FormatField) and not row.repeats


def _made_run(names: tuple[str, ...]) -> tuple[ReadRun, WriteAll] | None:
    """The functions for these names. None: not all of them are integers that may come once."""
    if not names or not all(map(_is_integer, names)):
        return None
    run = integer_run(names)
    text = _RUN.format(
        parts=", ".join(f"head_{at}, value_{at}" for at in range(len(names))),
        same=" and ".join(f"head_{at} == {head}" for at, head in enumerate(run.heads)),
        tlvs=", ".join(f'"{name}": value_{at}' for at, name in enumerate(names)).join("{}"),
        values=run.arguments,
    )
    namespace: dict[str, Any] = {"pack": run.layout.pack, "unpack": run.layout.unpack_from}
    exec(text, namespace)  # noqa: S102 - made here, of our own table
    return namespace["read"], namespace["write"]


def read_tlvs(data: bytes, at: int) -> tuple[Tlvs, RawTlvs]:
    """The parameters from this offset to the end. Raises ValueError if one overruns the end."""
    read = _read_by_size.get(len(data) - at)
    if read is not None:
        tlvs = read(data, at)
        if tlvs is not None:
            return tlvs, ()
    return _read_each(data, at)


def write_tlvs(tlvs: Tlvs, raw_tlvs: RawTlvs) -> bytes:
    """The octets of all parameters, in the order given. For a value that does not fit, it raises
    one of the errors that the generated functions catch."""
    names = tuple(tlvs)
    write = _write_by_names.get(names) or _learn(names)
    if not raw_tlvs:
        return write(tlvs)
    raw = [_HEAD.pack(tag, len(octets)) + octets for tag, octets in raw_tlvs]
    return write(tlvs) + b"".join(raw)


def _write_each(tlvs: Tlvs) -> bytes:
    return b"".join([_WRITERS[name](value) for name, value in tlvs.items()])


def _read_each(data: bytes, began: int) -> tuple[Tlvs, RawTlvs]:
    tlvs: dict[str, object] = {}
    repeated: dict[str, list[object]] = {}
    raw_tlvs: list[tuple[int, bytes]] = []
    at, end = began, len(data)
    while at < end:
        tag, length = _HEAD.unpack_from(data, at)
        at += 4 + length
        octets = data[at - length : at]
        row = TLV_BY_TAG.get(tag)
        if row is not None and (row.name not in tlvs or row.repeats):
            try:
                value = _READERS[tag](octets)
            except construct.ConstructError:
                pass
            else:
                if row.repeats:
                    repeated.setdefault(row.name, []).append(value)
                tlvs[row.name] = value
                continue
        raw_tlvs.append((tag, octets))
    if at > end:
        raise ValueError
    tlvs |= {name: tuple(values) for name, values in repeated.items()}
    if not raw_tlvs:
        names = tuple(tlvs)
        if names not in _write_by_names:
            _learn(names)
        if (
            names in _read_by_names
            and len(_write_by_names[names](cast("Tlvs", tlvs))) == end - began
        ):
            _read_by_size[end - began] = _read_by_names[names]
    return cast("Tlvs", tlvs or NO_TLVS), tuple(raw_tlvs)


def _reader(row: Tlv) -> Read:
    field = row.value
    if isinstance(field, FormatField):
        return partial(integer_of, size=field.length)
    return field.read if isinstance(field, ToEnd) else field.parse


def _writer(row: Tlv) -> Write:
    field = row.value
    if isinstance(field, FormatField):
        packed = struct.Struct(">HH" + field.fmtstr[1:])
        write: Write = partial(packed.pack, row.tag, field.length)
    else:
        built = field.write if isinstance(field, ToEnd) else field.build
        write = partial(_write_octets, row.tag, built)
    return partial(_write_repeated, write) if row.repeats else write


def _write_octets(tag: int, built: Write, value: object) -> bytes:
    octets = built(value)
    return _HEAD.pack(tag, len(octets)) + octets


def _write_repeated(write: Write, values: object) -> bytes:
    if not isinstance(values, tuple | list):
        raise TypeError
    return b"".join(map(write, values))


_READERS = {row.tag: _reader(row) for row in TLVS.values()}
_WRITERS = {name: _writer(row) for name, row in TLVS.items()}
