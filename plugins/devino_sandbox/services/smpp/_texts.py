"""Texts that come part by part, and the messages of the World that they become."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from devino_codecs.smpp import (
    Incomplete,
    MessagePdu,
    Reassembler,
    TextKey,
    Whole,
    text_key,
    user_data,
)
from devino_sandbox._messages import StoredMessage

from ._content import SubmittedText, is_binary

__all__ = ["Texts"]


class _Begun(NamedTuple):
    message: StoredMessage
    """The message of the part that came first."""
    octets: dict[int, bytes]
    """The octets of each part, by its number."""


class Texts:
    """The texts that one account has begun. ``default`` is the alphabet of ``data_coding`` 0."""

    def __init__(self, default: str) -> None:
        self._default = default
        self._reassembler = Reassembler()
        self._begun: dict[TextKey, _Begun] = {}

    def message(self, pdu: MessagePdu, content: SubmittedText, now: float) -> StoredMessage | None:
        """The message to which this part belongs; None for a part that begins a text.

        ``now`` is any clock in seconds.
        """
        segment = content.segment
        if segment is None:
            return None
        self._forget(self._reassembler.expire(now))
        begun = self._begun.get(text_key(pdu, segment))
        if begun is None:
            return None
        # The same number with other octets is a part of another text.
        same = begun.octets.get(segment.number, content.octets) == content.octets
        return begun.message if same else None

    def add(self, pdu: MessagePdu, content: SubmittedText, part: StoredMessage, now: float) -> None:
        """Add a part that was taken to the others. After the last part the message has its text.

        ``now`` is as for :meth:`message`.
        """
        segment = content.segment
        if segment is None:
            return
        results = self._reassembler.add(pdu, now)
        self._forget(results)
        key = text_key(pdu, segment)
        begun = self._begun.setdefault(key, _Begun(part, {}))
        begun.octets[segment.number] = content.octets
        for result in results:
            if isinstance(result, Whole):
                del self._begun[key]
                message, text = begun.message, self._text(result)
                message.submission = replace(message.submission, text=text)

    def _forget(self, results: Iterable[Whole | Incomplete]) -> None:
        """Drop texts that were given up."""
        for result in results:
            if isinstance(result, Incomplete):
                first = result.pdus[0]
                segment = user_data(first).segment
                if isinstance(first, MessagePdu) and segment is not None:
                    self._begun.pop(text_key(first, segment), None)

    def _text(self, whole: Whole) -> str:
        if any(is_binary(pdu.data_coding) for pdu in whole.pdus):
            return b"".join(whole.octets).hex(" ")
        return whole.text(errors="replace", default=self._default)
