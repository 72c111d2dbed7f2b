"""The ids that the platform gives: are they ids, and are they of this message?"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence, Set
from typing import cast

from devino_core import ProtocolViolation

from .answered import of_answer

__all__ = ["MOST_PARTS", "GivenIds", "most_answered", "there"]

MOST_PARTS = 255
"""A text of more parts cannot be put together again: TS 23.040 counts them in an octet."""
# Zero and what is below it say that there is none.
_is_id = re.compile(r"(?!-?0*\Z|-[0-9]+\Z)[!-~]{1,64}").fullmatch


def most_answered(ids: int) -> int:
    """How many bytes an answer with so many ids may have; anything longer is no answer."""
    return 64 * 1024 + 64 * ids


def there(ids: Sequence[str | None]) -> tuple[str, ...]:
    """Those that are not None."""
    # Nearly always all are.
    if None in ids:
        return tuple([one for one in ids if one is not None])
    return cast("tuple[str, ...]", tuple(ids))


class GivenIds:
    """The ids that were given lately: the last ``keep`` at least, and twice as many at most.

    One that comes a second time is the answer to another question, however it got here: the
    message of this one may never have arrived.
    """

    def __init__(self, *, keep: int = 10_000) -> None:
        self._keep = keep
        # Two sets that take turns: to forget the oldest ids one by one costs more than all else.
        self._given: set[str] = set()
        self._before: set[str] = set()

    def take(self, ids: Sequence[str | None], *, most: int) -> tuple[str | None, ...]:
        """The ids of a call that sent, without the white space around them; ``most`` may come.

        None is one that the platform left empty. Raises ProtocolViolation for what is no id, for an
        id of another call, and where there is none at all.
        """
        if len(ids) > most:
            raise _odd(f"the platform gave {len(ids)} ids where {most} are possible")
        taken = tuple(ids)
        given = there(taken)
        if not all(map(_is_id, given)):
            taken = tuple([one and one.strip() for one in ids])
            given = there(taken)
            if not all(map(_is_id, given)):
                raise _odd("the platform gave something that is no id of a message")
        if not given:
            raise _odd("the platform took a message and gave no id for it")
        self.remember(given)
        return taken

    def remember(self, ids: Collection[str]) -> None:
        """One call gave these ids. Raises ProtocolViolation if another gave one of them."""
        if not (self._given.isdisjoint(ids) and self._before.isdisjoint(ids)):
            raise self._of_another_call(self._known(ids))
        self._keep_these(ids)

    def remember_new(self, ids: Set[str]) -> Set[str]:
        """One call gave these ids, to different messages. Gives those that another call gave.

        Raises ProtocolViolation if there is no new one: then nothing here answers this call.
        """
        known = self._known(ids)
        if known and len(known) == len(ids):
            raise self._of_another_call(known)
        self._keep_these(ids - known if known else ids)
        return known

    def _known(self, ids: Collection[str]) -> Set[str]:
        if self._given.isdisjoint(ids) and self._before.isdisjoint(ids):
            return frozenset()
        return (self._given | self._before).intersection(ids)

    def _keep_these(self, ids: Collection[str]) -> None:
        if len(self._given) >= self._keep:
            self._before, self._given = self._given, set()
        self._given.update(ids)

    @staticmethod
    def _of_another_call(known: Set[str]) -> ProtocolViolation:
        return _odd(
            f"the platform gave the id {min(known)}, which is another message's: perhaps this is "
            "the answer to another call"
        )


def _odd(what: str) -> ProtocolViolation:
    return of_answer(ProtocolViolation(what))
