"""The file of credentials that the outbox over NATS and its sink log in with."""

from __future__ import annotations

from pathlib import Path

import pytest

from devino_core import ConfigurationError, Unavailable
from devino_outbox.nats import NatsSink
from devino_outbox.nats._link import connect

JWT = "-----BEGIN NATS USER JWT-----\neyJ0.eyJq.c2ln\n------END NATS USER JWT------\n"
SEED = f"-----BEGIN USER NKEY SEED-----\nSU{'A' * 56}\n------END USER NKEY SEED------\n"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "holds no JWT of a user"),
        (SEED, "holds no JWT of a user"),
        (JWT, "holds no seed of a user"),
        (JWT + SEED.replace("SU", "SA"), "holds no seed of a user"),
        ("-----BEGIN NATS USER JWT-----", "holds no JWT of a user"),
        ((JWT + SEED).replace("\n", "\r\n"), "holds no JWT of a user"),
    ],
)
async def test_credentials_that_log_nobody_in_are_an_error_of_the_settings(
    tmp_path: Path, written: str, said: str
) -> None:
    """The client's own way of reading them never ends without a JWT."""
    file = tmp_path / "user.creds"
    file.write_bytes(written.encode())
    with pytest.raises(ConfigurationError, match=said):
        await connect("nats://127.0.0.1:9", str(file), 0.3)
    with pytest.raises(ConfigurationError, match=said):
        await NatsSink("nats://127.0.0.1:9", credentials=str(file)).__aenter__()


async def test_credentials_that_are_whole_are_tried(tmp_path: Path) -> None:
    file = tmp_path / "user.creds"
    file.write_text(JWT + "\nIMPORTANT: keep it\n\n" + SEED)
    with pytest.raises((Unavailable, ConfigurationError), match=r"nkeys|cannot be reached"):
        await connect("nats://127.0.0.1:9", str(file), 0.3)
