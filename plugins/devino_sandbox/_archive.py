"""Which messages a World remembers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from ._messages import StoredMessage

__all__ = ["Archive"]


class Archive:
    """Messages, oldest first: all that have still something before them, and the latest others.

    Of those with which nothing more will happen at least ``keep`` are remembered, and at most a
    quarter more. Raises ValueError for a ``keep`` below 1.
    """

    def __init__(self, keep: int) -> None:
        if keep < 1:
            raise ValueError("keep must be 1 or more")
        self._keep = keep
        # In the order of their ids, so that an id is found by bisection: an index of a hundred
        # thousand segments would be larger than their messages.
        self._messages: list[StoredMessage] = []
        self._limit = _room(keep)

    def __iter__(self) -> Iterator[StoredMessage]:
        return iter(self._messages)

    def add(self, messages: Sequence[StoredMessage]) -> None:
        """Messages with ids above all others."""
        self._messages += messages
        if len(self._messages) > self._limit:
            self._tidy()

    def find(self, number: int) -> StoredMessage | None:
        """The message that has this id among its segments'."""
        index = bisect_right(self._messages, number, key=lambda message: message.first_id) - 1
        message = self._messages[index] if index >= 0 else None
        within = message is not None and number < message.first_id + message.parts
        return message if within else None

    def _tidy(self) -> None:
        surplus = len(self._messages) - self._keep
        kept: list[StoredMessage] = []
        for message in self._messages:
            if surplus and not message.way:
                surplus -= 1
            else:
                kept.append(message)
        self._messages = kept
        # Where much has to be kept, it is not looked through for every few that come.
        self._limit = _room(max(self._keep, len(kept)))


def _room(count: int) -> int:
    return count + count // 4
