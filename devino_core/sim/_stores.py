"""Where the records are kept."""

from __future__ import annotations

from typing import Protocol

from ._records import SimRecord

__all__ = ["MemorySims", "SimStore"]


class SimStore(Protocol):
    """Keeps a record for each number: in a database, or all numbers are new after a restart."""

    async def get(self, number: str, /) -> SimRecord | None:
        """The record of a number such as ``79031234567``; None if there is none."""
        ...

    async def put(self, number: str, record: SimRecord, /, *, replaces: SimRecord | None) -> bool:
        """Keep a record in place of ``replaces`` (None: of no record).

        Atomic: if another record is there by now, keep that one and give False.
        """
        ...


class MemorySims:
    """A store for tests: it ends with the process, and every number is trusted anew."""

    def __init__(self) -> None:
        self._records: dict[str, SimRecord] = {}

    async def get(self, number: str, /) -> SimRecord | None:
        return self._records.get(number)

    async def put(self, number: str, record: SimRecord, /, *, replaces: SimRecord | None) -> bool:
        if self._records.get(number) != replaces:
            return False
        self._records[number] = record
        return True
