"""Which messages a World remembers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from ._messages import StoredMessage

__all__ = ["Archive"]


class Archive:
    """Messages, oldest first: all that have still something before them, and the latest others.

    Of those with which nothing more will happen at least ``keep`` are remembered, and at most a
    quarter more; while others have something before them, a quarter of their number more, too.
    Raises ValueError for a ``keep`` that is no whole number of 1 or more.
    """

    def __init__(self, keep: int) -> None:
        if type(keep) is not int or keep < 1:
            raise ValueError(f"keep is {keep!r}, expected a whole number of 1 or more")
        self._keep = keep
        # In the order of their ids, so that an id is found by bisection: an index of a hundred
        # thousand segments would be larger than their messages.
        self._messages: list[StoredMessage] = []
        self._ended = 0

    def __iter__(self) -> Iterator[StoredMessage]:
        return iter(self._messages)

    def add(self, messages: Sequence[StoredMessage]) -> None:
        """Messages with ids above all others."""
        self._messages += messages
        self._tidy()

    def ended(self, count: int) -> None:
        """So many that are here, or are to be added next, have no way before them any more."""
        self._ended += count
        self._tidy()

    def find(self, number: int) -> StoredMessage | None:
        """The message that has this id among its segments'."""
        index = bisect_right(self._messages, number, key=lambda message: message.first_id) - 1
        message = self._messages[index] if index >= 0 else None
        within = message is not None and number < message.first_id + message.parts
        return message if within else None

    def _tidy(self) -> None:
        surplus = self._ended - self._keep
        # What has to be kept is not looked through for every few that end.
        if surplus <= (len(self._messages) - surplus) // 4:
            return
        kept: list[StoredMessage] = []
        for message in self._messages:
            if surplus and not message.way:
                surplus -= 1
                self._ended -= 1
            else:
                kept.append(message)
        self._messages = kept
