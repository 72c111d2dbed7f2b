"""The sandbox's FTP server against people who mean ill: bounds, refusals, archives on record."""

from __future__ import annotations

import asyncio
import ftplib
import io
import socket
import ssl
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from devino_sandbox.services.ftp._conversation import MAX_FILE, Conversation
from devino_sandbox.services.ftp._folders import Folders
from tests.channels._ftp import ftp_of, lying, served, taken
from tests.channels._sandboxed import PASSWORD, Wired

NAME = "demo_20260101120000.zip"
GOOD = {
    "sms/contacts.csv": b"phone\r\n79031234567\r\n",
    "sms/template.csv": b"message;sourceaddress\r\nHi;DEVINO\r\n",
}


async def converse(wire: Wired, work: Callable[[ftplib.FTP], object]) -> object:
    """Do this with the standard library's client, logged in."""
    settings = ftp_of(wire).settings

    def run() -> object:
        with ftplib.FTP(timeout=20) as client:
            client.connect(settings.host, settings.port or 0)
            client.login("demo", PASSWORD)
            return work(client)

    return await asyncio.to_thread(run)


def packed(files: dict[str, bytes], **how: int) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **how) as zip_:  # type: ignore[call-overload]
        for name, data in files.items():
            zip_.writestr(name, data)
    file.seek(0)
    return file


def replied(error: pytest.ExceptionInfo[ftplib.Error], code: int) -> bool:
    return str(error.value).startswith(str(code))


@pytest.mark.parametrize("command", ["PORT 10,0,0,1,31,144", "EPRT |1|10.0.0.1|8080|"])
async def test_data_goes_to_nobody_else(command: str) -> None:
    async with served() as wire:
        with pytest.raises(ftplib.error_perm) as caught:
            await converse(wire, lambda client: client.sendcmd(command))
        assert replied(caught, 501)


async def test_data_goes_to_no_port_of_the_system() -> None:
    async with served() as wire:
        with pytest.raises(ftplib.error_perm) as caught:
            await converse(wire, lambda client: client.sendcmd("PORT 127,0,0,1,0,25"))
        assert replied(caught, 501)


async def test_a_file_has_its_limit_however_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_FILE == 1 << 30
    monkeypatch.setattr(Conversation, "max_file", 100_000)
    async with served() as wire:

        def store(client: ftplib.FTP) -> None:
            client.storbinary("STOR x", io.BytesIO(b"x" * 90_000))
            for _ in range(2):
                # From where it ends, as who resumes does.
                client.storbinary("STOR x", io.BytesIO(b"x" * 90_000), rest=client.size("x"))

        with pytest.raises(ftplib.error_perm) as caught:
            await converse(wire, store)
        assert replied(caught, 552)


@pytest.mark.parametrize("path", ["../x", "/../../x", "/etc/passwd", "../1/x"])
async def test_nobody_leaves_the_folder(path: str) -> None:
    async with served() as wire:
        folder = Path(wire.world.of(Folders).of(wire.world.accounts["demo"]))

        def store(client: ftplib.FTP) -> None:
            client.storbinary(f"STOR {path}", io.BytesIO(b"x"))

        before = sorted(folder.parent.rglob("*"))
        try:
            await converse(wire, store)
        except ftplib.Error:
            assert sorted(folder.parent.rglob("*")) == before
        else:
            assert lying(wire) == ["x"]


@pytest.mark.parametrize("mode", ["in the clear", "in a handshake"])
async def test_who_says_nothing_is_hung_up_on(
    mode: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Conversation, "timeout", 0.2)
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    encrypted = mode == "in a handshake"
    async with served(
        context=context if encrypted else None, endpoint="ftps" if encrypted else "ftp"
    ) as wire:
        settings = ftp_of(wire).settings
        reader, writer = await asyncio.open_connection(settings.host, settings.port)
        async with asyncio.timeout(20):
            await reader.read()
        writer.close()
        with socket.socket() as still:
            still.connect((settings.host, settings.port or 0))


def zip64() -> io.BytesIO:
    """An archive whose directory says in zip64 how long it is: longer than any sensible one."""
    data = packed(GOOD).getvalue()
    end = data.index(b"PK\x05\x06")
    long_end = b"PK\x06\x06" + (44).to_bytes(8, "little") + b"\x2d\0\x2d\0" + bytes(8)
    long_end += (2).to_bytes(8, "little") * 2 + (1 << 29).to_bytes(8, "little") + bytes(8)
    place = b"PK\x06\x07" + bytes(4) + end.to_bytes(8, "little") + (1).to_bytes(4, "little")
    return io.BytesIO(data[:end] + long_end + place + data[end:])


HOSTILE: dict[str, tuple[Callable[[], io.BytesIO], str]] = {
    "no archive": (lambda: io.BytesIO(b"hello"), "zip"),
    "a slip": (lambda: packed({**GOOD, "../../x": b"x"}), "outside"),
    "a bomb": (
        lambda: packed(
            {**GOOD, "sms/contacts.csv": b"0" * 10**7}, compression=zipfile.ZIP_DEFLATED
        ),
        "1000 to 1",
    ),
    "a directory without end": (zip64, "files"),
    "LZMA": (lambda: packed(GOOD, compression=zipfile.ZIP_LZMA), "deflate"),
    "a second template": (lambda: packed({**GOOD, "sms/name.csv": b"x"}), "found"),
    "nothing": (lambda: packed({}), "found 0"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_archive_is_on_record_once_and_deleted(name: str) -> None:
    make, word = HOSTILE[name]
    async with served() as wire:
        await converse(wire, lambda client: client.storbinary(f"STOR {NAME}", make()))
        assert lying(wire) == [NAME]
        await taken(wire)
        await taken(wire)
        assert lying(wire) == []
        (stored,) = wire.world.messages()
        assert stored.to == NAME
        assert stored.reason is not None
        assert word in stored.reason


async def test_a_bad_row_is_refused_alone_and_shown_by_its_number() -> None:
    files = {
        **GOOD,
        "sms/contacts.csv": b"attr1;phone\r\na;79031234567\r\nb;x\r\nc;79031234568;y\r\n",
    }
    async with served() as wire:
        await converse(wire, lambda client: client.storbinary(f"STOR {NAME}", packed(files)))
        await taken(wire)
        told = [(stored.to, stored.reason is None) for stored in wire.world.messages()]
    assert told == [("79031234567", True), ("x", False), ("79031234568", False)]


async def test_who_looks_while_another_looks_takes_nothing_twice() -> None:
    async with served() as wire:
        await converse(wire, lambda client: client.storbinary(f"STOR {NAME}", packed(GOOD)))
        folders = wire.world.of(Folders)
        await asyncio.gather(*[folders.look() for _ in range(3)])
        assert await taken(wire) == [("79031234567", "Hi")]
