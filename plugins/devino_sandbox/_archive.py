"""Which messages a World remembers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from ._messages import StoredMessage

__all__ = ["Archive"]


class Archive:
    """Messages, oldest first: every one that still has steps to take, and the latest others.

    At least ``keep`` of those that have ended are remembered. At most there are a quarter more, and
    a quarter of the number of those that are under way. Raises ValueError for a ``keep`` that is no
    whole number of 1 or more.
    """

    def __init__(self, keep: int) -> None:
        if type(keep) is not int or keep < 1:
            raise ValueError(f"keep is {keep!r}, expected a whole number of 1 or more")
        self._keep = keep
        # In the order of their ids, so that an id is found by bisection: an index of a hundred
        # thousand segments would be larger than their messages.
        self._messages: list[StoredMessage] = []
        self._ended = 0
        self._unlisted = 0
        """How many of them are not listed."""

    def __iter__(self) -> Iterator[StoredMessage]:
        return iter(self._messages)

    def snapshot(self) -> Sequence[StoredMessage]:
        """Those that are listed, as they are now."""
        if not self._unlisted:
            return self._messages.copy()
        return [message for message in self._messages if message.listed]

    def add(self, messages: Sequence[StoredMessage]) -> None:
        """Add messages. Their ids must be above all others."""
        self._messages += messages
        # They are of one submission, and either all taken or all refused.
        if messages and messages[0].submission.part_of is not None and not messages[0].listed:
            self._unlisted += len(messages)
        self._tidy()

    def ended(self, count: int) -> None:
        """Count messages that have ended; they are here, or are added next."""
        self._ended += count
        self._tidy()

    def find(self, number: int) -> StoredMessage | None:
        """The message that has a segment with this id."""
        index = bisect_right(self._messages, number, key=lambda message: message.first_id) - 1
        message = self._messages[index] if index >= 0 else None
        within = message is not None and number < message.first_id + message.parts
        return message if within else None

    def at(self, place: tuple[int, int]) -> StoredMessage | None:
        """The message in this :attr:`~StoredMessage.place`."""
        index = self._index(place)
        message = self._messages[index] if index < len(self._messages) else None
        return message if message is not None and message.place == place else None

    def remove(self, message: StoredMessage) -> None:
        """Remember it no more, if it is remembered."""
        if self.at(message.place) is not message:
            return
        del self._messages[self._index(message.place)]
        self._unlisted -= not message.listed
        if message.way is None:
            self._ended -= 1
        # What is on the timeline for it knows it by its way.
        message.way = None

    def clear(self) -> None:
        """Remember none."""
        for message in self._messages:
            message.way = None
        self._messages = []
        self._ended = self._unlisted = 0

    def _index(self, place: tuple[int, int]) -> int:
        return bisect_left(self._messages, place, key=lambda message: message.place)

    def _tidy(self) -> None:
        surplus = self._ended - self._keep
        # To look through all messages whenever a few of them end would cost too much.
        if surplus <= (len(self._messages) - surplus) // 4:
            return
        kept: list[StoredMessage] = []
        for message in self._messages:
            if surplus and message.way is None:
                surplus -= 1
                self._ended -= 1
                self._unlisted -= not message.listed
            else:
                kept.append(message)
        self._messages = kept
