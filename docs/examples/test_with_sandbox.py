"""A test of your own code, against the sandbox and on a clock that the test drives."""

from datetime import timedelta

from devino_core import AsyncClient, Message, State
from devino_core.clock import ManualClock
from devino_sandbox import Sandbox, World


async def test_a_phone_that_stays_off_gets_nothing() -> None:
    clock = ManualClock()
    async with Sandbox(World(clock=clock)) as sandbox:
        settings = {
            "base_url": sandbox.endpoints["rest"],
            "login": "demo",
            "password": "demo",
            "sender": "CLINIC",
        }
        async with AsyncClient({"rest": settings}, clock=clock) as client:
            receipt = await client.send(Message("79990000046", "See you at nine"))
            assert receipt.status.state is State.ACCEPTED

            clock.advance(timedelta(minutes=1).total_seconds())
            status = await client.status(receipt)
            assert status.state is State.EXPIRED

        (arrived,) = sandbox.world.messages(to="79990000046")
        assert arrived.submission.text == "See you at nine"
