"""The page of recipes is true: its commands print what it shows, its programs do what it says."""

from __future__ import annotations

import doctest
import shutil
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from devino_core.testing import ManualClock
from devino_sandbox import Pace, World
from tests.core.test_docs_examples import EXAMPLES, ROOT, _export, _load, _run, _running, _sessions

PAGE = ROOT / "docs" / "recipes.md"


@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of its own")
def test_the_recipes_are_true(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    same = doctest.OutputChecker().check_output
    journal = str(tmp_path / "run.jsonl")
    shutil.copy(EXAMPLES / "crm.csv", tmp_path)
    with _running(World(pace=Pace.instant())) as (sandbox, _):
        _export(sandbox, monkeypatch)
        for command, expected in _sessions(PAGE):
            done = _run(command.replace("run.jsonl", journal), tmp_path)
            assert same(expected, done.stdout, doctest.ELLIPSIS), f"$ {command}\n{done.stdout}"
        texts = [message.submission.text for message in sandbox.world.messages()]
    assert texts[0] == "Анна, your table 7 is ready"
    assert len(texts) == 7


def test_reminders_come_at_nine_by_each_recipients_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    remind = _load(EXAMPLES / "by_their_clock.py").remind
    clock = ManualClock(datetime(2030, 1, 30, 12, tzinfo=UTC))
    moscow, omsk = "79161234567", "79137000000"
    with _running(World(clock=clock)) as (sandbox, _):
        _export(sandbox, monkeypatch)
        ids = remind([moscow, omsk], "See you at ten", date(2030, 1, 31))
        at = {message.to: message.send_at for message in sandbox.world.messages()}
    assert len(ids) == 2
    assert at[moscow] == datetime(2030, 1, 31, 6, tzinfo=UTC)
    assert at[omsk] != at[moscow]
