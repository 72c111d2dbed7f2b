"""What the channel ``email`` has beside messages: senders, campaigns, templates, statistics."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devino_codecs import email
from devino_codecs.http import HttpAnswer, Page, Refusal
from devino_core import InvalidArgument, ProtocolViolation, Retry
from devino_plugins.email import EmailChannel
from tests.channels._addressbook import gathered
from tests.channels._email import IVAN, channel_of, emailed
from tests.channels._messengers import Wired


@pytest.fixture
async def wire() -> AsyncIterator[Wired]:
    async with emailed() as wire:
        yield wire


async def test_senders(wire: Wired) -> None:
    senders = channel_of(wire).senders
    address = email.SenderAddress(address=IVAN, state=email.SenderState.APPROVED, is_default=True)
    wire.platform.answers |= {
        email.ListSenders: lambda _: (address,),
        email.AddSender: lambda _: None,
        email.DeleteSender: lambda _: None,
    }
    assert await senders.list() == (address,)
    await senders.add("a/b?c#d@e.ru")
    await senders.remove("a/b?c#d@e.ru")
    assert wire.platform.requests[1:] == [
        email.AddSender("a/b?c#d@e.ru"),
        email.DeleteSender("a/b?c#d@e.ru"),
    ]


async def test_tasks(wire: Wired) -> None:
    tasks = channel_of(wire).tasks
    counters = email.TaskCounters(task_id=7, total_contacts=2)
    wire.platform.answers |= {
        email.CreateTask: lambda _: counters,
        email.ReplaceTask: lambda _: counters,
        email.SetTaskState: lambda _: None,
    }
    draft = email.TaskDraft(
        name="Sale",
        sender=email.EmailAddress(address="shop@example.com"),
        subject="Sale",
        body=email.Body(html="[Unsubscribe] [WebVersion]"),
        start_date_time=datetime(2030, 1, 1, tzinfo=UTC),
        contact_groups=(email.ContactRef(252, True),),
        sms_resend_task=email.SmsResendTask(
            text="Sale", sender_address="SHOP", start_delay=timedelta(hours=1)
        ),
    )
    assert await tasks.create(draft) == counters
    assert await tasks.replace(7, draft) == counters
    await tasks.set_state(7, email.TaskState.CREATED)
    body = json.loads(wire.platform.http[0].body)
    assert body["StartDateTime"] == "01/01/2030 00:00:00"
    assert (body["Type"], body["SmsResendTask"]["StartDelay"]) == (1, "01:00:00")
    assert wire.platform.requests[1].task_id == 7
    assert json.loads(wire.platform.http[2].body) == {"State": 1}


async def test_a_list_is_fetched_as_far_as_it_is_read(wire: Wired) -> None:
    def page(ask: email.ListTasks) -> Page[email.TaskSummary]:
        items = range(ask.items.first, min(ask.items.last, 250) + 1)
        return Page(
            tuple(email.TaskSummary(id=n, name="a", state="Waiting") for n in items),
            ask.items.first,
        )

    wire.platform.answers[email.ListTasks] = page
    found = [task.id async for task in channel_of(wire).tasks.list("sub")]
    assert found == list(range(1, 251))
    asked = wire.platform.of(email.ListTasks)
    # A short part is no proof that it is the last.
    assert [ask.items and (ask.items.first, ask.items.last) for ask in asked] == [
        (1, 100), (101, 200), (201, 300), (251, 350),
    ]  # fmt: skip
    assert {ask.creator_login for ask in asked} == {"sub"}
    async for _ in channel_of(wire).tasks.list():
        break
    assert len(wire.platform.of(email.ListTasks)) == 5


@pytest.mark.parametrize("size", [0, 100, 300])
async def test_a_list_ends(wire: Wired, size: int) -> None:
    items = tuple(email.TaskSummary(id=n, name="a", state="Waiting") for n in range(size))
    answers, refused = iter([Page(items)]), email.ResponseCode.VALIDATION_ERROR
    wire.platform.answers[email.ListTasks] = lambda _: next(answers, Refusal(refused, "no", 416))
    assert len([task async for task in channel_of(wire).tasks.list()]) == size


@pytest.mark.parametrize(
    ("request_type", "listed", "good"),
    [
        (
            email.ListSenders,
            lambda channel: channel.senders.list(),
            {"SourceAddress": IVAN, "State": 1},
        ),
        (
            email.ListTemplates,
            lambda channel: channel.templates.list(),
            {"TemplateId": 1, "Name": ""},
        ),
        (
            email.ListTasks,
            lambda channel: gathered(channel.tasks.list()),
            {"ID": 1, "Name": "a", "State": "Waiting"},
        ),
        (
            email.ListDetails,
            lambda channel: gathered(channel.details(7)),
            {"Id": 1, "State": "Sent", "DestinationEmail": IVAN},
        ),
    ],
)
async def test_an_entry_that_cannot_be_read_costs_no_other_its_place(
    wire: Wired,
    request_type: type,
    listed: Callable[[EmailChannel], Awaitable[Sequence[object]]],
    good: dict[str, object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def told(*items: object) -> None:
        body = json.dumps({"Result": items, "Code": "ok", "Description": "ok"}).encode()
        said = {"content-range": f"items 1-{len(items)}/{len(items)}"}
        wire.platform.answers[request_type] = lambda _: HttpAnswer(200, body, said)

    bad: dict[str, object] = {key: {} for key in good}
    told(good, bad, 5, good)
    assert len(await listed(channel_of(wire))) == 2
    assert sum("cannot be read" in one.getMessage() for one in caplog.records) == 2
    told(bad)
    with pytest.raises(ProtocolViolation) as error:
        await listed(channel_of(wire))
    assert error.value.retry is Retry.SAFE


async def test_templates(wire: Wired) -> None:
    templates = channel_of(wire).templates
    template = email.Template(name="a", template_id=3)
    draft = email.TemplateDraft(name="a", body=email.Body(html="x"))
    wire.platform.answers |= {
        email.ListTemplates: lambda _: (template,),
        email.GetTemplate: lambda _: template,
        email.CreateTemplate: lambda _: 3,
        email.ReplaceTemplate: lambda _: template,
        email.DeleteTemplate: lambda _: None,
    }
    assert await templates.list() == (template,)
    assert await templates.get(3) == template
    assert await templates.create(draft) == 3
    assert await templates.replace(3, draft) == template
    await templates.delete(3)
    assert wire.platform.requests[3].template_id == 3


async def test_statistics_and_details(wire: Wired) -> None:
    channel = channel_of(wire)
    statistics = email.Statistics(sent=3, total=3)
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    detail = email.MessageDetail(
        state=email.MessageState.SENT, id=2**60, destination_email=IVAN, created_date_utc=at
    )
    wire.platform.answers |= {
        email.GetStatistics: lambda _: statistics,
        email.ListDetails: lambda _: Page((detail,)),
    }
    assert await channel.statistics(7) == statistics
    assert await channel.statistics(since=at, until=at) == statistics
    assert wire.platform.http[1].query == (
        "StartDateTime=2026-01-01T12:00:00&EndDateTime=2026-01-01T12:00:00&format=json"
    )
    found = [each async for each in channel.details(7, state=email.MessageState.SENT)]
    assert found == [detail]
    with pytest.raises(InvalidArgument, match="task_id"):
        await channel.statistics(since=at)
    with pytest.raises(InvalidArgument, match="task_id"):
        channel.details()


async def test_dates_of_a_server_that_does_not_know_its_zone_are_moved() -> None:
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    task = email.Task(name="a", state=email.TaskState.NEW, task_id=1, start_date_time=at)
    async with emailed(server_utc_offset="+03:00", language="ru") as wire:
        wire.platform.answers[email.GetTask] = lambda _: task
        found = await channel_of(wire).tasks.get(1)
        assert found.start_date_time == at + timedelta(hours=3)
        assert wire.platform.http[0].headers["accept-language"] == "ru-RU"


@pytest.mark.parametrize("field", ["since", "until"])
async def test_a_naive_end_of_a_span_is_named_as_it_was_given(wire: Wired, field: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    span: dict[str, Any] = {"since": at, "until": at, field: at.replace(tzinfo=None)}
    with pytest.raises(InvalidArgument) as error:
        await channel_of(wire).statistics(**span)
    assert error.value.field == field
    with pytest.raises(InvalidArgument) as error:
        await gathered(channel_of(wire).details(7, **span))
    assert error.value.field == field
    assert not wire.platform.requests


async def test_a_mail_of_the_last_second_of_a_span_is_counted(wire: Wired) -> None:
    since = datetime(2026, 1, 1, 12, 0, 0, 700_000, tzinfo=UTC)
    wire.platform.answers[email.GetStatistics] = lambda _: email.Statistics()
    await channel_of(wire).statistics(since=since, until=since)
    (asked,) = wire.platform.of(email.GetStatistics)
    at = since.replace(microsecond=0)
    assert (asked.start_date_time, asked.end_date_time) == (at, at + timedelta(seconds=1))
