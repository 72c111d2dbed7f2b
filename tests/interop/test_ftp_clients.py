"""FTP clients that others wrote, against the sandbox: in the clear, explicit and implicit TLS."""

from __future__ import annotations

import asyncio
import ftplib
import io
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme

from devino_codecs import ftp
from tests.channels._ftp import ftp_of, lying, served, taken
from tests.channels._sandboxed import PASSWORD, Wired

NAME = "demo_20260101120000.zip"
TO = "79031234567"


class Place(NamedTuple):
    """Where a client finds the server, and the archive that it lays down there."""

    mode: str
    host: str
    port: int
    archive: Path
    authority: Path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    with path.open("wb") as file:
        ftp.encode(ftp.TemplateArchive(text="Привет", sender="DEVINO"), [(TO,)], file)
    return path


@asynccontextmanager
async def placed(mode: str, archive: Path) -> AsyncIterator[tuple[Wired, Place]]:
    authority = trustme.CA()
    pem = archive.parent / "ca.pem"
    authority.cert_pem.write_to_path(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    encrypted = None if mode == "plain" else context
    endpoint = "ftps" if mode == "implicit" else "ftp"
    async with served(context=encrypted, endpoint=endpoint) as wire:
        settings = ftp_of(wire).settings
        yield wire, Place(mode, settings.host, settings.port or 0, archive, pem)


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def by_curl(place: Place) -> None:
    scheme = "ftps" if place.mode == "implicit" else "ftp"
    run(
        *(program("curl"), "--silent", "--show-error", "--cacert", str(place.authority)),
        *(["--ssl-reqd"] if place.mode == "explicit" else []),
        *("--user", f"demo:{PASSWORD}", "--upload-file", str(place.archive)),
        *("--quote", f"-RNFR {NAME}.part", "--quote", f"-RNTO {NAME}"),
        f"{scheme}://{place.host}:{place.port}/{NAME}.part",
    )


def by_lftp(place: Place) -> None:
    scheme = "ftps" if place.mode == "implicit" else "ftp"
    encrypted = "no" if place.mode == "plain" else "yes"
    settings = {
        "net:max-retries": "1",
        "net:timeout": "20",
        "ssl:ca-file": str(place.authority),
        "ftp:ssl-allow": encrypted,
        "ftp:ssl-force": encrypted,
        "ftp:ssl-protect-data": encrypted,
        "cmd:fail-exit": "yes",
    }
    said = [f"set {key} {value}" for key, value in settings.items()]
    said += [f"open -u 'demo,{PASSWORD}' {scheme}://{place.host}:{place.port}"]
    said += [f"put {place.archive} -o {NAME}.part", f"mv {NAME}.part {NAME}", "cls", "bye"]
    run(program("lftp"), "--norc", "-c", "; ".join(said))


class Resuming(ftplib.FTP_TLS):
    """The standard library's client, taught what such servers want."""

    implicit = False

    def connect(self, *args: Any, **kwargs: Any) -> str:
        if not self.implicit:
            return super().connect(*args, **kwargs)
        self.host, self.port = args[0], args[1]
        plain = socket.create_connection((self.host, self.port), self.timeout)
        self.sock = self.context.wrap_socket(plain, server_hostname=self.host)
        self.af = self.sock.family
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome

    def ntransfercmd(
        self, cmd: str, rest: int | str | None = None
    ) -> tuple[socket.socket, int | None]:
        data, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        assert isinstance(self.sock, ssl.SSLSocket)
        session = self.sock.session
        return self.context.wrap_socket(data, server_hostname=self.host, session=session), size


def by_ftplib(place: Place, kind: type[ftplib.FTP_TLS] = Resuming) -> None:
    context = ssl.create_default_context(cafile=str(place.authority))
    client = ftplib.FTP(timeout=20) if place.mode == "plain" else kind(context=context, timeout=20)
    with client:
        if isinstance(client, Resuming):
            client.implicit = place.mode == "implicit"
        client.connect(place.host, place.port)
        # In an implicit conversation TLS has begun.
        login = ftplib.FTP.login if place.mode == "implicit" else type(client).login
        login(client, "demo", PASSWORD)
        if isinstance(client, ftplib.FTP_TLS):
            client.prot_p()
        client.storbinary(f"STOR {NAME}.part", io.BytesIO(place.archive.read_bytes()))
        client.rename(f"{NAME}.part", NAME)
        assert client.nlst() == [NAME]


@pytest.mark.parametrize("mode", ["plain", "explicit", "implicit"])
@pytest.mark.parametrize("client", [by_curl, by_lftp, by_ftplib], ids=["curl", "lftp", "ftplib"])
async def test_a_client_lays_an_archive_down(
    client: Callable[[Place], None], mode: str, archive: Path
) -> None:
    async with placed(mode, archive) as (wire, place):
        await asyncio.to_thread(client, place)
        assert lying(wire) == [NAME]
        assert await taken(wire) == [(TO, "Привет")]


async def test_a_client_that_resumes_no_session_is_refused_as_servers_do(archive: Path) -> None:
    async with placed("explicit", archive) as (wire, place):
        # Either the reply or the broken connection is seen first.
        with pytest.raises((ftplib.error_perm, OSError)):
            await asyncio.to_thread(by_ftplib, place, ftplib.FTP_TLS)
        assert await taken(wire) == []
