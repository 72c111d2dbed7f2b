"""What the platform says by calling its customer, over real sockets and on a driven clock."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import (
    Account,
    AnswerError,
    AnswerHttp,
    Drop,
    DropAnswer,
    Fault,
    Faults,
    Hang,
    Hold,
    Repeat,
    Submission,
    World,
)
from tests.sandbox._callbacks import (
    OTHER,
    SECRET,
    TO,
    Receiver,
    broken,
    calling,
    concluded,
    deliver,
    endless,
    receiving,
    shown,
    silent,
    wait,
)
from tests.sandbox._http import Http


@pytest.fixture
async def http(world: World, account: Account, receiver: Receiver) -> AsyncIterator[Http]:
    async with calling(world, account, {"status": receiver.url("status")}) as http:
        yield http


@pytest.fixture
async def asking(world: World, account: Account, receiver: Receiver) -> AsyncIterator[Http]:
    async with calling(world, account, {"reply": receiver.url("reply", "?box=1")}) as http:
        yield http


async def test_a_new_state_is_posted_to_the_url_of_the_account(
    http: Http, world: World, receiver: Receiver
) -> None:
    await deliver(http, world)
    call = await receiver.call()
    assert (call.method, call.path, call.query) == ("POST", f"/{SECRET}/status", "")
    assert call.rows == [[TO, "DELIVERED"]]
    assert call.headers["Content-Type"] == "application/json"
    # It was taken, so nothing is repeated: the next call is about the next message.
    await wait(http, 48 * 3600)
    await deliver(http, world, OTHER)
    assert (await receiver.call()).rows == [[OTHER, "DELIVERED"]]
    first, _ = await shown(http)
    [message] = await http.messages(f"?to={TO}")
    assert first == {
        "id": 1,
        "call": 1,
        "messages": [message["id"]],
        "kind": "status",
        "login": "demo",
        "body": f'[["{TO}","DELIVERED"]]',
        "attempt": 1,
        "answered": 200,
        "due": None,
        "given_up": False,
    }


async def test_what_happens_at_once_travels_in_arrays_of_at_most_a_hundred_one_at_a_time(
    http: Http, world: World, receiver: Receiver
) -> None:
    await deliver(http, world, *[f"7916{number:07}" for number in range(250)])
    calls = [await receiver.call() for _ in range(3)]
    assert [len(call.rows) for call in calls] == [100, 100, 50]
    assert [to for call in calls for to, _ in call.rows] == [f"7916{n:07}" for n in range(250)]
    assert receiver.most_at_once == 1


async def test_two_kinds_with_one_url_wait_for_each_other(
    world: World, account: Account, receiver: Receiver
) -> None:
    both = {"status": receiver.url("all"), "reply": receiver.url("all")}
    async with calling(world, account, both, batch=1) as http:
        for number in range(5):
            world.receive(sender=TO, to="1234", text=f"{number}")
            await deliver(http, world)
        assert {(await receiver.call()).method for _ in range(10)} == {"GET", "POST"}
        assert receiver.most_at_once == 1


async def test_a_get_says_it_in_its_query_beside_that_of_the_url(
    asking: Http, world: World, receiver: Receiver
) -> None:
    world.receive(sender=TO, to="1234", text="да & нет")
    call = await receiver.call()
    assert (call.method, call.path, call.body) == ("GET", f"/{SECRET}/reply", b"")
    assert call.query == f"box=1&from={TO}&text=%D0%B4%D0%B0+%26+%D0%BD%D0%B5%D1%82"


async def test_the_answer_is_given_to_the_service(
    asking: Http, world: World, account: Account, receiver: Receiver
) -> None:
    paid = account.balance
    receiver.answers = ["thanks"]
    world.receive(sender=TO, to="1234", text="hello")
    world.receive(sender=OTHER, to="1234", text="hello")
    assert [(await receiver.call()).query[11:22] for _ in range(2)] == [TO, OTHER]
    [sent] = world.messages()
    assert (sent.to, sent.submission.text) == (TO, "thanks")
    assert account.balance == paid - sent.price


async def test_only_the_accounts_own_messages_are_told(
    world: World, account: Account, receiver: Receiver
) -> None:
    stranger = Account(login="other", password=Secret("x"))
    world.accounts["other"] = stranger
    async with calling(world, account, {"status": receiver.url("status")}) as http:
        world.submit(Submission(account=stranger, via="test", sender="X", text="x"), [OTHER])
        await deliver(http, world)
        assert (await receiver.call()).rows == [[TO, "DELIVERED"]]


class TestRepeats:
    """What follows when a callback is not taken."""

    @pytest.mark.parametrize("status", [500, 404, 204, 302])
    async def test_after_an_answer_other_than_200_the_same_comes_again(
        self, http: Http, world: World, receiver: Receiver, status: int
    ) -> None:
        receiver.answers = [status, status]
        await deliver(http, world)
        first = await receiver.call()
        [callback] = await concluded(http)
        assert (callback["attempt"], callback["answered"]) == (1, status)
        assert callback["due"] == "2011-01-15T12:01:01Z"
        await wait(http, 58)
        await deliver(http, world, OTHER)
        # Had a redirect been followed, its target would have been called.
        assert (await receiver.call()).rows == [[OTHER, "DELIVERED"]]
        await concluded(http)
        await wait(http, 1)
        assert (await receiver.call()).body == first.body
        old, new = await concluded(http)
        assert (old["attempt"], old["answered"], old["due"]) == (2, 200, None)
        assert (new["attempt"], new["answered"]) == (1, status)

    @pytest.mark.parametrize("patience", [30, 7.5])
    async def test_after_a_silence_too(
        self, world: World, account: Account, receiver: Receiver, patience: float
    ) -> None:
        receiver.answers = [silent]
        url = {"status": receiver.url("status")}
        async with calling(world, account, url, answer_within=patience) as http:
            await deliver(http, world)
            first = await receiver.call()
            await wait(http, patience - 0.1)
            [callback] = await shown(http)
            assert (callback["attempt"], callback["due"]) == (1, None)
            await wait(http, 0.1)
            await concluded(http)
            await wait(http, 60)
            assert (await receiver.call()).body == first.body
            await deliver(http, world, OTHER)
            assert (await receiver.call()).rows == [[OTHER, "DELIVERED"]]

    async def test_a_kind_may_repeat_at_once_after_a_silence_and_later_after_an_error(
        self, asking: Http, world: World, receiver: Receiver
    ) -> None:
        receiver.answers = [silent, 500]
        world.receive(sender=TO, to="1234", text="x")
        await receiver.call()
        await wait(asking, 30)
        await receiver.call()
        [callback] = await concluded(asking)
        assert callback["due"] == "2011-01-15T12:05:30Z"
        await wait(asking, 300)
        await receiver.call()

    async def test_one_that_is_silent_holds_up_the_others_of_its_url_only(
        self, world: World, account: Account, receiver: Receiver
    ) -> None:
        receiver.answers = [silent]
        urls = {"status": receiver.url("status"), "reply": receiver.url("reply")}
        async with calling(world, account, urls) as http:
            await deliver(http, world)
            await receiver.call()
            await deliver(http, world, OTHER)
            world.receive(sender=TO, to="1234", text="x")
            assert (await receiver.call()).method == "GET"
            await wait(http, 30)
            assert (await receiver.call()).rows == [[OTHER, "DELIVERED"]]

    async def test_a_receiver_that_is_not_there_is_called_again(
        self, world: World, account: Account
    ) -> None:
        async with receiving() as gone:
            url = gone.url("status")
        async with calling(world, account, {"status": url}) as http:
            await deliver(http, world)
            [callback] = await concluded(http)
            assert (callback["attempt"], callback["answered"]) == (1, None)
            assert callback["due"] == "2011-01-15T12:01:01Z"

    async def test_it_is_given_up_in_the_end(
        self, asking: Http, world: World, receiver: Receiver, caplog: pytest.LogCaptureFixture
    ) -> None:
        receiver.answers = [500] * 13
        world.receive(sender=TO, to="1234", text="x")
        await receiver.call()
        for _ in range(12):
            await concluded(asking)
            await wait(asking, 300)
            await receiver.call()
        [callback] = await concluded(asking)
        assert (callback["attempt"], callback["answered"], callback["due"]) == (13, 500, None)
        assert world.timeline.next_due() is None
        assert "gave the callback reply up at attempt 13" in caplog.text

    async def test_of_those_that_wait_no_more_are_kept_than_messages(
        self, account: Account, clock: ManualClock, receiver: Receiver
    ) -> None:
        world = World([account], clock=clock, keep=2)
        receiver.answers = [500] * 3
        async with calling(world, account, {"reply": receiver.url("reply")}) as http:
            rows: list[dict[str, Any]] = []
            for number in range(3):
                world.receive(sender=TO, to="1234", text=f"{number}")
                await receiver.call()
                rows = await concluded(http)
            assert [one["given_up"] for one in rows] == [True, False, False]
            await wait(http, 300)
            assert [(await receiver.call()).query[-1] for _ in range(2)] == ["1", "2"]


class TestAnswers:
    """What a receiver may do to the sandbox: nothing."""

    @pytest.mark.parametrize(
        "encoding", [{}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "what?"}]
    )
    async def test_of_anendless_answer_64_kib_are_read(
        self,
        asking: Http,
        world: World,
        receiver: Receiver,
        account: Account,
        encoding: dict[str, str],
    ) -> None:
        receiver.answers = [endless(encoding)]
        world.receive(sender=TO, to="1234", text="x")
        await receiver.call()
        world.receive(sender=OTHER, to="1234", text="x")
        await receiver.call()
        [sent] = world.messages()
        assert sent.submission.text == "x" * 64 * 1024

    async def test_abroken_answer_is_none(
        self, http: Http, world: World, receiver: Receiver
    ) -> None:
        receiver.answers = [broken]
        await deliver(http, world)
        await receiver.call()
        [callback] = await concluded(http)
        assert callback["answered"] is None
        assert callback["due"] is not None


class TestFaults:
    """Faults of the protocols ``KIND-callback``."""

    async def test_one_that_is_dropped_is_not_sent_and_comes_later(
        self, http: Http, world: World, receiver: Receiver
    ) -> None:
        world.faults.add(Fault(protocol="status-callback", action=Drop()))
        await deliver(http, world)
        await concluded(http)
        await deliver(http, world, OTHER)
        assert (await receiver.call()).rows == [[OTHER, "DELIVERED"]]
        await wait(http, 89)
        assert (await receiver.call()).rows == [[TO, "DELIVERED"]]

    async def test_one_whose_answer_is_dropped_comes_again(
        self, http: Http, world: World, receiver: Receiver
    ) -> None:
        world.faults.add(Fault(protocol="status-callback", to=TO, action=DropAnswer()))
        await deliver(http, world)
        first = await receiver.call()
        await deliver(http, world, OTHER)
        assert (await receiver.call()).rows == [[OTHER, "DELIVERED"]]
        assert (await concluded(http))[0]["answered"] is None
        await wait(http, 89)
        assert (await receiver.call()).body == first.body

    async def test_one_that_is_repeated_comes_so_many_times_more(
        self, http: Http, world: World, receiver: Receiver
    ) -> None:
        world.faults.add(Fault(operation="post", times=None, action=Repeat(2)))
        await deliver(http, world)
        assert [(await receiver.call()).rows for _ in range(3)] == [[[TO, "DELIVERED"]]] * 3
        await concluded(http)
        world.faults.clear()
        await deliver(http, world, OTHER)
        assert (await receiver.call()).rows == [[OTHER, "DELIVERED"]]
        assert (await shown(http))[0]["attempt"] == 3

    async def test_one_that_is_held_back_is_overtaken(
        self, http: Http, world: World, receiver: Receiver
    ) -> None:
        world.faults.add(Fault(protocol="status-callback", times=None, to=TO, action=Hold(600)))
        await deliver(http, world)
        await concluded(http)
        await deliver(http, world, OTHER)
        assert (await receiver.call()).rows == [[OTHER, "DELIVERED"]]
        held, _ = await shown(http)
        assert (held["attempt"], held["due"]) == (0, "2011-01-15T12:10:01Z")
        await wait(http, 599)
        assert (await receiver.call()).rows == [[TO, "DELIVERED"]]

    async def test_a_fault_of_calls_leaves_callbacks_alone(
        self, http: Http, world: World, receiver: Receiver
    ) -> None:
        world.faults.add(Fault(times=None, action=AnswerError(9)))
        await deliver(http, world)
        await receiver.call()
        assert (await http.v2("User/Balance")).status == 500

    @pytest.mark.parametrize("action", [Repeat(), Hold(1)])
    def test_a_fault_of_callbacks_leaves_calls_alone(self, action: Repeat | Hold) -> None:
        faults = Faults()
        faults.add(Fault(action=action))
        assert faults.strike("rest", "Sms/Send") is None
        assert faults.strike_callback("status", "POST", []) is action

    @pytest.mark.parametrize(
        ("fault", "says"),
        [
            ({"protocol": "rest", "action": {"do": "hold", "seconds": 1}}, "only a callback"),
            ({"protocol": "rest", "action": {"do": "repeat"}}, "only a callback"),
            ({"protocol": "status-callback", "action": {"do": "hang"}}, "a callback is"),
            ({"protocol": "status-callback", "action": {"do": "error", "code": 1}}, "a callback"),
            ({"protocol": "sttus-callback", "action": {"do": "drop"}}, "mean 'status-callback'"),
            ({"operation": "PUT", "action": {"do": "repeat"}}, "there are POST, GET"),
            ({"action": {"do": "hold", "seconds": 0}}, "above 0"),
            ({"action": {"do": "hold", "seconds": 1e300}}, "below"),
            ({"action": {"do": "repeat", "times": 0}}, "1 to 100"),
        ],
    )
    async def test_one_that_could_never_happen_is_refused(
        self, http: Http, fault: dict[str, object], says: str
    ) -> None:
        answer = await http.raw("POST", "/_sandbox/faults", json.dumps(fault).encode())
        assert answer.status == 400
        assert says in answer.json["error"]

    @pytest.mark.parametrize("action", [AnswerError(1), AnswerHttp(502), Hang()])
    def test_what_only_a_call_can_suffer_is_refused_of_callbacks(self, action: Any) -> None:
        with pytest.raises(ValueError, match="a callback is dropped, repeated or held back"):
            Fault(protocol="status-callback", action=action)

    def test_where_no_service_calls_back_nothing_is_held(self) -> None:
        faults = Faults()
        faults.operations = {"rest": ()}
        with pytest.raises(ValueError, match="no service has any"):
            faults.add(Fault(action=Repeat()))
