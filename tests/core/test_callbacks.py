"""How the receiver reads a request and takes each event once, until the deadline."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

import pytest

from devino_core import Event, Secret
from devino_core.callbacks import (
    CallbackAnswer,
    Callbacks,
    Take,
)
from devino_core.observe import Observers
from tests.core._callbacks import (
    MESSAGES,
    REPORTS,
    SECRET,
    Receiving,
    posted,
    request,
    settle,
)
from tests.core._kept import Kept


async def test_an_unreadable_request_is_400_and_its_reason_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await Receiving().callbacks.handle(request(body=b"79031234567"[:-1] + b"!"))
    assert answer == CallbackAnswer(400)
    ((name, level, text),) = caplog.record_tuples
    assert (name, level) == ("devino.callbacks", logging.ERROR)
    assert text == "a callback to reports cannot be read: the body is no JSON"


async def test_a_body_that_nests_too_deep_cannot_be_read() -> None:
    answer = await Receiving().callbacks.handle(request(body=b"[" * 100_000))
    assert answer == CallbackAnswer(400)


async def test_an_unreadable_item_does_not_cost_others_their_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiving = Receiving()
    assert await receiving.post("1", "?", "2") == 400
    assert receiving.application.ids == ["1:READ", "2:READ"]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == (
        "1 of 3 items of a callback to reports cannot be read: id: is no id"
    )
    # The platform repeats the whole request.
    assert await receiving.post("1", "?", "2") == 400
    assert receiving.application.ids == ["1:READ", "2:READ"]


async def test_many_unreadable_items_are_one_line_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await Receiving().post(*"?" * 10_000) == 400
    (record,) = caplog.records
    assert len(record.getMessage()) < 200
    assert record.getMessage().endswith("; ...")


async def test_a_bug_of_a_source_is_500_and_its_text_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await Receiving().callbacks.handle(request(body=b"a bug"))
    assert answer == CallbackAnswer(500)
    assert "a bug of the source, KeyError at " in caplog.text
    assert "_callbacks.py:" in caplog.text
    assert "79031234567" not in caplog.text


async def test_a_request_about_nothing_is_taken() -> None:
    assert await Receiving().post() == 200


async def test_an_answer_waits_until_the_event_was_taken() -> None:
    receiving = Receiving()
    receiving.application.busy()
    posting = receiving.posting("1")
    await settle()
    assert receiving.application.begun == ["1:READ"]
    assert not posting.done()
    receiving.application.free()
    assert await posting == 200


async def test_a_repeat_is_taken_once_also_while_the_first_is_under_way() -> None:
    receiving = Receiving()
    receiving.application.busy()
    posting = [receiving.posting("1") for _ in range(20)]
    await settle()
    receiving.application.free()
    assert set(await asyncio.gather(*posting)) == {200}
    assert await receiving.post("1") == 200
    assert receiving.application.begun == ["1:READ"]


async def test_an_event_that_stands_twice_in_one_request_is_taken_once() -> None:
    receiving = Receiving()
    assert await receiving.post("1", "1") == 200
    assert receiving.application.begun == ["1:READ"]


async def test_a_failed_event_stops_no_other_and_only_it_is_taken_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiving = Receiving()
    receiving.application.failing = {"2:READ"}
    assert await receiving.post("1", "2", "3") == 500
    assert receiving.application.ids == ["1:READ", "3:READ"]
    assert "the database is away" in caplog.text
    receiving.application.failing.clear()
    assert await receiving.post("1", "2", "3") == 200
    assert receiving.application.begun == ["1:READ", "2:READ", "3:READ", "2:READ"]
    assert receiving.application.ids == ["1:READ", "3:READ", "2:READ"]


async def test_a_failure_weighs_more_than_an_unreadable_item() -> None:
    receiving = Receiving()
    receiving.application.failing = {"1:READ"}
    assert await receiving.post("?", "1") == 500


async def test_one_id_on_two_channels_is_two_events() -> None:
    receiving = Receiving()
    for source in ("reports", "messages"):
        body = b'["1"]' if source == "reports" else b"1:READ"
        await receiving.callbacks.handle(request(path=f"/{SECRET}/{source}", body=body))
    assert [event.channel for event in receiving.application.taken] == ["reports", "messages"]


async def test_a_take_that_cancels_itself_was_not_taken() -> None:
    async def take(event: Event) -> None:
        raise asyncio.CancelledError

    callbacks = Callbacks(take, [REPORTS], secrets=[Secret(SECRET)])
    assert (await callbacks.handle(posted("1"))).status == 500


async def test_the_repeat_starts_a_take_that_was_cancelled_before_it_began() -> None:
    receiving = Receiving()
    posting = receiving.posting("1")
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - {asyncio.current_task(), posting}:
        task.cancel()
    assert await posting == 500
    assert not receiving.application.begun
    assert await receiving.post("1") == 200


async def test_the_reply_of_the_application_is_the_answer_of_the_source() -> None:
    receiving = Receiving()
    receiving.application.replies = {"Hello": "Спасибо"}
    asked = request(path=f"/{SECRET}/messages", body=b"Hello")
    answer = await receiving.callbacks.handle(asked)
    assert answer == CallbackAnswer(200, "{sms=Спасибо}".encode(), "text/plain; charset=utf-8")
    assert answer.headers == {"Content-Type": "text/plain; charset=utf-8"}
    # A repeat gets the same reply without a call of the application.
    receiving.application.replies = {"Hello": "another"}
    assert await receiving.callbacks.handle(asked) == answer


@pytest.mark.parametrize(
    ("reply", "why"), [("a\0b", "a control character"), ("a bug", "KeyError at ")]
)
async def test_a_reply_that_cannot_be_sent_leaves_the_event_taken(
    reply: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    receiving = Receiving()
    receiving.application.replies = {"Hello": reply}
    asked = request(path=f"/{SECRET}/messages", body=b"Hello")
    assert await receiving.callbacks.handle(asked) == CallbackAnswer(200)
    assert "a reply through messages cannot be sent" in caplog.text
    assert why in caplog.text


def plain(event: Event) -> str:
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    return "Thanks"


async def awaited(event: Event, reply: str = "Thanks") -> str:
    assert asyncio.current_task() is not None
    return reply


TAKES: dict[str, Take] = {
    "a plain function runs in a thread": plain,
    "a coroutine function": awaited,
    "with arguments": partial(awaited, reply="Thanks"),
    "a lambda around one": lambda event: awaited(event),
}


@pytest.mark.parametrize("take", TAKES.values(), ids=TAKES)
async def test_any_function_can_take(take: Take) -> None:
    callbacks = Callbacks(take, [MESSAGES], secrets=[Secret(SECRET)])
    answer = await callbacks.handle(request(path=f"/{SECRET}/messages", body=b"Hello"))
    assert answer.body == b"{sms=Thanks}"


async def test_only_a_text_is_a_reply() -> None:
    callbacks = Callbacks(
        lambda event: 17,  # type: ignore[arg-type, return-value]
        [MESSAGES],
        secrets=[Secret(SECRET)],
    )
    answer = await callbacks.handle(request(path=f"/{SECRET}/messages", body=b"Hello"))
    assert answer == CallbackAnswer(200)


async def test_after_the_deadline_the_answer_is_503_and_the_repeat_finds_the_result() -> None:
    receiving = Receiving()
    receiving.application.busy()
    receiving.application.replies = {"1:READ": "late"}
    first = receiving.posting("1")
    await receiving.clock.tick(24.9)
    assert not first.done()
    await receiving.clock.tick(0.1)
    assert await first == 503
    # The repeat finds the same task, and later its result.
    second = receiving.posting("1")
    await receiving.clock.tick(25)
    assert await second == 503
    third = receiving.posting("1")
    await settle()
    receiving.application.free()
    assert await third == 200
    assert await receiving.post("1") == 200
    assert receiving.application.begun == ["1:READ"]


async def test_one_slow_event_among_others_costs_only_the_answer() -> None:
    receiving = Receiving(deadline=1)
    await receiving.post("1")
    receiving.application.busy()
    posting = receiving.posting("1", "2")
    await receiving.clock.tick(1)
    assert await posting == 503
    receiving.application.free()
    assert await receiving.post("1", "2") == 200
    assert receiving.application.begun == ["1:READ", "2:READ"]


async def test_a_client_that_leaves_does_not_cancel_the_take() -> None:
    receiving = Receiving()
    receiving.application.busy()
    posting = receiving.posting("1")
    await settle()
    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting
    receiving.application.free()
    await settle()
    assert receiving.application.ids == ["1:READ"]
    assert await receiving.post("1") == 200
    assert receiving.application.begun == ["1:READ"]


async def test_closing_waits_for_takes_under_way_and_starts_no_more() -> None:
    receiving = Receiving()
    receiving.application.busy()
    posting = receiving.posting("1")
    await settle()
    closing = asyncio.create_task(receiving.callbacks.aclose())
    await settle()
    assert not closing.done()
    assert await receiving.post("2") == 503
    receiving.application.free()
    await closing
    assert await posting == 200
    assert receiving.application.begun == ["1:READ"]
    await receiving.callbacks.aclose()


async def test_closing_cancels_a_take_that_does_not_end_by_the_deadline(
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiving = Receiving(deadline=1)
    receiving.application.busy()
    posting = receiving.posting("1")
    await receiving.clock.tick(1)
    assert await posting == 503
    closing = asyncio.create_task(receiving.callbacks.aclose())
    await receiving.clock.tick(1)
    await closing
    assert "1 events are still not taken 1 s after the receiver was closed" in caplog.text


async def test_no_task_is_left_once_all_is_answered() -> None:
    receiving = Receiving()
    before = asyncio.all_tasks()
    await receiving.post("1", "2")
    receiving.application.busy()
    posting = receiving.posting("3")
    await settle()
    receiving.application.free()
    await posting
    await settle()
    assert asyncio.all_tasks() == before


async def test_an_observer_learns_once_of_an_event_that_was_taken() -> None:
    kept, fails = Kept(), [True, False]

    async def take(event: Event) -> None:
        if fails.pop(0):
            raise ValueError("not now")

    callbacks = Callbacks(take, [REPORTS], secrets=[Secret(SECRET)], observers=Observers([kept]))
    for status in (500, 200, 200):
        assert (await callbacks.handle(posted("1"))).status == status
    assert [event.id for event in kept.events] == ["1:READ"]
