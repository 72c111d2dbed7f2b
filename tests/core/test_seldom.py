"""Log lines that a peer can cause: one a second, and none of them uncounted."""

from __future__ import annotations

import logging

import pytest

from devino_core.seldom import Seldom
from devino_core.testing import ManualClock


async def test_one_line_a_second_and_how_many_were_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    say = Seldom(logging.getLogger("test"), clock)
    for number in range(5):
        say("line %s", number)
    clock.advance(0.9)
    say("line 5")
    clock.advance(0.1)
    say("line 6")
    say("line 7")
    say.tell()
    say.tell()
    assert [record.getMessage() for record in caplog.records] == [
        "line 0",
        "5 more like the last line",
        "line 6",
        "1 more like the last line",
    ]
