"""Archives of a million rows against the standard library's csv and zipfile, and their transfer."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
import trustme

from devino_codecs import ftp
from devino_core import AsyncClient, Plugins
from devino_plugins.ftp import FtpChannel
from devino_plugins.ftp._delivery import Delivery
from tests.bench._ftp_sandbox import running
from tests.bench.conftest import Table

ROWS = 1_000_000
ARCHIVE = ftp.TemplateArchive(
    text="Dear #attr1#, we are open", sender="DEVINO", columns=("phone", "attr1")
)
SIZE = 100_000_000

pytestmark = pytest.mark.timeout(1800)


def rows(count: int = ROWS) -> Iterator[tuple[str, str]]:
    return (
        (f"7903{n:07}", f"Покупатель номер {n % 1000} города Тверь и области") for n in range(count)
    )


def by_devino(file: BinaryIO) -> None:
    ftp.encode(ARCHIVE, rows(), file)


def by_csv(file: BinaryIO) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zip_:
        with zip_.open("sms/contacts.csv", "w") as entry:
            text = io.TextIOWrapper(entry, "utf-8", newline="")
            writer = csv.writer(text, delimiter=";")
            writer.writerow(ARCHIVE.columns)
            writer.writerows(rows())
            text.flush()
            text.detach()
        zip_.writestr("sms/template.csv", "message;sourceaddress\r\n")


def peak(work: Callable[[], object]) -> float:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def test_a_million_rows_written(compare: Table) -> None:
    def into(write: Callable[[BinaryIO], None]) -> Callable[[], None]:
        def run() -> None:
            with tempfile.TemporaryFile() as file:
                write(file)

        return run

    ours = into(by_devino)
    compare(
        "FTP: 1,000,000 rows written (CPU)",
        ours,
        {"csv, zipfile": into(by_csv)},
        rounds=3,
        clock=time.process_time,
    )
    compare.note(f"FTP: 1,000,000 rows written, peak of Python's memory {peak(ours):.1f} MiB")


def test_a_million_rows_read(compare: Table) -> None:
    with tempfile.TemporaryFile() as file:
        by_devino(file)

        def ours() -> None:
            with ftp.decode(file) as opened:
                assert sum(1 for row in opened.rows) == ROWS

        def theirs() -> None:
            with zipfile.ZipFile(file) as zip_, zip_.open("sms/contacts.csv") as entry:
                text = io.TextIOWrapper(entry, "utf-8", newline="")
                assert sum(1 for row in csv.reader(text, delimiter=";")) == ROWS + 1

        compare(
            "FTP: 1,000,000 rows read (CPU)",
            ours,
            {"csv, zipfile": theirs},
            rounds=3,
            clock=time.process_time,
        )
        compare.note(f"FTP: 1,000,000 rows read, peak of Python's memory {peak(ours):.1f} MiB")


def test_a_million_people_from_a_file_to_the_sandbox(compare: Table, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    with people.open("w", encoding="utf-8") as file:
        file.write("Phone;Name;City\n")
        file.writelines(f"7903{n:07};Покупатель {n % 1000};Тверь\n" for n in range(ROWS))
    with running() as sandbox:
        settings = {"HOST": "127.0.0.1", "PORT": str(sandbox.ports["ftp"]), "LOGIN": "demo"}
        settings |= {"PASSWORD": "demo", "SENDER": "DEVINO", "TLS": "none"}
        environ = {**os.environ, "DEVINO_CONFIG": ""}
        environ |= {f"DEVINO__FTP__{key}": value for key, value in settings.items()}
        began, before = time.perf_counter(), _cpu()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "devino_core.cli", "upload", str(people), "Dear {name}"),
                *("--column", "to=Phone", "--column", "name=Name", "--json"),
            ],
            env=environ,
            capture_output=True,
            check=True,
        )
        took, used = time.perf_counter() - began, _cpu() - before
        (upload,) = json.loads(done.stdout)
        high = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        told = sandbox.come_to()
    assert upload["contacts"] == told["taken"] == ROWS
    compare.note(
        f"FTP: upload of 1,000,000 people from a file: {took:.1f} s, {used:.1f} s of CPU, "
        f"{high} MiB; the sandbox reads them in {told['seconds']:.0f} s and {told['MiB']} MiB"
    )


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(("endpoint", "mode"), [("ftp", "explicit"), ("ftps", "implicit")])
def test_a_large_file_over_tls(
    compare: Table, endpoint: str, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    certificate = authority.issue_cert("127.0.0.1")
    chain = tmp_path / "cert.pem"
    chain.write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    with (
        tempfile.TemporaryFile() as file,
        running(str(chain), str(tmp_path / "key.pem")) as sandbox,
    ):
        for _ in range(SIZE // 10**6):
            file.write(os.urandom(10**6))
        settings = {"login": "demo", "password": "demo", "host": "127.0.0.1", "tls": mode}
        settings |= {"port": sandbox.ports[endpoint]}  # type: ignore[dict-item]

        async def transfer() -> float:
            async with AsyncClient({"ftp": settings}, plugins=Plugins(environ={})) as client:
                delivery: Delivery = client.channel("ftp", FtpChannel)._delivery()
                began = time.perf_counter()
                await delivery.deliver(file, SIZE, lambda octets: None, messages=1)
                return time.perf_counter() - began

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        took = asyncio.run(transfer())
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        told = sandbox.come_to()
    compare.note(
        f"FTP: 100 MB over TLS, {mode}: {took:.1f} s, {more:.0f} MiB more; "
        f"the sandbox's peak {told['MiB']} MiB"
    )
