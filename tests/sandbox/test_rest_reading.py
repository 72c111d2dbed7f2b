"""The judgements of the register, as a sandbox reads them when it is told to read otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import pytest

from devino_core import State
from devino_core.testing import ManualClock
from devino_sandbox import Sandbox, World
from devino_sandbox.services.rest import RestReading, RestService
from tests.sandbox._http import LOGIN, PASSWORD, Http

SIGNED = f"Login={LOGIN}&Password={PASSWORD}&SourceAddress=DEVINO"
TWO = ["79161234567", "79161234568"]
Reading = Callable[[RestReading], AbstractAsyncContextManager[Http]]


@pytest.fixture
def reads(world: World) -> Reading:
    @asynccontextmanager
    async def reading(how: RestReading) -> AsyncIterator[Http]:
        class Reads(RestService):
            reading = how

        async with (
            Sandbox(world, services=[Reads], discover=False) as sandbox,
            aiohttp.ClientSession() as session,
        ):
            yield Http(session, sandbox.endpoints)

    return reading


@pytest.mark.parametrize("split", [False, True])
async def test_numbers_in_one_value_are_several_if_they_are_split(
    reads: Reading, split: bool
) -> None:
    async with reads(RestReading(split_lists=split)) as http:
        for between in (",", ";", "; "):
            to = between.join(TWO).replace(" ", "+")
            target = f"/rest/v2/Sms/SendBulk?{SIGNED}&Data=x&DestinationAddresses={to}"
            answer = await http.raw("GET", target)
            assert answer.status == (200 if split else 400)
        taken = [one["to"] for one in await http.messages() if one["reason"] is None]
        assert taken == (TWO * 3 if split else [])


@pytest.mark.parametrize(("last", "text"), [(False, "first"), (True, "last")])
@pytest.mark.parametrize("how", ["GET", "POST"])
async def test_of_an_argument_that_comes_twice_one_counts(
    reads: Reading, last: bool, text: str, how: str
) -> None:
    numbers = "".join(f"&DestinationAddresses={to}" for to in TWO)
    pairs = f"{SIGNED}&Data=&data=first{numbers}&DATA=last&Data=&Validity=&validity=5"
    async with reads(RestReading(last_counts=last)) as http:
        path = "/rest/v2/Sms/SendBulk"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        if how == "GET":
            answer = await http.raw("GET", f"{path}?{pairs}")
        else:
            answer = await http.raw("POST", path, pairs.encode(), form)
        assert answer.status == 200
        assert [(one["to"], one["text"]) for one in await http.messages()] == [
            (to, text) for to in TWO
        ]


@pytest.mark.parametrize(
    ("by_clock", "at"), [(False, "2011-01-28T16:00:00Z"), (True, "2011-01-28T09:00:00Z")]
)
async def test_a_bulks_date_is_utc_or_the_recipients(
    reads: Reading, by_clock: bool, at: str
) -> None:
    target = f"/rest/v2/Sms/SendBulk?{SIGNED}&Data=x&SendDate=2011-01-28T16:00:00"
    async with reads(RestReading(bulk_by_recipients_clock=by_clock)) as http:
        answer = await http.raw("GET", f"{target}&DestinationAddresses=73832000000")
        assert answer.status == 200
        [message] = await http.messages()
        assert message["send_at"] == at


async def test_a_message_may_be_stopped(http: Http, clock: ManualClock) -> None:
    [message_id] = await http.send("79990000998")
    clock.advance(3600)
    assert (await http.state(message_id))["State"] == -98
    [message] = await http.messages()
    assert (message["state"], message["code"]) == (State.ACCEPTED, -98)
