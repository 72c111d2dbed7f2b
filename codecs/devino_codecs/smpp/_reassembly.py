"""Puts texts together again from the parts that come in."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby, takewhile
from typing import TypeAlias

import msgspec

from ._charset import Charset, charset
from ._user_data import Errors, MessageLike, Segment, decode_text, user_data, without_marks

__all__ = ["Incomplete", "Reassembler", "TextKey", "Whole", "text_key"]


class Whole(msgspec.Struct, frozen=True):
    """A message that is complete: the PDUs of its parts in order, or its only PDU."""

    pdus: tuple[MessageLike, ...]
    octets: tuple[bytes, ...]
    """The content of each, without headers."""

    def text(self, *, errors: Errors = "strict", default: str = "gsm7") -> str:
        """The text, as :func:`decode_text` reads it, without byte order marks.

        Parts of one ``data_coding`` are joined first. So a character is whole again that the sender
        cut in two.
        """
        parts = zip(self.pdus, self.octets, strict=True)
        return "".join(
            _text([octets for _, octets in run], coding, errors, default)
            for coding, run in groupby(parts, lambda part: part[0].data_coding)
        )


class Incomplete(msgspec.Struct, frozen=True):
    """Parts that were given up, and how many parts the text had."""

    pdus: tuple[MessageLike, ...]
    total: int

    def text(self, *, errors: Errors = "strict", default: str = "gsm7") -> str:
        """The text that there is. Each part is read alone, because others are missing."""
        return "".join(
            _text([user_data(pdu, lenient=True).octets], pdu.data_coding, errors, default)
            for pdu in self.pdus
        )


def _text(parts: list[bytes], data_coding: int, errors: Errors, default: str) -> str:
    is_ucs2 = charset(data_coding) is Charset.UCS2
    octets = without_marks(parts) if is_ucs2 else b"".join(parts)
    return decode_text(octets, data_coding, errors=errors, default=default)


_PART = 1000
_PARAMETER = 100
"""The memory that a part and an optional parameter take, besides their octets; an estimate."""


class _Begun(msgspec.Struct):
    since: float
    size: int = 0
    parts: dict[int, tuple[MessageLike, bytes]] = {}


class _Finished(msgspec.Struct):
    """A text that was whole, in case its parts come again."""

    since: float
    parts: tuple[int, ...]
    """A hash of each part's content, in order."""


TextKey: TypeAlias = tuple[Segment, int, int, str, int, int, str]
"""What the parts of one text have in common."""


class Reassembler:
    """Collects the parts of texts. Both addresses, the reference and the total tell texts apart.

    It reads SAR parameters, and headers with 8-bit and 16-bit references; ``lenient`` is as for
    :func:`user_data`. Its memory is bounded: it gives up texts that were begun more than
    ``max_age`` seconds ago, and the oldest texts beyond ``max_texts`` of them or ``max_octets`` in
    all. Content and optional parameters count as octets, plus 1000 for each part and 100 for each
    parameter. Use one for each account.
    """

    def __init__(
        self,
        *,
        max_age: float = 3600.0,
        max_texts: int = 10_000,
        max_octets: int = 67_108_864,
        lenient: bool = False,
    ) -> None:
        self.max_age = max_age
        self.max_texts = max_texts
        self.max_octets = max_octets
        self.lenient = lenient
        self._begun: dict[TextKey, _Begun] = {}
        """The oldest first."""
        self._finished: dict[TextKey, _Finished] = {}
        """The same."""
        self._octets = 0

    def __len__(self) -> int:
        """How many texts are begun."""
        return len(self._begun)

    def add(self, pdu: MessageLike, now: float) -> list[Whole | Incomplete]:
        """Add a PDU. Gives the message that it completes, if any, and the texts that are given up.

        A PDU that is no part of a text is a message of its own. A part that came before is ignored.
        A part with the same number and other content begins a new text, and the parts so far are
        given up. ``now`` is any clock in seconds.

        If some parts of a text come again within ``max_age`` seconds after it was whole, they are
        never given up as parts without the others. If all come again, they are a message again.

        Raises :exc:`~devino_codecs.DecodeError` for a broken user data header.
        """
        data = user_data(pdu, lenient=self.lenient)
        segment = data.segment
        if segment is None:
            return [Whole((pdu,), (data.octets,))]
        results: list[Whole | Incomplete] = []
        results += self.expire(now)
        key = text_key(pdu, segment)
        text = self._begun.get(key)
        if text and segment.number in text.parts:
            if text.parts[segment.number][1] == data.octets:
                return results
            results += self._given_up(key)
            text = None
        if text is None:
            text = self._begun[key] = _Begun(now)
        text.parts[segment.number] = (pdu, data.octets)
        size = _size(pdu, data.octets)
        text.size += size
        self._octets += size
        if len(text.parts) == segment.total:
            results.append(self._whole(key, now))
        while len(self._begun) > self.max_texts or self._octets > self.max_octets:
            results += self._given_up(next(iter(self._begun)))
        return results

    def expire(self, now: float) -> list[Incomplete]:
        """Give up what is too old."""
        old = _older(self._begun, now - self.max_age)
        given_up = [parts for key in old for parts in self._given_up(key)]
        # Twice as old, so that a part that repeats such a text is given up before it is forgotten.
        for key in _older(self._finished, now - 2 * self.max_age):
            del self._finished[key]
        return given_up

    def deadline(self) -> float | None:
        """When :meth:`expire` will next have something to give up."""
        oldest = next(iter(self._begun.values()), None)
        return None if oldest is None else oldest.since + self.max_age

    def _whole(self, key: TextKey, now: float) -> Whole:
        pdus, octets = self._taken(key)
        self._finished.pop(key, None)
        self._finished[key] = _Finished(now, tuple(map(hash, octets)))
        if len(self._finished) > self.max_texts:
            del self._finished[next(iter(self._finished))]
        return Whole(pdus, octets)

    def _given_up(self, key: TextKey) -> list[Incomplete]:
        """The parts so far; nothing if they only repeat a text that was whole."""
        parts, finished = self._begun[key].parts, self._finished.get(key)
        pdus, _ = self._taken(key)
        if finished is not None and all(
            finished.parts[number - 1] == hash(content) for number, (_, content) in parts.items()
        ):
            return []
        return [Incomplete(pdus, key[0].total)]

    def _taken(self, key: TextKey) -> tuple[tuple[MessageLike, ...], tuple[bytes, ...]]:
        text = self._begun.pop(key)
        self._octets -= text.size
        parts = [part for _, part in sorted(text.parts.items())]
        return tuple(pdu for pdu, _ in parts), tuple(octets for _, octets in parts)


def _older(texts: Mapping[TextKey, _Begun | _Finished], than: float) -> list[TextKey]:
    """The keys of texts, the oldest first, that are not younger than this time."""
    return [key for key, _ in takewhile(lambda item: item[1].since <= than, texts.items())]


def _size(pdu: MessageLike, octets: bytes) -> int:
    """Roughly how much memory a part takes. A PDU may carry 64 KB besides its content."""
    size = _PART + len(octets)
    for value in pdu.tlvs.values():
        for single in value if isinstance(value, tuple) else (value,):
            size += _PARAMETER + (len(single) if isinstance(single, bytes | str) else 0)
    return size + sum(_PARAMETER + len(value) for _, value in pdu.raw_tlvs)


def text_key(pdu: MessageLike, segment: Segment) -> TextKey:
    """The key of a part's text: both addresses, the reference, the number of parts."""
    return (
        segment._replace(number=0),
        pdu.source_addr_ton,
        pdu.source_addr_npi,
        pdu.source_addr,
        pdu.dest_addr_ton,
        pdu.dest_addr_npi,
        pdu.destination_addr,
    )
