"""Tests the channel against the platform's API in the sandbox, over real sockets."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any

import devino_online
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from devino_online.channel import Online
from devino_online.service import Cabinet

import devino_core as devino
from devino_core import Fill, Message, Priority, Retry, Secret, State
from devino_core.testing import ChannelConformance
from devino_sandbox import (
    Account,
    Action,
    AnswerError,
    AnswerHttp,
    Drop,
    DropAnswer,
    Fault,
    Pace,
    Sandbox,
    World,
)

KEY = "canary-of-the-key"
PASSWORD = "canary-of-the-password"
URL = "https://hooks.example/canary-of-the-url"
TO = "79160000001"
SENT = Message(TO, "Hello", ref="order-5")
(SPEC,) = devino_online.devino_channels()


def a_world(**account: object) -> World:
    demo = Account(login="demo", password=Secret(PASSWORD), api_key=Secret(KEY))
    for name, value in account.items():
        setattr(demo, name, value)
    return World([demo], pace=Pace.instant())


def settings(base_url: str, **other: object) -> devino_online.OnlineSettings:
    if "login" not in other:
        other.setdefault("key", Secret(KEY))
    told: dict[str, Any] = {"sender": "DEVINO", "callback_url": Secret(URL), **other}
    return devino_online.OnlineSettings(base_url=base_url, **told)


@asynccontextmanager
async def online(
    world: World | None = None, *, fault: Action | None = None, **other: object
) -> AsyncIterator[Online]:
    """The channel, connected to a sandbox."""
    world = world or a_world()
    if fault is not None:
        world.faults.add(Fault(protocol="online", action=fault))
    async with Sandbox(world) as sandbox:
        own = settings(sandbox.endpoints["online"], **other)
        async with Online(own, name="online") as channel:
            yield channel


@asynccontextmanager
async def answered(
    body: object, status: int = 200, *, seen: list[Any] | None = None, **other: object
) -> AsyncIterator[Online]:
    """The channel, connected to a platform that answers everything so."""
    text = body if isinstance(body, str) else json.dumps(body)

    async def answer(request: web.Request) -> web.Response:
        if seen is not None:
            seen.append((dict(request.query), json.loads(await request.read() or "null")))
        return web.Response(status=status, text=text, content_type="application/json")

    platform = web.Application()
    platform.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(platform) as server:
        own = settings(str(server.make_url("/")), **other)
        async with Online(own, name="online") as channel:
            yield channel


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


class TestChannel(ChannelConformance):
    spec = SPEC
    carries = (
        Message(TO, "Привет", sender="DEVINO"),
        Message(TO, Fill("Hello #name#", {"name": "Ann"})),
        Message(
            "+7 916 000-00-01",
            "Hello",
            send_at=datetime(2030, 1, 1, tzinfo=UTC),
            validity=timedelta(seconds=0.5),
            priority=Priority.REALTIME,
            options={"shorten_urls": True, "echo": {"order": "5"}},
        ),
    )
    refuses = (
        (Message(TO, ""), devino.InvalidMessage),
        (Message(TO, "я" * 17_086), devino.InvalidMessage),
        (Message(TO, "x" * 34_171), devino.InvalidMessage),
        (Message("12", "Hello"), devino.InvalidMessage),
        (Message(TO, "Hello", validity=timedelta(days=3, seconds=1)), devino.InvalidMessage),
        (Message(TO, "Hello", options={"echo": {"a": "\ud800"}}), devino.InvalidMessage),
    )
    faults = (
        (partial(online, key=Secret("guess")), devino.AuthenticationFailed),
        (partial(online, login="demo", password=Secret("guess")), devino.AuthenticationFailed),
        (partial(online, fault=AnswerError("billing.error")), devino.InsufficientFunds),
        (partial(online, fault=AnswerError("forbidden", f"not {KEY} {URL}")), devino.Rejected),
        (partial(online, fault=AnswerError("word.of.tomorrow")), devino.Rejected),
        (partial(online, fault=AnswerHttp(429)), devino.Throttled),
        (partial(online, fault=AnswerHttp(404)), devino.ConfigurationError),
        (partial(online, fault=AnswerHttp(502)), devino.OutcomeUnknown),
        (partial(online, fault=Drop()), devino.OutcomeUnknown),
        (partial(online, fault=DropAnswer()), devino.OutcomeUnknown),
    )

    def connected(self) -> AbstractAsyncContextManager[Online]:
        return online()


OK = {"code": "OK", "messageId": "3482512350952730368", "segmentsId": ["1", "2"]}
REASON = {"key": "invalid", "ref": "messages[0].to", "defaultMessage": "no number"}
NO = {"result": None, "reasons": [REASON], "description": "Key error"}


def rejected(*reasons: object, **other: object) -> dict[str, object]:
    return {"code": "REJECTED", "reasons": reasons, **other}


def element(told: object) -> dict[str, object]:
    return {"result": [told]}


# What one answer makes of one message: the error, its code or the state's, and the state.
ELEMENTS: tuple[tuple[object, type[Exception] | None, object, State], ...] = (
    (OK, None, None, State.ACCEPTED),
    ({**OK, "code": "ok", "more": 1}, None, None, State.ACCEPTED),
    ({**OK, "messageId": 3482512350952730368, "segmentsId": None}, None, None, State.ACCEPTED),
    ({**OK, "messageId": 1.5}, devino.OutcomeUnknown, None, State.UNKNOWN),
    ({"code": "OK"}, devino.OutcomeUnknown, "OK", State.UNKNOWN),
    ({"code": "OK", "messageId": None}, devino.OutcomeUnknown, "OK", State.UNKNOWN),
    ({"code": "QUEUED"}, devino.OutcomeUnknown, "QUEUED", State.UNKNOWN),
    ("nonsense", devino.OutcomeUnknown, None, State.UNKNOWN),
    (rejected({"key": "billing.error"}), devino.InsufficientFunds, "billing.error", State.REJECTED),
    (rejected(), devino.Rejected, "unknown", State.REJECTED),
    *[
        (rejected({"key": word, "ref": "messages[0].to"}), devino.Rejected, word, State.REJECTED)
        for word in (
            "forbidden",
            "invalid",
            "length.too.long",
            "must.be.not.null",
            "not.available",
            "unknown",
            "word.of.tomorrow",
        )
    ],
    (
        {"code": "REJECTED", "reasons": {"key": "invalid"}},
        devino.Rejected,
        "invalid",
        State.REJECTED,
    ),
)


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(("told", "error", "code", "state"), ELEMENTS)
def test_what_is_told_of_a_message_counts_under_any_status(
    told: object, error: type[Exception] | None, code: object, state: State, status: int
) -> None:
    async def test() -> None:
        async with answered(
            {"result": [told, {"code": "OK", "messageId": "7"}]}, status
        ) as channel:
            receipt, other = await channel.send([SENT, SENT])
            assert type(receipt.error) is (error or type(None))
            assert (receipt.status.state, receipt.status.code) == (state, code)
            assert receipt.ref == "order-5"
            assert other.ids == ("7",)
            if error is None:
                assert receipt.ids == ("3482512350952730368",)
            if error is devino.OutcomeUnknown:
                assert receipt.error is not None
                assert receipt.error.retry is Retry.MAY_DUPLICATE

    run(test)


def test_the_parts_are_those_that_the_platform_tells() -> None:
    async def test() -> None:
        async with answered(element(OK)) as channel:
            assert (await channel.send([Message(TO, "x")]))[0].parts == 2
        async with answered(element({**OK, "segmentsId": None})) as channel:
            assert (await channel.send([Message(TO, "x" * 200)]))[0].parts == 0

    run(test)


def test_the_first_reason_decides_and_all_are_told() -> None:
    async def test() -> None:
        told = rejected(REASON, {"key": "billing.error"}, description="two")
        async with answered(element(told)) as channel:
            [receipt] = await channel.send([SENT])
            assert isinstance(receipt.error, devino.Rejected)
            assert not isinstance(receipt.error, devino.InsufficientFunds)
            said = "two; invalid messages[0].to no number; billing.error"
            assert receipt.status.description == said

    run(test)


PAGE = "<html>Bad gateway</html>"
# What an answer to a whole request ends in: of a send, and of a question for the balance.
WHOLES: tuple[tuple[object, int, type[Exception], type[Exception]], ...] = (
    *[(NO, status, devino.Rejected, devino.Rejected) for status in (200, 400, 401, 403, 404, 500)],
    (
        {"result": None, "reasons": [{"key": "billing.error"}]},
        200,
        devino.InsufficientFunds,
        devino.InsufficientFunds,
    ),
    (
        {"description": "Unauthorized"},
        401,
        devino.AuthenticationFailed,
        devino.AuthenticationFailed,
    ),
    (PAGE, 401, devino.AuthenticationFailed, devino.AuthenticationFailed),
    ("", 403, devino.AuthenticationFailed, devino.AuthenticationFailed),
    ("", 429, devino.Throttled, devino.Throttled),
    *[
        (body, status, devino.ConfigurationError, devino.ConfigurationError)
        for body in ("", PAGE)
        for status in (404, 405, 410)
    ],
    (PAGE, 400, devino.Rejected, devino.Rejected),
    ("{}", 422, devino.Rejected, devino.Rejected),
    (PAGE, 503, devino.OutcomeUnknown, devino.Unavailable),
    ("", 500, devino.OutcomeUnknown, devino.Unavailable),
    (PAGE, 200, devino.ProtocolViolation, devino.ProtocolViolation),
    ({"result": None}, 200, devino.ProtocolViolation, devino.ProtocolViolation),
    ("{}", 200, devino.ProtocolViolation, devino.ProtocolViolation),
    ({"result": {"data": {}}}, 200, devino.ProtocolViolation, devino.ProtocolViolation),
)


@pytest.mark.parametrize(("body", "status", "of_send", "of_balance"), WHOLES)
def test_what_is_told_of_a_whole_request(
    body: object, status: int, of_send: type[Exception], of_balance: type[Exception]
) -> None:
    async def test() -> None:
        async with answered(body, status) as channel:
            error = await error_of(channel)
            assert type(error) is of_send
            unclear = of_send in (devino.OutcomeUnknown, devino.ProtocolViolation)
            assert (error.retry is Retry.MAY_DUPLICATE) is unclear
            if of_send is devino.Rejected and body is NO:
                assert error.code == "invalid"  # type: ignore[attr-defined]
            with pytest.raises(of_balance) as asked:
                await channel.balance()
            assert type(asked.value) is of_balance
            if unclear:
                assert asked.value.retry is Retry.SAFE  # type: ignore[attr-defined]

    run(test)


async def error_of(channel: Online) -> devino.DevinoError:
    try:
        [receipt] = await channel.send([SENT])
    except devino.DevinoError as error:
        return error
    assert receipt.error is not None
    return receipt.error


def test_a_result_that_is_one_short_is_nobodys() -> None:
    async def test() -> None:
        async with answered(element(OK)) as channel:
            receipts = await channel.send([SENT, SENT])
            for receipt in receipts:
                assert receipt.status.state is State.UNKNOWN
                assert isinstance(receipt.error, devino.OutcomeUnknown)
                assert not receipt.ids
                assert receipt.unassigned_ids == ("3482512350952730368",)

    run(test)


def test_one_id_for_two_messages_is_nobodys() -> None:
    async def test() -> None:
        async with answered({"result": [OK, OK]}) as channel:
            assert not any(receipt.ids for receipt in await channel.send([SENT, SENT]))

    run(test)


def test_ids_beyond_2_to_the_53_stay_apart() -> None:
    async def test() -> None:
        ids = [str(2**53 + 1), str(2**53 + 2)]
        results = [{"code": "OK", "messageId": int(one)} for one in ids]
        async with answered({"result": results}) as channel:
            assert [it.ids[0] for it in await channel.send([SENT, SENT])] == ids

    run(test)


def test_of_a_chunk_whose_answer_is_lost_alone_the_outcome_is_unknown() -> None:
    async def test() -> None:
        world = a_world()
        lost = Fault(protocol="online", to="79160000012", action=DropAnswer())
        world.faults.add(lost)
        async with online(world, chunk=10, concurrency=1) as channel:
            messages = [Message(f"791600000{n:02}", str(n)) for n in range(30)]
            receipts = await channel.send(messages)
            unknown = [n for n, it in enumerate(receipts) if it.error is not None]
            assert unknown == list(range(10, 20))
            assert all(type(receipts[n].error) is devino.OutcomeUnknown for n in unknown)
            assert len(list(world.messages())) == 30

    run(test)


def test_32_001_messages_take_two_calls() -> None:
    async def test() -> None:
        world = a_world()
        async with online(world, chunk=32_000, callback_url=None, timeout=300) as channel:
            receipts = await channel.send([Message(f"7916{n:07}", "Hi") for n in range(32_001)])
            assert len({receipt.ids for receipt in receipts}) == 32_001
            assert all(receipt.ids for receipt in receipts)
            calls = [call for call in world.journal.calls() if call.protocol == "online"]
            assert len(calls) == 2

    run(test)


FULL = Message(
    "+7 916 000-00-01",
    "Hello",
    ref="order-5",
    send_at=datetime(2022, 9, 9, 11, 52, 27, 319_900, tzinfo=timezone(timedelta(hours=3))),
    validity=timedelta(seconds=59.2),
    priority=Priority.NORMAL,
    options={"echo": {"shop": "north"}},
)


@pytest.mark.parametrize(("edition", "priority"), [("2022", "MEDIUM"), ("2020", 1)])
def test_what_goes_on_the_wire(edition: str, priority: object) -> None:
    async def test() -> None:
        seen: list[Any] = []
        async with answered(element(OK), seen=seen, edition=edition) as channel:
            await channel.send([FULL])
        message = {
            "from": "DEVINO",
            "to": TO,
            "text": "Hello",
            "validity": 60,
            "scheduledTime": "2022-09-09T08:52:27.319Z",
            "priority": priority,
            "callbackUrl": URL,
            "options": {"shop": "north", "ref": "order-5"},
        }
        assert seen == [({"includeSegmentId": "true"}, {"messages": [message]})]

    run(test)


def test_a_ref_of_their_own_among_the_echoes_is_refused_where_the_message_has_its_place() -> None:
    async def test() -> None:
        seen: list[Any] = []
        message = Message(TO, "Hello", ref="order-5", options={"echo": {"ref": "mine"}})
        async with answered(element(OK), seen=seen) as channel:
            with pytest.raises(devino.InvalidMessage, match="`echo` has a `ref`") as error:
                await channel.send([message])
            assert (error.value.field, error.value.ref) == ("options", "order-5")
            assert not seen
        async with answered(element(OK), seen=seen, callback_url=None) as channel:
            await channel.send([message])
            assert seen[0][1]["messages"][0]["options"] == {"ref": "mine"}

    run(test)


def test_a_bare_message_has_no_more_than_it_needs() -> None:
    async def test() -> None:
        seen: list[Any] = []
        async with answered(element(OK), seen=seen, callback_url=None, segments=False) as channel:
            await channel.send([SENT])
        assert seen == [({}, {"messages": [{"from": "DEVINO", "to": TO, "text": "Hello"}]})]

    run(test)


def test_links_are_shortened_by_calls_of_their_own() -> None:
    async def test() -> None:
        seen: list[Any] = []
        plain = msgspec.structs.replace(SENT, options={"shorten_urls": False})
        async with answered(element(OK), seen=seen, shorten_urls=True) as channel:
            await channel.send([SENT, plain])
        asked = sorted(query.get("shortenUrl", "") for query, _ in seen)
        assert asked == ["", "true"]

    run(test)


def test_a_time_by_the_recipients_clock_is_refused() -> None:
    async def test() -> None:
        async with online() as channel:
            with pytest.raises(devino.Unsupported, match="time zone"):
                await channel.send([Message(TO, "Hello", send_at=datetime(2030, 1, 1))])  # noqa: DTZ001

    run(test)


def test_a_blocked_account_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        held = {"balance": 12.30, "companyId": 7, "credit": 0, "isBlocked": True}
        async with answered({"result": {"account": held}}) as channel:
            assert [await channel.balance(), await channel.balance()] == [Decimal("12.3")] * 2

    run(test)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_what_the_account_may_not_is_refused_message_by_message() -> None:
    async def test() -> None:
        world = a_world(senders=frozenset({"DEVINO"}), balance=Decimal(3))
        async with online(world) as channel:
            hawk = Message(TO, "Hello", sender="HAWK")
            receipts = await channel.send([hawk, SENT, SENT, SENT])
            errors = [type(receipt.error) for receipt in receipts]
            assert errors[0] is devino.Rejected
            assert receipts[0].status.code == "not.available"
            assert errors[-1] is devino.InsufficientFunds
            world.of(Cabinet).forbidden.add("demo")
            assert (await channel.send([SENT]))[0].status.code == "forbidden"

    run(test)


def test_nothing_tells_what_became_of_a_message() -> None:
    async def test() -> None:
        async with online() as channel:
            assert channel.capabilities == {devino.Capability.BALANCE}
            assert channel.remembers == timedelta(0)

    run(test)


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_no_canary_sings(caplog: pytest.LogCaptureFixture, password: str | None) -> None:
    """Neither the key nor the password nor the URL is in an error, a receipt, a repr, a log, or the
    sandbox's journal, even where the platform repeats them."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    who: dict[str, Any] = {"login": "demo", "password": Secret(PASSWORD)} if password else {}

    async def test() -> None:
        said = f"{password or KEY} {URL}"
        no = {"result": None, "reasons": [{"key": said, "ref": said}], "description": said}
        odd = {"code": said, "description": said, "reasons": [{"key": said}]}
        for answer in (no, element(rejected({"key": said}, description=said)), element(odd)):
            async with answered(answer, **who) as channel:
                [receipt] = await channel.send([SENT])
                shown.extend([repr(receipt), str(receipt.error), repr(channel.settings)])
        world = a_world()
        async with online(world, **who) as channel:
            await channel.send([FULL])
            shown.extend([repr(message.submission.content) for message in world.messages()])
            shown.extend([repr(call) for call in world.journal.calls()])

    run(test)
    logged = [record.getMessage() for record in caplog.records]
    assert sum('"callbackUrl":"***"' in text for text in shown) == 1
    assert any('"callbackUrl":"***"' in text for text in logged)
    for text in (*shown, *logged):
        assert "canary" not in text
