"""Archives of mass mail-outs that nobody should make: what is refused, and in which words."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib

import hypothesis.strategies as st
import pytest
from hypothesis import given

from devino_codecs import ftp
from devino_codecs.errors import DecodeError
from tests.wire._ftp import NUMBER, packed, read

GOOD = {"contacts": f"phone\n{NUMBER}\n", "template": "message;sourceaddress\nHi;X\n"}


@pytest.mark.parametrize(
    ("tables", "word"),
    [
        ({"contacts": GOOD["contacts"]}, "template.csv"),
        ({**GOOD, "name": "x"}, "found"),
        ({**GOOD, "template": "message;sourceaddress\n"}, "exactly one line"),
        ({**GOOD, "template": "message;sourceaddress\nHi;X\nHo;X\n"}, "exactly one line"),
        ({**GOOD, "template": "message\nHi\n"}, "sourceaddress"),
        ({**GOOD, "template": "message;sourceaddress\n;X\n"}, "message is empty"),
        ({**GOOD, "template": "message;sourceaddress\nHi;X;Y\n"}, "more cells"),
        ({**GOOD, "template": "message;sourceaddress;validity\nHi;X;soon\n"}, "minutes"),
        ({**GOOD, "template": "message;sourceaddress;localtime\nHi;X;2\n"}, "localtime"),
        ({**GOOD, "contacts": "attr1\nx\n"}, "phone"),
        ({**GOOD, "contacts": "phone;PHONE\n1;2\n"}, "twice"),
        ({"name": "phone;text\n1;x\n"}, "TELNR_LONG"),
        ({"name": ""}, "TELNR_LONG"),
        ({"name": "TELNR_LONG;TEXT\n1;" + "x" * 70_000}, "too long"),
        ({}, "found 0"),
    ],
)
def test_an_archive_without_what_it_needs_is_refused(tables: dict[str, str], word: str) -> None:
    with pytest.raises(DecodeError, match=word):
        read(packed(**tables))


@pytest.mark.parametrize(
    "path", ["../name.csv", "sms/../name.csv", "name.csv", "/sms/name.csv", "sms/a/b.csv", "sms/.."]
)
def test_an_entry_outside_of_the_folder_is_refused(path: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zip_:
        zip_.writestr(path, "TELNR_LONG;TEXT\n")
    with pytest.raises(DecodeError, match="outside"):
        ftp.decode(file)


def test_a_link_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zip_:
        link = zipfile.ZipInfo("sms/name.csv")
        link.external_attr = 0o120777 << 16
        zip_.writestr(link, "/etc/passwd")
    with pytest.raises(DecodeError, match="regular"):
        ftp.decode(file)


def test_an_encrypted_archive_is_refused() -> None:
    data = bytearray(packed(name="TELNR_LONG;TEXT\n").getvalue())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + at] |= 1
    with pytest.raises(DecodeError, match="encrypted"):
        ftp.decode(io.BytesIO(bytes(data)))


def test_bombs_are_refused_before_they_are_unpacked() -> None:
    with pytest.raises(DecodeError, match="1000 to 1"):
        ftp.decode(packed(name=b"\0" * 3_000_000))
    with pytest.raises(DecodeError, match="more than 10 bytes"):
        ftp.decode(packed(name="TELNR_LONG;TEXT\n"), max_size=10)
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as zip_:
        for nth in range(200):
            zip_.writestr(f"sms/{nth}.csv", "")
    with pytest.raises(DecodeError, match="files"):
        ftp.decode(many)


def test_a_file_that_lies_about_its_size_ends_in_a_clear_error() -> None:
    data = bytearray(packed(name="TELNR_LONG;TEXT\n" + f"{NUMBER};x\n" * 1000).getvalue())
    place = data.index(b"PK\x01\x02")
    struct.pack_into("<L", data, place + 24, 2000)
    with pytest.raises(DecodeError):
        read(io.BytesIO(bytes(data)))


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_octets_end_in_rows_or_a_clear_error(junk: bytes, at: int) -> None:
    good = packed(**GOOD).getvalue()
    for data in (junk, good[:at] + junk + good[at + len(junk) :], good[:at]):
        with contextlib.suppress(DecodeError):
            read(io.BytesIO(data))


def test_a_damaged_table_ends_in_a_clear_error() -> None:
    rows = "".join(f"{NUMBER};{zlib.crc32(str(nth).encode())}\n" for nth in range(9999))
    data = bytearray(packed(name="TELNR_LONG;TEXT\n" + rows).getvalue())
    data[len(data) // 2] ^= 0x55
    with pytest.raises(DecodeError, match="cannot be read"):
        read(io.BytesIO(bytes(data)))
