"""The types of SMPP fields (SMPP 3.4, 3.1) as construct subconstructs, for use in annotations.

``source_addr: Annotated[str, COctetString(21)] = ""`` says all that the codec needs to know about a
field. Integers use construct's own ``Int8ub``, ``Int16ub`` and ``Int32ub``.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar, cast, get_type_hints

import construct
import msgspec
from construct import Construct, Int8ub, Int16ub, PrefixedArray

if TYPE_CHECKING:
    AnyField = Construct[Any, Any]
    AnyAdapter = construct.Adapter[Any, Any, Any, Any]
else:
    AnyField = Construct
    AnyAdapter = construct.Adapter

__all__ = [
    "AnyAdapter",
    "AnyField",
    "COctetString",
    "Listed",
    "OctetString",
    "OneOf",
    "Record",
    "ShortMessage",
    "TextToEnd",
    "Time",
    "TlvBlock",
    "ToEnd",
    "UnfitError",
    "WireField",
    "fields_of",
    "octets_of",
]

T = TypeVar("T")


class UnfitError(construct.ConstructError):
    """The value, or the octets, do not fit the field. ``reason`` never quotes them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WireField(AnyField, ABC, Generic[T]):
    """A subconstruct that reads its value from a stream and writes it as octets."""

    @abstractmethod
    def take(self, stream: IO[bytes]) -> T: ...

    def salvage(self, stream: IO[bytes]) -> T:
        """What can be read where :meth:`take` failed. Raises :exc:`UnfitError` for nothing."""
        return self.take(stream)

    @abstractmethod
    def write(self, value: object) -> bytes: ...

    def _parse(self, stream: IO[bytes], context: object, path: str) -> T:
        return self.take(stream)

    # construct's _build returns the value, although its stubs say int.
    def _build(self, obj: Any, stream: IO[bytes], context: object, path: str) -> Any:
        stream.write(self.write(obj))
        return obj


class COctetString(WireField[str]):
    """Up to ``size - 1`` characters and a NUL. Latin-1 keeps every octet as it is.

    ``usually_empty`` tells the generator to write a faster path for the empty string.
    """

    def __init__(self, size: int, *, usually_empty: bool = False) -> None:
        super().__init__()
        self.size = size
        self.usually_empty = usually_empty

    def fits(self, length: int) -> bool:
        """Whether so many characters may be written. Any number below ``size`` may be read."""
        return length < self.size

    def take(self, stream: IO[bytes]) -> str:
        octets = stream.read(self.size)
        length = octets.find(0)
        if length >= 0:
            stream.seek(length + 1 - len(octets), 1)
            return octets[:length].decode("latin-1")
        if len(octets) == self.size:
            raise UnfitError(f"longer than {self.size - 1} octets")
        raise UnfitError("no NUL before the PDU's end")

    def salvage(self, stream: IO[bytes]) -> str:
        """All characters up to the NUL, or to the end."""
        octets, nul, behind = stream.read().partition(b"\0")
        if not octets and not nul:
            raise UnfitError("the PDU ends before the field")
        stream.seek(-len(behind), 1)
        return octets.decode("latin-1")

    def write(self, value: object) -> bytes:
        octets = _latin_1(value)
        if not self.fits(len(octets)):
            raise UnfitError(self._misfit(len(octets)))
        return octets + b"\0"

    def _misfit(self, length: int) -> str:
        return f"{length} characters, at most {self.size - 1} fit"


class Time(COctetString):
    """A time: empty, or the 16 characters of 7.1.1 (see :func:`format_time`).

    Some centres write shorter ones. They are read, and never written.
    """

    def __init__(self) -> None:
        super().__init__(17, usually_empty=True)

    def fits(self, length: int) -> bool:
        return length in (0, 16)

    def _misfit(self, length: int) -> str:
        return f"{length} characters, a time has 16 or none"


class ShortMessage(WireField[bytes]):
    """``sm_length`` (one octet) and ``short_message``, which is the last mandatory field."""

    size = 254

    def take(self, stream: IO[bytes]) -> bytes:
        length = Int8ub.parse_stream(stream)
        if length > self.size:
            raise UnfitError(f"sm_length is {length}, at most {self.size} fit")
        octets = stream.read(length)
        if len(octets) < length:
            raise UnfitError(f"sm_length is {length}, {len(octets)} octets are left")
        return octets

    def salvage(self, stream: IO[bytes]) -> bytes:
        """As many octets as there are."""
        return stream.read(Int8ub.parse_stream(stream))

    def write(self, value: object) -> bytes:
        octets = octets_of(value)
        if len(octets) > self.size:
            raise UnfitError(f"{len(octets)} octets, at most {self.size} fit; use message_payload")
        return bytes([len(octets)]) + octets


class ToEnd(WireField[T]):
    """The value of an optional parameter: all octets that are left."""

    @abstractmethod
    def read(self, octets: bytes) -> T: ...

    def take(self, stream: IO[bytes]) -> T:
        return self.read(stream.read())


class OctetString(ToEnd[bytes]):
    """Octets, from ``least`` to ``most`` of them."""

    def __init__(self, least: int = 0, most: int = 0xFFFF) -> None:
        super().__init__()
        self.least = least
        self.most = most

    def read(self, octets: bytes) -> bytes:
        if self.least <= len(octets) <= self.most:
            return octets
        expected = f"{self.least} to {self.most}" if self.least != self.most else self.most
        raise UnfitError(f"{len(octets)} octets, expected {expected}")

    def write(self, value: object) -> bytes:
        return self.read(octets_of(value))


class TextToEnd(ToEnd[str]):
    """A C-octet string. Many centres forget its NUL here, so it may be missing in what is read.

    What comes after a NUL is padding.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def read(self, octets: bytes) -> str:
        octets, _, _ = octets.partition(b"\0")
        if len(octets) >= self.size:
            raise UnfitError(f"not a string of at most {self.size - 1} octets")
        return octets.decode("latin-1")

    def write(self, value: object) -> bytes:
        octets = _latin_1(value)
        if len(octets) >= self.size:
            raise UnfitError(f"{len(octets)} characters, at most {self.size - 1} fit")
        return octets + b"\0"


class Record(AnyAdapter):
    """A Struct inside a PDU, whose own fields are annotated too."""

    def __init__(self, of: type[msgspec.Struct]) -> None:
        super().__init__(construct.Struct(*(name / field for name, field in fields_of(of))))
        self.of = of

    def _decode(self, obj: Any, context: object, path: str) -> msgspec.Struct:
        return self.of(**{name: obj[name] for name in self.of.__struct_fields__})

    def _encode(self, obj: object, context: object, path: str) -> dict[str, object]:
        if not isinstance(obj, self.of):
            raise UnfitError(f"{type(obj).__name__} is not a {self.of.__name__}")
        return {name: getattr(obj, name) for name in self.of.__struct_fields__}


class OneOf(WireField[msgspec.Struct]):
    """One octet says which record follows."""

    def __init__(self, records: Mapping[int, type[msgspec.Struct]]) -> None:
        super().__init__()
        self.by_flag = {flag: Record(of) for flag, of in records.items()}
        self.flags: dict[type, int] = {of: flag for flag, of in records.items()}

    def take(self, stream: IO[bytes]) -> msgspec.Struct:
        flag = Int8ub.parse_stream(stream)
        if flag not in self.by_flag:
            raise UnfitError(f"flag {flag} is none of {sorted(self.by_flag)}")
        return cast("msgspec.Struct", self.by_flag[flag].parse_stream(stream))

    def write(self, value: object) -> bytes:
        flag = self.flags.get(type(value))
        if flag is None:
            expected = " nor ".join(of.__name__ for of in self.flags)
            raise UnfitError(f"{type(value).__name__} is neither {expected}")
        return bytes([flag]) + self.by_flag[flag].build(value)


class Listed(AnyAdapter):
    """A tuple: one octet counts the items, and the items follow."""

    def __init__(self, item: AnyField, *, least: int = 0) -> None:
        super().__init__(PrefixedArray(Int8ub, item))
        self.item = item
        self.least = least

    def _decode(self, obj: Any, context: object, path: str) -> tuple[object, ...]:
        return self._counted(tuple(obj))

    def _encode(self, obj: object, context: object, path: str) -> tuple[object, ...]:
        if not isinstance(obj, tuple | list):
            raise UnfitError(f"{type(obj).__name__} is not a tuple")
        return self._counted(tuple(obj))

    def _counted(self, items: tuple[object, ...]) -> tuple[object, ...]:
        if not self.least <= len(items) <= 255:
            raise UnfitError(f"{len(items)} items, expected {self.least} to 255")
        return items


class TlvBlock(WireField[list[tuple[int, bytes]]]):
    """The optional parameters at the end of a PDU, as a list of (tag, octets).

    A parameter that overruns the PDU is an error. For construct's GreedyRange it would be the end
    of the list. Up to three NULs at the end are overlooked unless the block is ``strict``: many
    clients and centres write a NUL that ``sm_length`` does not count.
    """

    def __init__(self, *, strict: bool = False) -> None:
        super().__init__()
        self.strict = strict

    def take(self, stream: IO[bytes]) -> list[tuple[int, bytes]]:
        found = self.salvage(stream)
        rest = stream.read()
        if len(rest) >= 4:
            tag, length = _TLV_HEAD.unpack_from(rest)
            raise UnfitError(f"0x{tag:04X} has length {length}, {len(rest) - 4} octets are left")
        if rest and (self.strict or any(rest)):
            raise UnfitError(f"{len(rest)} octets are left, a parameter has 4 or more")
        return found

    def salvage(self, stream: IO[bytes]) -> list[tuple[int, bytes]]:
        """The parameters that are whole. The stream then stands where the next would begin."""
        data = stream.read()
        found = []
        at, end = 0, len(data)
        while at + 4 <= end:
            tag, length = _TLV_HEAD.unpack_from(data, at)
            stop = at + 4 + length
            if stop > end:
                break
            found.append((tag, data[at + 4 : stop]))
            at = stop
        stream.seek(at - end, 1)
        return found

    def write(self, value: Any) -> bytes:
        return b"".join(
            Int16ub.build(tag) + Int16ub.build(len(octets)) + octets for tag, octets in value
        )


_TLV_HEAD = struct.Struct(">HH")


def _latin_1(value: object) -> bytes:
    if not isinstance(value, str):
        raise UnfitError(f"{type(value).__name__} is not a str")
    if "\0" in value:
        raise UnfitError("a NUL would end the string")
    if value and max(value) > "\xff":
        raise UnfitError("only latin-1 characters can be written")
    return value.encode("latin-1")


def octets_of(value: object) -> bytes:
    """A bytes-like value as bytes. Raises :exc:`UnfitError` for any other value."""
    if not isinstance(value, bytes | bytearray | memoryview):
        raise UnfitError(f"{type(value).__name__} is not bytes")
    return bytes(value)


# To read the annotations takes longer than to read a PDU, and a broken one asks for its fields.
@cache
def fields_of(of: type[msgspec.Struct]) -> tuple[tuple[str, AnyField], ...]:
    """The fields that are annotated with a subconstruct, in the order of the wire."""
    hints = get_type_hints(of, include_extras=True)
    return tuple(
        [
            (name, mark)
            for name in of.__struct_fields__
            for mark in getattr(hints[name], "__metadata__", ())
            if isinstance(mark, Construct)
        ]
    )
