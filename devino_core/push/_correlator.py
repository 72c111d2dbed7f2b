"""Finds the sent message that a report is about, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import TypeAlias

import msgspec

__all__ = ["Correlator", "Origin"]


class Origin(msgspec.Struct, frozen=True, gc=False):
    """The message that an id was given for."""

    ref: str
    sender: str


_SPARE = 100

Found: TypeAlias = Callable[[Origin | None], None]


class _Early:
    """A report with an unknown id. It waits as long as a coming answer may give that id."""

    __slots__ = ("after", "found", "id")

    def __init__(self, message_id: str, after: int, found: Found) -> None:
        self.id = message_id
        self.after = after
        self.found: Found | None = found


class Correlator:
    """Remembers the last ``size`` ids.

    A report can come before the answer that gives its id: through another session, or because the
    centre writes it first. So a report with an unknown id waits for the submits that were under way
    when it came. Once all of them are answered or given up, it waits no longer.

    Reports may spell an id otherwise than the answer did. ``canonical`` gives one spelling for ids
    that mean the same. An id that is spelt exactly alike comes first.
    """

    def __init__(self, size: int, *, canonical: Callable[[str], str] | None = None) -> None:
        self.waiting: int = 0
        """How many reports wait."""
        self._size = size
        self._canonical = canonical
        self._origins: OrderedDict[str, Origin] = OrderedDict()
        self._alike: dict[str, str] | None = None
        """Ids by their canonical spelling, where that differs. Of ids that are alike, the last.

        It is made for the first id that is not found exactly: most centres spell all ids alike.
        """
        self._last = 0
        self._under_way: dict[int, None] = {}
        """Numbers of submits, the oldest first."""
        self._early: deque[_Early] = deque()
        self._early_by_id: defaultdict[str, list[_Early]] = defaultdict(list)

    def begin(self) -> int:
        """A submit leaves. Gives a number; pass it to :meth:`end`."""
        self._last += 1
        self._under_way[self._last] = None
        return self._last

    def end(self, number: int, message_id: str, origin: Origin) -> None:
        """The submit was answered with this id ("" for none), or given up ("")."""
        del self._under_way[number]
        if message_id:
            self.remember(message_id, origin)
        if self._early:
            self._release()

    def remember(self, message_id: str, origin: Origin) -> None:
        """The id was given for this message."""
        self._origins[message_id] = origin
        if self._alike is not None:
            self._spell(message_id, self._alike)
        if len(self._origins) > self._size:
            oldest, _ = self._origins.popitem(last=False)
            if self._alike:
                self._forget(oldest, self._alike)
        if self._early_by_id:
            for early in self._early_by_id.pop(message_id, ()):
                self._tell(early, origin)

    def origin(self, message_id: str) -> Origin | None:
        """The message of this id, if it is remembered."""
        return self._origins.get(self.given(message_id))

    def given(self, message_id: str) -> str:
        """The remembered id that means the same, as the answer gave it; else this id."""
        if self._canonical is None or message_id in self._origins:
            return message_id
        if self._alike is None:
            self._alike = {}
            for remembered in self._origins:
                self._spell(remembered, self._alike)
        spelt = self._canonical(message_id)
        return self._alike.get(spelt, spelt if spelt in self._origins else message_id)

    def find(self, message_id: str, found: Found) -> None:
        """Call ``found`` with the origin, or with None once it is certain that it is unknown."""
        if message_id in self._origins or not self._under_way:
            found(self.origin(message_id))
            return
        early = _Early(message_id, self._last, found)
        self.waiting += 1
        if len(self._early) > 2 * self.waiting + _SPARE:
            # One submit without an answer may hold back many reports that were told meanwhile.
            self._early = deque(early for early in self._early if early.found is not None)
        self._early.append(early)
        self._early_by_id[message_id].append(early)

    def _release(self) -> None:
        oldest = next(iter(self._under_way), self._last + 1)
        while self._early and (self._early[0].after < oldest or self._early[0].found is None):
            early = self._early.popleft()
            if early.found is not None:
                same = self._early_by_id[early.id]
                same.remove(early)
                if not same:
                    del self._early_by_id[early.id]
                self._tell(early, self.origin(early.id))

    def _spell(self, message_id: str, alike: dict[str, str]) -> None:
        spelt = self._canonical(message_id) if self._canonical else message_id
        if spelt != message_id:
            alike[spelt] = message_id
        else:
            alike.pop(spelt, None)

    def _forget(self, message_id: str, alike: dict[str, str]) -> None:
        spelt = self._canonical(message_id) if self._canonical else message_id
        if alike.get(spelt) == message_id:
            del alike[spelt]

    def _tell(self, early: _Early, origin: Origin | None) -> None:
        found, early.found = early.found, None
        if found is not None:
            self.waiting -= 1
            found(origin)
