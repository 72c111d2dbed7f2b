"""Servers that cannot prove who they are: no channel tells them anything."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from devino_core import Retry
from tests.attack._channels import (
    FTP,
    KINDS,
    MAIL,
    WIRES,
    Wire,
    attempt,
    by_turns,
    client,
    message,
    redirected,
    target,
)
from tests.attack._serving import served

HOST = "127.0.0.1"
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(
    *,
    subject: str = "server",
    common_name: str = "",
    issuer: str = "authority",
    names: tuple[str, ...] = (HOST,),
    since: dt.datetime = NOW - DAY,
    until: dt.datetime = NOW + DAY,
    purpose: x509.ObjectIdentifier | None = None,
    is_authority: bool = False,
) -> x509.Certificate:
    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    builder = (
        x509.CertificateBuilder()
        .subject_name(named(common_name or subject))
        .issuer_name(named(issuer))
        .public_key(key(subject).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key(subject).public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key(issuer).public_key()), False
        )
    )
    if names and not is_authority:
        alternatives = [
            x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
            for name in names
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return builder.sign(key(issuer), hashes.SHA256())


def _server(certified: x509.Certificate, folder: Path) -> ssl.SSLContext:
    file = folder / "server.pem"
    private = key("server").private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    file.write_bytes(certified.public_bytes(Encoding.PEM) + private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


Make = Callable[[Path], ssl.SSLContext]


def _certified(**wrong: Any) -> Make:
    return lambda folder: _server(certificate(**wrong), folder)


def _old(version: ssl.TLSVersion) -> Make:
    def make(folder: Path) -> ssl.SSLContext:
        context = _server(certificate(), folder)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        return context

    return make


def _anonymous(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("aNULL:@SECLEVEL=0")
    return context


GOOD = _certified()
BAD: Mapping[str, Make] = {
    "expired": _certified(since=NOW - 3 * DAY, until=NOW - DAY),
    "not yet valid": _certified(since=NOW + DAY, until=NOW + 3 * DAY),
    "of another host": _certified(names=("example.org", "127.0.0.2")),
    "of a host in its common name only": _certified(common_name=HOST, names=()),
    "signed by itself": _certified(issuer="server"),
    "of an unknown authority": _certified(issuer="stranger"),
    "of a client": _certified(purpose=ExtendedKeyUsageOID.CLIENT_AUTH),
    "TLS 1.0": _old(ssl.TLSVersion.TLSv1),
    "TLS 1.1": _old(ssl.TLSVersion.TLSv1_1),
    "without a certificate": _anonymous,
}
# Most of these servers hang up without a word, and that may pass.
SPEECHLESS = ("TLS 1.0", "TLS 1.1", "without a certificate")
# What each wire must be told to encrypt; the sandbox encrypts all of them.
SETTINGS: Mapping[Wire | None, Mapping[str, object]] = {
    Wire.SMPP: {"tls": True},
    Wire.MAIL: {"tls": "starttls"},
    Wire.FTP: {"tls": "explicit"},
}
# What else there is: encrypted from the first octet.
EARLY = dict.fromkeys(MAIL, "tls") | dict.fromkeys(FTP, "implicit")


@pytest.fixture(autouse=True)
def _trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority of good certificates is trusted, and no other."""
    authority = certificate(subject="authority", is_authority=True, until=NOW + 9 * DAY)
    file = tmp_path / "authority.pem"
    file.write_bytes(authority.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


def _advised(name: str) -> tuple[Retry, ...]:
    """A certificate has to be mended first."""
    return (Retry.NEVER, Retry.SAFE) if name in SPEECHLESS else (Retry.NEVER,)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    is_early = "from_the_start" in metafunc.function.__name__
    by_turns(metafunc, list(EARLY) if is_early else KINDS, BAD)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_a_server_that_proves_nothing_is_told_nothing(
    kind: str, name: str, tmp_path: Path
) -> None:
    more = SETTINGS.get(WIRES[kind], {})
    async with target(kind, tls=BAD[name](tmp_path)) as found:
        async with client(kind, {**found.settings(0), **more}) as opened:
            outcome = await attempt(opened, message(kind, 1, "hello"))
        assert outcome.retry in _advised(name), outcome
        assert await found.recorded() == {}
        assert list(found.world.messages()) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_that_proves_itself_is_told(kind: str, tmp_path: Path) -> None:
    more = SETTINGS.get(WIRES[kind], {})
    async with target(kind, tls=GOOD(tmp_path)) as found:
        async with client(kind, {**found.settings(0), **more}) as opened:
            outcome = await attempt(opened, message(kind, 1, "hello"))
        assert outcome.accepted, outcome
        assert await found.recorded() == {"hello": 1}


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_a_server_that_encrypts_from_the_start_is_no_exception(
    kind: str, name: str, tmp_path: Path
) -> None:
    said = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        said.extend(await reader.read())

    async with served(serve, BAD[name](tmp_path)) as port, target(kind) as found:
        settings = redirected(found.settings(0), port)
        async with client(kind, {**settings, "tls": EARLY[kind]}) as opened:
            outcome = await attempt(opened, message(kind, 1, "hello"))
    assert outcome.retry in _advised(name), outcome
    assert said == b""
