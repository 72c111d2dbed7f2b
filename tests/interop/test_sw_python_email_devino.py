"""The published client sw-python-email-devino, unmodified, against the sandbox: all its calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from devino_codecs.addressbook import StoredContact
from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, Sandbox, World
from devino_sandbox._book import Book
from devino_sandbox._mail import MailContent

email_devino = pytest.importorskip("email_devino.client")

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
TEXT = "Hello [FirstName] [Unsubscribe][WebVersion]"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    account = Account(login="tester", password=Secret("p&ss"))
    world = World([account], clock=ManualClock(START))
    async with Sandbox(world, discover=False) as sandbox:
        yield sandbox


class Client:
    """The client, each call in a thread."""

    def __init__(self, sandbox: Sandbox) -> None:
        url = sandbox.endpoints["email_v1"]
        self._client = email_devino.DevinoClient("tester", "p&ss", url=url)

    async def __call__(self, name: str, *args: object, **more: object) -> Any:
        answer = await asyncio.to_thread(getattr(self._client, name), *args, **more)
        assert answer.code == "ok"
        return answer.result


@pytest.fixture
def client(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Client:
    # requests would ask a proxy of this machine's environment for 127.0.0.1.
    monkeypatch.setenv("NO_PROXY", "*")
    # The client keeps the parameters of one call for the next ones.
    monkeypatch.setattr(email_devino, "FORMAT", {"format": "json"})
    return Client(sandbox)


async def test_addresses_of_senders(client: Client) -> None:
    assert await client("get_sender_addresses") == []
    await client("add_sender_address", "test@gmail.com")
    assert await client("get_sender_addresses") == [
        {"SenderAddress": "test@gmail.com", "State": 1, "IsDefault": True}
    ]
    await client("del_sender_address", "test@gmail.com")
    assert await client("get_sender_addresses") == []


async def test_templates(client: Client) -> None:
    number = await client("add_template", "greeting", TEXT)
    found = await client("get_template", number)
    assert found == {
        "MergeFields": ["FirstName"],
        "Name": "greeting",
        "Sender": {},
        "Text": TEXT,
        "TemplateId": number,
    }
    changed = await client("edit_template", number, "other", TEXT, user_template_id="mine")
    assert (changed["Name"], changed["UserTemplateId"]) == ("other", "mine")
    await client("del_template", number)
    with pytest.raises(email_devino.DevinoException) as caught:
        await client("get_template", number)
    assert (caught.value.http_status, caught.value.error.code) == (404, "validation_error")


async def test_a_campaign_from_its_making_to_its_statistics(
    client: Client, sandbox: Sandbox
) -> None:
    [account] = sandbox.world.accounts.values()
    sandbox.world.of(Book).of(account).add(
        StoredContact(
            contact_id=0, contact_group_id=252, email="ivan@example.com", first_name="Ivan"
        )
    )
    assert await client("get_tasks") == []
    task = await client(
        "add_task", "hi", "me@example.com", "Me", "Hi", TEXT, contact_list=[(252, True)]
    )
    number = task["TaskId"]
    assert (task["TotalContacts"], task["Dublicates"]) == (1, 0)
    await client(
        "edit_task", number, "hi", "me@example.com", "Me", "Ho", TEXT, contact_list=[(252, True)]
    )
    assert (await client("get_task", number))["Subject"] == "Ho"
    await client("edit_task_status", number, email_devino.STATE_STARTED)
    clock = sandbox.world.clock
    assert isinstance(clock, ManualClock)
    clock.advance(10)
    assert (await client("get_task", number))["State"] == "Finished"
    [listed] = await client("get_tasks")
    assert (listed["ID"], listed["CompletedContacts"]) == (number, 1)
    assert (await client("get_state", number))["Read"] == 1
    [detail] = await client("get_state_detailing", number)
    assert (detail["DestinationEmail"], detail["State"]) == ("ivan@example.com", "Read")
    days = {"start": date(2026, 1, 1), "end": date(2026, 1, 2)}
    assert (await client("get_state", **days))["Total"] == 1
    assert len(await client("get_state_detailing", **days)) == 1
    [mail] = sandbox.world.messages()
    assert isinstance(mail.submission.content, MailContent)
    assert mail.submission.content.html.startswith("Hello Ivan http://127.0.0.1:")


async def test_a_message(client: Client, sandbox: Sandbox) -> None:
    message_id = await client(
        "send_transactional_message",
        "me@example.com",
        "Me",
        "ivan@example.com",
        "Ivan",
        "Hi",
        "<b>Hi</b>",
        user_message_id="mine",
    )
    assert await client("get_status_transactional_message", [message_id]) == [
        {
            "MessageId": message_id,
            "Email": "ivan@example.com",
            "State": "NotSent",
            "RecipientId": "mine",
        }
    ]
