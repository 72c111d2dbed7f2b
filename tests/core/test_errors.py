"""Errors can be pickled to another process, and copied for each of several callers."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator

import pytest

from devino_core import errors
from devino_core.cli._table import InvalidRow
from devino_core.errors import (
    AuthenticationFailed,
    DevinoError,
    InvalidArgument,
    InvalidMessage,
    ProtocolViolation,
    Rejected,
    Throttled,
)

pytestmark = pytest.mark.pythons


class Locked(AuthenticationFailed):
    """An error as a plugin might define it, with its own constructor."""

    def __init__(self, minutes: int, *, until: str) -> None:
        super().__init__(f"locked for {minutes} minutes", code=4)
        self.until = until


BY_HAND: dict[type[DevinoError], DevinoError] = {
    InvalidArgument: InvalidArgument("number", "is too short"),
    InvalidMessage: InvalidMessage("sender", "is too long", ref="r1"),
    ProtocolViolation: ProtocolViolation("no JSON", changes=False),
    Rejected: Rejected("wrong number", code=6),
    Throttled: Throttled("slowly", retry_after=2.5),
    Locked: Locked(5, until="noon"),
    InvalidRow: InvalidRow(7, "to", "is empty"),
}


def _kinds(root: type[DevinoError] = DevinoError) -> Iterator[type[DevinoError]]:
    if root.__module__ == errors.__name__:
        yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)


@pytest.mark.parametrize(
    "travel", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
@pytest.mark.parametrize("kind", [*_kinds(), Locked, InvalidRow])
def test_an_error_arrives_with_all_that_it_says(
    kind: type[DevinoError], travel: Callable[[DevinoError], DevinoError]
) -> None:
    error = BY_HAND.get(kind) or kind("said")
    error.refs = ("r1", "r2")
    arrived = travel(error)
    assert type(arrived) is kind
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)
    assert arrived.retry is error.retry


def test_every_error_of_the_module_is_among_them() -> None:
    assert {kind.__name__ for kind in _kinds()} == set(errors.__all__) - {"Retry"}
