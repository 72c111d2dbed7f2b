"""``devino send``: what goes out, and how the outcome is reported."""

from __future__ import annotations

import errno
import io
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devino_core import (
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    InvalidMessage,
    Medium,
    Message,
    OutcomeUnknown,
    Rejected,
    Template,
    Unsupported,
)
from devino_core.cli._csv import COLUMNS
from devino_core.cli._delivery import BATCH
from devino_core.cli._times import parse_duration, parse_send_at
from tests.core._cli import ENVIRON, Platform, objects


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    return tmp_path / "numbers.csv"


def test_one_message(platform: Platform) -> None:
    result = platform.devino("send", "79031234567", "Hello", "--sender", "DEVINO", "--ref", "r1")
    assert result.exit_code == 0
    (message,) = platform.sent
    assert (message.to, message.text, message.sender, message.ref) == (
        "79031234567",
        "Hello",
        "DEVINO",
        "r1",
    )
    (header, row) = (line.split("\t") for line in result.stdout.splitlines())
    assert dict(zip(header, row, strict=True))["ids"] == "id-79031234567"


def test_one_receipt_as_an_object(platform: Platform) -> None:
    result = platform.devino("send", "79031234567", "Hello", "--ref", "r1", "--json")
    (receipt,) = objects(result.stdout)
    assert receipt["ref"] == "r1"
    assert receipt["to"] == "79031234567"
    assert receipt["channel"] == "fake"
    assert receipt["medium"] == "SMS"
    assert receipt["state"] == "ACCEPTED"
    assert receipt["ids"] == ["id-79031234567"]
    assert "error" not in receipt


def test_medium_times_and_fallback_reach_the_channel(platform: Platform) -> None:
    args = ["--medium", "viber", "--fallback-sms", "--validity", "15m"]
    platform.devino("send", "79031234567", "Hello", *args, "--at", "2030-02-01T09:00+03:00")
    (message,) = platform.sent
    assert message.medium is Medium.VIBER
    assert message.fallback is not None
    assert (message.fallback.medium, message.fallback.text) == (Medium.SMS, "Hello")
    assert message.validity == timedelta(minutes=15)
    assert message.send_at == datetime(2030, 2, 1, 6, tzinfo=UTC)


def test_a_template_and_its_values_reach_the_channel(platform: Platform) -> None:
    args = ["--template", "123456", "--value", "abonent=Anna", "--value", "sum=1=2"]
    assert platform.devino("send", "79031234567", *args, "--medium", "viber").exit_code == 0
    (message,) = platform.sent
    assert message.content == Template("123456", {"abonent": "Anna", "sum": "1=2"})
    assert message.medium is Medium.VIBER


def test_a_template_for_all_rows_of_a_file(platform: Platform, numbers: Path) -> None:
    numbers.write_text("to\n79031234561\n79031234562\n")
    args = ["--file", str(numbers), "--template", "17", "--medium", "viber"]
    assert platform.devino("send", *args).exit_code == 0
    assert [message.content for message in platform.sent] == [Template("17")] * 2


def test_a_time_without_a_zone_is_the_recipients_clock(platform: Platform) -> None:
    platform.devino("send", "79031234567", "Hello", "--at", "2030-02-01T09:00")
    (message,) = platform.sent
    assert message.send_at == datetime(2030, 2, 1, 9)  # noqa: DTZ001


def test_a_text_may_begin_with_a_dash_and_hold_json(platform: Platform) -> None:
    result = platform.devino("send", "79031234567", "--", "--json")
    assert result.exit_code == 0
    assert platform.sent[0].text == "--json"
    assert result.stdout.startswith("to\t")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["79031234567"], "give TO and TEXT, or --file FILE"),
        (["7", "x", "--validity", "15"], "is not a duration such as 90s, 15m, 24h or 7d"),
        (["7", "x", "--at", "tomorrow"], "is not a time such as 2030-01-31T12:30"),
        (["\n", "x"], "must not be blank"),
        (["--file", "no-such.csv"], "cannot read no-such.csv"),
        (["a", "b", "--file", "no-such.csv"], "give TEXT alone"),
        (["7", "x", "--channel", "fale"], "did you mean 'fake'?"),
        (["7", "x", "--template", "1"], "give TEXT or --template, not both"),
        (["x", "--file", "no-such.csv", "--template", "1"], "give TEXT or --template, not both"),
        (["7", "--template", " "], "a Template needs the id"),
        (["7", "--template", "1", "--fallback-sms"], "--fallback-sms sends TEXT, and a template"),
        (["7", "--template", "1", "--value", "name"], "'name' is not NAME=TEXT"),
        (["7", "--template", "1", "--value", "=x"], "'=x' is not NAME=TEXT"),
        (["7", "--template", "1", "--value", "a=b", "--value", "a=c"], "'a' occurs twice"),
        (["7", "x", "--value", "a=b"], "--value is for --template"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_sends_nothing(platform: Platform, args: list[str], said: str) -> None:
    result = platform.devino("send", *args)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert platform.sent == []


def test_a_refused_message_is_a_receipt_and_code_1(platform: Platform) -> None:
    platform.refused = {"79031234567": Rejected("Unknown sender", code=6)}
    result = platform.devino("send", "79031234567", "Hello", "--json")
    assert result.exit_code == 1
    (receipt,) = objects(result.stdout)
    assert receipt["state"] == "REJECTED"
    assert receipt["error"]["code"] == 6
    assert receipt["error"]["retry"] == "never"
    told = platform.devino("send", "79031234567", "Hello")
    assert "Unknown sender" in told.stdout


def test_an_unknown_outcome_is_code_3(platform: Platform) -> None:
    platform.failing = {"79031234567": OutcomeUnknown("no answer within 30 s")}
    result = platform.devino("send", "79031234567", "Hello")
    assert result.exit_code == 3
    assert "ask what became of it before you send it again" in result.stderr
    (answer,) = objects(platform.devino("send", "79031234567", "Hello", "--json").stdout)
    assert answer["error"]["retry"] == "may_duplicate"


def test_no_connection_is_code_1_and_nothing_was_sent(platform: Platform) -> None:
    platform.failing = {"79031234567": ConnectFailed("no connection to example.org")}
    result = platform.devino("send", "79031234567", "Hello")
    assert result.exit_code == 1
    assert "nothing was sent" in result.stderr


def test_a_file_gives_a_message_a_row(platform: Platform, numbers: Path) -> None:
    numbers.write_text(
        "to,text,sender,medium,at,validity,ref\n"
        '79031234561,"Hello, you",A,viber,2030-02-01T09:00+00:00,1h,r1\n'
        "\n"
        "79031234562,,,,,,\n",
        encoding="utf-8",
    )
    result = platform.devino("send", "--file", str(numbers), "Default", "--sender", "DEVINO")
    assert result.exit_code == 0
    first, second = platform.sent
    assert (first.text, first.sender, first.medium, first.ref) == (
        "Hello, you",
        "A",
        Medium.VIBER,
        "r1",
    )
    assert first.send_at == datetime(2030, 2, 1, 9, tzinfo=UTC)
    assert first.validity == timedelta(hours=1)
    assert (second.text, second.sender, second.medium) == ("Default", "DEVINO", Medium.SMS)
    assert first.ref != second.ref
    assert result.stderr == "devino: 2 accepted\n"
    assert len(result.stdout.splitlines()) == 3


def test_excel_in_russian(platform: Platform, numbers: Path) -> None:
    numbers.write_bytes("to;text\r\n79031234561;Привет\r\n".encode("cp1251"))
    result = platform.devino("send", "--file", str(numbers))
    assert result.exit_code == 2
    assert "--encoding cp1251" in result.stderr
    result = platform.devino("send", "--file", str(numbers), "--encoding", "cp1251")
    assert result.exit_code == 0
    assert platform.sent[0].text == "Привет"


def test_a_byte_order_mark_is_not_part_of_a_name(platform: Platform, numbers: Path) -> None:
    numbers.write_text("to\ttext\n79031234561\tHello\n", encoding="utf-8-sig")
    assert platform.devino("send", "--file", str(numbers)).exit_code == 0


def test_stdin_is_a_file_too(platform: Platform) -> None:
    result = platform.devino("send", "--file", "-", input="to,text\n79031234561,Hello\n")
    assert result.exit_code == 0
    assert [message.to for message in platform.sent] == ["79031234561"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1: to: the first line must name this column"),
        ("text\nx\n", "line 1: to: the first line must name this column"),
        ("79031234561\n", "line 1: 79031234561: the first line names the columns"),
        ("to,txt\n7,x\n", "did you mean 'text'?"),
        ("to,to\n7,7\n", "line 1: to: this column occurs twice"),
        ("to,text\n79031234561\n", "line 2: row: has 1 cells, where the first line names 2"),
        ("to,text\n79031234561,a\nx,b\n", "line 3: to: not a phone number"),
        ("to,text\n79031234561,\n", "line 2: text: is missing"),
        ("to,text\n,x\n", "line 2: to: is missing"),
        ('to,text\n"a\nb",x\n79031234561,y\n', "line 2: to: "),
        ('to,text\n79031234561,"a\nb"\nx,y\n', "line 4: to: "),
        ("to,text,medium\n79031234561,a,pigeon\n", "line 2: medium: 'pigeon' is none of"),
        ("to,text,at\n79031234561,a,soon\n", "line 2: at: 'soon' is not a time"),
        ("to,text,validity\n79031234561,a,5\n", "line 2: validity: '5' is not a duration"),
        ('to,text\n79031234561,"a"b\n', "line 2: row: "),
    ],
)
def test_a_bad_row_is_found_before_anything_is_sent(
    platform: Platform, numbers: Path, content: str, said: str
) -> None:
    numbers.write_text(content, encoding="utf-8")
    result = platform.devino("send", "--file", str(numbers))
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert platform.sent == []
    if said.startswith("line"):
        (answer,) = objects(platform.devino("send", "--file", str(numbers), "--json").stdout)
        assert answer["error"]["line"] == int(said.split(":")[0].removeprefix("line "))


def test_a_number_for_an_address_of_another_medium_is_left_to_the_channel(
    platform: Platform, numbers: Path
) -> None:
    numbers.write_text("to,text,medium\nme@example.org,Hello,email\n")
    result = platform.devino("send", "--file", str(numbers))
    assert "no configured channel carries EMAIL" in result.stderr


def test_refused_rows_are_counted_and_code_1(platform: Platform, numbers: Path) -> None:
    numbers.write_text("to,text\n79031234561,a\n79031234562,b\n79031234563,c\n")
    platform.refused = {"79031234562": Rejected("Unknown number", code=7)}
    result = platform.devino("send", "--file", str(numbers), "--json")
    assert result.exit_code == 1
    assert [receipt["state"] for receipt in objects(result.stdout)] == [
        "ACCEPTED",
        "REJECTED",
        "ACCEPTED",
    ]
    assert result.stderr == "devino: 2 accepted, 1 not sent\n"


def test_one_unknown_outcome_makes_it_code_3(platform: Platform, numbers: Path) -> None:
    numbers.write_text("to,text\n79031234561,a\n79031234562,b\n79031234563,c\n")
    platform.refused = {
        "79031234561": Rejected("Unknown number", code=7),
        "79031234562": OutcomeUnknown("no answer"),
    }
    result = platform.devino("send", "--file", str(numbers))
    assert result.exit_code == 3
    assert result.stderr == "devino: 1 accepted, 1 not sent, 1 with an unknown outcome\n"


@pytest.fixture
def many(numbers: Path) -> Path:
    """A file of three batches; 79030000007 is on line 9."""
    rows = (f"7903{number:07},x" for number in range(BATCH * 2 + 200))
    numbers.write_text("\n".join(["to,text", *rows]))
    return numbers


@pytest.mark.parametrize(
    ("error", "code", "unsent"),
    [
        (InsufficientFunds("the balance is used up"), 1, 502),
        (OutcomeUnknown("no answer within 30 s"), 3, 1002),
        (signal.SIGINT, 130, 1002),
        (signal.SIGTERM, 130, 1002),
    ],
)
def test_an_error_half_way_tells_which_lines_are_reported_under_way_and_not_sent(
    platform: Platform, many: Path, error: DevinoError | signal.Signals, code: int, unsent: int
) -> None:
    platform.failing = {"79030000700": error}
    args = ("send", "--file", str(many), "--grace", "0s")
    result = platform.devino(*args, "--json")
    *receipts, last = objects(result.stdout)
    assert len(receipts) == len(platform.sent) == BATCH == 500
    assert last["error"]["retry"] == ("never" if code == 1 else "may_duplicate")
    assert last["error"]["lines"] == [502, 1001]
    assert last["error"]["unsent_from"] == unsent
    assert "refs" not in last["error"]
    assert result.exit_code == code
    assert result.stderr == "devino: 500 accepted\n"
    told = platform.devino(*args).stderr.splitlines()
    assert told[0].startswith("devino: lines 502 to 1001: ")
    assert told[1:] == [
        f"devino: the lines before 502 are reported, nothing from line {unsent} on was sent",
        "devino: 500 accepted",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_message_may_have_been_sent(
    platform: Platform, number: signal.Signals
) -> None:
    platform.failing = {"79031234567": number}
    args = ("send", "79031234567", "Hello", "--ref", "r1", "--grace", "0s")
    result = platform.devino(*args)
    assert result.exit_code == 130
    assert result.stdout == ""
    assert result.stderr == (
        "devino: interrupted; this may have been sent: look before you send it again\n"
    )
    (answer,) = objects(platform.devino(*args, "--json").stdout)
    assert answer["error"]["type"] == "Interrupted"
    assert answer["error"]["retry"] == "may_duplicate"
    assert answer["error"]["refs"] == ["r1"]


@pytest.mark.parametrize(
    "unfit",
    [
        lambda message: InvalidMessage("sender", "is too long", ref=message.ref),
        lambda message: Unsupported("no way"),
    ],
)
def test_a_message_that_the_channel_cannot_send_is_found_before_anything_is_sent(
    platform: Platform, many: Path, unfit: Callable[[Message], DevinoError]
) -> None:
    platform.unfit = {"79030001100": unfit}
    result = platform.devino("send", "--file", str(many))
    assert result.exit_code == 2
    assert result.stderr.startswith("devino: line 1102: ")
    assert result.stderr.count("\n") == 1
    assert platform.sent == []
    (answer,) = objects(platform.devino("send", "--file", str(many), "--json").stdout)
    assert answer["error"]["line"] == 1102


def test_a_ref_that_occurs_twice_is_found_by_its_second_line(
    platform: Platform, numbers: Path
) -> None:
    numbers.write_text("to,text,ref\n79031234561,a,r1\n79031234562,a,r2\n79031234563,a,r1\n")
    result = platform.devino("send", "--file", str(numbers))
    assert result.exit_code == 2
    assert result.stderr == "devino: line 4: ref: occurs twice in one call\n"
    assert platform.sent == []


def test_a_failure_of_one_line_names_it(platform: Platform, numbers: Path) -> None:
    numbers.write_text("to,text\n79031234561,a\n")
    platform.failing = {"79031234561": OutcomeUnknown("no answer")}
    told = platform.devino("send", "--file", str(numbers)).stderr.splitlines()
    assert told[0].startswith("devino: line 2: no answer; ask")
    assert told[1:] == ["devino: 0 accepted"]


def test_wrong_usage_is_reported_before_wrong_settings(platform: Platform) -> None:
    result = platform.devino("send", "79031234567", environ={"DEVINO_CONFIG": ""})
    assert "give TO and TEXT" in result.stderr


def test_rows_from_stdin_are_checked_as_they_come(platform: Platform, many: Path) -> None:
    platform.unfit = {"79030000700": lambda m: InvalidMessage("text", "is too long", ref=m.ref)}
    result = platform.devino("send", "--file", "-", input=many.read_text())
    assert result.exit_code == 1
    assert len(platform.sent) == 500
    assert result.stderr.splitlines() == [
        "devino: line 702: text: is too long",
        "devino: the lines before 502 are reported, nothing from line 502 on was sent",
        "devino: 500 accepted",
    ]


def test_a_bad_row_of_stdin_says_what_was_sent_before(platform: Platform, many: Path) -> None:
    rows = many.read_text().splitlines()
    rows[699] = "7903,x,y"
    result = platform.devino("send", "--file", "-", "--json", input="\n".join(rows))
    *receipts, last = objects(result.stdout)
    assert (len(receipts), result.exit_code) == (500, 1)
    assert last["error"]["line"] == 700
    assert last["error"]["unsent_from"] == 502


def test_a_failure_of_the_first_batch_reports_nothing(platform: Platform, many: Path) -> None:
    platform.failing = {"79030000007": ConnectFailed("no route")}
    told = platform.devino("send", "--file", str(many)).stderr.splitlines()
    assert told[1:] == ["devino: nothing from line 2 on was sent", "devino: 0 accepted"]


def test_a_bug_of_a_channel_is_reported_with_what_was_sent(platform: Platform, many: Path) -> None:
    platform.failing = {"79030000700": KeyError("boom")}
    result = platform.devino("send", "--file", str(many))
    assert result.exit_code == 70
    assert "KeyError: 'boom'" in result.stderr
    assert "no encoding" not in result.stderr
    assert "devino: 500 accepted" in result.stderr
    assert "nothing from line 1002 on was sent" in result.stderr


class Unwritable(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["send", "--file", "{many}"], "devino: lines 2 to 501: {why}; this was sent: look"),
        (["send", "79031234567", "Hello"], "devino: {why}; this was sent: look"),
        (["balance"], "devino: {why}\n"),
    ],
)
def test_an_output_that_cannot_be_written_is_reported_with_what_was_sent(
    platform: Platform,
    many: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: list[str],
    said: str,
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Unwritable())
    with pytest.raises(SystemExit) as exit_:
        platform.command().main([word.format(many=many) for word in args])
    assert exit_.value.code == 74
    told = capsys.readouterr().err
    assert told.startswith(said.format(why="the output cannot be written: No space left on device"))
    assert "Traceback" not in told
    if "--file" in args:
        assert "devino: nothing from line 502 on was sent\n" in told
        assert len(platform.sent) == BATCH


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("24h", 86_400), (" 7d ", 604_800)]
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "5 m", "1.5h", "5w", "９m", "9999999d"])
def test_what_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


def test_times_keep_their_zone_or_stay_naive() -> None:
    assert parse_send_at("2030-01-31T12:30Z") == datetime(2030, 1, 31, 12, 30, tzinfo=UTC)
    assert parse_send_at("2030-01-31 12:30").tzinfo is None


def test_the_help_names_every_column(platform: Platform) -> None:
    output = " ".join(platform.devino("send", "--help").output.split())
    for column in COLUMNS:
        assert column in output.partition("names its columns:")[2].partition("TEXT")[0]


def test_a_dry_run_checks_all_and_sends_nothing(platform: Platform, many: Path) -> None:
    one, file = ("79031234567", "Hello"), ("--file", str(many))
    for args, count in ((one, 1), (file, BATCH * 2 + 200)):
        result = platform.devino("send", *args, "--dry-run")
        assert (result.stdout, result.exit_code) == (f"{count} can be sent; none was\n", 0)
        (told,) = objects(platform.devino("send", *args, "--dry-run", "--json").stdout)
        assert (told["sendable"], told["media"]) == (count, {"SMS": count})
    assert platform.sent == []


def test_a_dry_run_of_one_message_that_cannot_be_sent_names_no_line(platform: Platform) -> None:
    platform.unfit = {"79031234567": lambda message: InvalidMessage("to", "no", ref=message.ref)}
    result = platform.devino("send", "79031234567", "Hello", "--dry-run")
    assert (result.exit_code, result.stderr) == (2, "devino: to: no\n")


def test_a_dry_run_of_stdin_names_the_line_that_cannot_be_sent(platform: Platform) -> None:
    platform.unfit = {"79031234568": lambda message: InvalidMessage("to", "no", ref=message.ref)}
    text = "to,text\n79031234567,a\n79031234568,b\n"
    result = platform.devino("send", "--file", "-", "--dry-run", input=text)
    assert (result.exit_code, result.stdout.splitlines()) == (
        2,
        ["1 can be sent; none was", "1 cannot be sent"],
    )
    assert result.stderr.startswith("devino: line 3: ")
