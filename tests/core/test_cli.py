"""What all commands share: help, errors, exit codes, JSON; and the commands that ask."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
import rich_click

import devino_core
from devino_core import (
    AuthenticationFailed,
    Channel,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    InvalidMessage,
    Medium,
    OutcomeUnknown,
    ProtocolViolation,
    QueueFull,
    Rejected,
    Retry,
    Takes,
    Throttled,
    Unavailable,
    Unsupported,
)
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App, ExitCode, json_option, pass_app
from tests.core._cli import NOW, FakeSettings, Platform, objects

pytestmark = pytest.mark.pythons


@pytest.fixture
def platform() -> Platform:
    return Platform()


def raising(error: BaseException) -> click.Command:
    @click.command("raise")
    @json_option
    def command() -> None:
        raise error

    return command


def test_help_names_every_command_and_exit_code(platform: Platform) -> None:
    result = platform.devino("--help")
    assert result.exit_code == 0
    for command in ("send", "status", "balance", "inbox", "channels"):
        assert command in result.output
    for code in ExitCode:
        assert f"{code}  {code.meaning[:40]}" in result.output


@pytest.mark.parametrize("command", ["send", "status", "balance", "inbox", "channels"])
def test_every_command_shows_examples_and_json(platform: Platform, command: str) -> None:
    output = platform.devino(command, "--help").output
    assert f"devino {command}" in output.partition("Examples:")[2]
    assert "--json" in output
    assert "--config" in output


def _every_command(group: click.Group) -> Iterator[click.Command]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield command
        if isinstance(command, click.Group):
            yield from _every_command(command)


def test_what_to_give_an_option_is_said_in_no_word_of_pythons() -> None:
    words = {"boolean", "choice", "file", "text"}
    shown = {
        f"{command.name} {option.name}: {option.type.name}"
        for command in _every_command(Devino())
        for option in command.params
        if isinstance(option, click.Option)
        and option.metavar is None
        and option.type.name not in words
    }
    assert shown == set()


def test_version(platform: Platform) -> None:
    assert platform.devino("--version").output == f"devino {devino_core.__version__}\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), 2),
        (InvalidMessage("to", "x"), 2),
        (Unsupported("x"), 2),
        (Rejected("x", code=7), 1),
        (AuthenticationFailed("x"), 1),
        (InsufficientFunds("x"), 1),
        (Unavailable("x"), 1),
        (ConnectFailed("x"), 1),
        (Throttled("x", retry_after=3), 1),
        (QueueFull("x"), 1),
        (OutcomeUnknown("x"), 3),
        (ProtocolViolation("x"), 3),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_is_one_line_an_object_and_a_code(
    platform: Platform, error: DevinoError, code: int
) -> None:
    platform.commands = [raising(error)]
    told = platform.devino("raise")
    assert told.exit_code == code
    assert told.stdout == ""
    assert told.stderr.startswith(f"devino: {error}")
    assert told.stderr.count("\n") == 1
    shown = platform.devino("raise", "--json")
    assert shown.exit_code == code
    assert shown.stderr == ""
    (answer,) = objects(shown.stdout)
    assert answer["error"]["type"] == type(error).__name__
    assert answer["error"]["message"] == str(error)
    assert answer["error"]["retry"] == error.retry.value


def test_errors_in_json_carry_what_a_program_can_act_on(platform: Platform) -> None:
    platform.commands = [raising(Throttled("slow down", retry_after=1.5))]
    (answer,) = objects(platform.devino("raise", "--json").stdout)
    assert answer["error"]["retry_after"] == 1.5
    platform.commands = [raising(InvalidMessage("to", "is no number", ref="r1"))]
    (answer,) = objects(platform.devino("raise", "--json").stdout)
    assert answer["error"]["field"] == "to"
    assert answer["error"]["refs"] == ["r1"]


def test_advice_says_what_to_do(platform: Platform) -> None:
    platform.commands = [raising(Throttled("slow down", retry_after=1.5))]
    assert "try again in 1.5 s" in platform.devino("raise").stderr
    platform.commands = [raising(ConnectFailed("no route"))]
    assert "nothing was sent, it is safe to try again" in platform.devino("raise").stderr
    platform.commands = [raising(ConnectFailed("no TLS here", retry=Retry.NEVER))]
    assert platform.devino("raise").stderr == "devino: no TLS here; nothing was sent\n"


def test_the_platforms_words_cannot_drive_the_terminal(platform: Platform) -> None:
    platform.commands = [raising(Rejected("no\n\x1b[2Jdevino: done"))]
    assert platform.devino("raise").stderr == "devino: no\\n\\x1b[2Jdevino: done\n"


def test_a_bug_shows_its_traceback_and_is_not_taken_for_a_refusal(platform: Platform) -> None:
    platform.commands = [raising(ZeroDivisionError("oops"))]
    result = platform.devino("raise")
    assert result.exit_code == ExitCode.BUG
    assert "ZeroDivisionError: oops" in result.stderr
    assert "report" in result.stderr


def test_an_interruption_is_one_line(platform: Platform) -> None:
    platform.commands = [raising(KeyboardInterrupt())]
    result = platform.devino("raise")
    assert result.exit_code == ExitCode.INTERRUPTED
    assert result.stderr.strip() == "devino: interrupted"


@pytest.mark.parametrize(
    "args",
    [
        ["no-such-command"],
        ["status"],
        ["status", "1", "--medium", "pigeon"],
        ["balance", "--no-such-option"],
        ["inbox", "--since", "yesterday"],
        ["inbox", "--since", "999999d"],
        ["inbox", "--since", "0001-01-01"],
        ["inbox", "--since", "0001-01-01T00:00+01:00"],
        ["inbox", "--until", "9999-12-31T23:59-01:00"],
        ["inbox", "--since", "2030-01-02T00:00+00:00", "--until", "2030-01-01T00:00+00:00"],
        ["balance", "--channel", "fale"],
        ["balance", "--config", "/no/such/file"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_code_2_on_one_line_in_json_too(platform: Platform, args: list[str]) -> None:
    result = platform.devino(*args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("devino: ")
    assert result.stderr.count("\n") == 1
    (answer,) = objects(platform.devino(*args, "--json").stdout)
    assert answer["error"]["retry"] == "never"


def test_an_error_before_the_options_are_read_is_json_where_json_was_asked_for(
    platform: Platform,
) -> None:
    def refuse(*_: object) -> None:
        raise ConfigurationError("no such place")

    # Eager options are read in the order of the command line, as `--json` is.
    place = click.option("--place", is_eager=True, expose_value=False, callback=refuse)
    platform.commands = [place(raising(AssertionError("it was not to run")))]
    result = platform.devino("raise", "--place", "x", "--json")
    assert result.exit_code == 2
    assert result.stderr == ""
    (answer,) = objects(result.stdout)
    assert answer["error"]["type"] == "ConfigurationError"
    # No command was found, so none has read its options.
    platform.commands = [click.Command("decode smpp")]
    (answer,) = objects(platform.devino("balance", "--json").stdout)
    assert answer["error"]["type"] == "PluginError"
    assert platform.devino("balance", "--", "--json").stderr.startswith("devino: ")


def test_json_is_taken_before_the_command_as_well(platform: Platform) -> None:
    assert objects(platform.devino("--json", "balance").stdout) == [{"balance": 20015.30}]
    assert objects(platform.devino("balance", "--json").stdout) == [{"balance": 20015.30}]


def test_balance_prints_the_number(platform: Platform) -> None:
    assert platform.devino("balance").stdout == "20015.30\n"


def test_a_file_configures_channels_wherever_config_stands(
    platform: Platform, tmp_path: Path
) -> None:
    file = tmp_path / "devino.toml"
    file.write_text('[channels.promo]\nkind = "fake"\ntoken = "x"\n')
    for args in (["--config", str(file), "balance"], ["balance", "--config", str(file)]):
        result = platform.devino(*args, "--channel", "promo", environ={})
        assert (result.exit_code, result.stdout) == (0, "20015.30\n")


def test_without_channels_it_says_how_to_configure_one(platform: Platform) -> None:
    result = platform.devino("balance", environ={"DEVINO_CONFIG": ""})
    assert result.exit_code == 2
    assert "DEVINO__<channel>__<key>" in result.stderr


def test_status_is_asked_by_the_platforms_ids(platform: Platform) -> None:
    result = platform.devino("status", "11", "12", "--medium", "viber")
    assert result.exit_code == 0
    assert platform.asked == [(("11", "12"), "VIBER")]
    header, *rows = (line.split("\t") for line in result.stdout.splitlines())
    assert header[:4] == ["id", "state", "medium", "code"]
    assert [row[:4] for row in rows] == [
        ["11", "DELIVERED", "VIBER", "0"],
        ["12", "DELIVERED", "VIBER", "0"],
    ]
    (shown,) = objects(platform.devino("status", "11", "--json").stdout)
    assert (shown[0]["state"], shown[0]["medium"]) == ("DELIVERED", "SMS")


def test_a_status_says_what_was_sent_instead(platform: Platform) -> None:
    platform.resent = {"12": Medium.SMS}
    shown = objects(platform.devino("status", "11", "12", "--medium", "viber", "--json").stdout)
    assert [row["medium"] for row in shown[0]] == ["VIBER", "SMS"]


def test_a_status_that_cannot_be_read_silences_no_other(platform: Platform) -> None:
    platform.unread = {"12": Unavailable("HTTP 502")}
    result = platform.devino("status", "11", "12", "13", "--json")
    assert result.exit_code == 1
    assert [row["state"] for row in objects(result.stdout)[0]] == [
        "DELIVERED",
        "UNKNOWN",
        "DELIVERED",
    ]
    assert "HTTP 502" in str(objects(result.stdout)[1])
    plain = platform.devino("status", "11", "12")
    assert "HTTP 502" in plain.stderr


def test_a_named_channel_of_one_medium_says_the_medium(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def carries_vk_alone(kind: type[Channel[FakeSettings]]) -> None:
        monkeypatch.setattr(kind, "takes", {Medium.VK: Takes()})

    monkeypatch.setattr(platform, "extend", carries_vk_alone)
    assert platform.devino("send", "79031234567", "Hi", "--channel", "fake").exit_code == 0
    assert platform.sent[0].medium is Medium.VK
    assert platform.devino("status", "11", "--channel", "fake").exit_code == 0
    assert platform.asked == [(("11",), Medium.VK)]
    assert platform.devino("status", "11", "--channel", "fake", "--medium", "sms").exit_code == 0
    assert platform.asked[1] == (("11",), Medium.SMS)


def test_status_goes_to_a_channel_that_carries_the_medium(platform: Platform) -> None:
    result = platform.devino("status", "11", "--medium", "email")
    assert result.exit_code == 2
    assert "no configured channel can be asked about EMAIL" in result.stderr


def test_inbox_covers_the_last_day_unless_told(platform: Platform) -> None:
    assert platform.devino("inbox").exit_code == 0
    assert platform.asked == [(NOW - timedelta(hours=24), NOW + timedelta(seconds=1))]


def test_inbox_takes_durations_and_times(platform: Platform) -> None:
    platform.devino("inbox", "--since", "7d", "--until", "2030-01-31T03:00+03:00")
    assert platform.asked == [(NOW - timedelta(days=7), datetime(2030, 1, 31, tzinfo=UTC))]


def test_a_time_without_a_zone_is_in_this_computers_zone(platform: Platform) -> None:
    platform.devino("inbox", "--since", "2030-01-30T00:00")
    ((since, _),) = platform.asked
    assert since == datetime(2030, 1, 30).astimezone()


def test_an_incoming_text_stays_in_its_cell(platform: Platform) -> None:
    (_, row) = platform.devino("inbox").stdout.splitlines()
    assert row.split("\t")[1:] == ["79031234567", "1234", r"[red]stop\x1b[2J\tnow"]
    (shown,) = objects(platform.devino("inbox", "--json").stdout)
    assert shown[0]["text"] == "[red]stop\x1b[2J\tnow"


def test_channels_tells_what_each_can_do_from_its_code(platform: Platform) -> None:
    output = platform.devino("channels").stdout
    assert "can         send, status, inbox, balance\n" in output
    assert "statistics: How many were delivered.\n" in output
    assert "settings    token, retries?, sender?\n" in output
    assert "fake: kind fake, the default" in output
    assert "t0ken" not in output
    (shown,) = objects(platform.devino("channels", "--json").stdout)
    (kind,) = shown["kinds"]
    assert kind["media"] == ["SMS", "VIBER"]
    assert kind["can"] == ["send", "status", "inbox", "balance"]
    assert kind["operations"] == [{"name": "statistics", "summary": "How many were delivered."}]
    assert shown["channels"] == [{"name": "fake", "kind": "fake", "default": True, "problem": None}]


def test_channels_says_what_to_install_instead_of_failing(platform: Platform) -> None:
    platform.load_error = ImportError("No module named 'pigeon'", name="pigeon")
    result = platform.devino("channels")
    assert result.exit_code == 0
    assert 'pip install "devino[fake]"' in result.stdout


def test_channels_shows_what_is_wrong_with_a_configured_one(platform: Platform) -> None:
    environ = {"DEVINO__FAKE__TOKEM": "x", "DEVINO__PIGEON__A": "b"}
    result = platform.devino("channels", environ=environ)
    assert result.exit_code == 0
    assert "did you mean 'token'?" in result.stdout
    assert "no plugin brings a channel kind 'pigeon'" in result.stdout


def test_a_command_of_a_plugin_gets_the_app(platform: Platform) -> None:
    @click.command()
    @json_option
    @pass_app
    def hello(app: App) -> None:
        app.show({"json": app.json, "channels": list(app.settings().channels)})

    platform.commands = [hello]
    assert "hello" in platform.devino("--help").output
    assert objects(platform.devino("hello", "--json").stdout) == [
        {"json": True, "channels": ["fake"]}
    ]


def test_a_name_with_a_blank_joins_the_group_of_its_first_word(platform: Platform) -> None:
    smpp = click.Command("decode smpp", callback=lambda: click.echo("submit_sm"))
    platform.commands = [smpp, rich_click.RichGroup(name="decode", help="Show bytes.")]
    assert platform.devino("decode", "smpp").stdout == "submit_sm\n"
    platform.commands = [rich_click.RichGroup(name="decode", help="Show bytes.")]
    assert "decode" not in platform.devino("--help").output
    platform.commands = [smpp]
    result = platform.devino("--help")
    assert result.exit_code == 2
    assert "no plugin brings a group 'decode'" in result.stderr


def test_a_group_may_look_its_commands_up_when_it_is_asked(platform: Platform) -> None:
    asked = []

    class Pigeons(rich_click.RichGroup):
        def list_commands(self, ctx: click.Context) -> list[str]:
            asked.append("list")
            return ["count"]

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            asked.append(cmd_name)
            return click.Command(cmd_name, callback=lambda: click.echo("12"))

    platform.commands = [Pigeons(name="pigeons", help="Letters by air.")]
    assert "pigeons" in platform.devino("--help").output
    assert asked == []
    assert platform.devino("pigeons", "count").stdout == "12\n"
    assert asked == ["count"]


def test_a_plugins_command_stands_beside_those_of_the_outbox() -> None:
    script = (
        "import click; from devino_outbox._cli import outbox\n"
        "outbox.add_command(click.Command('archive'))\n"
        "print({'archive', 'list'} <= set(outbox.list_commands(click.Context(outbox))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"


def test_a_plugin_cannot_replace_a_command_of_devino(platform: Platform) -> None:
    platform.commands = [click.Command("send")]
    result = platform.devino("balance")
    assert result.exit_code == 2
    assert "'send', which devino has itself" in result.stderr


def test_the_program_starts_without_what_only_commands_need() -> None:
    heavy = "asyncio aiohttp uvicorn lxml construct anyio rich"
    script = (
        "import sys; from devino_core.cli._app import Devino\n"
        "try: Devino().main(['--version'])\n"
        f"except SystemExit: print(*sorted(set('{heavy}'.split()) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [f"devino {devino_core.__version__}", ""]


def test_a_command_imports_no_outbox_that_it_does_not_use() -> None:
    script = (
        "import sys; from devino_core.cli._app import Devino\n"
        "try: Devino().main(['balance', '--help'])\n"
        "except SystemExit: print('devino_outbox._cli._all' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"


def test_the_help_reads_no_codec() -> None:
    script = (
        "import contextlib, sys; from devino_core.cli._app import Devino\n"
        "with contextlib.redirect_stdout(None), contextlib.suppress(SystemExit):\n"
        "    Devino().main(['decode', '--help'])\n"
        "print(*(name for name in sys.modules if name.startswith(('devino_codecs', 'lxml'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) <= {"devino_codecs", "devino_codecs.errors"}


def test_a_missing_extra_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['rich_click'] = None; from devino_core.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert 'pip install "devino[cli]"' in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == ExitCode.USAGE


def test_a_plugin_that_cannot_be_loaded_is_one_line_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "broken_plugin.py").write_text("import no_such_module")
    environ = {"PYTHONPATH": str(tmp_path), "DEVINO_PLUGINS": "broken_plugin", "DEVINO_CONFIG": ""}
    done = subprocess.run(
        [sys.executable, "-m", "devino_core.cli", "channels", "--json"],
        capture_output=True,
        text=True,
        env=environ,
    )
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("devino: warning: plugin 'broken_plugin' of DEVINO_PLUGINS is left out")
    assert objects(done.stdout)
