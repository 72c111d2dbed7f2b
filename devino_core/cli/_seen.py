"""Which of very many values stood before, in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Hashable

__all__ = ["Seen"]

_BITS = 0xFFFF_FFFF_FFFF_FFFF


class Seen:
    """A set that keeps 64 bits of each value's hash: some 20 bytes a value, where a set takes 100.

    Among a million values, two of one hash are as likely as one in thirty million.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, value: Hashable) -> bool:
        """Add it, and give whether it is new."""
        key = hash(value) & _BITS or 1
        if not self._put(self._slots, key):
            return False
        self._count += 1
        if self._count * 3 > len(self._slots) * 2:
            larger = array("Q", bytes(16 * len(self._slots)))
            for one in self._slots:
                if one:
                    self._put(larger, one)
            self._slots = larger
        return True

    @staticmethod
    def _put(slots: array[int], key: int) -> bool:
        # Open addressing; the high bits decide, for numbers hash to themselves.
        mask = len(slots) - 1
        place = (key * 0x9E37_79B9_7F4A_7C15 & _BITS) >> (64 - mask.bit_length())
        while (found := slots[place]) != 0:
            if found == key:
                return False
            place = (place + 1) & mask
        slots[place] = key
        return True
