"""The channel ``email``: what it sends, and what answers mean."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devino_codecs import email
from devino_codecs.http import HttpAnswer, Login, Refusal
from devino_core import (
    AuthenticationFailed,
    Button,
    Card,
    Channel,
    ChannelSettings,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    InvalidMessage,
    Mail,
    Medium,
    NotFound,
    OutcomeUnknown,
    Plugins,
    ProtocolViolation,
    Rejected,
    Secret,
    State,
    Template,
    Throttled,
    Unavailable,
    Unsupported,
)
from devino_core.testing import ChannelConformance, Connected
from devino_plugins.email import EmailSettings
from tests.channels._email import ANNA, IVAN, OK, channel_of, emailed, mail
from tests.channels._messengers import PASSWORD, Wired

CODE = email.ResponseCode
NO = CODE.VALIDATION_ERROR


def saying(found: Any) -> Connected:
    @asynccontextmanager
    async def connected() -> AsyncIterator[Channel[ChannelSettings]]:
        async with emailed() as wire:
            wire.platform.answers[email.Send] = lambda _: found
            yield wire.channel

    return connected


@asynccontextmanager
async def hanging_up() -> AsyncIterator[Channel[ChannelSettings]]:
    async with emailed() as wire:
        wire.platform.hangs_up = True
        yield wire.channel


@asynccontextmanager
async def nowhere() -> AsyncIterator[Channel[ChannelSettings]]:
    async with emailed(base_url="http://127.0.0.1:1") as wire:
        yield wire.channel


def no(status: int, code: str = "validation_error") -> HttpAnswer:
    body = {"Code": code, "Description": "no"}
    return HttpAnswer(status, json.dumps(body).encode())


REFUSALS: list[tuple[HttpAnswer, type[DevinoError], type[DevinoError]]] = [
    (no(400), Rejected, Rejected),
    (no(401), AuthenticationFailed, AuthenticationFailed),
    (no(402), InsufficientFunds, InsufficientFunds),
    (no(403), AuthenticationFailed, AuthenticationFailed),
    (no(404), NotFound, NotFound),
    (no(404, "not_found"), NotFound, NotFound),
    (no(409), Rejected, Rejected),
    (no(429), Throttled, Throttled),
    (no(500, "internal_error"), OutcomeUnknown, Unavailable),
    (HttpAnswer(404, b"<html>"), ConfigurationError, ConfigurationError),
    (HttpAnswer(429, b""), Throttled, Throttled),
    (HttpAnswer(502, b"<html>"), OutcomeUnknown, Unavailable),
    (HttpAnswer(201, b"<html>"), ProtocolViolation, ProtocolViolation),
]


@pytest.mark.pythons
class TestConformance(ChannelConformance):
    spec = Plugins(environ={}).channel_spec("email")
    carries = (
        mail(Mail("Hello", html="<p>Hello</p>"), "Иван <ivan@example.com>"),
        mail(Mail("{name}", "Dear {name}", values={"name": "Ivan"}), options={"campaign": "1"}),
        mail(Template("17", {"Name": "Ivan"})),
    )
    refuses = (
        (mail(Mail("a", "b", headers={"X-Tag": "1"})), Unsupported),
        (mail(to="ivan"), InvalidMessage),
        (mail(to="a@b.ru, c@d.ru"), InvalidMessage),
        (mail(to="иван@example.com"), InvalidMessage),
        (mail(sender="SHOP"), InvalidMessage),
        (mail(Mail("a", "\ud800")), InvalidMessage),
        (mail(Template("1", {"a b": "c"})), InvalidMessage),
        (mail(Template("1", {"a": "\ud800"})), InvalidMessage),
        (mail(options={"campaign": "\ud800"}), InvalidMessage),
    )
    faults = (
        (nowhere, ConnectFailed),
        (hanging_up, OutcomeUnknown),
        *[(saying(found), error) for found, error, _ in REFUSALS],
    )

    def message(self, number: int) -> Any:
        return mail(Mail(f"Message {number}", "Hello"))

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with emailed() as wire:
            yield wire.channel


@pytest.fixture
async def wire() -> AsyncIterator[Wired]:
    async with emailed() as wire:
        yield wire


@pytest.mark.parametrize("content", ["Hello", Card("Hello", button=Button("a", "b"))])
async def test_what_has_no_subject_says_what_to_give(wire: Wired, content: Any) -> None:
    with pytest.raises(Unsupported, match=r"give `Mail\(subject, "):
        await wire.channel.send([mail(content)])
    assert wire.platform.requests == []


async def test_mails_that_share_their_text_go_in_one_call_each_with_its_values(
    wire: Wired,
) -> None:
    texts = ("Dear {name}", "Hello {name}, your code is {code}", "<b>{name}</b> {{x}}")
    messages = [
        mail(
            Mail(*texts, values={"name": name, "code": str(n), "unused": "x"}),
            f"{name} <{IVAN}>",
            ref=f"ref-{n}",
            options={"campaign": "c1"},
        )
        for n, name in enumerate(["Иван", "Anna"])
    ]
    receipts = await wire.channel.send(messages)
    (send,) = wire.platform.of(email.Send)
    assert send == email.Send(
        sender=email.EmailAddress(address="shop@example.com", name="Shop"),
        recipients=(
            email.Recipient(
                merge_fields={"name": "Иван", "code": "0"},
                recipient_id="ref-0",
                address=IVAN,
                name="Иван",
            ),
            email.Recipient(
                merge_fields={"name": "Anna", "code": "1"},
                recipient_id="ref-1",
                address=IVAN,
                name="Anna",
            ),
        ),
        subject="Dear [name]",
        body=email.Body(html="<b>[name]</b> {x}", plain_text="Hello [name], your code is [code]"),
        user_campaign_id="c1",
    )
    assert [receipt.ids for receipt in receipts] == [("Ms1",), ("Ms2",)]
    assert [receipt.status.state for receipt in receipts] == [State.ACCEPTED] * 2
    (http,) = wire.platform.http
    assert http.query == "format=json"
    assert (http.headers["accept"], http.headers["accept-language"]) == ("*/*", "en-US")
    assert wire.platform.credentials == [Login("demo", PASSWORD)]


@pytest.mark.parametrize("value", ["<b>", "a & b", 'say "x"', "it's", "[WebVersion]", "a\nb"])
async def test_a_value_that_might_be_markup_is_put_in_here(wire: Wired, value: str) -> None:
    content = Mail("Hello", "{name}", "<p>{name}</p>", values={"name": value})
    plain = Mail("Hello", "{name}", "<p>{name}</p>", values={"name": "Anna"})
    await wire.channel.send([mail(content), mail(plain, ANNA)])
    first, second = wire.platform.of(email.Send)
    filled = content.filled()
    assert first.body == email.Body(html=filled.html, plain_text=filled.text)
    assert first.recipients[0].merge_fields is None
    assert second.recipients[0].merge_fields == {"name": "Anna"}


@pytest.mark.parametrize("text", ["[name] {name}", "{Unsubscribe}"])
async def test_a_text_that_looks_like_a_macro_is_filled_here(wire: Wired, text: str) -> None:
    values = {"name": "Anna", "Unsubscribe": "x"}
    await wire.channel.send([mail(Mail("a", text, values=values))])
    (send,) = wire.platform.of(email.Send)
    assert send.body.plain_text == text.format(**values)
    assert send.recipients[0].merge_fields is None


async def test_a_template_is_named_with_its_values(wire: Wired) -> None:
    await wire.channel.send([mail(Template("mine", {"Имя": "Анна"}), ref="r" * 33)])
    (send,) = wire.platform.of(email.Send)
    assert (send.template_id, send.subject, send.body) == ("mine", None, None)
    assert send.recipients == (email.Recipient(merge_fields={"Имя": "Анна"}, address=IVAN),)


async def test_a_call_takes_so_many_recipients() -> None:
    async with emailed(batch_size=2) as wire:
        receipts = await wire.channel.send([mail() for _ in range(5)])
        assert [len(send.recipients) for send in wire.platform.of(email.Send)] == [2, 2, 1]
    assert len({receipt.ids for receipt in receipts}) == 5


addresses = st.lists(st.sampled_from([IVAN, "IVAN@example.com", "Ivan@EXAMPLE.com"]), min_size=1)


@given(addresses, st.randoms())
@settings(max_examples=50)
def test_a_code_finds_its_recipient_by_index_and_never_by_address(
    to: list[str], random: Any
) -> None:
    from devino_plugins.email._answers import receipts

    messages = [mail(to=address) for address in to]
    taken = [
        email.Taken(index=n, address=IVAN.upper(), message_id=f"Ms{n}", code=OK)
        if n % 3
        else email.Taken(index=n, address=address, code=NO, description="no such address")
        for n, address in enumerate(to)
    ]
    random.shuffle(taken)
    found = receipts(messages, taken, channel="email", hide=str)
    for n, (message, receipt) in enumerate(zip(messages, found, strict=True)):
        assert (receipt.ref, receipt.to) == (message.ref, message.to)
        if n % 3:
            assert (receipt.ids, receipt.error) == ((f"Ms{n}",), None)
        else:
            assert receipt.refused
            assert (receipt.status.code, receipt.status.description) == (NO, "no such address")
            assert isinstance(receipt.error, Rejected)


@pytest.mark.parametrize("indices", [(None, None), (0, 0), (1, 2), (7, 8)])
async def test_without_sound_indices_the_order_counts(
    wire: Wired, indices: tuple[int | None, ...]
) -> None:
    wire.platform.answers[email.Send] = lambda _: tuple(
        email.Taken(index=index, message_id=f"Ms{n}", code=OK) for n, index in enumerate(indices)
    )
    receipts = await wire.channel.send([mail(), mail(to=ANNA)])
    assert [receipt.ids for receipt in receipts] == [("Ms0",), ("Ms1",)]


@pytest.mark.parametrize("ids", [("a",), ("a", "b", "c"), ("a", "a")])
async def test_where_nothing_says_which_is_which_nothing_is_guessed(
    wire: Wired, ids: tuple[str, ...]
) -> None:
    wire.platform.answers[email.Send] = lambda _: tuple(
        email.Taken(index=n, message_id=each, code=OK) for n, each in enumerate(ids)
    )
    receipts = await wire.channel.send([mail(), mail(to=ANNA)])
    for receipt in receipts:
        assert (receipt.ids, receipt.unassigned_ids) == ((), ids)
        assert isinstance(receipt.error, OutcomeUnknown)


async def test_where_all_were_refused_each_has_its_receipt(wire: Wired) -> None:
    wire.platform.answers[email.Send] = lambda _: (
        email.Taken(index=0, code=NO, description="one"),
        email.Taken(index=1, code=NO, description="two"),
    )
    receipts = await wire.channel.send([mail(), mail(to=ANNA)])
    assert [receipt.status.description for receipt in receipts] == ["one", "two"]
    assert all(receipt.refused for receipt in receipts)
    # They were refused in one answer.
    calls = {receipt.error.call_id for receipt in receipts if receipt.error is not None}
    assert len(calls - {None}) == 1


async def test_an_element_that_cannot_be_read_is_about_one_message(wire: Wired) -> None:
    elements = [{"Index": 0, "MessageId": "a", "Code": "ok"}, {"Index": 1}, {"Code": "ok"}]
    body = {"Result": elements, "Code": "ok", "Description": "ok"}
    wire.platform.answers[email.Send] = lambda _: HttpAnswer(201, json.dumps(body).encode())
    receipts = await wire.channel.send([mail(), mail(), mail()])
    assert receipts[0].ids == ("a",)
    assert [type(receipt.error) for receipt in receipts[1:]] == [OutcomeUnknown] * 2


@pytest.mark.parametrize("indices", [(2, 0), (1, 2)])
async def test_an_element_that_cannot_be_read_among_others_out_of_order_is_nobodys(
    wire: Wired, indices: tuple[int, int]
) -> None:
    # Either they come in another order, or the platform counts from 1.
    first, last = [{"Index": n, "MessageId": f"Ms{n}", "Code": "ok"} for n in indices]
    body = {"Result": [first, {"Index": 1}, last], "Code": "ok", "Description": "ok"}
    wire.platform.answers[email.Send] = lambda _: HttpAnswer(201, json.dumps(body).encode())
    for receipt in await wire.channel.send([mail(), mail(), mail()]):
        assert (receipt.ids, len(receipt.unassigned_ids)) == ((), 2)
        assert isinstance(receipt.error, OutcomeUnknown)


async def test_a_bare_id_is_that_of_the_one_recipient(wire: Wired) -> None:
    body = b'{"Result":"Mdz0","Code":"ok","Description":"ok"}'
    wire.platform.answers[email.Send] = lambda _: HttpAnswer(201, body)
    (receipt,) = await wire.channel.send([mail()])
    assert receipt.ids == ("Mdz0",)


# Statuses


async def test_each_id_has_its_state_and_is_asked_once_by_150(wire: Wired) -> None:
    states = {f"id{n}": list(email.MessageState)[n % 7] for n in range(200)}

    def told(ask: email.GetStatus) -> tuple[email.MessageStatus, ...]:
        return tuple(
            email.MessageStatus(message_id=each, email=IVAN, state=states[each])
            for each in reversed(ask.ids)
        )

    wire.platform.answers[email.GetStatus] = told
    asked = [*states, "id0", "id199"]
    statuses = await wire.channel.status(asked, medium=Medium.EMAIL)
    assert [len(ask.ids) for ask in wire.platform.of(email.GetStatus)] == [150, 50]
    assert [status.id for status in statuses] == asked
    assert [status.code for status in statuses] == [states[each] for each in asked]
    assert [status.state for status in statuses[:7]] == [
        State.ACCEPTED,
        State.ENROUTE,
        State.DELIVERED,
        State.READ,
        State.CLICKED,
        State.BOUNCED,
        State.REJECTED,
    ]
    assert {status.medium for status in statuses} == {Medium.EMAIL}


async def test_an_id_that_is_left_out_is_not_found_and_costs_no_other(wire: Wired) -> None:
    wire.platform.answers[email.GetStatus] = lambda _: (
        email.MessageStatus(message_id="a", email=IVAN, state="Frozen"),
    )
    odd = ["", "..", "x/y", "x,y", "x y", "\0"]
    found = await wire.channel.status(["a", "b", *odd], medium=Medium.EMAIL)
    assert (found[0].state, found[0].code, found[0].error) == (State.UNKNOWN, "Frozen", None)
    for status in found[1:]:
        assert status.state is State.UNKNOWN
        assert isinstance(status.error, NotFound)
    (ask,) = wire.platform.of(email.GetStatus)
    assert ask.ids == ("a", "b")
    wire.platform.answers[email.GetStatus] = lambda _: Refusal(NO, "no", 404)
    (status,) = await wire.channel.status(["a"], medium=Medium.EMAIL)
    assert isinstance(status.error, NotFound)


async def test_ids_of_a_call_that_failed_say_so_and_the_others_are_told(wire: Wired) -> None:
    answers = iter([no(500, "internal_error")])
    usual = wire.platform.answers[email.GetStatus]
    wire.platform.answers[email.GetStatus] = lambda ask: next(answers, None) or usual(ask)
    ids = [f"id{n}" for n in range(151)]
    statuses = await wire.channel.status(ids, medium=Medium.EMAIL)
    failed = [status for status in statuses if isinstance(status.error, Unavailable)]
    assert len(failed) in {1, 150}
    assert all(status.state is State.DELIVERED for status in statuses if status not in failed)


@pytest.mark.parametrize(("found", "_", "error"), REFUSALS[1:])
async def test_a_question_that_is_refused_raises(
    wire: Wired, found: HttpAnswer, _: object, error: type[DevinoError]
) -> None:
    wire.platform.answers[email.GetTask] = lambda _: found
    with pytest.raises(error):
        await channel_of(wire).tasks.get(1)


def test_a_login_with_a_colon_is_refused() -> None:
    with pytest.raises(ValueError, match="colon"):
        EmailSettings(login="a:b", password=Secret("c"))
