"""Archives for FTP, read by programs that others wrote."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from devino_codecs import ftp

ROWS = [("79031234567", "Анна"), ("79031234568", "Борис")] * 3000
TABLE = "phone;attr1\r\n" + "".join(f"{number};{name}\r\n" for number, name in ROWS)
TEMPLATE = "message;sourceaddress;validity\r\nПривет, #attr1#!;DEVINO;60\r\n"
READER = """
using System; using System.IO; using System.IO.Compression; using System.Text;
class Read { static void Main(string[] arguments) {
  using (var zip = new ZipArchive(File.OpenRead(arguments[0])))
  using (var entry = zip.GetEntry("sms/contacts.csv").Open())
  using (var reader = new StreamReader(entry, Encoding.UTF8))
  using (var output = Console.OpenStandardOutput()) {
    var bytes = Encoding.UTF8.GetBytes(reader.ReadToEnd());
    output.Write(bytes, 0, bytes.Length); } } }
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "demo_20260101120000.zip"
    made = ftp.TemplateArchive(
        text="Привет, #attr1#!", sender="DEVINO", validity=60, columns=("phone", "attr1")
    )
    with path.open("wb") as file:
        ftp.encode(made, ROWS, file)
    return path


def installed(*names: str) -> str:
    for name in names:
        if (found := shutil.which(name)) is not None:
            return found
    pytest.skip(f"{' or '.join(names)} is not installed")


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, timeout=60, check=True).stdout.decode()


def test_python_reads_it_by_its_own_means(archive: Path) -> None:
    with zipfile.ZipFile(archive) as zip_:
        assert zip_.testzip() is None
        assert zip_.namelist() == ["sms/contacts.csv", "sms/template.csv"]
        table = io.TextIOWrapper(zip_.open("sms/contacts.csv"), "utf-8", newline="")
        with table:
            assert list(map(tuple, csv.reader(table, delimiter=";"))) == [("phone", "attr1"), *ROWS]


def test_unzip_reads_it(archive: Path) -> None:
    unzip = installed("unzip")
    assert output(unzip, "-p", str(archive), "sms/contacts.csv") == TABLE
    assert output(unzip, "-p", str(archive), "sms/template.csv") == TEMPLATE
    assert "No errors detected" in output(unzip, "-t", str(archive))


def test_seven_zip_reads_it(archive: Path) -> None:
    program = installed("7z", "7zz", "7za")
    assert "Everything is Ok" in output(program, "t", str(archive))
    assert output(program, "x", "-so", str(archive), "sms/contacts.csv") == TABLE


def test_dot_net_reads_it(archive: Path) -> None:
    mono, compiler = installed("mono"), installed("mcs")
    source = archive.parent / "read.cs"
    source.write_text(READER)
    program = archive.parent / "read.exe"
    output(compiler, "-r:System.IO.Compression.dll", f"-out:{program}", str(source))
    assert output(mono, str(program), str(archive)) == TABLE
