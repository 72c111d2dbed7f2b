"""A bare SMPP session end to end, each answer awaited, against a centre in its own process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bench._canned_smpp import canned_centre
from tests.bench._smpp_peers import LOOPS, MESSAGES, Run, by_smpp34, by_smpplib, ours
from tests.bench.conftest import Table


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with canned_centre() as port:
        yield port


@pytest.fixture(scope="module")
def port_with_receipts() -> Iterator[int]:
    with canned_centre(receipts=True) as port:
        yield port


@pytest.mark.parametrize("window", [100, 10])
@pytest.mark.parametrize("loop", LOOPS)
def test_each_answer_awaited(compare: Table, port: int, window: int, loop: str) -> None:
    _compare(compare, f"{MESSAGES} submits, window {window}, {loop}", port, window, LOOPS[loop])


@pytest.mark.parametrize("loop", LOOPS)
def test_with_a_receipt_for_each(compare: Table, port_with_receipts: int, loop: str) -> None:
    title = f"{MESSAGES} submits and receipts, window 100, {loop}"
    _compare(compare, title, port_with_receipts, 100, LOOPS[loop], receipts=True)


def _compare(
    compare: Table, title: str, port: int, window: int, run: Run, *, receipts: bool = False
) -> None:
    pytest.importorskip("smpp34")
    pytest.importorskip("smpplib")
    compare(
        title,
        lambda: run(ours(port, window, receipts=receipts)),
        {
            "smpp34": lambda: run(by_smpp34(port, window, receipts=receipts)),
            "smpplib": lambda: by_smpplib(port, window, receipts=receipts),
        },
        rounds=5,
    )
