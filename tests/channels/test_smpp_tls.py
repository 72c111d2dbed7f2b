"""A channel whose centres show certificates that do not verify, or none."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from devino_core import ConnectFailed, Message, Retry
from devino_core.testing import ManualClock
from tests.channels._smpp import smpp_channel
from tests.channels._smsc import Smsc, smsc

pytestmark = pytest.mark.pythons

HELLO = [Message("79031234567", "Hello")]


@pytest.fixture
def stranger() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
async def centre(stranger: ssl.SSLContext) -> AsyncIterator[Smsc]:
    async with smsc(stranger) as centre:
        yield centre


async def test_a_certificate_that_does_not_verify_has_to_be_mended_first(centre: Smsc) -> None:
    clock = ManualClock()
    # It would wait an hour for a session that cannot come.
    async with smpp_channel(clock, hosts=centre.host, tls=True, wait_for_session=3600) as channel:
        for pause in (0, 10, 80):
            # During the pause between tries it is said, too, and after it the centre is asked.
            await clock.tick(pause)
            with pytest.raises(ConnectFailed, match="certificate does not verify") as caught:
                await channel.send(HELLO)
            assert caught.value.retry is Retry.NEVER
    assert len(centre.connections) == 0


async def test_a_host_whose_certificate_does_not_verify_leaves_the_others(centre: Smsc) -> None:
    clock = ManualClock()
    async with smsc() as other:
        hosts = [centre.host, other.host]
        async with smpp_channel(clock, hosts=hosts, tls=True) as channel:
            for retry in (Retry.SAFE, Retry.NEVER):
                # The other has no TLS. Once both have failed there is nothing left to try.
                with pytest.raises(ConnectFailed) as caught:
                    await channel.send(HELLO)
                assert caught.value.retry is retry
                await clock.tick(90)


async def test_who_listens_is_told_that_no_session_can_come(centre: Smsc) -> None:
    async with smpp_channel(ManualClock(), hosts=centre.host, tls=True) as channel:
        with pytest.raises(ConnectFailed, match="certificate does not verify") as caught:
            await anext(channel.events())
    assert caught.value.retry is Retry.NEVER
