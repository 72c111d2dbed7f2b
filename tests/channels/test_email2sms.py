"""The Email2SMS channel against the sandbox, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from devino_codecs.text import count_parts
from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    Channel,
    ChannelSettings,
    ConnectFailed,
    DevinoError,
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
from devino_core.testing import ChannelConformance, ManualClock
from devino_sandbox import (
    AnswerError,
    AnswerHttp,
    Drop,
    DropAnswer,
    Fault,
    Hang,
    Sandbox,
    World,
)
from tests.channels._mailed import SETTINGS, SPEC, channel, mailed
from tests.channels._sandboxed import Wired, account

TO, OTHER = "79031234567", "79031234568"
FORMATS = ["template", "semicolon", "base64"]
SHORT = {"connect_timeout": 0.5, "timeout": 0.5}
"""Seconds to wait for a server that hangs, and ample for one that does not."""
Action = AnswerError | AnswerHttp | Drop | DropAnswer | Hang


class TestConformance(ChannelConformance):
    spec = SPEC

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with mailed() as wire:
            yield wire.channel


@pytest.fixture
async def wire() -> AsyncIterator[Wired]:
    async with mailed() as wire:
        yield wire


def order(wire: Wired, operation: str, action: Action, **when: int | None) -> None:
    wire.world.faults.add(
        Fault(protocol="email2sms", operation=operation, action=action, **when)  # type: ignore[arg-type]
    )


def forbid(wire: Wired, operation: str, *, nth: int = 1) -> None:
    """Let the nth of these be answered in a way that no test takes for a success."""
    order(wire, operation, AnswerError(554, f"{operation} was not to be"), nth=nth, times=None)


def count(wire: Wired) -> int:
    return len(list(wire.world.messages()))


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


@pytest.mark.parametrize(("code", "kind", "retry"), REFUSALS)
@pytest.mark.parametrize("operation", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA-BEGIN", "DATA"])
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
@pytest.mark.parametrize("operation", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA-BEGIN", "DATA"])
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


async def test_mails_follow_each_other_on_one_connection(wire: Wired) -> None:
    forbid(wire, "CONNECT", nth=2)
    for text in "abc":
        await wire.channel.send([Message(TO, text)])
    assert count(wire) == 3


@pytest.mark.parametrize("operation", ["RCPT", "DATA-BEGIN", "DATA", "MAIL"])
async def test_a_refused_mail_leaves_its_connection_to_the_next(
    wire: Wired, operation: str
) -> None:
    forbid(wire, "CONNECT", nth=2)
    order(wire, operation, AnswerError(554))
    (refused,) = await wire.channel.send([Message(TO, "a")])
    assert refused.refused
    (taken,) = await wire.channel.send([Message(TO, "b")])
    assert taken.status.state is State.ACCEPTED


@pytest.mark.parametrize(
    "action", [Drop(), Hang(), AnswerError(421), AnswerHttp(400)], ids=lambda a: type(a).__name__
)
async def test_a_kept_connection_that_is_stale_is_replaced_unnoticed(action: Action) -> None:
    async with mailed(**SHORT if isinstance(action, Hang) else {}) as wire:
        order(wire, "MAIL", action, nth=2)
        for text in "abc":
            (receipt,) = await wire.channel.send([Message(TO, text)])
            assert receipt.status.state is State.ACCEPTED
        assert [m.submission.text for m in wire.world.messages()] == ["a", "b", "c"]


async def test_a_kept_connection_that_fails_while_it_is_reset_is_replaced(wire: Wired) -> None:
    order(wire, "RCPT", AnswerError(451))
    order(wire, "RSET", Drop())
    with pytest.raises(Unavailable):
        await wire.channel.send([Message(TO, "a")])
    (receipt,) = await wire.channel.send([Message(TO, "b")])
    assert receipt.status.state is State.ACCEPTED


@pytest.mark.parametrize("operation", ["RCPT", "DATA-BEGIN", "DATA"])
async def test_a_kept_connection_that_fails_later_is_not_tried_again(
    wire: Wired, operation: str
) -> None:
    order(wire, operation, Drop(), nth=2)
    await wire.channel.send([Message(TO, "a")])
    with pytest.raises((Unavailable, OutcomeUnknown)):
        await wire.channel.send([Message(TO, "b")])
    assert count(wire) == 1


async def test_a_new_connection_that_fails_is_not_tried_again(wire: Wired) -> None:
    order(wire, "MAIL", Drop(), times=1)
    with pytest.raises(Unavailable):
        await wire.channel.send([Message(TO, "a")])


async def test_a_busy_server_on_a_kept_connection_is_told_and_not_asked_again(
    wire: Wired,
) -> None:
    await wire.channel.send([Message(TO, "a")])
    forbid(wire, "CONNECT")
    order(wire, "MAIL", AnswerError(451))
    with pytest.raises(Unavailable):
        await wire.channel.send([Message(TO, "b")])


@pytest.mark.parametrize(
    ("pauses", "settings"),
    [
        ([61], {"idle_timeout": 60, "max_lifetime": 600}),
        ([50] * 12, {"idle_timeout": 60, "max_lifetime": 590}),
    ],
)
async def test_a_connection_that_is_old_or_unused_is_replaced(
    pauses: list[float], settings: dict[str, float]
) -> None:
    async with mailed(**settings) as wire:
        await wire.channel.send([Message(TO, "a")])
        order(wire, "CONNECT", AnswerError(450))
        for pause in pauses[:-1]:
            wire.clock.advance(pause)
            await wire.channel.send([Message(TO, "b")])
        wire.clock.advance(pauses[-1])
        with pytest.raises(Throttled):
            await wire.channel.send([Message(TO, "c")])


async def test_no_more_connections_than_are_set_and_all_of_them_kept() -> None:
    async with mailed(connections=2) as wire:
        forbid(wire, "CONNECT", nth=3)
        for _ in range(3):
            sends = [wire.channel.send([Message(TO, text)]) for text in "abcdef"]
            sent = await asyncio.gather(*sends)
            assert {r.status.state for (r,) in sent} == {State.ACCEPTED}
        receipts = await wire.channel.send([Message(TO, text) for text in "abcdef"])
        assert {r.status.state for r in receipts} == {State.ACCEPTED}
        # The third, had there been one.
        fresh = await asyncio.open_connection(*_address(wire))
        assert (await fresh[0].readline()).startswith(b"554")
        fresh[1].close()


def _address(wire: Wired) -> tuple[str, int]:
    settings = wire.channel.settings
    return settings.host, settings.port  # type: ignore[attr-defined]


async def test_a_send_that_is_given_up_ends_its_connection(wire: Wired) -> None:
    order(wire, "RCPT", Hang())
    sending = asyncio.create_task(wire.channel.send([Message(TO, "a")]))
    while wire.world.faults:  # noqa: ASYNC110 - nobody tells when a fault has struck
        await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    (receipt,) = await wire.channel.send([Message(TO, "b")])
    assert receipt.status.state is State.ACCEPTED
    assert [m.submission.text for m in wire.world.messages()] == ["b"]


async def test_closing_takes_leave_and_waits_for_no_server_that_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("devino_plugins.email2sms._connection._FAREWELL", 0.1)
    async with mailed() as wire:
        await wire.channel.send([Message(TO, "a")])
        order(wire, "QUIT", Hang())
        await wire.channel.aclose()
        assert not wire.world.faults
        with pytest.raises(RuntimeError, match="open"):
            await wire.channel.send([Message(TO, "b")])


@pytest.mark.parametrize(
    ("name", "greeted"),
    [("mail.example.org", "mail.example.org"), ("ПК-Иван", "[127.0.0.1]"), ("pc", "[127.0.0.1]")],
)
async def test_this_machine_introduces_itself_by_its_full_name(
    monkeypatch: pytest.MonkeyPatch, name: str, greeted: str
) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: name)
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        heard.append(await reader.readline())
        writer.write(b"421 goodbye\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with channel(
        ManualClock(), host="127.0.0.1", port=port, local_hostname=None
    ) as introduced:
        with pytest.raises(Unavailable):
            await introduced.send([Message(TO, "a")])
    server.close()
    assert heard == [f"EHLO {greeted}\r\n".encode()]


JUNK = [
    b"",
    b"\r\n",
    b"hello\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"250\r\n" * 3,
    b"199 what\r\n",
    b"999 what\r\n",
    b"-50 what\r\n",
    b"250-and so on\r\n" * 5_000,
    b"250 " + b"a" * 100_000,
    b"\xff\xfe\x00\r\n",
    b"554-\xd0\xbd\r\n554 \xff\r\n",
]
ORDERLY = [b"220 hello\r\n", b"250 hello\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go\r\n"]


@pytest.mark.parametrize("junk", JUNK)
async def test_whatever_a_server_says_is_a_receipt_or_an_error_of_ours(junk: bytes) -> None:
    async def told(orderly: int) -> object:
        said = iter([*ORDERLY[:orderly], junk])

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(next(said))
            for line in said:
                if line is junk and orderly == len(ORDERLY):
                    await reader.readuntil(b"\r\n.\r\n")
                else:
                    await reader.readline()
                writer.write(line)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            async with channel(ManualClock(), host="127.0.0.1", port=port) as sending:
                return (await sending.send([Message(TO, "a")]))[0]
        except DevinoError as error:
            return error
        finally:
            server.close()

    for outcome in await asyncio.gather(*map(told, range(len(ORDERLY) + 1))):
        assert isinstance(outcome, DevinoError | Receipt)
        if isinstance(outcome, DevinoError):
            assert len(str(outcome)) < 500


AHEAD = {
    "DATA": b"354 go\r\n250 early\r\n",
    "half a line": b"354 go\r\n250",
    "RCPT": b"250 OK\r\n354 early\r\n",
    "the mail": b"250 taken\r\n554 one too many\r\n",
}


@pytest.mark.parametrize("when", AHEAD)
async def test_no_mail_gets_the_reply_to_another(when: str) -> None:
    """A server that says too much once: its replies are from then on one behind."""
    ends = {"RCPT": b"RCPT", "the mail": b"."}
    faulty: list[bytes] = [AHEAD[when]]
    taken: list[bytes] = []
    serving: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(cast("asyncio.Task[None]", asyncio.current_task()))
        writer.write(b"220 hello\r\n")
        async for line in reader:
            verb = line[:4].strip().upper()
            answer = {b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(verb, b"250 OK\r\n")
            if faulty and verb == ends.get(when, b"DATA"):
                answer = faulty.pop()
            writer.write(answer)
            if verb == b"DATA":
                with contextlib.suppress(asyncio.IncompleteReadError):
                    taken.append(await reader.readuntil(b"\r\n.\r\n"))
                    told = faulty.pop() if faulty else b"250 taken\r\n"
                    writer.write(told)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcomes: list[object] = []
    async with channel(ManualClock(), host="127.0.0.1", port=port) as sending:
        for text in ("a", "b"):
            before = len(taken)
            try:
                (receipt,) = await sending.send([Message(TO, text)])
                outcomes.append((receipt.status.code, len(taken) - before))
            except DevinoError as error:
                outcomes.append((error.retry, len(taken) - before))
    server.close()
    await asyncio.gather(*serving)
    first = (250, 1) if when == "the mail" else (Retry.SAFE, 0)
    assert outcomes == [first, (250, 1)]


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
