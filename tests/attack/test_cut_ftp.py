"""A data connection of FTP that breaks after any octet: no row is lost, and none is sent twice."""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import trustme

from tests.attack._channels import Outcome, Target, attempt, client, message, redirected, target
from tests.attack._proxy import Cut, Direction, PassOn, Proxy, cutting, proxied, untouched
from tests.attack.test_cut import places

WORKERS = 20
_PORT = re.compile(rb"(229 .*\|\|\|)(\d+)\|")


async def converse(
    found: Target, account: int, number: int, text: str, pass_on: PassOn
) -> tuple[Outcome, Proxy | None]:
    """Send one message; its first data connection goes through a proxy, the others do not."""
    async with AsyncExitStack() as stack:
        data: list[Proxy] = []

        async def redirecting(
            proxy: Proxy, way: Direction, said: bytes, writer: asyncio.StreamWriter
        ) -> None:
            place = _PORT.search(said) if way is Direction.DOWN and not data else None
            if place is not None:
                data.append(await stack.enter_async_context(proxied(int(place[2]), pass_on)))
                said = _PORT.sub(rb"\g<1>%d|" % data[0].port, said)
            writer.write(said)

        async with proxied(found.port, redirecting) as proxy:
            settings = redirected(found.settings(account), proxy.port)
            # No cut is silent: only a busy machine makes anybody wait.
            async with client(found.kind, settings, patience=40) as opened:
                outcome = await attempt(opened, message(found.kind, number, text))
        return outcome, data[0] if data else None


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("how", Cut)
async def test_a_transfer_that_is_cut_anywhere_is_resumed(how: Cut, is_full: bool) -> None:
    async with target("ftp", accounts=WORKERS) as found:
        outcome, data = await converse(found, 0, 0, "whole", untouched)
        assert outcome.accepted, outcome
        assert data is not None
        length = data.passed[Direction.UP]
        assert length > 200
        waiting = iter(places(length, is_full=is_full))
        told: dict[int, Outcome] = {}

        async def work(account: int) -> None:
            for after in waiting:
                pass_on = cutting(Direction.UP, after, how)
                number = account * 10_000 + after
                told[after], _ = await converse(found, account, number, f"cut {after}", pass_on)

        await asyncio.gather(*map(work, range(WORKERS)))
        recorded = await found.recorded()
    # What is cut can be resumed, so all of them arrive: once each.
    assert {after: str(one) for after, one in told.items() if not one.accepted} == {}
    assert recorded == {"whole": 1} | {f"cut {after}": 1 for after in told}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_data_connection_without_a_goodbye_of_tls_is_no_failure(
    version: ssl.TLSVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def rude(connection: object) -> None:
        """End without close_notify, as many servers do."""

    monkeypatch.setattr("devino_sandbox.services.ftp._loop.Encrypted.say_goodbye", rude)
    async with target("ftp", tls=context) as found:
        async with client("ftp", {**found.settings(0), "tls": "explicit"}) as opened:
            outcome = await attempt(opened, message("ftp", 1, "hello"))
        assert outcome.accepted, outcome
        assert await found.recorded() == {"hello": 1}
