"""Archives of mass mail-outs: what is written, what others read of it, and what is refused."""

# ruff: noqa: DTZ001 (dates of this wire are naive)

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import zipfile
from datetime import datetime
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from devino_codecs import ftp
from devino_codecs.errors import EncodeError
from devino_codecs.ftp import PlainArchive, Quoting, Row, Sms, TemplateArchive
from tests.wire._ftp import NUMBER, files, packed, read, written

TEMPLATE = TemplateArchive(
    text="Dear #attr1#!", sender="DEVINO", columns=("phone", "senddate", "attr1")
)


def test_an_archive_with_a_template_is_what_the_manual_says() -> None:
    archive = TemplateArchive(
        text="Уважаемый #attr1#",
        sender="TESTSMS",
        validity=180,
        send_at=datetime(2010, 6, 1, 19, 14),
        local_time=True,
        columns=("phone", "senddate", "attr1"),
    )
    file = written(archive, [(NUMBER, "2010-06-01T19:15:00", "Иван"), (NUMBER, "", "")])
    assert files(file) == {
        "sms/contacts.csv": (
            f"phone;senddate;attr1\r\n{NUMBER};2010-06-01T19:15:00;Иван\r\n{NUMBER};;\r\n"
        ),
        "sms/template.csv": (
            "message;sourceaddress;validity;senddate;localtime\r\n"
            "Уважаемый #attr1#;TESTSMS;180;2010-06-01T19:14:00;1\r\n"
        ),
    }
    assert read(file) == [
        Sms(NUMBER, "Уважаемый Иван", datetime(2010, 6, 1, 19, 15)),
        Sms(NUMBER, "Уважаемый ", datetime(2010, 6, 1, 19, 14)),
    ]


def test_columns_without_a_value_are_left_out_of_the_template() -> None:
    archive = TemplateArchive(text="Hello", sender="DEVINO")
    assert files(written(archive, [(NUMBER,)]))["sms/template.csv"] == (
        "message;sourceaddress\r\nHello;DEVINO\r\n"
    )


def test_an_archive_without_a_template_is_one_table() -> None:
    file = written(PlainArchive(), [(NUMBER, "Привет"), ("+" + NUMBER, "=1+1")])
    assert files(file) == {
        "sms/name.csv": f"TELNR_LONG;TEXT\r\n{NUMBER};Привет\r\n+{NUMBER};=1+1\r\n"
    }
    assert read(file) == [Sms(NUMBER, "Привет"), Sms(NUMBER, "=1+1")]


def test_the_same_rows_are_the_same_bytes() -> None:
    rows: list[Row] = [(NUMBER, "", str(nth)) for nth in range(5000)]
    assert written(TEMPLATE, rows).getvalue() == written(TEMPLATE, rows).getvalue()


def test_no_entry_needs_zip64_or_a_data_descriptor() -> None:
    with zipfile.ZipFile(written(TEMPLATE, [(NUMBER, "", "x")])) as zip_:
        for entry in zip_.infolist():
            assert entry.flag_bits & 0x08 == 0
            assert entry.extract_version == 20
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "quoting", "cell"),
    [
        ('say "hi"', Quoting.NEVER, 'say "hi"'),
        ('say "hi"', Quoting.STANDARD, '"say ""hi"""'),
        ("a;b", Quoting.STANDARD, '"a;b"'),
        ("plain", Quoting.STANDARD, "plain"),
    ],
)
def test_quotes_are_written_as_the_setting_says(text: str, quoting: Quoting, cell: str) -> None:
    file = written(PlainArchive(), [(NUMBER, text)], quoting=quoting)
    assert files(file)["sms/name.csv"].splitlines()[1] == f"{NUMBER};{cell}"
    assert read(file, quoting=quoting) == [Sms(NUMBER, text)]


@pytest.mark.parametrize(
    ("row", "quoting", "path", "word"),
    [
        ((NUMBER, "a;b"), Quoting.REFUSE, "[1].TEXT", "quotes; if support does, set `quoting`"),
        ((NUMBER, 'a"b'), Quoting.REFUSE, "[1].TEXT", "quotes"),
        ((NUMBER, "a;b"), Quoting.NEVER, "[1].TEXT", "';'"),
        ((NUMBER, f"a\r\n{NUMBER};b"), Quoting.REFUSE, "[1].TEXT", "U+000D"),
        ((NUMBER, "a\nb"), Quoting.STANDARD, "[1].TEXT", "U+000A"),
        ((NUMBER, "a\u2028b"), Quoting.NEVER, "[1].TEXT", "U+2028"),
        ((NUMBER, "\ud83d"), Quoting.NEVER, "[1].TEXT", "U+D83D"),
        ((NUMBER, ""), Quoting.REFUSE, "[1].TEXT", "empty"),
        (("7903123456x", "a"), Quoting.REFUSE, "[1].TELNR_LONG", "digits"),
        (("7.9E+10", "a"), Quoting.STANDARD, "[1].TELNR_LONG", "digits"),
        (("٧٩٠٣", "a"), Quoting.REFUSE, "[1].TELNR_LONG", "digits"),
        ((NUMBER,), Quoting.REFUSE, "[1]", "1 cells for 2"),
        ((NUMBER, "a", "b"), Quoting.REFUSE, "[1]", "3 cells for 2"),
        ((f"{NUMBER};a",), Quoting.REFUSE, "[1]", "1 cells for 2"),
        ((NUMBER, 7), Quoting.REFUSE, "[1].TEXT", "not int"),
    ],
)
def test_a_cell_that_a_reader_could_misread_is_refused_with_its_place(
    row: Row, quoting: Quoting, path: str, word: str
) -> None:
    with pytest.raises(EncodeError, match=re.escape(word)) as caught:
        ftp.encode(PlainArchive(), [(NUMBER, "good"), row], io.BytesIO(), quoting=quoting)
    assert caught.value.path == path


def test_a_bad_date_is_refused() -> None:
    with pytest.raises(EncodeError) as caught:
        written(TEMPLATE, [(NUMBER, "01.06.2010", "x")])
    assert caught.value.path == "[0].senddate"


def test_a_character_that_the_encoding_lacks_is_named() -> None:
    with pytest.raises(EncodeError, match="windows-1251") as caught:
        written(PlainArchive(), [(NUMBER, "Привет"), (NUMBER, "你好")], encoding="windows-1251")
    assert caught.value.path == "[1]"
    file = written(PlainArchive(), [(NUMBER, "Привет")], encoding="windows-1251")
    assert read(file, encoding="windows-1251") == [Sms(NUMBER, "Привет")]


@pytest.mark.parametrize(
    ("archive", "word"),
    [
        (TemplateArchive(text="", sender="X"), "empty"),
        (TemplateArchive(text="x", sender="Отправитель"), "Latin"),
        (TemplateArchive(text="x", sender="TWELVELETTER"), "Latin"),
        (TemplateArchive(text="x", sender="X", validity=0), "minute"),
        (TemplateArchive(text="x", sender="X", columns=("attr1",)), "phone"),
        (TemplateArchive(text="x", sender="X", columns=("phone", "phone")), "once"),
        (TemplateArchive(text="x", sender="X", columns=("phone", "name")), "none of"),
        (TemplateArchive(text="a;b", sender="X"), "quotes"),
        (PlainArchive(columns=("TEXT", "TELNR_LONG")), "TELNR_LONG"),
    ],
)
def test_an_archive_that_the_wire_cannot_carry_is_refused(archive: ftp.Archive, word: str) -> None:
    with pytest.raises(EncodeError, match=word):
        ftp.Writer(io.BytesIO(), archive)


def test_dates_of_the_archive_are_naive() -> None:
    archive = TemplateArchive(
        text="x", sender="X", send_at=datetime.fromisoformat("2026-01-01T00:00:00+03:00")
    )
    with pytest.raises(EncodeError, match="naive"):
        ftp.Writer(io.BytesIO(), archive)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_an_encoding_that_blocks_cannot_be_joined_in_is_refused(encoding: str) -> None:
    with pytest.raises(EncodeError, match="ASCII"):
        ftp.Writer(io.BytesIO(), PlainArchive(), encoding=encoding)


def test_an_unseekable_file_is_refused() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(EncodeError, match="seekable"):
        ftp.Writer(Pipe(), PlainArchive())


def test_nothing_of_an_archive_is_left_when_a_row_is_bad() -> None:
    file = io.BytesIO(b"before")
    file.seek(6)
    with pytest.raises(EncodeError):
        ftp.encode(PlainArchive(), [(NUMBER, "good"), (NUMBER, "")], file)
    assert file.getvalue() == b"before"


def test_a_full_archive_takes_no_more_and_reads_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devino_codecs.ftp._writing.MAX_ROWS", 3)
    source = iter([(NUMBER, str(nth)) for nth in range(5)])
    with ftp.Writer(io.BytesIO(), PlainArchive()) as writer:
        assert writer.write(source) == 3
        assert writer.full
        assert writer.write(source) == 0
    assert list(source) == [(NUMBER, "3"), (NUMBER, "4")]
    with pytest.raises(EncodeError, match="more than 3 rows"):
        ftp.encode(PlainArchive(), [(NUMBER, "x")] * 4, io.BytesIO())


def test_a_file_near_two_gigabytes_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devino_codecs.ftp._writing._MAX_BYTES", 30)
    with ftp.Writer(io.BytesIO(), PlainArchive()) as writer:
        writer.write([(NUMBER, "some twenty characters")])
        assert writer.full


# Reading.


@pytest.mark.parametrize(
    "table",
    [
        f"TELNR_LONG;TEXT\n{NUMBER};Hello\n",
        f"TELNR_LONG;TEXT\r{NUMBER};Hello",
        f"\ufefftelnr_long;text\r\n+{NUMBER};Hello\r\n",
        f"TEXT;TELNR_LONG\r\nHello; {NUMBER} \r\n\r\n",
        f'TELNR_LONG;TEXT\r\n{NUMBER};"Hello"\r\n',
    ],
)
def test_tables_are_read_however_people_write_them(table: str) -> None:
    assert read(packed(whatever=table)) == [Sms(NUMBER, "Hello")]


def test_names_of_files_may_have_the_other_slash_and_any_case() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zip_:
        zip_.writestr("sms/", "")
        zip_.writestr(zipfile.ZipInfo("SMS\\Contacts.CSV"), f"PHONE;ATTR1\n{NUMBER};Ann\n")
        zip_.writestr("sms/template.csv", "MESSAGE;SourceAddress\nHi #ATTR1##attr2#;X\n")
    assert read(file) == [Sms(NUMBER, "Hi Ann")]


def test_a_value_is_not_searched_for_fields() -> None:
    file = packed(
        contacts=f"phone;attr1;attr2\n{NUMBER};#attr2#;x\n",
        template="message;sourceaddress\n#attr1#;X\n",
    )
    assert read(file) == [Sms(NUMBER, "#attr2#")]


def test_a_bad_row_makes_no_other_row_bad() -> None:
    table = (
        f"TELNR_LONG;TEXT\n{NUMBER};one\nx;two\n{NUMBER};three;four\n{NUMBER}\n{NUMBER};".encode()
        + b"\xff\n"
        + f"{NUMBER};a\x00b\n{NUMBER};last\n".encode()
    )
    assert read(packed(name=table)) == [
        Sms(NUMBER, "one"),
        "TELNR_LONG: expected 1 to 15 digits, with or without '+'",
        "3 cells, and the first line names 2 columns",
        "TEXT: is empty",
        "TEXT: holds a byte of another encoding",
        "TEXT: holds U+0000",
        Sms(NUMBER, "last"),
    ]


def test_dates_are_read_in_both_forms_of_the_manual() -> None:
    file = packed(
        contacts=(
            f"phone;senddate\n{NUMBER};20100601T19:14:00\n{NUMBER};2010-06-01T19:14:00\n"
            f"{NUMBER};\n{NUMBER};tomorrow\n"
        ),
        template="message;sourceaddress;senddate;localtime;validity\nHi;X;;1;180\n",
    )
    when = datetime(2010, 6, 1, 19, 14)
    assert read(file)[:3] == [Sms(NUMBER, "Hi", when), Sms(NUMBER, "Hi", when), Sms(NUMBER, "Hi")]
    assert "senddate" in str(read(file)[3])
    with ftp.decode(file) as opened:
        assert isinstance(opened.archive, TemplateArchive)
        assert (opened.archive.validity, opened.archive.local_time) == (180, True)


CELLS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters='\u2028\u2029;"'),
    min_size=1,
    max_size=30,
)
NUMBERS = st.from_regex(r"[0-9]{7,15}", fullmatch=True)


@given(
    st.lists(st.tuples(NUMBERS, CELLS, CELLS), max_size=20),
    CELLS.filter(str.strip),
    st.none() | st.integers(1, 10**6),
    st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
    st.booleans(),
)
def test_what_is_written_is_read(
    rows: list[Row], text: str, validity: int | None, when: datetime | None, local: bool
) -> None:
    archive = TemplateArchive(
        text=text.strip(),
        sender="DEVINO",
        validity=validity,
        send_at=when and when.replace(microsecond=0),
        local_time=local and when is not None,
        columns=("phone", "attr1", "attr7"),
    )
    with ftp.decode(written(archive, rows)) as opened:
        assert opened.archive == archive
        assert list(opened.rows) == [tuple(row) for row in rows]


ANY_CELL = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029"),
    min_size=1,
    max_size=20,
)


@given(st.lists(st.tuples(NUMBERS, ANY_CELL), min_size=1, max_size=20))
def test_the_standard_librarys_reader_agrees_with_ours(rows: list[tuple[str, str]]) -> None:
    file = written(PlainArchive(), list(rows), quoting=Quoting.STANDARD)
    table = io.StringIO(files(file)["sms/name.csv"], newline="")
    assert [tuple(row) for row in csv.reader(table, delimiter=";")][1:] == rows
    assert read(file) == [Sms(number, text) for number, text in rows]


@pytest.mark.skipif(shutil.which("unzip") is None, reason="needs unzip")
def test_unzip_reads_what_we_write(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(written(TEMPLATE, [(NUMBER, "", "Иван")]).getvalue())
    shown = subprocess.run(
        ["unzip", "-p", str(path), "sms/contacts.csv"], capture_output=True, check=True
    )
    assert shown.stdout.decode() == f"phone;senddate;attr1\r\n{NUMBER};;Иван\r\n"


# Names.


def test_the_name_of_an_archive_is_the_manuals() -> None:
    name = ftp.ArchiveName("guest", datetime(2012, 2, 7, 23, 19, 32))
    assert name.spelt() == "guest_20120207231932.zip"
    assert ftp.ArchiveName.of("guest_20120207231932.zip") == name
    assert ftp.ArchiveName.of("a_b_20120207231932.ZIP") == ftp.ArchiveName("a_b", name.at)


@pytest.mark.parametrize(
    "name",
    [
        "guest_20120207231932.zip.part",
        "guest_20121307231932.zip",
        "guest.zip",
        "a/b_20120207231932.zip",
    ],
)
def test_other_names_are_no_archives(name: str) -> None:
    assert ftp.ArchiveName.of(name) is None


@pytest.mark.parametrize("login", ["", "a/b", "a\\b", "a\nb"])
def test_a_login_that_no_file_name_holds_is_refused(login: str) -> None:
    with pytest.raises(EncodeError, match="slash"):
        ftp.ArchiveName(login, datetime(2012, 2, 7)).spelt()


def test_memory_does_not_grow_with_the_rows() -> None:
    import tracemalloc

    def peak(count: int) -> int:
        file = io.BytesIO()
        tracemalloc.start()
        ftp.encode(TEMPLATE, ((NUMBER, "", "the same") for _ in range(count)), file)
        with ftp.decode(file) as opened:
            assert sum(1 for _ in opened.rows) == count
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    assert peak(60_000) < 2 * peak(6_000)
