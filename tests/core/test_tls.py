"""What a handshake that failed means, told by handshakes that fail."""

from __future__ import annotations

import contextlib
import ssl
from typing import NamedTuple

import pytest
import trustme

from devino_core import Retry
from devino_core.tls import tls_failure

pytestmark = pytest.mark.pythons


class End(NamedTuple):
    """One end of a connection in memory."""

    tls: ssl.SSLObject
    reads: ssl.MemoryBIO
    writes: ssl.MemoryBIO


def end(context: ssl.SSLContext, **options: str | bool) -> End:
    reads, writes = ssl.MemoryBIO(), ssl.MemoryBIO()
    return End(context.wrap_bio(reads, writes, **options), reads, writes)  # type: ignore[arg-type]


def client_and_server() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    client = ssl.create_default_context()
    authority.configure_trust(client)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    return client, server


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str = "localhost") -> Exception:
    """How it ends for the client."""
    ours, theirs = end(client, server_hostname=name), end(server, server_side=True)
    for _ in range(9):
        try:
            ours.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            return error
        theirs.reads.write(ours.writes.read())
        # It says why it fails, or waits.
        with contextlib.suppress(ssl.SSLError):
            theirs.tls.do_handshake()
        ours.reads.write(theirs.writes.read())
    raise AssertionError("the handshake did not fail")


def answered(octets: bytes) -> Exception:
    """How the handshake ends for a client whose peer answers so, and hangs up."""
    ours = end(ssl.create_default_context(), server_hostname="localhost")
    ours.reads.write(octets)
    ours.reads.write_eof()
    with pytest.raises(ssl.SSLError) as caught:
        ours.tls.do_handshake()
    return caught.value


def test_a_certificate_of_another_host_fails_again() -> None:
    client, server = client_and_server()
    failure = tls_failure(handshake(client, server, "example.org"))
    assert failure.retry is Retry.NEVER
    assert failure.reason.startswith("its certificate does not verify: Hostname mismatch")


def test_a_certificate_of_a_stranger_fails_again() -> None:
    _, server = client_and_server()
    failure = tls_failure(handshake(ssl.create_default_context(), server))
    assert failure.retry is Retry.NEVER
    assert failure.reason.startswith("its certificate does not verify: ")


def test_no_version_in_common_fails_again() -> None:
    client, server = client_and_server()
    client.minimum_version = ssl.TLSVersion.TLSv1_3
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    failure = tls_failure(handshake(client, server))
    assert failure == (
        "it and this machine have no version or cipher of TLS in common", Retry.NEVER, False
    )  # fmt: skip


def test_no_cipher_in_common_fails_again() -> None:
    client, server = client_and_server()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers("ECDHE+AES256")
    server.set_ciphers("ECDHE+CHACHA20")
    failure = tls_failure(handshake(client, server))
    assert (failure.retry, failure.plain) == (Retry.NEVER, False)


@pytest.mark.parametrize(
    "octets",
    [
        b"220 mail.example.org ESMTP\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        bytes.fromhex("00000010 80000000 00000002 00000001"),
    ],
)
def test_a_peer_without_tls_fails_again(octets: bytes) -> None:
    assert tls_failure(answered(octets)) == ("it speaks no TLS on this port", Retry.NEVER, True)


def test_a_peer_that_hangs_up_may_be_asked_again() -> None:
    failure = tls_failure(answered(b""))
    assert (failure.retry, failure.plain) == (Retry.SAFE, False)
    assert failure.reason.startswith("TLS failed: ")


def test_an_alert_of_a_peer_that_has_trouble_may_pass() -> None:
    internal_error = bytes.fromhex("15 03 03 00 02 02 50")
    assert tls_failure(answered(internal_error)).retry is Retry.SAFE


def test_an_error_without_a_reason_is_named() -> None:
    assert tls_failure(ConnectionResetError()) == (
        "TLS failed: ConnectionResetError", Retry.SAFE, False
    )  # fmt: skip
