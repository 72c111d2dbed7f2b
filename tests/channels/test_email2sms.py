"""The Email2SMS channel against the sandbox, over real sockets."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from devino_codecs.text import count_parts
from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    Channel,
    ChannelSettings,
    ConnectFailed,
    DevinoError,
    InvalidMessage,
    Message,
    OutcomeUnknown,
    Plugins,
    ProtocolViolation,
    QueueFull,
    Receipt,
    Rejected,
    Retry,
    Secret,
    State,
    Throttled,
    Unavailable,
    Unsupported,
)
from devino_core.testing import ChannelConformance, Connected, ManualClock
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault, Hang, Sandbox, World
from tests.channels._mailed import SETTINGS, SHORT, SPEC, Action, channel, count, mailed, order
from tests.channels._sandboxed import Wired, account, struck

TO, OTHER = "79031234567", "79031234568"
FORMATS = ["template", "semicolon", "base64"]


def failing(operation: str, action: Action) -> Connected:
    return struck(mailed, Fault(protocol="email2sms", operation=operation, action=action))


@pytest.mark.pythons
class TestConformance(ChannelConformance):
    spec = SPEC
    carries = (
        Message(TO, "Длинное сообщение; с точкой с запятой. " * 5, sender="My Bank"),
        Message("+7 903 123-45-67", "one\ntwo", sender="1" * 15),
    )
    refuses = (
        (Message(TO, ""), InvalidMessage),
        (Message(TO, "😀"), InvalidMessage),
        (Message("DEVINO", "a"), InvalidMessage),
        (Message(TO, "a", sender="A" * 12), InvalidMessage),
        (Message(TO, "==|| КОНЕЦ ТЕКСТА ||=="), InvalidMessage),
    )
    faults = (
        (failing("CONNECT", Drop()), ConnectFailed),
        (failing("MAIL", AnswerError(450)), Throttled),
        (failing("RCPT", AnswerError(452)), QueueFull),
        (failing("MAIL", AnswerError(535)), AuthenticationFailed),
        (failing("DATA", AnswerError(554)), Rejected),
        (failing("DATA-BEGIN", Drop()), Retry.SAFE),
        (failing("DATA", DropAnswer()), OutcomeUnknown),
        (failing("DATA", AnswerError(354)), ProtocolViolation),
    )

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with mailed() as wire:
            yield wire.channel


@pytest.fixture
async def wire() -> AsyncIterator[Wired]:
    async with mailed() as wire:
        yield wire


@pytest.mark.parametrize("format_", FORMATS)
async def test_a_message_is_taken_without_ids_charged_and_delivered(format_: str) -> None:
    text = "Длинное сообщение; с точкой с запятой. " * 5
    async with mailed(format=format_) as wire:
        before = wire.world.accounts["demo"].balance
        (receipt,) = await wire.channel.send([Message(TO, text, sender="My Bank")])
        (stored,) = wire.world.messages()
        assert (receipt.status.state, receipt.ids, receipt.parts) == (
            State.ACCEPTED, (), count_parts(text),
        )  # fmt: skip
        assert (receipt.status.code, receipt.status.description) == (250, "2.0.0 OK")
        assert (stored.to, stored.submission.sender, stored.submission.text) == (
            TO, "My Bank", text,
        )  # fmt: skip
        assert stored.submission.via == "email2sms"
        assert before - wire.world.accounts["demo"].balance == stored.price * receipt.parts
        await wire.clock.tick(5)
        wire.world.advance()
        assert stored.state is State.DELIVERED


async def test_what_became_of_it_cannot_be_asked(wire: Wired) -> None:
    (receipt,) = await wire.channel.send([Message(TO, "a")])
    with pytest.raises(Unsupported, match="status"):
        await wire.channel.status(["1"])
    assert receipt.status.state is State.ACCEPTED


@pytest.mark.parametrize("text", [".", "..\n.", "a\n.\n.\r\nb", ".\nQUIT"])
async def test_dots_at_the_beginning_of_lines_are_part_of_the_text(wire: Wired, text: str) -> None:
    await wire.channel.send([Message(TO, text)])
    assert [m.submission.text for m in wire.world.messages()] == [text.replace("\r", "")]


async def test_a_refused_sender_is_a_receipt_that_names_the_reason() -> None:
    world = World([account(senders=frozenset({"APPROVED"}))], clock=ManualClock())
    async with mailed(world=world) as wire:
        refused, sent = await wire.channel.send(
            [Message(TO, "a"), Message(TO, "a", sender="APPROVED")]
        )
    assert refused.refused
    assert refused.status.code == 554
    assert "approved senders" in refused.status.description
    assert sent.status.state is State.ACCEPTED


async def test_a_wrong_password_is_refused_with_the_mail() -> None:
    async with mailed(password="wrong") as wire:
        (receipt,) = await wire.channel.send([Message(TO, "a")])
        (stored,) = wire.world.messages()
    assert receipt.refused
    assert stored.reason == "wrong login or password"


REFUSALS = [
    (421, Unavailable, Retry.SAFE),
    (450, Throttled, Retry.SAFE),
    (451, Unavailable, Retry.SAFE),
    (452, QueueFull, Retry.SAFE),
    (530, AuthenticationFailed, Retry.NEVER),
    (535, AuthenticationFailed, Retry.NEVER),
]


MAIL = ["MAIL", "RCPT", "DATA-BEGIN", "DATA"]
OF_THE_CONNECTION = [
    (operation, code, ConnectFailed, Retry.SAFE)
    for operation in ["CONNECT", "EHLO"]
    for code in [421, 451, 500, 550, 552, 554]
]


@pytest.mark.parametrize(
    ("operation", "code", "kind", "retry"),
    [
        *((operation, *row) for operation in MAIL for row in REFUSALS),
        *(
            (operation, *row)
            for operation in ["CONNECT", "EHLO"]
            for row in REFUSALS
            if row[1] is not Unavailable
        ),
        # What is said of the connection is said of no message.
        *OF_THE_CONNECTION,
    ],
)
async def test_a_server_that_says_no_has_taken_nothing(
    wire: Wired, operation: str, code: int, kind: type[DevinoError], retry: Retry
) -> None:
    order(wire, operation, AnswerError(code, "as the test says"))
    message = Message(TO, "a")
    with pytest.raises(kind) as caught:
        await wire.channel.send([message])
    assert (type(caught.value), caught.value.retry) == (kind, retry)
    assert caught.value.refs == (message.ref,)
    assert "as the test says" in str(caught.value)
    assert count(wire) == 0
    assert (await wire.channel.send([message]))[0].status.state is State.ACCEPTED
    assert count(wire) == 1


@pytest.mark.parametrize("code", [500, 550, 552, 554])
@pytest.mark.parametrize("operation", MAIL)
async def test_a_server_that_says_never_refuses_the_message(
    wire: Wired, operation: str, code: int
) -> None:
    order(wire, operation, AnswerError(code, "as the test says"))
    (receipt,) = await wire.channel.send([Message(TO, "a")])
    assert receipt.refused
    assert (receipt.status.code, receipt.status.description) == (code, "as the test says")
    assert isinstance(receipt.error, Rejected)
    assert count(wire) == 0
    assert (await wire.channel.send([Message(TO, "a")]))[0].status.state is State.ACCEPTED


ENDINGS = [
    ("CONNECT", Drop(), ConnectFailed, 0),
    ("CONNECT", Hang(), ConnectFailed, 0),
    ("CONNECT", AnswerHttp(400), ConnectFailed, 0),
    ("EHLO", Drop(), ConnectFailed, 0),
    ("EHLO", Hang(), ConnectFailed, 0),
    ("MAIL", Drop(), Unavailable, 0),
    ("MAIL", Hang(), Unavailable, 0),
    ("MAIL", AnswerError(354), Unavailable, 0),
    ("MAIL", AnswerHttp(400), Unavailable, 0),
    ("RCPT", Drop(), Unavailable, 0),
    ("RCPT", Hang(), Unavailable, 0),
    ("DATA-BEGIN", Drop(), Unavailable, 0),
    ("DATA-BEGIN", Hang(), Unavailable, 0),
    ("DATA-BEGIN", AnswerError(250), Unavailable, 0),
    ("DATA", Drop(), OutcomeUnknown, 0),
    ("DATA", DropAnswer(), OutcomeUnknown, 1),
    ("DATA", Hang(), OutcomeUnknown, 0),
    ("DATA", AnswerHttp(502), ProtocolViolation, 0),
    ("DATA", AnswerError(354), ProtocolViolation, 0),
]


@pytest.mark.parametrize(
    ("operation", "action", "kind", "in_world"),
    [pytest.param(*row, id=f"{row[0]}-{type(row[1]).__name__}") for row in ENDINGS],
)
async def test_only_a_mail_that_left_without_an_answer_is_in_doubt(
    operation: str, action: Action, kind: type[DevinoError], in_world: int
) -> None:
    async with mailed(**SHORT if isinstance(action, Hang) else {}) as wire:
        order(wire, operation, action)
        message = Message(TO, "a")
        with pytest.raises(kind) as caught:
            await wire.channel.send([message])
        assert type(caught.value) is kind
        assert caught.value.refs == (message.ref,)
        assert count(wire) == in_world
        (receipt,) = await wire.channel.send([Message(TO, "b")])
        assert receipt.status.state is State.ACCEPTED


async def test_a_lost_mail_does_not_lose_the_others() -> None:
    async with mailed(connections=1) as wire:
        order(wire, "DATA", DropAnswer(), nth=2)
        messages = [Message(TO, text) for text in "abc"]
        receipts = await wire.channel.send(messages)
        assert [type(receipt.error) for receipt in receipts] == [
            type(None), OutcomeUnknown, type(None),
        ]  # fmt: skip
        assert count(wire) == 3


async def test_no_mail_server_is_connect_failed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with channel(ManualClock(), host="127.0.0.1", port=port) as unconnected:
        with pytest.raises(ConnectFailed, match=r"127\.0\.0\.1.*refused"):
            await unconnected.send([Message(TO, "a")])


async def test_through_the_client_like_any_other_channel() -> None:
    async with Sandbox(discover=False) as sandbox:
        host, _, port = sandbox.endpoints["smtp"].rpartition(":")
        config = {
            "mails": {
                **SETTINGS,
                "kind": "email2sms",
                "password": Secret("demo"),
                "host": host,
                "port": port,
            }
        }
        async with AsyncClient(config, plugins=Plugins(environ={})) as client:
            receipts: list[Receipt] = await client.send_many(
                [Message(f"7903{n:07}", "a") for n in range(50)]
            )
            with pytest.raises(Unsupported):
                await client.status(receipts[0])
        assert {receipt.channel for receipt in receipts} == {"mails"}
        assert len(list(sandbox.world.messages())) == 50
