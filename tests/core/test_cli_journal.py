"""The journal of a run: whatever is left of the file, it says nothing that is not so."""

from __future__ import annotations

import errno
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devino_core import ConfigurationError
from devino_core.cli._exit import JournalFailed
from devino_core.cli._journal import Journal, JournalHead, Standing

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)
HEAD = JournalHead(file_sha256="ab" * 32, options={"text": "Hello {name}", "column": {"to": "Тел"}})
UNANSWERED = {"error": {"retry": "may_duplicate"}}
ENDS: dict[Standing, dict[str, object]] = {
    Standing.ACCEPTED: {"state": "ACCEPTED", "ids": ["1"], "price": None},
    Standing.REFUSED: {"state": "REJECTED", "error": {"retry": "never"}},
    Standing.UNKNOWN: {"state": "UNKNOWN", **UNANSWERED},
}


def ref(line: int) -> str:
    return HEAD.ref(line)


def act(journal: Journal, line: int, standing: Standing) -> None:
    if standing is Standing.UNDER_WAY:
        journal.intend([(line, ref(line))], NOW)
    elif standing is Standing.UNSENT:
        journal.not_sent(line, ref(line), "ConnectFailed: no route")
    else:
        journal.end(line, ref(line), ENDS[standing])


STANDINGS = st.sampled_from([each for each in Standing if each is not Standing.NEW])
RUNS = st.lists(st.tuples(st.integers(0, 3000), STANDINGS), min_size=1, max_size=20)


def begun(path: Path | str) -> None:
    """A journal that says of one line that it was accepted."""
    journal = Journal.begin(str(path), HEAD)
    act(journal, 2, Standing.ACCEPTED)
    journal.close()


# A disk takes as long as it takes.
@settings(deadline=None)
@given(RUNS, st.data())
def test_what_was_written_before_any_cut_is_known_after_it(
    tmp_path_factory: pytest.TempPathFactory, run: list[tuple[int, Standing]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("j") / "run.jsonl"
    journal = Journal.begin(str(path), HEAD)
    sizes = [0]
    for line, standing in run:
        act(journal, line, standing)
        sizes.append(path.stat().st_size)
        assert journal.standing(line) is standing
    journal.close()
    kept = data.draw(st.integers(0, sizes[-1]), label="octets that reached the disk")
    torn = data.draw(st.sampled_from([b"", b"\0" * 10, b"\0\n" * 3]), label="what is after them")
    path.write_bytes(path.read_bytes()[:kept] + torn)

    known = dict(run[: sum(size <= kept for size in sizes) - 1])
    again = Journal.resume(str(path), HEAD)
    assert {line: again.standing(line) for line, _ in run} == {
        line: known.get(line, Standing.NEW) for line, _ in run
    }
    assert all(
        (again.intended(line) == NOW) if standing is Standing.UNDER_WAY else True
        for line, standing in known.items()
    )
    act(again, 7, Standing.ACCEPTED)
    again.close()
    assert [json.loads(line) for line in path.read_bytes().splitlines()][-1]["line"] == 7
    third = Journal.resume(str(path), HEAD)
    assert third.standing(7) is Standing.ACCEPTED
    assert third.head.ref(1) == again.head.ref(1)
    third.close()


# A disk takes as long as it takes.
@settings(deadline=None)
@given(RUNS, st.data())
def test_a_line_that_is_damaged_and_not_the_last_is_never_passed_over(
    tmp_path_factory: pytest.TempPathFactory, run: list[tuple[int, Standing]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("j") / "run.jsonl"
    journal = Journal.begin(str(path), HEAD)
    for line, standing in [*run, (1, Standing.UNDER_WAY), (2, Standing.UNDER_WAY)]:
        act(journal, line, standing)
    journal.close()
    lines = path.read_bytes().splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 2))
    lines[at] = data.draw(
        st.sampled_from(
            [b"{}\n", b"x\n", b"\n", b"null\n", lines[at][: len(lines[at]) // 2] + b"\n"]
        )
    )
    path.write_bytes(b"".join(lines))
    with pytest.raises(ConfigurationError, match=r"damaged|no journal"):
        Journal.resume(str(path), HEAD)
    assert path.read_bytes() == b"".join(lines)


def test_a_line_that_no_file_has_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    begun(path)
    with path.open("ab") as file:
        file.write(b'{"line":999999999999999,"ref":"a","unsent":"x"}\n')
    with pytest.raises(ConfigurationError, match="line 3 is damaged"):
        Journal.resume(str(path), HEAD)


def test_what_went_unsent_may_be_sent_and_what_is_in_doubt_may_not(tmp_path: Path) -> None:
    path = str(tmp_path / "run.jsonl")
    journal = Journal.begin(path, HEAD)
    for line, standing in enumerate(Standing):
        if standing is not Standing.NEW:
            act(journal, line, standing)
    found = {journal.standing(line) for line in range(10) if journal.standing(line).may_be_sent}
    assert found == {Standing.NEW, Standing.UNSENT}
    assert {each for each in Standing if each.is_doubtful} == {
        Standing.UNDER_WAY,
        Standing.UNKNOWN,
    }
    journal.close()


def test_another_file_and_other_options_are_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "run.jsonl")
    begun(path)
    other = JournalHead(file_sha256="cd" * 32, options=HEAD.options)
    with pytest.raises(ConfigurationError, match="another file, or the file has changed"):
        Journal.resume(path, other)
    other = JournalHead(file_sha256=HEAD.file_sha256, options={**HEAD.options, "text": "Bye"})
    with pytest.raises(ConfigurationError, match=r"text was 'Hello \{name\}', is 'Bye'"):
        Journal.resume(path, other)
    other = JournalHead(file_sha256=HEAD.file_sha256, options={**HEAD.options, "sender": "A"})
    with pytest.raises(ConfigurationError, match="sender was None, is 'A'"):
        Journal.resume(path, other)
    Journal.resume(path, HEAD).close()


def test_a_journal_is_begun_once_and_resumed_only_if_it_is_there(tmp_path: Path) -> None:
    path = str(tmp_path / "run.jsonl")
    with pytest.raises(ConfigurationError, match=r"no journal .* to resume: leave --resume out"):
        Journal.resume(path, HEAD)
    assert not Path(path).exists()
    Journal.begin(path, HEAD).close()
    assert Path(path).read_bytes() == b"", "nothing was sent"
    Journal.resume(path, HEAD).close()
    begun(path)
    with pytest.raises(ConfigurationError, match="is there already: add --resume"):
        Journal.begin(path, HEAD)
    with pytest.raises(ConfigurationError, match="cannot open the journal"):
        Journal.begin(str(tmp_path), HEAD)


def test_what_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "receipts.jsonl"
    file.write_text('{"ref":"a","to":"7903"}\n')
    with pytest.raises(ConfigurationError, match="is no journal of `devino send`"):
        Journal.resume(str(file), HEAD)
    file.write_text('{"journal":2,"run":"","file_sha256":"","options":{}}\n')
    with pytest.raises(ConfigurationError, match="another version"):
        Journal.resume(str(file), HEAD)


def test_two_processes_do_not_write_one_journal(tmp_path: Path) -> None:
    path = str(tmp_path / "run.jsonl")
    journal = Journal.begin(path, HEAD)
    with pytest.raises(ConfigurationError, match="another devino is writing"):
        Journal.resume(path, HEAD)
    journal.close()
    Journal.resume(path, HEAD).close()


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    begun(path)
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    journal = Journal.begin(str(tmp_path / "run.jsonl"), HEAD)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(JournalFailed, match=r"run\.jsonl cannot be written: No space left"):
        journal.intend([(2, "a")], NOW)
    monkeypatch.undo()
    journal.close()


def test_runs_over_one_file_have_refs_of_their_own() -> None:
    other = JournalHead(file_sha256=HEAD.file_sha256, options=HEAD.options)
    refs = {head.ref(line) for head in (HEAD, other) for line in range(100)}
    assert len(refs) == 200
    assert all(len(each) == 32 for each in refs)


def test_a_time_of_an_intent_is_kept_while_its_line_is_in_doubt(tmp_path: Path) -> None:
    path = str(tmp_path / "run.jsonl")
    journal = Journal.begin(path, HEAD)
    journal.intend([(2, "a"), (3, "b")], NOW - timedelta(days=4))
    act(journal, 3, Standing.ACCEPTED)
    journal.close()
    again = Journal.resume(path, HEAD)
    assert again.intended(2) == NOW - timedelta(days=4)
    assert again.intended(3) is None
    again.close()


def test_a_journal_in_a_folder_that_is_not_there_is_no_run_to_resume(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Journal.begin(str(tmp_path / "none" / "run.jsonl"), HEAD)
    assert str(raised.value).endswith("run.jsonl: No such file or directory")
