"""The channel against FTP servers that others wrote, with TLS and the reuse of its sessions."""

from __future__ import annotations

import io
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from devino_codecs import ftp
from devino_core import Message, State
from devino_core.testing import ManualClock
from devino_plugins.ftp._server import Server
from tests.channels._ftp import channel

NAME = "20260101120000.zip"
LOGIN, PASSWORD = "demo", "secret"
PROFTPD = """
ServerName test
ServerType standalone
Port {port}
DefaultAddress 127.0.0.1
UseReverseDNS off
User {user}
Group {group}
PidFile {folder}/pid
ScoreboardFile {folder}/scoreboard
SystemLog {folder}/log
TransferLog none
WtmpLog off
DelayEngine off
AuthUserFile {folder}/passwd
AuthOrder mod_auth_file.c
RequireValidShell off
DefaultRoot ~
AllowOverwrite on
AllowStoreRestart on
ModulePath {modules}
LoadModule mod_tls.c
TLSEngine on
TLSProtocol TLSv1.2 TLSv1.3
TLSRSACertificateFile {folder}/cert.pem
TLSRSACertificateKeyFile {folder}/key.pem
TLSVerifyClient off
TLSRequired on
{implicit}
"""
VSFTPD = """
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
anonymous_enable=YES
local_enable=NO
write_enable=YES
anon_upload_enable=YES
anon_other_write_enable=YES
anon_root={folder}/home
no_anon_password=YES
ftp_username={user}
nopriv_user={user}
secure_chroot_dir={folder}/empty
ssl_enable=YES
allow_anon_ssl=YES
force_anon_data_ssl=YES
force_anon_logins_ssl=YES
require_ssl_reuse=YES
ssl_ciphers=HIGH
rsa_cert_file={folder}/cert.pem
rsa_private_key_file={folder}/key.pem
seccomp_sandbox=NO
isolate_network=NO
anon_umask=022
implicit_ssl={implicit}
"""


class Running(NamedTuple):
    port: int
    folder: Path
    login: str
    directory: str


def installed(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@contextmanager
def running(name: str, folder: Path, *, implicit: bool) -> Iterator[Running]:
    program = installed(name)
    if os.getuid() != 0 and name == "vsftpd":
        pytest.skip("vsftpd needs root")
    # Neither logs root in, and one wants the home of its user.
    others = [one for one in pwd.getpwall() if one.pw_uid and Path(one.pw_dir).is_dir()]
    user = others[0] if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    for part in folder.parents:
        if part.owner() == "root" and part.stat().st_mode & 0o700 and part.name:
            part.chmod(part.stat().st_mode | 0o011)
    folder.chmod(0o711)
    up = folder / "home" / "up"
    up.mkdir(parents=True)
    (folder / "empty").mkdir()
    if os.getuid() == 0:
        os.chown(up, user.pw_uid, user.pw_gid)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    if name == "vsftpd":
        text = VSFTPD.format(
            port=port, folder=folder, user=user.pw_name, implicit="YES" if implicit else "NO"
        )
        command, login = [program], "anonymous"
    else:
        hashed = subprocess.run(
            [installed("openssl"), "passwd", "-6", PASSWORD],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        passwd = folder / "passwd"
        passwd.write_text(
            f"{LOGIN}:{hashed}:{user.pw_uid}:{user.pw_gid}::{folder / 'home'}:/bin/sh\n"
        )
        passwd.chmod(0o600)
        text = PROFTPD.format(
            port=port,
            folder=folder,
            user=user.pw_name,
            group=user.pw_gid and _group(user.pw_gid),
            modules=Path(program).resolve().parents[1] / "lib" / "proftpd",
            implicit="TLSOptions UseImplicitSSL" if implicit else "",
        )
        command, login = [program, "--nodaemon", "--config"], LOGIN
    config = folder / "server.conf"
    config.write_text(text)
    log = folder / "output"
    with log.open("wb") as output:
        process = subprocess.Popen([*command, str(config)], stdout=output, stderr=output)
    try:
        _wait_for(port, process, log)
        yield Running(port, up, login, "up")
    finally:
        process.terminate()
        process.wait(20)


def _group(number: int) -> str:
    import grp

    return grp.getgrgid(number).gr_name


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        assert process.poll() is None, log.read_text(errors="replace")
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(log.read_text(errors="replace"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    certificate = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA)
    (tmp_path / "cert.pem").write_bytes(b"".join(b.bytes() for b in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(0o600)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return tmp_path


@pytest.mark.parametrize("mode", ["explicit", "implicit"])
@pytest.mark.parametrize("name", ["proftpd", "vsftpd"])
async def test_an_archive_lies_there_whole_and_a_name_is_not_used_twice(
    name: str, mode: str, folder: Path
) -> None:
    with running(name, folder, implicit=mode == "implicit") as server:
        for _ in range(2):
            async with channel(
                ManualClock(),
                host="127.0.0.1",
                port=server.port,
                tls=mode,
                login=server.login,
                password=PASSWORD,
                directory=server.directory,
                timeout=20,
            ) as made:
                (receipt,) = await made.send([Message("79031234567", "Hello")])
                assert receipt.status.state is State.ACCEPTED
        archives = sorted(server.folder.iterdir())
        assert [path.name for path in archives] == [
            f"{server.login}_{NAME}", f"{server.login}_{NAME.replace('000.', '001.')}",
        ]  # fmt: skip
        for path in archives:
            with path.open("rb") as file, ftp.decode(file) as opened:
                assert [opened.archive.sms(row).text for row in opened.rows] == ["Hello"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", ["proftpd", "vsftpd"])
def test_thirty_data_connections_in_a_row_and_a_resumed_transfer(
    name: str, version: ssl.TLSVersion, folder: Path
) -> None:
    data = os.urandom(300_000)
    context = ssl.create_default_context()
    context.minimum_version = context.maximum_version = version
    with running(name, folder, implicit=False) as found:
        made = channel(
            ManualClock(),
            host="127.0.0.1",
            port=found.port,
            tls="explicit",
            login=found.login,
            password=PASSWORD,
            directory=found.directory,
            timeout=20,
        )
        control = socket.create_connection(("127.0.0.1", found.port), 20)
        server = Server(made.settings, control, context)
        try:
            server.enter()
            for nth in range(30):
                server.store("x.part", io.BytesIO(data[: nth * 100]), 0, lambda octets: None)
                assert server.size_of("x.part") == nth * 100
            server.store("x.part", io.BytesIO(data), 2900, lambda octets: None)
            assert server.size_of("x.part") == len(data)
            assert server.size_of("y.part") is None
            server.rename("x.part", "x.zip")
            server.leave()
        finally:
            server.close()
        assert (found.folder / "x.zip").read_bytes() == data
