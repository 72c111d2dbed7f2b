"""``devino outbox``, the settings of the outbox, and its examples."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devino_core import ConfigurationError, Message, NotFound, Plugins, Priority, read_config
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_core.outbox import Added, BlockingOutbox, Outbox, Phase, Query
from devino_outbox import PostgresSettings
from devino_outbox.postgres._schema import connect
from devino_sandbox import LocalSandbox, Sandbox
from tests.core.test_docs_examples import EXAMPLES, _export

from ._shop import check_shop


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:{tmp_path / 'outbox.db'}"
    monkeypatch.setenv("DEVINO__OUTBOX__URL", url)
    return url


def devino(*args: str, given: str = "") -> Result:
    return CliRunner().invoke(Devino(App()), ["outbox", *args], input=given)


def told(*args: str, given: str = "") -> object:
    result = devino(*args, "--json", given=given)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


LINES = """
{"to": "79031234567", "content": "One"}
{"to": "79031234568", "content": "Two", "ref": "two"}
"""


def test_an_import_adds_each_line_once(url: str, tmp_path: Path) -> None:
    assert told("import", "-", given=LINES) == {"new": 2, "same": 0, "taken": 0}
    assert told("import", "-", given=LINES) == {"new": 0, "same": 2, "taken": 0}
    table = tmp_path / "rows.csv"
    table.write_text("to,text\n79031234567,Three\n79031234569,Four\n")
    assert told("import", str(table), "--tenant", "shop") == {"new": 2, "same": 0, "taken": 0}
    assert told("import", str(table), "--tenant", "shop") == {"new": 0, "same": 2, "taken": 0}
    other = devino("import", "-", given='{"to": "79031234568", "content": "Other", "ref": "two"}')
    assert other.exit_code == 1
    assert "'two'" in other.output
    broken = devino("import", "-", given='{"to": 5}')
    assert broken.exit_code == 2
    rows = told("list", "--tenant", "shop")
    assert isinstance(rows, list)
    assert len(rows) == 2


def test_a_message_is_looked_at_and_decided_on(url: str) -> None:
    told("import", "-", given=LINES)
    shown = told("show", "two")
    assert isinstance(shown, dict)
    assert shown["phase"] == "queued"
    assert devino("show", "none").exit_code == 1
    assert told("migrate", "--restored") == {"steps": [], "in_doubt": 2}
    rows = told("list", "--phase", "doubt")
    assert isinstance(rows, list)
    assert len(rows) == 2
    assert told("resolve", "two", "sent", "--id", "5") == {"changed": 1}
    assert devino("resolve", "two", "sent").exit_code == 1
    assert devino("resolve", "--all", "--how", "give-up", given="n\n").exit_code == 130
    assert told("resolve", "--all", "--how", "give-up", "--yes") == {"changed": 1}
    assert devino("resolve", "--all").exit_code == 2
    assert devino("cancel").exit_code == 2
    assert told("forget", "--to", "+7 903 123-45-68") == {"forgotten": 1}
    events = devino("events", "--json").stdout.splitlines()
    assert [json.loads(line)["kind"] for line in events][:2] == ["in-doubt", "in-doubt"]
    assert told("migrate", "--check") == {"steps": [], "in_doubt": 0}


def test_stats_count_and_raise_an_alarm(url: str) -> None:
    told("import", "-", given=LINES)
    assert devino("pause", "tenant:shop").exit_code == 0
    stats = told("stats")
    assert isinstance(stats, dict)
    assert stats["lanes"][0]["queued"] == 2
    assert list(stats["paused"]) == ["tenant:shop"]
    assert devino("resume", "tenant:shop").exit_code == 0
    assert devino("pause", "planet:mars").exit_code == 2
    with closing(sqlite3.connect(url.removeprefix("sqlite:"))) as connection:
        connection.execute("UPDATE outbox SET due = due - 60000000")
        connection.commit()
    assert devino("stats", "--alarm", "30s").exit_code == 3
    ages = told("stats", "--ages")
    assert isinstance(ages, list)
    (row,) = ages
    assert (row["due"], row["40"], row["80"], row["1280+"]) == (2, 0, 2, 0)
    assert devino("stats", "--alarm", "90s").exit_code == 0


def test_settings_name_what_is_wrong(url: str, tmp_path: Path) -> None:
    for values, said in (
        ({"urll": "x", "url": url}, "urll"),
        ({"retention": "long", "url": url}, "retention"),
        ({"group_max": 0, "url": url}, "group_max"),
        ({"group_max": "many", "url": url}, "group_max: expected a whole number, got a text"),
        ({"url": "oracle://x"}, "oracle"),
        ({}, "DEVINO__OUTBOX__URL"),
    ):
        config = read_config(environ={})
        config.reserved["outbox"] = dict(values)
        with pytest.raises(ConfigurationError, match=said):
            Outbox(config=config)
    file = tmp_path / "devino.toml"
    file.write_text(
        f'[outbox]\nurl = "{url}"\ngroup_max = 7\n'
        "[outbox.channels.smpp]\nrate = 50\nin_flight = 9\n"
        "[outbox.tenants.shop]\nweight = 2\n"
    )
    made = Outbox(config=read_config(file, environ={}))
    assert made.settings.pace("smpp").in_flight == 9
    assert made.settings.tenants["shop"].weight == 2
    assert made.settings.pace("other").rate is None


def test_the_blocking_outbox_does_the_same(url: str) -> None:
    with BlockingOutbox(url) as outbox:
        assert outbox.enqueue(Message("79031234567", "Hello", ref="a")) is Added.NEW
        assert outbox.enqueue_many([Message("79031234567", "Hello", ref="a")]) == [Added.SAME]
        assert [entry.ref for entry in outbox.entries(Query(phase=Phase.QUEUED))] == ["a"]
        assert outbox.cancel("a")
        assert outbox.wait("a").phase is Phase.DONE
        assert [event.ref for event in outbox.events("x")] == ["a"]
        assert list(outbox.events("x")) == []
        with pytest.raises(NotFound):
            outbox.cancel("b")
    with pytest.raises(RuntimeError, match="open the outbox"):
        outbox.get("a")


def test_run_sends_what_was_imported(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> tuple[int, list[str]]:
        async with Sandbox() as sandbox:
            _export(sandbox, monkeypatch)
            monkeypatch.setenv("DEVINO__OUTBOX__URL", url)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "devino_core.cli", "outbox", "run", "--once"
            )
            code = await process.wait()
            return code, [message.submission.text for message in sandbox.world.messages()]

    told("import", "-", given=LINES)
    code, texts = asyncio.run(run())
    assert code == 0
    assert sorted(texts) == ["One", "Two"]


def test_run_prints_what_subscribers_write_and_what_happens(url: str) -> None:
    with LocalSandbox() as sandbox:
        environ = {"DEVINO_CONFIG": os.devnull, "DEVINO__OUTBOX__URL": url}
        with subprocess.Popen(
            [sys.executable, "-m", "devino", "outbox", "run", "--events", "--json"],
            env=os.environ | sandbox.environ("smpp") | environ,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                sandbox.reply("79161234567", "1234", "Stop")
                assert process.stdout is not None
                told = json.loads(process.stdout.readline())
            finally:
                process.terminate()
    assert told["event"] == "Incoming"
    assert (told["sender"], told["to"], told["text"]) == ("79161234567", "1234", "Stop")


def test_events_name_their_columns_and_a_pause_of_nobody_is_noted(url: str) -> None:
    told("import", "-", given=LINES)
    told("migrate", "--restored")
    header, first, *_ = devino("events").stdout.splitlines()
    assert header == "cursor\tat\tkind\tref\tchannel\tstate\treason"
    assert first.split("\t")[2] == "in-doubt"
    paused = devino("pause", "smp")
    assert paused.exit_code == 0
    assert "no channel is named 'smp' here" in paused.stderr
    assert devino("pause", "tenant:smp").stderr == ""


def test_the_script_sends_each_line_once(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> list[str]:
        async with Sandbox() as sandbox:
            _export(sandbox, monkeypatch)
            monkeypatch.setenv("DEVINO__OUTBOX__URL", url)
            for _ in range(2):
                process = await asyncio.create_subprocess_exec(
                    sys.executable, str(EXAMPLES / "outbox_script.py"), str(tmp_path / "in.txt")
                )
                assert await process.wait() == 0
            return [message.submission.text for message in sandbox.world.messages()]

    (tmp_path / "in.txt").write_text("79031234567;One\n79031234568;Two\n")
    assert sorted(asyncio.run(run())) == ["One", "Two"]


async def test_an_order_and_its_message_are_stored_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "shop.db"
    monkeypatch.setenv("SHOP_DB", str(path))
    await check_shop("outbox_sqlalchemy")


def test_plugins_name_the_store() -> None:
    assert "sqlite" in Plugins().stores()
    with pytest.raises(ConfigurationError, match="did you mean"):
        Plugins().store_spec("sqlit")


def test_importing_the_kernel_does_not_import_the_outbox() -> None:
    code = "import sys, devino_core; sys.exit('devino_core.outbox' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_realtime_message_has_a_deadline_by_itself(url: str) -> None:
    with BlockingOutbox(url) as outbox:
        outbox.enqueue(Message("79031234567", "1234", ref="a", priority=Priority.REALTIME))
        entry = outbox.get("a")
        assert entry is not None
        assert entry.until is not None
        assert (entry.until - entry.due).total_seconds() == 300


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("", "'--store': must not be empty"),
        ("nonsense", "its URL cannot be read"),
        ("nats://[hunter2", "its URL cannot be read"),
        ("foo://x", "no plugin brings a store 'foo'"),
        ("postgresql://me:hunter2@h:x/db", "a port that is none"),
        ("postgresql://me:hunter2@h:99999/db", "a port that is none"),
        ("postgresql://me:hunter2@h1:5432,h2:0/db", "a port that is none"),
        ("postgresql:///db?port=x&password=hunter2", "a port that is none"),
        ("postgresql://me:hunter2@h/db?connect_timeout=x", "does not take: connect_timeout"),
        ("postgresql://me:hunter2/x@h/db", "a / in a password is written %2F"),
        ("postgresql://me:hunter2%zz@h/db", "the URL of the database cannot be read"),
    ],
)
def test_a_store_that_is_none_is_one_line_and_code_2(store: str, said: str) -> None:
    result = devino("run", "--store", store)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert said in result.stderr
    assert "hunter2" not in result.stderr


@pytest.mark.parametrize("authority", ["me:hunter2%zz@h", "me:hunter2/@h"])
def test_an_error_of_a_url_of_postgresql_has_no_password_behind_it(authority: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect(PostgresSettings(url=f"postgresql://{authority}/db"))
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__} {caught.value.__context__}"


@pytest.mark.parametrize(
    ("sink", "said"),
    [
        ("nats://[", "sink: its URL cannot be read"),
        ("nats://me:hunter2@h:99999", "the URL names no server"),
        ("nats://me:hunter2@h:4222,h:x", "the URL names no server"),
    ],
)
def test_a_sink_whose_url_cannot_be_read_is_one_line_and_code_2(
    url: str, monkeypatch: pytest.MonkeyPatch, sink: str, said: str
) -> None:
    monkeypatch.setenv("DEVINO__OUTBOX__SINK", sink)
    result = devino("run", "--once")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert said in result.stderr
    assert "hunter2" not in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file")
@pytest.mark.parametrize("command", ["stats", "migrate"])
def test_a_file_that_cannot_grow_is_one_line_and_code_1(tmp_path: Path, command: str) -> None:
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    path = tmp_path / "outbox.db"
    ended = subprocess.run(
        [sys.executable, "-m", "devino", "outbox", command],
        env={**os.environ, "DEVINO__OUTBOX__URL": f"sqlite://{path}", "DEVINO_CONFIG": os.devnull},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"devino: outbox: {path} cannot be used: ")
    assert ended.stderr.count("\n") == 1


def test_a_file_that_another_program_holds_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outbox.db"
    monkeypatch.setenv("DEVINO__OUTBOX__URL", f"sqlite:///{path}")
    monkeypatch.setenv("DEVINO__OUTBOX__BUSY_TIMEOUT", "0.01")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        result = devino("stats")
    assert result.exit_code == 1
    assert "cannot be used: database is locked" in result.stderr
