"""CSV files as people have them, and what is read of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_core import ConfigurationError
from devino_core.cli.toolkit import InvalidRow, Table
from tests.core._cli import Platform

ROWS = [("79031234567", "Анна"), ("79031234568", "Борис; мл.")]
PLAIN = 'to;name\n79031234567;Анна\n79031234568;"Борис; мл."\n'


def read(path: Path, encoding: str = "utf-8-sig") -> list[tuple[str, ...]]:
    return [tuple(line.cells) for line in Table(str(path), encoding)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


TABBED = PLAIN.replace("to;name", "to\tname").replace("67;", "67\t").replace("68;", "68\t")
COMMAS = "to,name\n79031234567,Анна\n79031234568,Борис; мл.\n"
BARS = COMMAS.replace(",", "|")
QUOTED = '"to";"name"\n"79031234567";"Анна"\n"79031234568";"Борис; мл."\n'
BLANKS = "\n \n" + PLAIN.replace("\n", "\n \n") + ";\n\n"
WIDE = "".join(f"{line};;;\n" for line in PLAIN.splitlines())
UTF8 = "utf-8-sig"
FILES: dict[str, tuple[bytes, str]] = {
    "plain": (PLAIN.encode(), UTF8),
    "a byte order mark": (PLAIN.encode(UTF8), UTF8),
    "Excel's Unicode text": (TABBED.encode("utf-16"), UTF8),
    "UTF-16, big end first": (b"\xfe\xff" + PLAIN.encode("utf-16-be"), UTF8),
    "a mark against what is said": (PLAIN.encode(UTF8), "cp1251"),
    "cp1251": (PLAIN.encode("cp1251"), "cp1251"),
    "sep=": (b"sep=;\n" + PLAIN.encode(), UTF8),
    "sep= in quotes, with a mark": ('"SEP=;"\r\n'.encode(UTF8) + PLAIN.encode(), UTF8),
    "sep= of a character that is rare": (b"sep=|\n" + BARS.encode(), UTF8),
    "commas": (COMMAS.encode(), UTF8),
    "all in quotes": (QUOTED.encode(), UTF8),
    "lines of Windows": (PLAIN.replace("\n", "\r\n").encode(), UTF8),
    "lines of an old Mac": (PLAIN.replace("\n", "\r").encode(), UTF8),
    "no last line break": (PLAIN.rstrip().encode(), UTF8),
    "blank lines": (BLANKS.encode(), UTF8),
    "columns that Excel adds": (WIDE.encode(), UTF8),
    "blanks around the names": (PLAIN.replace("to;name", " to ; name").encode(), UTF8),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_as_programs_write_it(file: Path, name: str) -> None:
    data, encoding = FILES[name]
    file.write_bytes(data)
    table = Table(str(file), encoding)
    assert table.columns == ("to", "name")
    assert [tuple(line.cells) for line in table] == ROWS


def test_a_name_with_the_other_separator_in_quotes_decides_nothing(file: Path) -> None:
    file.write_text('to;"Name, first, last"\n79031234567;Ann\n')
    assert Table(str(file)).columns == ("to", "Name, first, last")


def test_lines_are_counted_as_an_editor_counts_them(file: Path) -> None:
    file.write_text('sep=;\n\nto;text\n\n1;"a\nb"\n2;c\n\n3;d\n')
    assert [line.number for line in Table(str(file))] == [5, 7, 9]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("to;name\n1;a;b\n", 2, "has 3 cells, where the first line names 2"),
        ("to;name\n1;a\n\n1\n", 4, "has 1 cells"),
        ('to;name\n1;a\n"1;a\n', 3, "unexpected end"),
        ('to;name\n1;"a" b\n', 2, "expected after"),
    ],
)
def test_a_row_that_is_none_is_named_by_its_line(
    file: Path, text: str, line: int, word: str
) -> None:
    file.write_text(text)
    with pytest.raises(InvalidRow, match=word) as caught:
        read(file)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("column", "place"), [("to", 0), ("Имя", 1), ("имя", 1), ("TO", 0), ("Номер\nдома", 2)]
)
def test_a_column_is_found_by_its_name_in_any_case(file: Path, column: str, place: int) -> None:
    file.write_text('to;Имя;"Номер\nдома"\n')
    assert Table(str(file)).place(column) == place


def test_a_column_that_is_not_there_is_told_with_the_nearest(file: Path) -> None:
    file.write_text("to;name;Name\n")
    table = Table(str(file))
    with pytest.raises(InvalidRow, match="did you mean 'name'"):
        table.place("nmae")
    with pytest.raises(InvalidRow, match="there are to, name, Name; use --column"):
        table.place("phone", hint="; use --column")
    with pytest.raises(InvalidRow, match="twice"):
        table.place("NAME")
    assert table.place("Name") == 2


@pytest.mark.parametrize(
    ("encoding", "word"),
    [
        ("utf-8-sig", "is not in UTF-8: name its encoding, as in --encoding cp1251"),
        ("ascii", "is not in ascii: name its encoding, as in --encoding cp1251"),
        ("klingon", "no encoding"),
    ],
)
def test_a_file_of_another_encoding_is_told_so(file: Path, encoding: str, word: str) -> None:
    file.write_bytes(PLAIN.encode("cp1251"))
    with pytest.raises(ConfigurationError, match=word):
        read(file, encoding)


def test_an_empty_file_has_no_columns(file: Path) -> None:
    file.write_bytes(b"")
    assert Table(str(file)).columns == ()
    assert read(file) == []


CELLS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=10)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=20), st.sampled_from([";", ",", "\t"]))
def test_what_csv_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    import csv

    file = tmp_path_factory.mktemp("t") / "x.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, delimiter=delimiter).writerows([("a", "b"), *rows])
    assert read(file) == rows


def test_send_reads_such_files_too(file: Path) -> None:
    platform = Platform()
    file.write_bytes("sep=;\nto;text;;\n79031234567;Привет;;\n".encode("utf-16"))
    assert platform.devino("send", "--file", str(file)).exit_code == 0
    assert [message.text for message in platform.sent] == ["Привет"]
