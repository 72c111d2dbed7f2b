"""The SIMs of the subscribers, and what the platform has noted of them for its customers.

- ``79990005001`` to ``003``: nobody can tell the IMSI: the operator has no such answer, the
  subscriber is away, the operator's equipment has failed;
- ``79990005010``: another IMSI at each question;
- ``79990005011``: another one from the second question on;
- every other number has one IMSI, until :meth:`Sims.swap`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devino_core.sim import SimCheck, SimRecord, SimState, SimUnavailable, WhyNot

from ._accounts import Account
from ._kept import Kept
from ._world import World

__all__ = ["Sims"]

_SILENT: Mapping[str, WhyNot] = {
    "79990005001": "operator",
    "79990005002": "absent",
    "79990005003": "failure",
}
_RESTLESS, _SWAPPED = "79990005010", "79990005011"


class Sims:
    """A book of the World. Numbers are in the form in which messages have them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._given: Kept[str, str] = Kept(world)
        self._asked: Kept[str, int] = Kept(world)
        self._records: Kept[tuple[Account, str], SimRecord] = Kept(world)

    def imsi(self, number: str) -> str:
        """The IMSI, as the operator tells it when asked. Raises SimUnavailable."""
        imsi = self.current(number)
        if number in (_RESTLESS, _SWAPPED):
            self._asked[number] = self._asked.get(number, 0) + 1
        return imsi

    def current(self, number: str) -> str:
        """The IMSI that the next question is told. Raises SimUnavailable."""
        if number in _SILENT:
            raise SimUnavailable(_SILENT[number])
        if (given := self._given.get(number)) is not None:
            return given
        asked = self._asked.get(number, 0)
        swaps = min(asked, 1) if number == _SWAPPED else asked
        return f"250{swaps + 1:02}{number[-10:]:0>10}"

    def swap(self, number: str, imsi: str) -> None:
        """The subscriber has another SIM from now on."""
        self._given[number] = imsi

    def compare(self, number: str, imsi: str) -> SimCheck:
        """Whether the number has this SIM: SAME, CHANGED, or UNCHECKED if nobody can tell."""
        try:
            has_it = self.imsi(number).casefold() == imsi.strip().casefold()
        except SimUnavailable:
            return SimCheck.UNCHECKED
        return SimCheck.SAME if has_it else SimCheck.CHANGED

    def check(self, account: Account, number: str) -> SimCheck:
        """What the platform finds before it sends for this account, and notes.

        It asks for the first reference beside the sending, and then before each.
        """
        record = self.record(account, number)
        if record.mark is not None:
            return record.mark
        try:
            value = self.imsi(number).casefold()
        except SimUnavailable:
            return SimCheck.UNCHECKED
        after, found = record.compared(value, self._world.clock.now())
        self._records[account, number] = after
        return found

    def record(self, account: Account, number: str) -> SimRecord:
        """What the platform has noted of a number for this account."""
        return self._records.get((account, number), SimRecord())

    def recheck(self, account: Account, number: str) -> None:
        """The account's owner takes the present SIM for the right one. Raises SimUnavailable."""
        value, now = self.imsi(number).casefold(), self._world.clock.now()
        self._records[account, number] = self.record(account, number).rechecked(value, now)

    def mark(self, account: Account, number: str, mark: SimState) -> None:
        """The account's owner decides that nothing is compared: ALWAYS_SEND or ALWAYS_REFUSE."""
        after = self.record(account, number).marked(mark, self._world.clock.now())
        self._records[account, number] = after

    def resume(self, account: Account, number: str) -> None:
        """The account's owner decides that it is compared again."""
        after = self.record(account, number).resumed(self._world.clock.now())
        self._records[account, number] = after

    def known(self) -> Sequence[str]:
        """The numbers of which there is something to show."""
        noted = [number for _, number in self._records]
        return sorted({*self._given, *self._asked, *noted})
