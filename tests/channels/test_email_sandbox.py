"""The channels for e-mail against the sandbox: what becomes of mails, over both protocols."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import pytest

from devino_codecs import email
from devino_core import (
    AuthenticationFailed,
    Channel,
    ChannelSettings,
    ConnectFailed,
    ConsentChanged,
    Event,
    InsufficientFunds,
    Mail,
    Medium,
    NotFound,
    OutcomeUnknown,
    Plugins,
    ProtocolViolation,
    QueueFull,
    Rejected,
    Retry,
    Secret,
    State,
    StatusChanged,
    Template,
    Throttled,
)
from devino_core.callbacks import CallbackRequest, Callbacks
from devino_core.settings import convert_settings
from devino_core.testing import ChannelConformance, Connected, ManualClock
from devino_plugins.email import EmailChannel
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault, Sandbox, World
from devino_sandbox._mail import MailContent
from tests.channels._email import IVAN, SHOP, mail
from tests.channels._sandboxed import PASSWORD, Wired, account, struck, wired

TEXT = "[Unsubscribe] [WebVersion]"
over_http = partial(wired, "email", "email", sender=SHOP)


@asynccontextmanager
async def over_smtp(**settings: object) -> AsyncIterator[Wired]:
    clock = ManualClock()
    world = World([account()], clock=clock)
    plugins = Plugins(environ={})
    spec = plugins.channel_spec("email-smtp")
    async with Sandbox(world, discover=False) as sandbox:
        host, _, port = sandbox.endpoints["email_smtp"].rpartition(":")
        values = {
            "host": host,
            "port": int(port),
            "login": "demo",
            "password": PASSWORD,
            "sender": SHOP,
            "tls": "none",
            "local_hostname": "localhost",
            **settings,
        }
        channel = plugins.load(spec)(
            convert_settings(values, spec.settings, name="mails"), name="mails", clock=clock
        )
        async with channel:
            yield Wired(channel, world, clock)


def failing(connect: Any, protocol: str, action: Any, operation: str | None = None) -> Connected:
    fault = Fault(protocol=protocol, operation=operation, action=action)
    return struck(connect, fault)


class _Conformance(ChannelConformance):
    def message(self, number: int) -> Any:
        return mail(Mail(f"Message {number}", "Hello"), f"user{number}@example.com")

    def platform(self) -> AbstractAsyncContextManager[Wired]:
        raise NotImplementedError

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with self.platform() as wire:
            yield wire.channel


class TestOverHttp(_Conformance):
    spec = Plugins(environ={}).channel_spec("email")
    carries = (
        mail(Mail("{n}", TEXT, "<b>{n}</b>", values={"n": "Ivan"}), options={"campaign": "1"}),
        mail(Template("mine", {"Name": "Ivan"})),
    )
    faults = (
        (failing(over_http, "email", Drop()), OutcomeUnknown),
        (failing(over_http, "email", DropAnswer()), OutcomeUnknown),
        (failing(over_http, "email", AnswerError(400)), Rejected),
        (failing(over_http, "email", AnswerError(401)), AuthenticationFailed),
        (failing(over_http, "email", AnswerError(402)), InsufficientFunds),
        (failing(over_http, "email", AnswerError(404)), NotFound),
        (failing(over_http, "email", AnswerError(500)), OutcomeUnknown),
        (failing(over_http, "email", AnswerHttp(502, "<html>")), OutcomeUnknown),
        (failing(over_http, "email", AnswerHttp(200, "what?")), ProtocolViolation),
        (failing(over_http, "email", AnswerHttp(429, "")), Throttled),
    )

    def platform(self) -> AbstractAsyncContextManager[Wired]:
        return over_http()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with super().connected() as channel:
            assert isinstance(channel, EmailChannel)
            await channel.templates.create(
                email.TemplateDraft(
                    name="a",
                    subject="Hi [Name]",
                    body=email.Body(html=f"[Name] {TEXT}"),
                    user_template_id="mine",
                )
            )
            yield channel


async def test_a_template_of_the_platform_is_filled() -> None:
    async with over_http() as wire:
        channel = wire.channel
        assert isinstance(channel, EmailChannel)
        body = email.Body(html=f"[Name] {TEXT}")
        number = await channel.templates.create(
            email.TemplateDraft(name="a", subject="Hi [Name]", body=body)
        )
        assert (await channel.templates.get(number)).merge_fields == ("Name",)
        (receipt,) = await channel.send([mail(Template(str(number), {"Name": "Ivan"}))])
        assert receipt.error is None
        assert [content.subject for content in arrived(wire)] == ["Hi Ivan"]


def arrived(wire: Wired) -> list[MailContent]:
    contents = [stored.submission.content for stored in wire.world.messages()]
    return [content for content in contents if isinstance(content, MailContent)]


class TestOverSmtp(_Conformance):
    spec = Plugins(environ={}).channel_spec("email-smtp")
    carries = (mail(Mail("{n}", TEXT, "<b>{n}</b>", {"X-Tag": "1"}, {"n": "Иван"})),)
    faults = (
        (failing(over_smtp, "email-smtp", Drop(), "CONNECT"), ConnectFailed),
        (failing(over_smtp, "email-smtp", AnswerError(450), "MAIL"), Throttled),
        (failing(over_smtp, "email-smtp", AnswerError(452), "RCPT"), QueueFull),
        (failing(over_smtp, "email-smtp", AnswerError(535), "AUTH"), AuthenticationFailed),
        (failing(over_smtp, "email-smtp", AnswerError(554), "DATA"), Rejected),
        (failing(over_smtp, "email-smtp", Drop(), "DATA-BEGIN"), Retry.SAFE),
        (failing(over_smtp, "email-smtp", DropAnswer(), "DATA"), OutcomeUnknown),
        (failing(over_smtp, "email-smtp", AnswerError(354), "DATA"), ProtocolViolation),
    )

    def platform(self) -> AbstractAsyncContextManager[Wired]:
        return over_smtp()


async def test_a_mail_is_followed_until_it_is_read() -> None:
    async with over_http() as wire:
        (receipt,) = await wire.channel.send([mail(Mail("Hi", TEXT), "Иван <ivan@example.com>")])
        assert receipt.error is None
        states = []
        for _ in range(12):
            (status,) = await wire.channel.status(receipt.ids, medium=Medium.EMAIL)
            states.append(status.state)
            await wire.clock.tick(1)
        order = list(dict.fromkeys(states))
        assert order[-2:] == [State.DELIVERED, State.READ]
        assert states == sorted(states, key=states.index)


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("delivered", State.DELIVERED),
        ("clicked", State.CLICKED),
        ("bounced", State.BOUNCED),
        ("late-bounced", State.BOUNCED),
        ("rejected", State.REJECTED),
    ],
)
async def test_fates_by_address(name: str, state: State) -> None:
    async with over_http() as wire:
        (receipt,) = await wire.channel.send([mail(Mail("Hi", TEXT), f"{name}@fate.test")])
        for _ in range(20):
            await wire.clock.tick(60)
        (status,) = await wire.channel.status(receipt.ids, medium=Medium.EMAIL)
        assert status.state is state


async def test_the_same_address_twice_gets_two_mails_each_with_its_values() -> None:
    async with over_http() as wire:
        content = [Mail("{n}", TEXT, values={"n": n}) for n in ("one", "two")]
        receipts = await wire.channel.send(
            [mail(content[0], IVAN), mail(content[1], "IVAN@example.com")]
        )
        assert sorted(content.subject for content in arrived(wire)) == ["one", "two"]
        assert len({receipt.ids for receipt in receipts}) == 2


async def test_what_was_sent_by_smtp_arrives_as_it_was_written() -> None:
    async with over_smtp() as wire:
        content = Mail("Тема", "Привет\n.\n", "<p>Привет</p>", {"X-Tag": "1"})
        (receipt,) = await wire.channel.send([mail(content, "Иван <ivan@example.com>")])
        assert (receipt.error, receipt.status.state) == (None, State.ACCEPTED)
        (stored,) = wire.world.messages()
        (found,) = arrived(wire)
        assert (found.subject, found.html) == (content.subject, content.html)
        assert found.text.rstrip() == content.text.rstrip()
        assert found.headers["X-Tag"] == "1"
        assert stored.to == "ivan@example.com"


async def test_a_wrong_password_is_told_over_both() -> None:
    async with over_http(password="wrong") as wire:
        with pytest.raises(AuthenticationFailed):
            await wire.channel.send([mail()])
    async with over_smtp(password="wrong") as wire:
        with pytest.raises(AuthenticationFailed):
            await wire.channel.send([mail()])


async def test_a_campaign_is_made_started_and_listed() -> None:
    async with over_http() as wire:
        channel = wire.channel
        assert isinstance(channel, EmailChannel)
        draft = email.TaskDraft(
            name="Sale",
            sender=email.EmailAddress(address="shop@example.com", name="Shop"),
            subject="Sale",
            body=email.Body(html=TEXT),
            contact_groups=(email.ContactRef(252, True),),
        )
        counters = await channel.tasks.create(draft)
        task = await channel.tasks.get(counters.task_id)
        assert (task.state, task.name) == (email.TaskState.NEW, "Sale")
        await channel.tasks.set_state(counters.task_id, email.TaskState.CREATED)
        listed = [each.id async for each in channel.tasks.list()]
        assert listed == [counters.task_id]
        assert (await channel.statistics(counters.task_id)).total == 0
        await channel.tasks.set_state(counters.task_id, email.TaskState.DELETED)
        with pytest.raises(NotFound):
            await channel.tasks.get(counters.task_id)


async def test_what_the_sandbox_posts_are_events() -> None:
    taken: list[Event] = []
    plugins = Plugins(environ={})
    secret = "a-secret-of-the-path"
    callbacks = Callbacks(taken.append, [plugins.callback_spec("email")], secrets=[Secret(secret)])
    events = [
        email.MessageEvent(
            message_id="Ms1",
            email=IVAN,
            event=word,
            date_time=ManualClock().now().replace(tzinfo=None),
        )
        for word in email.CallbackEvent
    ]
    for xml in (False, True):
        body = email.encode_callback(events, xml=xml)
        request = CallbackRequest(method="POST", path=f"/{secret}/email", body=body)
        assert (await callbacks.handle(request)).status == 200
    assert [type(event) for event in taken] == [StatusChanged] * 5 + [ConsentChanged] * 3
