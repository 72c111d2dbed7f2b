"""`kit.BulkChannel`: what is told of a message becomes its receipt, and nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from devino_codecs.http import Api, ApiKey, CodedStr, Login, Refusal, Unread, Verdict, header
from devino_core import (
    Capability,
    Expressible,
    InsufficientFunds,
    InvalidMessage,
    Medium,
    Message,
    OutcomeUnknown,
    ProtocolViolation,
    Secret,
    State,
    Status,
    Takes,
    Unsupported,
)
from devino_core.testing import ManualClock
from devino_plugins.kit import (
    BulkChannel,
    ChannelKeyOrLoginSettings,
    Taken,
    TakenIf,
    Unclear,
)
from devino_plugins.kit.answered import ANSWERED
from devino_plugins.kit.checks import number_of
from devino_plugins.kit.settings import check_url


class Word(CodedStr):
    POOR = "poor", "no money", Verdict.FUNDS


class Item(msgspec.Struct, frozen=True):
    to: str
    text: str


class Crow(BulkChannel[ChannelKeyOrLoginSettings, Item, str]):
    """Each message is answered with its id, `code: why`, or `?`; a text may say what."""

    api = Api(name="crow", auth=header("X-Key"), operations=())
    takes: Mapping[Medium, Takes] = {
        Medium.SMS: Takes(expresses=frozenset({Expressible.SEND_AT, Expressible.PRIORITY}))
    }
    most_messages = 3

    def __init__(self, number_field: str = "") -> None:
        settings = ChannelKeyOrLoginSettings(key=Secret("k3y"), base_url="https://crow.example")
        super().__init__(settings, name="crow", clock=ManualClock())
        self.number_field = number_field
        self.sent: list[tuple[object, list[str]]] = []
        self.written = 0

    def item(self, message: Message) -> Item:
        self.written += 1
        if not message.text.isascii():
            raise InvalidMessage("text", "must be ASCII", ref=message.ref)
        return Item(number_of(message), message.text)

    def shared(self, message: Message) -> object:
        return message.priority

    async def send_items(self, items: Sequence[Item], shared: object) -> Sequence[str | Unread]:
        self.sent.append((shared, [item.to for item in items]))
        if any(item.text == "lost" for item in items):
            raise OutcomeUnknown("no answer")
        told = [f"id-{it.to}" if it.text == "Hello" else it.text for it in items]
        return [Unread("odd") if it == "odd" else it for it in told if it != "left out"]

    def outcome(self, told: str) -> str | Taken | Unclear | Refusal:
        if told.startswith("id"):
            return Taken((told,), parts=2)
        if told.startswith("?"):
            return Unclear(told, "says k3y")
        code, _, why = told.partition(": ")
        return Refusal(Word.of_word(code), why)


def messages(*texts: str, **fields: Any) -> list[Message]:
    return [Message(f"7916000000{n}", text, **fields) for n, text in enumerate(texts)]


async def test_each_message_has_what_was_told_of_it() -> None:
    receipts = await Crow().send(messages("Hello", "poor: no", "who: k3y?", "odd", "?", "Hello"))
    states = [(it.status.state, it.status.code, type(it.error)) for it in receipts]
    assert states[0] == (State.ACCEPTED, None, type(None))
    assert states[1] == (State.REJECTED, "poor", InsufficientFunds)
    assert receipts[2].status.description == "***?"
    assert states[3] == (State.UNKNOWN, None, OutcomeUnknown)
    assert states[4] == (State.UNKNOWN, "?", OutcomeUnknown)
    assert receipts[4].status.description == "says ***"
    assert [it.ids for it in receipts] == [
        ("id-79160000000",),
        (),
        (),
        (),
        (),
        ("id-79160000005",),
    ]
    assert [it.parts for it in receipts] == [2, 0, 0, 0, 0, 2]


class Raven(Crow):
    """It says the id alone of what was taken, and more of what is long."""

    def outcome(self, told: str) -> str | Taken | Unclear | Refusal:
        if told == "id-long":
            return Taken((told, f"{told}-2"), parts=2)
        return told if told.startswith("id") else super().outcome(told)


@pytest.mark.parametrize("texts", [("Hello", "Hello"), ("Hello", "id-long"), ("Hello", "poor:")])
async def test_an_id_alone_is_a_message_that_was_taken(texts: tuple[str, str]) -> None:
    raven = Raven()
    for later in (None, raven.clock.now() + timedelta(hours=1)):
        raven = Raven()
        first, second = await raven.send(messages(*texts, send_at=later))
        taken = State.SCHEDULED if later else State.ACCEPTED
        assert (first.ids, first.parts, first.status.state) == (("id-79160000000",), 1, taken)
        ids = {"Hello": ("id-79160000001",), "id-long": ("id-long", "id-long-2"), "poor:": ()}
        assert second.ids == ids[texts[1]]
        assert second.parts == len(second.ids)


async def test_a_message_for_later_is_scheduled() -> None:
    crow = Crow()
    later = crow.clock.now() + timedelta(hours=1)
    [receipt] = await crow.send(messages("Hello", send_at=later))
    assert receipt.status.state is State.SCHEDULED
    never = datetime.max.replace(tzinfo=timezone(-timedelta(hours=12)))
    with pytest.raises(InvalidMessage, match="out of range"):
        crow.check(messages("Hello", send_at=never))


async def test_an_answer_that_leaves_one_out_is_nobodys() -> None:
    receipts = await Crow().send(messages("Hello", "left out", "Hello", "Hello"))
    assert [it.ids for it in receipts] == [(), (), (), ("id-79160000003",)]
    for receipt in receipts[:3]:
        assert isinstance(receipt.error, OutcomeUnknown)
        assert receipt.unassigned_ids == ("id-79160000000", "id-79160000002")


async def test_one_id_for_two_messages_is_nobodys() -> None:
    receipts = await Crow().send(messages("id-1", "id-1"))
    assert not any(it.ids for it in receipts)
    assert all(it.unassigned_ids == ("id-1", "id-1") for it in receipts)


async def test_an_id_that_another_call_was_given_is_no_answer_to_this_one() -> None:
    crow = Crow()
    await crow.send(messages("id-1"))
    with pytest.raises(ProtocolViolation, match="another message's"):
        await crow.send(messages("id-1"))


async def test_an_id_that_another_call_was_given_costs_no_other_message_its_id() -> None:
    crow = Crow()
    await crow.send(messages("id-1", "id-2"))
    old, new, poor = await crow.send(messages("id-1", "id-3", "poor: no"))
    assert isinstance(old.error, OutcomeUnknown)
    assert str(old.error).startswith("the platform gave it the id id-1, which is another message's")
    assert (old.ids, old.unassigned_ids, old.status.state) == ((), (), State.UNKNOWN)
    assert new.ids == ("id-3",)
    assert isinstance(poor.error, InsufficientFunds)
    # What was new is remembered, too.
    with pytest.raises(ProtocolViolation, match="the id id-3, which is another message's"):
        await crow.send(messages("id-3"))


async def test_an_answer_that_leaves_one_out_holds_no_id_of_another_call() -> None:
    crow = Crow()
    await crow.send(messages("id-1"))
    for receipt in await crow.send(messages("id-1", "id-2", "left out")):
        assert receipt.unassigned_ids == ("id-2",)


async def test_a_platform_that_knows_repeats_gives_an_id_again() -> None:
    class Wise(Crow):
        knows_repeats = True

    wise = Wise()
    for _ in range(2):
        [receipt] = await wise.send(messages("id-1"))
        assert receipt.ids == ("id-1",)


async def test_a_lost_answer_costs_the_messages_of_its_call() -> None:
    receipts = await Crow().send(messages("Hello", "Hello", "Hello", "lost", "Hello"))
    assert [type(it.error) for it in receipts] == [type(None)] * 3 + [OutcomeUnknown] * 2


async def test_what_is_said_once_for_a_call_divides_the_messages() -> None:
    crow = Crow()
    one, two, three = messages("Hello", "Hello", "Hello")
    high = msgspec.structs.replace(two, priority="HIGH")
    receipts = await crow.send([one, high, three])
    assert [it.ids[0] for it in receipts] == [f"id-{it.to}" for it in (one, two, three)]
    assert sorted(map(str, crow.sent)) == sorted(
        map(str, [(None, [one.to, three.to]), (high.priority, [two.to])])
    )


async def test_nothing_is_sent_where_one_message_is_wrong() -> None:
    crow = Crow()
    wrong = messages("Hello", "Hello", "Hello", "Привет")
    with pytest.raises(InvalidMessage, match="ASCII") as error:
        await crow.send(wrong)
    assert error.value.ref == wrong[3].ref
    with pytest.raises(InvalidMessage, match="ASCII"):
        crow.check(wrong)
    assert not crow.sent


@pytest.mark.parametrize("number_field", ["", "to"])
async def test_a_mail_out_is_looked_at_once_where_items_differ_by_number_alone(
    number_field: str,
) -> None:
    crow = Crow(number_field)
    receipts = await crow.send(messages("Hello", "Hello", "id-x", "Hello"))
    assert crow.written == (2 if number_field else 4)
    assert [it.ids[0] for it in receipts] == [
        "id-79160000000",
        "id-79160000001",
        "id-x",
        "id-79160000003",
    ]
    for wrong in ("12", "a@b.example"):
        with pytest.raises((InvalidMessage, Unsupported)):
            await crow.send([*messages("Hello"), Message(wrong, "Hello")])


async def test_what_a_mail_out_says_is_compared_whole() -> None:
    crow = Crow("to")
    one, two, three = messages("Hello", "Hello", "Hello")
    high = msgspec.structs.replace(two, priority="HIGH")
    receipts = await crow.send([one, high, three])
    assert crow.written == 2
    assert [it.ids for it in receipts] == [(f"id-{it.to}",) for it in (one, two, three)]


async def test_what_tells_no_states_cannot_report() -> None:
    assert Capability.STATUS not in Crow().capabilities
    with pytest.raises(Unsupported, match="cannot report"):
        await Crow().status(["1"])


async def test_what_asks_after_ids_in_its_own_way_can_report() -> None:
    class Owl(Crow):
        async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
            return [Status(state=State.DELIVERED, id=one) for one in ids]

    assert Capability.STATUS in Owl().capabilities


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"key": "k", "login": "me", "password": "p"},
        {"key": "k", "password": "p"},
        {"login": "me"},
        {"login": "a:b", "password": "p"},
        {"key": ""},
        {"key": "ключ"},
    ],
)
def test_who_asks_is_a_key_or_a_login_with_its_password(wrong: dict[str, str]) -> None:
    secrets = {name: Secret(text) if name != "login" else text for name, text in wrong.items()}
    told: Any = secrets
    with pytest.raises(ValueError, match=r"key|login"):
        ChannelKeyOrLoginSettings(base_url="https://crow.example", **told)


def test_credentials_are_those_that_were_given() -> None:
    base: Any = {"base_url": "https://crow.example"}
    by_key = ChannelKeyOrLoginSettings(key=Secret("k"), **base)
    by_login = ChannelKeyOrLoginSettings(login="me", password=Secret("p"), **base)
    assert (by_key.credentials, by_login.credentials) == (ApiKey("k"), Login("me", "p"))


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://a.example", "hooks", "http://", "http://[canary", "http://:80/a", "https://@"),
        *("https://a.example:canary", " https://a.example", "https://a .example", "https://a\n.b"),
    ],
)
def test_a_setting_that_is_a_url_is_of_the_web(url: str) -> None:
    check_url("callback_url", Secret("https://hooks.example/a"))
    check_url("callback_url", None)
    with pytest.raises(ValueError, match=r"^callback_url: expected a URL that begins with http"):
        check_url("callback_url", Secret(url))


@pytest.mark.parametrize(
    ("number_field", "why"),
    [
        ("too", "no Item has 'too': did you mean 'to'?"),
        ("text", "Item.text does not hold the number, in digits alone"),
    ],
)
def test_a_number_field_that_is_none_is_told_before_anything_is_sent(
    number_field: str, why: str
) -> None:
    crow = Crow(number_field)
    with pytest.raises(TypeError, match=re.escape(f"Crow.number_field: {why}")):
        crow.check(messages("Hello", "Hello"))
    assert crow.sent == []


class Told(msgspec.Struct, frozen=True):
    message_id: str
    code: str = ""

    @property
    def pieces(self) -> tuple[str, ...]:
        return (self.code,)


@pytest.mark.parametrize(
    ("taken", "why"),
    [
        (TakenIf(id="mesage_id"), "'mesage_id': did you mean 'message_id'?"),
        (TakenIf(id="message_id", says={"kode": "OK"}), "'kode': did you mean 'code'?"),
        (TakenIf(id="message_id", segments="xyz"), "'xyz': it has message_id, code"),
    ],
)
def test_a_field_that_tells_nothing_is_told_when_the_class_is_made(
    taken: TakenIf, why: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(f"Owl.taken: no Told has {why}")):
        type("Owl", (Magpie,), {"taken": taken})


class Magpie(BulkChannel[ChannelKeyOrLoginSettings, Item, Told]):
    """It is told more than an id of each."""

    taken = TakenIf(id="message_id", says={"code": "OK"}, segments="pieces")


async def test_an_error_has_the_id_of_no_call_but_that_which_sent_it() -> None:
    class Asking(Crow):
        async def send_items(self, items: Sequence[Item], shared: object) -> Sequence[str | Unread]:
            told = await super().send_items(items, shared)
            with self.observed.begin("Send", peer="crow.example:443") as call:
                call.http_status = 200
                if told[0] != "poor: asks nobody":
                    ANSWERED.set(call)
            return told

    [asked] = await Asking().send(messages("poor: no"))
    assert asked.error is not None
    assert asked.error.call_id is not None
    assert asked.error.http_status == 200
    asking = Asking()
    await asking.send(messages("id-1"))
    with pytest.raises(ProtocolViolation) as caught:
        await asking.send(messages("id-1"))
    assert caught.value.call_id is not None
    # In the same task.
    [other] = await Asking().send(messages("poor: asks nobody"))
    assert other.error is not None
    assert other.error.call_id is None
