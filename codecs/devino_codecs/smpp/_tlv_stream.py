"""Optional parameters off and onto the wire, at speed: what the table says, in plain functions.

Mostly they are integers, and the same ones PDU after PDU (those of concatenation, above all). Such
a *run* is read and written by a single struct.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, cast

import construct
from construct import FormatField

from ._fields import OctetString, TextToEnd, UnfitError
from ._tlvs import TLV_BY_TAG, TLVS, RawTlvs, Tlv, Tlvs

__all__ = ["read_tlvs", "write_tlvs"]

Read = Callable[[bytes], object]
Write = Callable[[Any], bytes]

_HEAD = struct.Struct(">HH")


class _Run(NamedTuple):
    """Parameters that are all integers, in a certain order."""

    read: Callable[[bytes, int], Tlvs | None]
    """None if others are there."""
    write: Callable[[Tlvs], bytes]


_RUN = """\
def read(data, at):
    {parts} = unpack(data, at)
    if {same}:
        return {tlvs}


def write(tlvs):
    {values}, = tlvs.values()
    return pack({parts_given})
"""

_KEPT_RUNS = 256
"""There are more orders than that only where someone plays; those are read one by one."""
_RUN_BY_NAMES: dict[tuple[str, ...], _Run | None] = {}
_RUN_BY_SIZE: dict[int, _Run] = {}
"""The run last seen of this size in octets: likely the next one as well."""


def _run(names: tuple[str, ...]) -> _Run | None:
    """The run of these names; None if not all of them are integers that stand once."""
    if names in _RUN_BY_NAMES or len(_RUN_BY_NAMES) >= _KEPT_RUNS:
        return _RUN_BY_NAMES.get(names)
    run = _RUN_BY_NAMES[names] = _made_run(names)
    return run


def _made_run(names: tuple[str, ...]) -> _Run | None:
    rows = [TLVS[name] for name in names if name in TLVS]
    integers = [row.value for row in rows if isinstance(row.value, FormatField) and not row.repeats]
    if not names or len(integers) < len(names):
        return None
    heads = [row.tag << 16 | field.length for row, field in zip(rows, integers, strict=True)]
    layout = struct.Struct(">" + "".join("I" + field.fmtstr[1:] for field in integers))
    text = _RUN.format(
        parts=", ".join(f"head_{at}, value_{at}" for at in range(len(rows))),
        same=" and ".join(f"head_{at} == {head}" for at, head in enumerate(heads)),
        tlvs=", ".join(f'"{row.name}": value_{at}' for at, row in enumerate(rows)).join("{}"),
        values=", ".join(f"value_{at}" for at in range(len(rows))),
        parts_given=", ".join(f"{head}, value_{at}" for at, head in enumerate(heads)),
    )
    namespace: dict[str, Any] = {"pack": layout.pack, "unpack": layout.unpack_from}
    exec(text, namespace)  # noqa: S102 - made here, of our own table
    return _Run(namespace["read"], namespace["write"])


def read_tlvs(data: bytes, at: int) -> tuple[Tlvs, RawTlvs]:
    """The parameters from this offset to the end; any of them overrunning it is a ValueError."""
    run = _RUN_BY_SIZE.get(len(data) - at)
    if run is not None:
        tlvs = run.read(data, at)
        if tlvs is not None:
            return tlvs, ()
    return _read_each(data, at)


def _read_each(data: bytes, began: int) -> tuple[Tlvs, RawTlvs]:
    tlvs: dict[str, Any] = {}
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
                tlvs[row.name] = (*tlvs.get(row.name, ()), value) if row.repeats else value
                continue
        raw_tlvs.append((tag, octets))
    if at > end:
        raise ValueError
    if not raw_tlvs:
        names = tuple(tlvs)
        run = _RUN_BY_NAMES[names] if names in _RUN_BY_NAMES else _run(names)
        if run is not None:
            _RUN_BY_SIZE[end - began] = run
    return cast("Tlvs", tlvs), tuple(raw_tlvs)


def write_tlvs(tlvs: Tlvs, raw_tlvs: RawTlvs) -> bytes:
    """The octets of all parameters in the order given; a value that does not fit is any error."""
    names = tuple(tlvs)
    run = _RUN_BY_NAMES[names] if names in _RUN_BY_NAMES else _run(names)
    if run is not None:
        octets = run.write(tlvs)
    else:
        octets = b"".join([_WRITERS[name](value) for name, value in tlvs.items()])
    if raw_tlvs:
        octets += b"".join([_HEAD.pack(tag, len(value)) + value for tag, value in raw_tlvs])
    return octets


def _reader(row: Tlv) -> Read:
    field = row.value
    if isinstance(field, FormatField):
        return partial(_read_integer, field.length)
    return field.read if isinstance(field, OctetString | TextToEnd) else field.parse


def _read_integer(size: int, octets: bytes) -> int:
    if len(octets) != size:
        raise UnfitError(f"{len(octets)} octets, expected {size}")
    return int.from_bytes(octets, "big")


def _writer(row: Tlv) -> Write:
    field = row.value
    if isinstance(field, FormatField):
        packed = struct.Struct(">HH" + field.fmtstr[1:])
        write: Write = partial(packed.pack, row.tag, field.length)
    else:
        built = field.write if isinstance(field, OctetString | TextToEnd) else field.build
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
