"""``devino send --file``: fields, columns as people name them, all bad rows at once, dry runs."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from devino_core import Fill, InvalidMessage, Mail, Medium, Template
from devino_core.cli._csv import Layout, Row, Rows
from devino_core.cli._delivery import BATCH
from devino_core.cli._merge import MergedMail
from devino_core.cli._table import Table
from devino_core.cli._times import parse_rate
from devino_core.hookspecs import Measure, hookimpl
from tests.core._cli import Platform, objects
from tests.core.test_cli_table import FILES


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def texts(platform: Platform) -> list[str]:
    return [message.text for message in platform.sent]


# Fields


def test_a_field_takes_the_column_of_its_name(platform: Platform, file: Path) -> None:
    file.write_text("to,name,Table\n79031234561,Ann,7\n79031234562, Bob ,8\n")
    args = ["--file", str(file), "Hello {name}, table {table} {{ready}}"]
    assert platform.devino("send", *args).exit_code == 0
    assert texts(platform) == ["Hello Ann, table 7 {ready}", "Hello Bob, table 8 {ready}"]
    assert isinstance(platform.sent[0].content, Fill)


def test_a_text_without_fields_stays_one_text(platform: Platform, file: Path) -> None:
    file.write_text("to\n79031234561\n79031234562\n")
    assert platform.devino("send", "--file", str(file), "50 % {{off}}").exit_code == 0
    assert [message.content for message in platform.sent] == ["50 % {off}"] * 2


def test_a_text_of_a_row_and_of_one_message_has_no_fields(platform: Platform, file: Path) -> None:
    file.write_text("to,text,name\n79031234561,Dear {name},Ann\n79031234562,,Bob\n")
    assert platform.devino("send", "--file", str(file), "Hi {name}").exit_code == 0
    assert platform.devino("send", "79031234563", "Hello {name}").exit_code == 0
    assert texts(platform) == ["Dear {name}", "Hi Bob", "Hello {name}"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["{x}", "--subject", "Hi {name}"], "line 1: x: TEXT has {x}, and no column"),
        (["Hi {name}", "--subject", "{x}"], "line 1: x: --subject has {x}, and no column"),
        (["Hi", "--subject", "Hi", "--html", "HTML"], "line 1: x: --html has {x}, and no column"),
        (["--template", "7", "--value", "a={x}"], "line 1: x: --value a has {x}, and no column"),
        (["{name}", "--subject", "{"], "--subject: a single { at position 0"),
        (
            ["{name}", "--subject", "Hi", "--column", "y=Table"],
            "--column: --subject or TEXT has no field {y}",
        ),
        (
            ["--template", "7", "--column", "y=Table"],
            "--column: --template without --value has no field {y}",
        ),
        (["{x}", "--subject", "{y}"], "line 1: y: --subject has {y}, and no column"),
    ],
)
def test_what_has_a_field_that_no_column_fills_is_named(
    platform: Platform, file: Path, tmp_path: Path, args: list[str], said: str
) -> None:
    file.write_text("to,name\nivan@fate.test,Ann\n")
    html = tmp_path / "mail.html"
    html.write_text("<p>{x}</p>")
    given = [str(html) if arg == "HTML" else arg for arg in args]
    result = platform.devino("send", "--file", str(file), *given)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello {nmae}", "line 1: nmae: TEXT has {nmae}, and no column has this name; did you"),
        (
            "Hello {first}",
            "no column has this name; there are to, name, Имя; --column first=COLUMN",
        ),
        ("Hello {Имя}", "TEXT: {Имя} needs a Latin name: write {name}, and --column name=Имя"),
        ("Hello {", "TEXT: a single { at position 6: write {{ for a brace, {name} for a field"),
        ("Hello {name", "TEXT: a single {"),
        ("100 } 50", "TEXT: a single }"),
    ],
)
def test_a_field_that_no_column_fills_is_found_before_anything_is_sent(
    platform: Platform, file: Path, text: str, said: str
) -> None:
    file.write_text("to,name,Имя\n79031234561,Ann,Анна\n")
    result = platform.devino("send", "--file", str(file), text, "--ignore-extra")
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert platform.sent == []


def test_the_values_of_a_template_have_fields(platform: Platform, file: Path) -> None:
    file.write_text("to,name\n79031234561,Ann\n79031234562,Bob\n")
    args = ["--template", "17", "--value", "who={name}!", "--value", "x={{", "--medium", "viber"]
    assert platform.devino("send", "--file", str(file), *args).exit_code == 0
    assert [message.content for message in platform.sent] == [
        Template("17", {"who": f"{name}!", "x": "{"}) for name in ("Ann", "Bob")
    ]


def test_a_mail_has_fields_and_its_style_sheet_none(file: Path) -> None:
    file.write_text("to,name\na@example.com,<Ann>\n")

    def mail(html: str, text: str = "Hi {name}") -> Mail:
        rows = Rows(
            Table(str(file)),
            Layout(ignore_extra=True),
            MergedMail(text, "For {name}", html, {}),
            {"medium": Medium.EMAIL},
        )
        (row,) = rows
        assert isinstance(row, Row)
        assert isinstance(row.message.content, Mail)
        return row.message.content

    css = "<style>p{color:red}</style>"
    assert mail(css) == Mail("For <Ann>", "Hi <Ann>", html=css)
    assert mail("<p>{name}</p>").html == "<p>&lt;Ann&gt;</p>"
    with pytest.raises(InvalidMessage, match=r"a single \{"):
        mail(css + "{name}")
    with pytest.raises(InvalidMessage, match="no column has this name; did you mean 'name'"):
        mail("<p>{nmae}</p>")
    assert mail("", "{{literal}}").text == "{literal}"


# Columns


def test_columns_have_the_names_that_people_gave_them(platform: Platform, file: Path) -> None:
    file.write_text("Имя;Телефон;Город;Отправитель\nАнна;+7 903 123-45-61;Тула;SHOP\n")
    columns = ["--column", "to=телефон", "--column", "name=Имя", "--column", "sender=Отправитель"]
    args = ["--file", str(file), "Привет, {name}", *columns]
    result = platform.devino("send", *args)
    assert result.exit_code == 2
    assert "line 1: Город: the first line names the columns" in result.stderr
    assert "--ignore-extra leaves it out" in result.stderr
    assert platform.devino("send", *args, "--ignore-extra").exit_code == 0
    (message,) = platform.sent
    assert (message.text, message.sender) == ("Привет, Анна", "SHOP")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "to: the first line must name this column, as in `to,text`, or --column to=Телефон"),
        (["--column", "to=Телефн"], "line 1: Телефн: no column of this name; did you mean"),
        (["--column", "x=Имя"], "--column: TEXT has no field {x}"),
        (["--column", "sendr=Имя"], "did you mean 'sender'?"),
        (["--column", "to"], "'to' is not NAME=COLUMN, as to=Phone"),
        (["--column", "to=Имя", "--column", "to=Телефон"], "'to' is given twice"),
    ],
)
def test_a_column_that_is_not_there_is_told_with_the_mend(
    platform: Platform, file: Path, args: list[str], said: str
) -> None:
    file.write_text("Имя;Телефон\nАнна;79031234561\n")
    result = platform.devino("send", "--file", str(file), "Hello", "--ignore-extra", *args)
    assert result.exit_code == 2
    assert said in result.stderr
    assert platform.sent == []


def test_a_list_of_numbers_has_no_header(platform: Platform, file: Path) -> None:
    file.write_text("\n79031234561;;\n8 (903) 123-45-62\n\n79031234563;x\n")
    result = platform.devino("send", "--file", str(file), "Hi")
    assert (
        "line 2: 79031234561: the first line names the columns, as in `to,text`; --no-header"
        in (result.stderr)
    )
    result = platform.devino("send", "--file", str(file), "Hi", "--no-header")
    assert result.exit_code == 2
    assert "line 5: row: has 2 cells" in result.stderr
    file.write_text("79031234561;Ann;x\n79031234562;Bob;y\n")
    args = ["--file", str(file), "Hi {name}", "--no-header", "--column", "name=2"]
    assert "3: nothing is made of this column" in platform.devino("send", *args).stderr
    assert platform.devino("send", *args, "--ignore-extra").exit_code == 0
    args = ["--file", str(file), "{a}", "--no-header", "--column", "to=1", "--column", "a=3"]
    assert platform.devino("send", *args, "--ignore-extra").exit_code == 0
    assert texts(platform) == ["Hi Ann", "Hi Bob", "x", "y"]
    assert [message.to for message in platform.sent] == ["79031234561", "79031234562"] * 2


@pytest.mark.parametrize("name", FILES)
def test_a_file_as_programs_write_it_fills_a_field(
    platform: Platform, file: Path, name: str
) -> None:
    data, encoding = FILES[name]
    file.write_bytes(data)
    args = ["--file", str(file), "Привет, {name}", "--encoding", encoding]
    assert platform.devino("send", *args).exit_code == 0
    assert texts(platform) == ["Привет, Анна", "Привет, Борис; мл."]


# All bad rows at once


BAD = "to,text\n" + "".join(f"{'x' if n % 2 else 79030000000 + n},a\n" for n in range(80))


def test_all_bad_rows_are_told_the_first_twenty_and_a_count(platform: Platform, file: Path) -> None:
    file.write_text(BAD)
    for dry_run in ((), ("--dry-run",)):
        result = platform.devino("send", "--file", str(file), *dry_run)
        assert result.exit_code == 2
        told = result.stderr.splitlines()
        assert len(told) == 21
        assert told[0].startswith("devino: line 3: to: not a phone number")
        assert told[19].startswith("devino: line 41: to: not a phone number")
        assert told[20].startswith("devino: and 20 more: 40 rows cannot be sent, ")
    (error,) = objects(platform.devino("send", "--file", str(file), "--json").stdout)
    assert error["error"]["line"] == 3
    assert error["error"]["invalid_count"] == 40
    assert [row["line"] for row in error["error"]["invalid"]] == list(range(3, 43, 2))
    assert platform.sent == []


def test_bad_rows_of_every_sort_are_told_together(platform: Platform, file: Path) -> None:
    file.write_text(
        'to,text,at\n79031234561,a,\n7,b,\n79031234562,c,soon\n79031234563,"d"e,\n79031234564,f\n'
        "79031234565,g,\n"
    )
    platform.unfit = {"79031234565": lambda m: InvalidMessage("text", "is too long", ref=m.ref)}
    told = platform.devino("send", "--file", str(file)).stderr.splitlines()
    assert [line.split(":")[1] for line in told[:-1]] == [f" line {n}" for n in (3, 4, 5, 6, 7)]
    assert told[-1] == (
        "devino: 5 rows cannot be sent, so none was: mend them, or leave them out by --skip-invalid"
    )


def test_bad_rows_may_be_left_out(platform: Platform, file: Path) -> None:
    file.write_text(BAD + "79031234565,g\n")
    platform.unfit = {"79031234565": lambda m: InvalidMessage("text", "is too long", ref=m.ref)}
    result = platform.devino("send", "--file", str(file), "--skip-invalid")
    assert result.exit_code == 1
    assert len(platform.sent) == 40
    assert result.stderr.splitlines()[-1] == (
        "devino: 40 accepted, 41 left out that cannot be sent"
    )
    assert len(result.stderr.splitlines()) == 21
    shown = objects(platform.devino("send", "--file", str(file), "--skip-invalid", "--json").stdout)
    assert sum("error" in one for one in shown) == 41


def test_bad_rows_of_a_pipe_may_be_left_out_too(platform: Platform) -> None:
    result = platform.devino("send", "--file", "-", "--skip-invalid", input=BAD)
    assert result.exit_code == 1
    assert len(platform.sent) == 40


# Each recipient once


REPEATED = "to,text\n79031234561,a\n+7 (903) 123-45-61,b\n89031234561,c\n79031234562,d\n"


def test_each_recipient_gets_one_message(platform: Platform, file: Path) -> None:
    file.write_text(REPEATED)
    result = platform.devino("send", "--file", str(file), "--unique")
    assert result.exit_code == 0
    assert texts(platform) == ["a", "d"]
    assert result.stderr == "devino: 2 accepted, 2 left out as repeats of a recipient\n"
    platform.sent.clear()
    assert platform.devino("send", "--file", str(file)).stderr == "devino: 4 accepted\n"


# Dry runs


class Measuring(Platform):
    def plugin(self) -> object:
        plugin = super().plugin()

        @hookimpl
        def devino_measure(text: str) -> Measure | None:
            return Measure("GSM7" if text.isascii() else "UCS2", 1 + len(text) // 100)

        plugin.devino_measure = devino_measure  # type: ignore[attr-defined]
        return plugin


def test_a_dry_run_says_on_which_lines_the_bad_rows_are(platform: Platform, file: Path) -> None:
    file.write_text("to,text\n79031234561,a\nx,b\n79031234561,c\n,d\n")
    result = platform.devino("send", "--file", str(file), "--dry-run")
    told = [line.partition(": to")[0] for line in result.stderr.splitlines()]
    assert told == [
        "devino: line 3",
        "devino: line 5",
        "devino: 2 rows cannot be sent, the others can",
    ]
    assert "1 of them is a repeat of a recipient; --unique leaves those out" in result.stdout


def test_a_dry_run_tells_what_it_would_be(file: Path) -> None:
    platform = Measuring()
    file.write_text(REPEATED + "79031234563,Привет\nx,y\n79031234564," + "a" * 250 + "\n")
    result = platform.devino("send", "--file", str(file), "--dry-run", "--price", "2.45")
    assert result.exit_code == 2
    assert result.stdout.splitlines() == [
        "6 can be sent; none was",
        "1 cannot be sent",
        "8 SMS to be charged: 5 in GSM7, 1 in UCS2",
        "2 of them are repeats of a recipient; --unique leaves those out",
        "19.60 is the estimated price",
    ]
    args = ("--dry-run", "--price", "2,45", "--unique", "--skip-invalid", "--json")
    (told,) = objects(platform.devino("send", "--file", str(file), *args).stdout)
    assert told == {
        "sendable": 4,
        "media": {"SMS": 4},
        "parts": 6,
        "alphabets": {"GSM7": 3, "UCS2": 1},
        "duplicates": 2,
        "invalid": [{"line": 7, "field": "to", "message": told["invalid"][0]["message"]}],
        "invalid_count": 1,
        "price": 14.7,
    }
    assert platform.sent == []


def test_a_dry_run_of_one_message_tells_it_too() -> None:
    platform = Measuring()
    result = platform.devino("send", "79031234561", "Привет", "--dry-run")
    assert result.stdout == "1 can be sent; none was\n1 SMS to be charged: 1 in UCS2\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--price", "x", "--dry-run"], "'x' is not an amount such as 2.45"),
        (["--price", "1"], "--price is for --dry-run"),
        (["--resume"], "--resume needs --journal FILE"),
        (["--journal", "j", "--ask"], "--ask is for --resume"),
        (["--rate", "50"], "'50' is not a rate such as 50/s, 100/m or 1000/h"),
        (["--rate", "0/s"], "is not a rate"),
    ],
)
def test_options_that_say_nothing_are_refused(
    platform: Platform, file: Path, args: list[str], said: str
) -> None:
    file.write_text("to\n79031234561\n")
    result = platform.devino("send", "--file", str(file), "Hi", *args)
    assert result.exit_code == 2
    assert said in result.stderr
    assert platform.sent == []


@pytest.mark.parametrize(
    "args",
    [
        ["--unique"],
        ["--skip-invalid"],
        ["--no-header"],
        ["--ignore-extra"],
        ["--column", "to=x"],
        ["--journal", "j"],
        ["--rate", "1/s"],
    ],
)
def test_options_of_files_are_not_for_one_message(platform: Platform, args: list[str]) -> None:
    result = platform.devino("send", "79031234561", "Hi", *args)
    assert result.exit_code == 2
    assert f"{args[0]} is for --file" in result.stderr
    assert platform.sent == []


# Text from stdin


def test_a_text_comes_from_stdin(platform: Platform, file: Path) -> None:
    assert platform.devino("send", "79031234561", "-", input="Disk full\nnow\n").exit_code == 0
    file.write_text("to,name\n79031234562,Ann\n")
    result = platform.devino("send", "--file", str(file), "-", input="\ufeffHello {name}\r\n")
    assert result.exit_code == 0
    assert texts(platform) == ["Disk full\nnow", "Hello Ann"]


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "stdin is empty"), (b"\n", "stdin is empty"), (b"\xcf", "not in UTF-8")],
)
def test_a_text_that_stdin_does_not_have_is_not_sent(
    platform: Platform, data: bytes, said: str
) -> None:
    result = platform.devino("send", "79031234561", "-", input=data)
    assert (result.exit_code, platform.sent) == (2, [])
    assert said in result.stderr
    both = platform.devino("send", "--file", "-", "-", input="to\n7903\n")
    assert "TEXT and --file cannot both be stdin" in both.stderr


# Rate


@pytest.mark.parametrize(
    ("text", "rate"), [("50/s", 50.0), (" 120 / m ", 2.0), ("3600/h", 1.0), ("1/s", 1.0)]
)
def test_rates(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


def test_no_more_are_sent_in_a_second_than_the_rate_says(platform: Platform, file: Path) -> None:
    platform.clock.auto_advance = True
    file.write_text("to\n" + "".join(f"7903{n:07}\n" for n in range(95)))
    began = platform.clock.monotonic()
    assert platform.devino("send", "--file", str(file), "Hi", "--rate", "20/s").exit_code == 0
    assert len(platform.sent) == 95
    assert platform.clock.monotonic() - began == 4.0


# What can be read but once


def test_with_a_journal_a_pipe_is_read_to_its_end_and_checked_before_anything_is_sent(
    platform: Platform, tmp_path: Path
) -> None:
    pipe = tmp_path / "rows"
    rows = "to\n" + "".join(f"7903{n:07}\n" for n in range(BATCH + 5))
    args = ["--file", str(pipe), "Hello", "--journal", str(tmp_path / "run.jsonl")]

    def send(text: str, *more: str) -> int:
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_text, args=(text,), daemon=True)
        writer.start()
        code = platform.devino("send", *args, *more).exit_code
        writer.join(10)
        return code

    assert send(rows + "x\n") == 2
    assert platform.sent == []
    assert send(rows) == 0
    assert len(platform.sent) == BATCH + 5
    assert send(rows, "--resume") == 0
    assert len(platform.sent) == BATCH + 5
    assert send(rows + "79031234567\n", "--resume") == 2
