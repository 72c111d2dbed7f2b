"""How a bulk run is stopped, and how another one goes on with it."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from devino_core import (
    ConnectFailed,
    InsufficientFunds,
    Message,
    OutcomeUnknown,
    Receipt,
    Rejected,
    State,
    Status,
    Unavailable,
)
from devino_core.cli import _journal
from devino_core.cli._delivery import BATCH
from tests.core._cli import Platform, objects

pytestmark = pytest.mark.pythons

SIGNALS = [signal.SIGINT, signal.SIGTERM]
COUNT = BATCH * 2 + 200


def number(line: int) -> str:
    return f"7903{line:07}"


LINES = range(2, COUNT + 2)
ROWS = "to\n" + "".join(f"{number(line)}\n" for line in LINES)


@pytest.fixture
def platform() -> Platform:
    """Each message is a call; time that somebody waits for passes at once."""
    platform = Platform()
    platform.one_a_call = True
    platform.clock.auto_advance = True
    return platform


class Command:
    """A bulk run with a journal, and its resumption."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.file, self.journal = folder / "rows.csv", folder / "run.jsonl"
        self.file.write_text(ROWS)
        self.more: Sequence[str] = ()
        self._platform = platform

    def __call__(self, *more: str, logged: bool = True) -> tuple[int, list[Any], list[str]]:
        log = ["--journal", str(self.journal)] if logged else []
        args = ["send", "--file", str(self.file), "Hi", *log, "--json", *self.more, *more]
        result = self._platform.devino(*args)
        return result.exit_code, objects(result.stdout), result.stderr.splitlines()


@pytest.fixture
def send(platform: Platform, tmp_path: Path) -> Command:
    return Command(platform, tmp_path)


def once(platform: Platform, *, but: Sequence[int] = ()) -> bool:
    """Whether each line was sent once, but for these."""
    return sorted(one.to for one in platform.sent) == [
        number(line) for line in LINES if line not in but
    ]


# Signals


@pytest.mark.parametrize("which", SIGNALS)
def test_the_first_signal_lets_what_is_under_way_end(
    platform: Platform, send: Command, which: signal.Signals
) -> None:
    platform.signals = {number(700): which}
    code, (*receipts, last), errors = send(logged=False)
    assert code == 130
    assert len(receipts) == len(platform.sent)
    assert {receipt["state"] for receipt in receipts} == {"ACCEPTED"}
    assert 700 <= len(receipts) + 1 <= 710
    unsent = last["error"].pop("unsent_from")
    assert last["error"] == {"type": "Interrupted", "message": "interrupted", "retry": "safe"}
    assert platform.sent[-1].to == number(unsent - 1)
    assert errors[0] == (
        "devino: waiting up to 10 s for what is under way; once more, and it is cut off"
    )


@pytest.mark.parametrize("which", SIGNALS)
def test_the_second_signal_cuts_off_what_is_under_way_and_nothing_else_is_in_doubt(
    platform: Platform, send: Command, which: signal.Signals
) -> None:
    platform.clock.auto_advance = False
    platform.failing = {number(700): which}
    platform.signals = {number(701): which}
    code, (*receipts, last), _ = send(logged=False)
    assert code == 130
    unknown = [receipt for receipt in receipts if receipt["state"] == "UNKNOWN"]
    # Four are under way at a time.
    assert number(700) in [row["to"] for row in unknown]
    assert len(unknown) <= 4
    assert {row["error"]["retry"] for row in unknown} == {"may_duplicate"}
    assert len(receipts) == len(platform.sent) + len(unknown)
    assert last["error"]["retry"] == "may_duplicate"
    assert last["error"]["unsent_from"] == max(int(row["to"][4:]) for row in receipts) + 1


def test_what_does_not_end_in_its_time_is_cut_off(platform: Platform, send: Command) -> None:
    platform.failing = {number(700): signal.SIGINT}
    began = platform.clock.monotonic()
    code, (*receipts, _), _ = send("--grace", "7s", logged=False)
    assert code == 130
    assert platform.clock.monotonic() - began == 7
    assert [row["to"] for row in receipts if row["state"] == "UNKNOWN"] == [number(700)]


def test_people_are_told_how_far_it_came(platform: Platform, send: Command) -> None:
    platform.signals = {number(700): signal.SIGINT}
    args = ["--journal", str(send.journal)]
    result = platform.devino("send", "--file", str(send.file), "Hi", *args)
    _, interrupted, far, goes_on, counts = result.stderr.splitlines()
    unsent = len(platform.sent) + 2
    assert interrupted == "devino: interrupted"
    assert far == (
        f"devino: the lines before {unsent} are reported, nothing from line {unsent} on was sent"
    )
    assert goes_on == "devino: the same command with --resume goes on"
    assert counts == f"devino: {len(platform.sent)} accepted"


def test_a_signal_when_all_is_sent_changes_nothing(platform: Platform, send: Command) -> None:
    platform.signals = {number(COUNT + 1): signal.SIGINT}
    code, receipts, _ = send()
    assert (code, len(receipts)) == (0, COUNT)


# Resuming


@pytest.mark.parametrize("which", SIGNALS)
@pytest.mark.parametrize("line", [2, 499, 500, 501, 502, 1000, 1150])
def test_a_run_that_was_stopped_goes_on(
    platform: Platform, send: Command, which: signal.Signals, line: int
) -> None:
    platform.signals = {number(line): which}
    code, rows, _ = send()
    sent = len(platform.sent)
    assert code == 130
    assert sent < COUNT
    platform.signals = {}
    code, rows, errors = send("--resume")
    assert code == 0
    assert len(rows) == COUNT - sent
    assert errors == [f"devino: {COUNT - sent} accepted, {sent} accepted before"]
    assert once(platform)
    code, rows, errors = send("--resume")
    assert (code, rows) == (0, [])
    assert errors == [f"devino: 0 accepted, {COUNT} accepted before"]


def test_what_was_cut_off_is_reported_each_time_and_never_sent_again(
    platform: Platform, send: Command
) -> None:
    platform.failing = {number(700): signal.SIGINT}
    assert send()[0] == 130
    platform.failing = {}
    for _ in range(2):
        code, rows, _ = send("--resume")
        assert code == 3
        (unknown,) = [row for row in rows if row["state"] == "UNKNOWN"]
        assert unknown["to"] == number(700)
        assert unknown["error"]["retry"] == "may_duplicate"
    assert once(platform, but=[700])


@pytest.mark.parametrize(
    "error", [ConnectFailed("no route"), InsufficientFunds("the balance is used up")]
)
@pytest.mark.parametrize("one_a_call", [False, True])
def test_what_was_not_sent_is_sent_by_the_next_run(
    platform: Platform, send: Command, error: Exception, one_a_call: bool
) -> None:
    platform.one_a_call = one_a_call
    platform.failing = {number(line): error for line in range(700, 705)}
    assert send()[0] == 1
    assert len(platform.sent) < COUNT
    platform.failing = {}
    assert send("--resume")[0] == 0
    assert once(platform)


def test_what_was_refused_is_not_sent_again(platform: Platform, send: Command) -> None:
    platform.refused = {number(7): Rejected("Unknown number", code=7)}
    assert send()[0] == 1
    platform.refused = {}
    code, rows, errors = send("--resume")
    assert (code, rows) == (1, [])
    assert errors == [f"devino: 0 accepted, {COUNT - 1} accepted before, 1 refused before"]


def test_an_answer_that_was_lost_stays_unknown(platform: Platform, send: Command) -> None:
    platform.failing = {number(7): OutcomeUnknown("no answer")}
    assert send()[0] == 3
    platform.failing = {}
    code, rows, _ = send("--resume")
    assert (code, [row["to"] for row in rows]) == (3, [number(7)])
    assert once(platform, but=[7])


def test_refs_are_the_rows_own_or_the_runs(platform: Platform, send: Command) -> None:
    send.file.write_text(f"to,ref\n{number(2)},mine\n{number(3)},\n")
    assert send()[0] == 0
    head, *entries = objects(send.journal.read_text())
    assert [entry["ref"] for entry in entries if "receipt" in entry] == [
        one.ref for one in platform.sent
    ]
    assert platform.sent[0].ref == "mine"
    assert len(platform.sent[1].ref) == 32
    assert head["options"]["text"] == "Hi"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--sender", "B"], "sender was None, is 'B'"),
        (["--validity", "1h"], "validity was None"),
        (["--channel", "fake"], "channel was None, is 'fake'"),
        (["--unique"], "unique was False, is True"),
        (["--column", "to=to"], "column was {}, is {'to': 'to'}"),
    ],
)
def test_another_run_is_no_continuation(
    platform: Platform, send: Command, more: list[str], said: str
) -> None:
    send.file.write_text(f"to\n{number(2)}\n")
    assert send()[0] == 0
    (code, rows, _) = send("--resume", *more)
    assert (code, rows[0]["error"]["type"]) == (2, "ConfigurationError")
    assert said in rows[0]["error"]["message"]
    send.file.write_text(f"to\n{number(3)}\n")
    assert "the file has changed" in send("--resume")[1][0]["error"]["message"]
    assert "is there already" in send()[1][0]["error"]["message"]
    assert len(platform.sent) == 1


def test_how_fast_it_goes_may_change(platform: Platform, send: Command) -> None:
    platform.signals = {number(700): signal.SIGINT}
    assert send("--rate", "100/s")[0] == 130
    platform.signals = {}
    assert send("--resume", "--rate", "500/s", "--grace", "1s")[0] == 0
    assert once(platform)


@pytest.mark.parametrize("nth", [1, 2, 3, 300, 502, 503])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_ends_the_run_and_leaves_no_doubt_that_is_not_told(
    platform: Platform, send: Command, monkeypatch: pytest.MonkeyPatch, nth: int, call: str
) -> None:
    acts = 0

    class Full:
        def __getattr__(self, name: str) -> object:
            return getattr(os, name)

    def full(*args: Any) -> Any:
        nonlocal acts
        acts += 1
        if acts >= nth:
            raise OSError(errno.ENOSPC, "No space left on device")
        return getattr(os, call)(*args)

    setattr(Full, call, staticmethod(full))
    with monkeypatch.context() as patched:
        patched.setattr(_journal, "os", Full())
        code, (*rows, last), _ = send()
    if call == "fsync" and nth > 3:
        # There are no more than one a batch, and one at the end.
        assert (code, len(platform.sent)) == (0, COUNT)
        return
    assert code == 74
    assert last["error"]["type"] == "JournalFailed"
    assert "run.jsonl cannot be written: No space left" in last["error"]["message"]
    assert len(platform.sent) == len(rows)
    code, rows, _ = send("--resume")
    unknown = {row["to"] for row in rows if row["state"] == "UNKNOWN"}
    arrived = [one.to for one in platform.sent]
    assert len(set(arrived)) == len(arrived)
    assert set(arrived) | unknown == {number(line) for line in LINES}


# Asking


def test_a_channel_that_cannot_be_asked_by_ref_is_said(platform: Platform, send: Command) -> None:
    platform.failing = {number(7): OutcomeUnknown("no answer")}
    send()
    code, _, errors = send("--resume", "--ask")
    assert code == 3
    assert "devino: --ask: channel 'fake' cannot be asked by ref" in errors


class Asked(Platform):
    """Its channel can be asked by ref."""

    def __init__(self) -> None:
        super().__init__()
        self.clock.auto_advance = True
        self.told: Status | Exception | None = None
        self.refs: list[str] = []

    def extend(self, kind: Any) -> None:
        platform = self

        async def recall(_: object, messages: Sequence[Message]) -> list[Receipt | None]:
            platform.refs += [one.ref for one in messages]
            told = platform.told
            if isinstance(told, Exception):
                raise told
            if told is None:
                return [None] * len(messages)
            return [
                Receipt.of(
                    one,
                    told,
                    channel="fake",
                    ids=() if told.id is None else (told.id,),
                    error=told.error,
                )
                for one in messages
            ]

        kind.recall = recall


@pytest.mark.parametrize(
    ("told", "code", "state"),
    [
        (Status(state=State.DELIVERED, id="17"), 0, "DELIVERED"),
        (Status(state=State.REJECTED), 1, "REJECTED"),
        (None, 0, "ACCEPTED"),
        (Status(state=State.UNKNOWN, error=Unavailable("no answer")), 3, "UNKNOWN"),
        (Unavailable("no answer"), 3, "UNKNOWN"),
    ],
)
def test_what_the_platform_knows_of_a_ref_decides(
    tmp_path: Path, told: Status | Exception | None, code: int, state: str
) -> None:
    platform = Asked()
    send = Command(platform, tmp_path)
    send.file.write_text(f"to\n{number(2)}\n")
    platform.failing = {number(2): OutcomeUnknown("no answer")}
    assert send()[0] == 3
    platform.failing = {}
    platform.told = told
    found, (row, *_), _ = send("--resume", "--ask")
    assert (found, row["state"]) == (code, state)
    assert len(platform.sent) == (1 if state == "ACCEPTED" else 0)
    assert len(platform.refs) == 1
    if code == 0:
        assert send("--resume", "--ask")[1] == []
        assert len(platform.refs) == 1


def test_what_the_platform_may_have_forgotten_is_not_sent_again(tmp_path: Path) -> None:
    platform = Asked()
    send = Command(platform, tmp_path)
    send.file.write_text(f"to\n{number(2)}\n")
    platform.failing = {number(2): OutcomeUnknown("no answer")}
    send()
    platform.failing = {}
    platform.clock.advance(timedelta(hours=49).total_seconds())
    assert send("--resume", "--ask")[0] == 3
    assert platform.sent == []


def test_the_journal_holds_the_receipts_that_json_shows(platform: Platform, send: Command) -> None:
    send.file.write_text(f"to\n{number(2)}\n")
    _, (shown,), _ = send()
    (kept,) = [
        json.loads(line)["receipt"]
        for line in send.journal.read_text().splitlines()
        if '"receipt"' in line
    ]
    assert kept == {name: value for name, value in shown.items() if value is not None}
