"""The e-mail interface of a sandbox by plain HTTP: no client of ours."""

from __future__ import annotations

import asyncio
import base64
import json
import smtplib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from msgspec import UNSET

from devino_codecs.addressbook import StoredContact
from devino_core.testing import ManualClock
from devino_sandbox import Sandbox, StoredMessage, World
from devino_sandbox._book import Book
from devino_sandbox._mail import MailContent
from tests.sandbox._http import LOGIN, PASSWORD, Answer, Http

__all__ = ["FROM", "TEXT", "Post", "Server", "add_contact", "content_of", "pass_by"]

T = TypeVar("T")

FROM = "shop@example.com"
TEXT = "Hello [FirstName] [Unsubscribe][WebVersion]"


class Post(NamedTuple):
    """Asks for one account; ``base`` is the interface's address below the host."""

    http: Http
    login: str = LOGIN
    password: str = PASSWORD
    base: str = "/email/v2"

    async def ask(
        self,
        method: str,
        target: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """``target`` is below the interface's address; what is no bytes is written as JSON."""
        pair = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
        given = {"Authorization": f"Basic {pair}", **(headers or {})}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            given.setdefault("Content-Type", "application/json")
        return await self.http.raw(method, f"{self.base}{target}", data, given)

    async def done(self, method: str, target: str, body: object = None, **headers: str) -> Any:
        """The Result of a call that must be carried out."""
        answer = await self.ask(method, target, body, headers)
        assert answer.status in (200, 201, 206), answer.body
        assert answer.json["Code"] == "ok"
        return answer.json.get("Result")

    async def no(
        self, method: str, target: str, body: object = None, **headers: str
    ) -> tuple[int, str]:
        """Status and description of a call that must be refused."""
        answer = await self.ask(method, target, body, headers)
        assert answer.json["Code"] == "validation_error"
        return answer.status, answer.json["Description"]

    async def send(self, *to: str, **more: object) -> list[dict[str, Any]]:
        """What became of each recipient of a message."""
        message = {
            "Sender": {"Address": FROM, "Name": "Shop"},
            "Recipients": [{"Address": one} for one in to],
            "Subject": "Hi",
            "Body": {"PlainText": "Hello"},
            **more,
        }
        taken: list[dict[str, Any]] = await self.done("POST", "/messages", message)
        return taken

    async def id_of(self, to: str, **more: object) -> str:
        """The id of a message that must be taken."""
        [taken] = await self.send(to, **more)
        message_id: str = taken["MessageId"]
        return message_id

    async def state(self, message_id: str) -> str | None:
        """Where a message is; None if it is not known."""
        found = await self.done("GET", f"/Messages/{message_id}")
        return found[0]["State"] if found else None

    async def task(self, **more: object) -> int:
        """The id of a campaign that must be taken."""
        made = await self.done("POST", "/Tasks", {**self.draft(), **more})
        task_id: int = made["TaskId"]
        return task_id

    async def set_state(self, task_id: int, state: str | int) -> None:
        await self.done("PUT", f"/Tasks/{task_id}/State", {"State": state})

    async def task_state(self, task_id: int) -> str:
        state: str = (await self.done("GET", f"/Tasks/{task_id}"))["State"]
        return state

    @staticmethod
    def draft(**more: object) -> dict[str, object]:
        """A campaign to the group that every account has."""
        return {
            "Name": "spring",
            "Sender": {"Address": FROM, "Name": "Shop"},
            "Subject": "Hi",
            "Body": {"Html": TEXT},
            "Type": 1,
            "ContactGroups": [{"Id": 252, "Included": True}],
            **more,
        }


class Server:
    """The mail server, as the standard library's client sees it."""

    def __init__(self, sandbox: Sandbox) -> None:
        host, _, port = sandbox.endpoints["email_smtp"].rpartition(":")
        self.host, self.port = host, int(port)

    async def talk(self, talk: Callable[[smtplib.SMTP], T], *, login: bool = True) -> T:
        """What a conversation gives, held in a thread of its own."""

        def run() -> T:
            with smtplib.SMTP(self.host, self.port, local_hostname="localhost", timeout=60) as smtp:
                smtp.ehlo()
                if login:
                    smtp.login(LOGIN, PASSWORD)
                return talk(smtp)

        return await asyncio.to_thread(run)

    async def send(self, data: bytes, *to: str, sender: str = FROM) -> tuple[int, bytes]:
        """What the mail is answered."""

        def run(smtp: smtplib.SMTP) -> tuple[int, bytes]:
            smtp.mail(sender)
            for one in to or ("ivan@example.com",):
                assert smtp.rcpt(one)[0] == 250
            return smtp.data(data)

        return await self.talk(run)


def add_contact(world: World, email: str = "", *, group: int = 252, **more: object) -> int:
    """Put somebody into the book of the first account; gives the id."""
    account = next(iter(world.accounts.values()))
    fields: dict[str, Any] = {"phone_number": UNSET, **more}
    contact = StoredContact(contact_id=0, contact_group_id=group, email=email, **fields)
    return world.of(Book).of(account).add(contact)


def content_of(message: StoredMessage) -> MailContent:
    """What a mail says to its recipient."""
    content = message.submission.content
    assert isinstance(content, MailContent)
    return content


def pass_by(world: World, seconds: float) -> None:
    """Let time go by."""
    assert isinstance(world.clock, ManualClock)
    world.clock.advance(seconds)
    world.advance()
