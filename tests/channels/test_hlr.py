"""HLR through the REST channels, against a platform that answers as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec.structs import replace

from devino_codecs import rest
from devino_codecs.rest import HlrStateCode, Refusal
from devino_core import (
    ConfigurationError,
    DevinoError,
    InsufficientFunds,
    InvalidArgument,
    OutcomeUnknown,
    ProtocolViolation,
    Unavailable,
)
from devino_core.settings import convert_settings
from devino_core.testing import ManualClock
from devino_plugins.rest import Lookup, Reachability, RestChannel, RestSettings, RestV2Channel

MINUTE = timedelta(minutes=1)
INTERVAL = timedelta(seconds=5)
ONE, OTHER = "79031234567", "79160000001"


class Platform:
    """Answers HLR, and keeps what it was asked."""

    def __init__(self) -> None:
        self.sent: list[rest.HlrSend] = []
        self.polls: list[tuple[str, ...]] = []
        self.numbers: dict[str, str] = {}
        self.script: dict[str, list[int]] = {}
        """By number: the code of each poll; the last one stays."""
        self.refuse_sends_after = 10**9
        self.failing_polls: dict[int, int] = {}
        """By the number of the poll: the HTTP status that it fails with."""
        self.spoilt: Callable[[tuple[rest.HlrState, ...]], tuple[rest.HlrState, ...]] = tuple
        self.ids_spoilt: Callable[[tuple[str, ...]], tuple[str, ...]] = tuple

    async def handle(self, http: web.Request) -> web.Response:
        came = rest.HttpRequest.of(
            http.method, http.path, http.query_string, http.headers, await http.read()
        )
        api = rest.V2 if "/v2/" in http.path else rest.V1
        asked = api.decode_request(came).request
        poll = len(self.polls)
        given = self._answer(asked)
        if isinstance(asked, rest.HlrGetState) and poll in self.failing_polls:
            return web.Response(status=self.failing_polls[poll])
        answer = api.encode_answer(type(asked), given)
        return web.Response(status=answer.status, body=answer.body, headers=dict(answer.headers))

    def _answer(self, asked: object) -> Any:
        match asked:
            case rest.GetSession():
                return rest.Session("A" * 36)
            case rest.GetBalance():
                return Decimal(1)
            case rest.HlrSend():
                if len(self.sent) >= self.refuse_sends_after:
                    return Refusal(rest.ErrorCode.NOT_ENOUGH_CREDITS, "no money")
                self.sent.append(asked)
                first = len(self.numbers)
                ids = tuple(
                    f"70311282885210{first + n:04}" for n in range(len(asked.destination_addresses))
                )
                self.numbers |= zip(ids, asked.destination_addresses, strict=True)
                return self.ids_spoilt(ids)
            case rest.HlrGetState():
                self.polls.append(asked.message_ids)
                return self.spoilt(tuple(self._state(one) for one in asked.message_ids))
        raise AssertionError(asked)

    def _state(self, message_id: str) -> rest.HlrState:
        number = self.numbers.get(message_id, "")
        codes = self.script.setdefault(number, [1])
        code = codes.pop(0) if len(codes) > 1 else codes[0]
        state: HlrStateCode | int = HlrStateCode(code) if code in set(HlrStateCode) else code
        return rest.HlrState(
            message_id=message_id,
            destination_address=f"+{number}",
            state=state,
            description="said",
            country="Россия",
            operator="МТС",
        )


class Wire:
    def __init__(self, channel: RestChannel, platform: Platform, clock: ManualClock) -> None:
        self.channel, self.platform, self.clock = channel, platform, clock

    async def all(
        self, numbers: Iterable[str], *, into: list[Lookup] | None = None, **options: Any
    ) -> list[Lookup]:
        """What a lookup gives; what it gave before an error is there too."""
        found = [] if into is None else into
        async for one in self.channel.lookup(numbers, **options):
            found.append(one)
        return found


@asynccontextmanager
async def wired(kind: type[RestChannel] = RestV2Channel) -> AsyncIterator[Wire]:
    platform, clock = Platform(), ManualClock(auto_advance=True)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", platform.handle)
    async with TestServer(app) as server:
        base = f"http://127.0.0.1:{server.port}/rest" + ("/v2" if kind is RestV2Channel else "")
        values = {"login": "me", "password": "secret", "base_url": base}
        settings = convert_settings(values, RestSettings, name="rest")
        async with kind(settings, name="rest", clock=clock) as channel:
            yield Wire(channel, platform, clock)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with wired() as wire:
        yield wire


@pytest.mark.parametrize("kind", [RestChannel, RestV2Channel])
async def test_numbers_are_asked_about_and_their_states_told(kind: type[RestChannel]) -> None:
    async with wired(kind) as wire:
        wire.platform.script = {OTHER: [0, 2]}
        ids = await wire.channel.hlr_send(["+7 903 123-45-67", OTHER], timedelta(seconds=61))
        assert wire.platform.sent == [rest.HlrSend((ONE, OTHER), 2)]
        first, second = await wire.channel.hlr_state(ids)
        assert first == Lookup(
            number=ONE,
            id=ids[0],
            reachability=Reachability.REACHABLE,
            code=1,
            description="said",
            country="Россия",
            operator="МТС",
            asked_at=wire.clock.now(),
        )
        assert second.reachability is Reachability.PENDING


@pytest.mark.parametrize(
    ("code", "means"),
    [
        (1, Reachability.REACHABLE),
        (2, Reachability.UNREACHABLE),
        (3, Reachability.NONEXISTENT),
        (4, Reachability.FAILED),
    ],
)
async def test_a_number_is_given_as_soon_as_it_is_known(
    wire: Wire, code: int, means: Reachability
) -> None:
    wire.platform.script = {ONE: [0, 0, code], OTHER: [1]}
    started = wire.clock.now()
    found = await wire.all([ONE, OTHER, "+" + ONE])
    assert [(one.number, one.reachability) for one in found] == [
        (OTHER, Reachability.REACHABLE),
        (ONE, means),
    ]
    assert [one.asked_at - started for one in found] == [
        timedelta(seconds=5),
        3 * timedelta(seconds=5),
    ]
    # Who is known is asked about no more.
    assert [len(ids) for ids in wire.platform.polls] == [2, 1, 1]
    assert wire.platform.sent == [rest.HlrSend((ONE, OTHER), 5)]


async def test_what_is_never_known_is_given_a_minute_after_its_validity(wire: Wire) -> None:
    wire.platform.script = {ONE: [0]}
    started = wire.clock.now()
    (found,) = await wire.all([ONE], validity=2 * MINUTE, interval=50)
    assert found.reachability is Reachability.PENDING
    assert found.asked_at - started == 3 * MINUTE
    assert len(wire.platform.polls) == 4


async def test_a_state_that_cannot_be_read_is_unknown_and_costs_no_other(wire: Wire) -> None:
    wire.platform.script = {ONE: [1], OTHER: [1]}
    wire.platform.spoilt = lambda states: (replace(states[0], state=None), *states[1:])
    ids = await wire.channel.hlr_send([ONE, OTHER], MINUTE)
    odd, sound = await wire.channel.hlr_state(ids)
    assert (odd.reachability, odd.code) == (Reachability.UNKNOWN, None)
    assert sound.reachability is Reachability.REACHABLE


@pytest.mark.parametrize("code", [99, 77])
async def test_unknown_ends_it_when_told_twice_running(wire: Wire, code: int) -> None:
    wire.platform.script = {ONE: [code, 0, code, code, 1], OTHER: [code, 2]}
    other, one = await wire.all([ONE, OTHER])
    assert (other.number, other.reachability) == (OTHER, Reachability.UNREACHABLE)
    assert (one.number, one.reachability, one.code) == (ONE, Reachability.UNKNOWN, code)
    assert len(wire.platform.polls) == 4


async def test_more_than_200_go_in_several_calls(wire: Wire) -> None:
    numbers = [f"7903000{n:04}" for n in range(401)]
    found = await wire.all(iter(numbers))
    assert [one.number for one in found] == numbers
    assert [len(one.destination_addresses) for one in wire.platform.sent] == [200, 200, 1]
    assert sorted(map(len, wire.platform.polls)) == [1, 200, 200]


async def test_what_was_paid_for_is_given_before_the_error_of_a_later_call(wire: Wire) -> None:
    wire.platform.refuse_sends_after = 1
    found: list[Lookup] = []
    with pytest.raises(InsufficientFunds):
        await wire.all([f"7903000{n:04}" for n in range(201)], into=found)
    assert len(found) == 200


async def test_a_poll_that_fails_is_made_again(wire: Wire) -> None:
    wire.platform.failing_polls = {0: 502, 1: 429}
    (found,) = await wire.all([ONE])
    assert found.reachability is Reachability.REACHABLE
    assert len(wire.platform.polls) == 3


@pytest.mark.parametrize(("status", "error"), [(401, DevinoError), (404, ConfigurationError)])
async def test_a_poll_that_can_only_fail_ends_the_lookup(
    wire: Wire, status: int, error: type[DevinoError]
) -> None:
    wire.platform.failing_polls = dict.fromkeys(range(9), status)
    with pytest.raises(error):
        await wire.all([ONE])
    assert len(wire.platform.polls) == 1


async def test_polls_that_fail_to_the_end_are_an_error(wire: Wire) -> None:
    wire.platform.failing_polls = dict.fromkeys(range(99), 502)
    with pytest.raises(Unavailable):
        await wire.all([ONE], validity=MINUTE, interval=30)
    assert len(wire.platform.polls) == 4


def without_ids(states: tuple[rest.HlrState, ...]) -> tuple[rest.HlrState, ...]:
    return tuple(
        rest.HlrState(state=one.state, destination_address=one.destination_address)
        for one in states
    )


async def test_states_come_in_any_order(wire: Wire) -> None:
    wire.platform.script = {ONE: [1], OTHER: [2]}
    wire.platform.spoilt = lambda states: states[::-1]
    ids = await wire.channel.hlr_send([ONE, OTHER], MINUTE)
    assert [one.code for one in await wire.channel.hlr_state(ids)] == [1, 2]


async def test_states_without_ids_are_told_apart_by_their_order(wire: Wire) -> None:
    wire.platform.script = {ONE: [1], OTHER: [2]}
    wire.platform.spoilt = without_ids
    ids = await wire.channel.hlr_send([ONE, OTHER], MINUTE)
    assert [(one.id, one.code) for one in await wire.channel.hlr_state(ids)] == [
        (ids[0], 1),
        (ids[1], 2),
    ]


@pytest.mark.parametrize(
    "spoilt",
    [lambda states: states[1:], lambda states: without_ids(states)[1:], lambda states: ()],
)
async def test_states_that_cannot_be_told_apart_are_the_platforms_mistake(
    wire: Wire, spoilt: Any
) -> None:
    wire.platform.spoilt = spoilt
    ids = await wire.channel.hlr_send([ONE, OTHER], MINUTE)
    with pytest.raises(ProtocolViolation) as caught:
        await wire.channel.hlr_state(ids)
    assert caught.value.retry == "safe"


@pytest.mark.parametrize(
    "spoilt",
    [lambda ids: ids[1:], lambda ids: (ids[0], ids[0]), lambda ids: (*ids, ids[0])],
)
async def test_ids_that_do_not_match_the_numbers_are_the_platforms_mistake(
    wire: Wire, spoilt: Any
) -> None:
    wire.platform.ids_spoilt = spoilt
    with pytest.raises(ProtocolViolation) as caught:
        await wire.channel.hlr_send([ONE, OTHER], MINUTE)
    assert caught.value.retry == "may_duplicate"


@pytest.mark.parametrize(
    ("numbers", "validity", "field"),
    [
        ([ONE, "12"], MINUTE, "numbers[1]"),
        ([], MINUTE, "numbers"),
        ([ONE] * 201, MINUTE, "numbers"),
        ([ONE], timedelta(), "validity"),
        ([ONE], timedelta(days=1, seconds=1), "validity"),
    ],
)
async def test_what_cannot_be_asked_is_told_before_anything_is_sent(
    wire: Wire, numbers: list[str], validity: timedelta, field: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await wire.channel.hlr_send(numbers, validity)
    assert caught.value.field == field
    assert not wire.platform.sent


async def test_one_bad_number_of_many_keeps_all_from_being_sent(wire: Wire) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await wire.all([f"7903000{n:04}" for n in range(400)] + ["12"])
    assert caught.value.field == "numbers[400]"
    assert not wire.platform.sent


async def test_a_send_without_an_answer_may_have_been_paid_for(wire: Wire) -> None:
    async def broken(http: web.Request) -> web.Response:
        assert http.transport is not None
        http.transport.abort()
        await asyncio.sleep(0)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", broken)
    async with TestServer(app) as server:
        values = {
            "login": "me",
            "password": "secret",
            "base_url": f"http://127.0.0.1:{server.port}",
        }
        settings = convert_settings(values, RestSettings, name="rest")
        async with RestV2Channel(settings, name="rest") as channel:
            with pytest.raises(OutcomeUnknown):
                await channel.hlr_send([ONE], MINUTE)
