"""Texts that come part by part, and the messages of the World that they make up."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from devino_codecs.smpp import Incomplete, MessagePdu, Reassembler, Segment, Whole, user_data
from devino_sandbox._messages import StoredMessage

from ._content import Content, is_binary

__all__ = ["Texts"]

_Key = tuple[Segment, int, int, str, int, int, str]


class _Begun(NamedTuple):
    message: StoredMessage
    """Of the part that came first."""
    octets: dict[int, bytes]
    """By the number of the part."""


class Texts:
    """The texts that one account has begun. ``default``: what ``data_coding`` 0 is."""

    def __init__(self, default: str) -> None:
        self._default = default
        self._reassembler = Reassembler()
        self._begun: dict[_Key, _Begun] = {}

    def message(self, pdu: MessagePdu, content: Content) -> StoredMessage | None:
        """The message of which this is a further part; None for one that begins a text."""
        segment = content.segment
        begun = self._begun.get(_key(pdu, segment)) if segment is not None else None
        if segment is None or begun is None:
            return None
        # Other octets under the same number are a part of another text.
        same = begun.octets.get(segment.number, content.octets) == content.octets
        return begun.message if same else None

    def add(self, pdu: MessagePdu, content: Content, part: StoredMessage, now: float) -> None:
        """Put a part that was taken to the others; with the last one the message has all its text.

        ``now`` is any clock in seconds.
        """
        segment = content.segment
        if segment is None:
            return
        results = self._reassembler.add(pdu, now)
        for result in results:
            if isinstance(result, Incomplete):
                first = result.pdus[0]
                given_up = user_data(first).segment
                if isinstance(first, MessagePdu) and given_up is not None:
                    self._begun.pop(_key(first, given_up), None)
        key = _key(pdu, segment)
        begun = self._begun.setdefault(key, _Begun(part, {}))
        begun.octets[segment.number] = content.octets
        for result in results:
            if isinstance(result, Whole):
                del self._begun[key]
                message, text = begun.message, self._text(result)
                message.submission = replace(message.submission, text=text)

    def _text(self, whole: Whole) -> str:
        if any(is_binary(pdu.data_coding) for pdu in whole.pdus):
            return b"".join(whole.octets).hex(" ")
        return whole.text(errors="replace", default=self._default)


def _key(pdu: MessagePdu, segment: Segment) -> _Key:
    """As the reassembler tells texts apart."""
    return (
        segment._replace(number=0),
        pdu.source_addr_ton,
        pdu.source_addr_npi,
        pdu.source_addr,
        pdu.dest_addr_ton,
        pdu.dest_addr_npi,
        pdu.destination_addr,
    )
