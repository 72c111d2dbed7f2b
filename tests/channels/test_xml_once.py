"""Answers get lost, and what became of each message is told as far as it is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from devino_codecs import xmlpackage as xml
from devino_core import (
    ConnectFailed,
    DevinoError,
    Message,
    OutcomeUnknown,
    ProtocolViolation,
    Rejected,
    Retry,
    Secret,
    State,
    Throttled,
    Unavailable,
)
from devino_core.testing import ManualClock
from devino_plugins.xml._channel import XmlChannel
from devino_plugins.xml._once import Patience, send_once
from devino_plugins.xml._settings import XmlSettings
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
from tests.channels._sandboxed import PASSWORD, account, wired

TO, OTHER = "79031234567", "79031234568"


class CuttingProxy:
    """Passes bytes on, and closes the connection after as many of them as it is told to."""

    def __init__(self) -> None:
        self.passed = {"request": 0, "answer": 0}
        self.left: dict[str, int] = {}
        """How many bytes of the next request or answer get through."""

    @asynccontextmanager
    async def before(self, port: int) -> AsyncIterator[int]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            up, upstream = await asyncio.open_connection("127.0.0.1", port)
            ways = [
                asyncio.create_task(self._pass_on(reader, upstream, "request")),
                asyncio.create_task(self._pass_on(up, writer, "answer")),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                upstream.close()
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1]
        server.close()

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, what: str
    ) -> None:
        while data := await source.read(65536):
            self.passed[what] += len(data)
            left = self.left.get(what)
            target.write(data[:left])
            if left is not None:
                self.left[what] = left - len(data)
                if left <= len(data):
                    del self.left[what]
                    return


@pytest.mark.parametrize("what", ["request", "answer"])
async def test_a_connection_cut_after_any_byte_sends_each_message_once(what: str) -> None:
    world = World([account()], clock=ManualClock())
    proxy = CuttingProxy()
    async with (
        Sandbox(world, discover=False) as sandbox,
        proxy.before(int(sandbox.endpoints["xml"].rpartition(":")[2])) as port,
        XmlChannel(
            XmlSettings(
                login="demo",
                password=Secret(PASSWORD),
                sender="DEVINO",
                base_url=f"http://127.0.0.1:{port}",
                asks=2,
                # The proxy holds nothing back, so what the platform does not know never comes.
                resend=True,
            ),
            name="xml",
            clock=ManualClock(auto_advance=True),
        ) as channel,
    ):

        async def send(cut: int) -> None:
            """Two messages, one of two parts; what the World has must be what the receipts say."""
            # Numbers of one length as refs, so that every package is as long as the first.
            messages = [
                Message(f"7903{cut:07}", "a", ref=f"1{cut:07}"),
                Message(f"7904{cut:07}", "я" * 71, ref=f"2{cut:07}"),
            ]
            receipts = await channel.send(messages)
            for receipt, parts in zip(receipts, (1, 2), strict=True):
                (stored,) = world.messages(to=receipt.to)
                assert (receipt.ids, receipt.parts) == (stored.ids[:1], parts)
                assert receipt.error is None
                assert receipt.status.state is State.ACCEPTED

        await send(9_999_999)
        length = proxy.passed[what]
        assert length > 200
        for cut in range(length + 1):
            proxy.left[what] = cut
            await send(cut)
            assert not proxy.left, f"nothing was cut after {cut} bytes"


LOSSES = {
    "carried out, the answer lost": DropAnswer(),
    "not carried out, the connection closed": Drop(),
    "a gateway's page": AnswerHttp(502, "<html>Bad gateway</html>"),
    "half an answer": AnswerHttp(200, '<?xml version="1.0"?><package><message><msg id='),
    "an answer without results": AnswerHttp(200, "<package/>"),
    "an unknown error of the platform": AnswerError(200),
    "an error in no table": AnswerError(299),
}


@pytest.mark.parametrize("action", LOSSES.values(), ids=LOSSES)
async def test_every_kind_of_loss_is_made_good_if_that_is_asked_for(action: Drop) -> None:
    async with wired("xml", "xml", ask_interval=0, resend=True) as wire:
        wire.world.faults.add(Fault(operation="Send.ashx", action=action))
        receipts = await wire.channel.send([Message(TO, "a"), Message(OTHER, "b")])
        for receipt in receipts:
            (stored,) = wire.world.messages(to=receipt.to)
            assert receipt.ids == stored.ids
            assert receipt.status.state is State.ACCEPTED


@pytest.mark.parametrize("action", LOSSES.values(), ids=LOSSES)
async def test_a_message_that_the_platform_does_not_know_is_not_sent_again(action: Drop) -> None:
    async with wired("xml", "xml", ask_interval=0) as wire:
        wire.world.faults.add(Fault(operation="Send.ashx", action=action))
        messages = [Message(TO, "a"), Message(OTHER, "b")]
        if isinstance(action, DropAnswer):
            receipts = await wire.channel.send(messages)
            assert [r.ids for r in receipts] == [m.ids for m in wire.world.messages()]
            return
        with pytest.raises(
            OutcomeUnknown, match=r"asked 4 times.*does not know.*on its way"
        ) as caught:
            await wire.channel.send(messages)
        assert caught.value.refs == tuple(message.ref for message in messages)
        assert list(wire.world.messages()) == []
        # The call that was lost, and none of those that asked about it.
        [lost] = [one for one in wire.world.journal.calls() if one.operation == "Send.ashx"]
        assert caught.value.call_id == lost.call_id is not None
        assert str(caught.value).count("[call ") == 1
        assert str(caught.value).endswith(f" [call {lost.call_id}]")


END = b"</package>"


class HoldingProxy:
    """Passes packages on, but breaks the first connection and holds its package back."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.arrived = asyncio.Event()
        self._held = False

    @asynccontextmanager
    async def before(self, port: int) -> AsyncIterator[int]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            up, upstream = await asyncio.open_connection("127.0.0.1", port)
            try:
                if not self._held:
                    self._held = True
                    request = await reader.readuntil(END)
                    writer.close()
                    await self.let_go.wait()
                    upstream.write(request)
                    await up.readuntil(END)
                    self.arrived.set()
                while True:
                    upstream.write(await reader.readuntil(END))
                    writer.write(await up.readuntil(END))
            except asyncio.IncompleteReadError:
                pass
            finally:
                writer.close()
                upstream.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1]
        server.close()


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("resend", [False, True])
async def test_a_package_that_arrives_after_all_questions(strict: bool, resend: bool) -> None:
    world = World([account()], clock=ManualClock(), strict=strict)
    proxy = HoldingProxy()
    async with (
        Sandbox(world, discover=False) as sandbox,
        proxy.before(int(sandbox.endpoints["xml"].rpartition(":")[2])) as port,
        XmlChannel(
            XmlSettings(
                login="demo",
                password=Secret(PASSWORD),
                sender="DEVINO",
                base_url=f"http://127.0.0.1:{port}",
                resend=resend,
            ),
            name="xml",
            clock=ManualClock(auto_advance=True),
        ) as channel,
    ):
        message = Message(TO, "a", ref="777")
        if resend:
            (receipt,) = await channel.send([message])
            assert receipt.status.state is State.ACCEPTED
        else:
            with pytest.raises(OutcomeUnknown) as caught:
                await channel.send([message])
            assert caught.value.retry is Retry.MAY_DUPLICATE
        proxy.let_go.set()
        await proxy.arrived.wait()
        taken = [one for one in world.messages() if one.reason is None]
        # What is sent again is taken twice, unless the platform knows ids.
        assert len(taken) == (2 if resend and not strict else 1)
        (status,) = await channel.status_by_ref(["777"])
        assert status.id in {one.ids[0] for one in taken}


async def test_a_silent_platform_is_asked_after_the_timeout() -> None:
    settings: dict[str, Any] = {
        "ask_interval": 0,
        "timeout": 0.1,
        "connect_timeout": 0.1,
        "resend": True,
    }
    async with wired("xml", "xml", **settings) as wire:
        wire.world.faults.add(Fault(operation="Send.ashx", action=Hang()))
        (receipt,) = await wire.channel.send([Message(TO, "a")])
        assert [receipt.ids] == [message.ids for message in wire.world.messages()]


async def test_questions_that_get_lost_too_are_asked_again() -> None:
    async with wired("xml", "xml", ask_interval=0) as wire:
        wire.world.faults.add(Fault(operation="Send.ashx", action=DropAnswer()))
        wire.world.faults.add(Fault(operation="Statistics.ashx", times=3, action=Drop()))
        (receipt,) = await wire.channel.send([Message(TO, "a")])
        assert [receipt.ids] == [message.ids for message in wire.world.messages()]


async def test_a_repeat_that_a_strict_platform_refuses_is_found_by_its_ref() -> None:
    world = World([account()], clock=ManualClock(), strict=True)
    async with wired("xml", "xml", world=world, ask_interval=0) as wire:
        wire.world.faults.add(Fault(operation="Send.ashx", action=DropAnswer()))
        wire.world.faults.add(Fault(operation="Statistics.ashx", times=4, action=Drop()))
        message = Message(TO, "a", ref="777")
        with pytest.raises(OutcomeUnknown):
            await wire.channel.send([message])
        (receipt,) = await wire.channel.send([message])
        # The World keeps a record of the refused repeat, too.
        first, repeat = wire.world.messages()
        assert repeat.state is State.REJECTED
        assert (receipt.ids, receipt.error) == (first.ids, None)
        assert receipt.status.state is State.ACCEPTED


@pytest.mark.parametrize(
    "told", ['<msg id="999" sms_id="5">102</msg>', '<msg sms_id="5">102</msg>', "<msg>102</msg>"]
)
async def test_what_is_said_of_somebody_else_or_of_nobody_settles_nothing(told: str) -> None:
    async with wired("xml", "xml", ask_interval=0) as wire:
        answer = AnswerHttp(200, f"<package><status>{told}</status></package>")
        wire.world.faults.add(Fault(operation="Send.ashx", action=Drop()))
        wire.world.faults.add(Fault(operation="Statistics.ashx", times=None, action=answer))
        with pytest.raises(OutcomeUnknown):
            await wire.channel.send([Message(TO, "a", ref="777")])


@pytest.mark.parametrize("action", [Drop(), AnswerError(202), AnswerHttp(200, "<html>")])
async def test_what_nobody_can_be_asked_about_stays_unknown_and_is_not_sent_again(
    action: Drop,
) -> None:
    async with wired("xml", "xml", ask_interval=0) as wire:
        wire.world.faults.add(Fault(operation="Send.ashx", action=DropAnswer()))
        wire.world.faults.add(Fault(operation="Statistics.ashx", times=None, action=action))
        with pytest.raises(OutcomeUnknown):
            await wire.channel.send([Message(TO, "a")])
        assert len(list(wire.world.messages())) == 1


async def test_a_message_refused_in_a_lost_answer_is_refused_again() -> None:
    async with wired("xml", "xml", ask_interval=0, resend=True) as wire:
        wire.world.faults.add(Fault(operation="Send.ashx", action=DropAnswer()))
        refused, sent = await wire.channel.send([Message(TO, "x" * 2001), Message(OTHER, "a")])
        assert (refused.status.state, refused.status.code) == (State.REJECTED, 204)
        assert [sent.ids] == [message.ids for message in wire.world.messages(to=OTHER)]


async def test_only_the_lost_package_is_looked_after() -> None:
    async with wired("xml", "xml", ask_interval=0, package_size=2, concurrency=1) as wire:
        wire.world.faults.add(Fault(operation="Send.ashx", nth=2, action=Drop()))
        wire.world.faults.add(Fault(operation="Statistics.ashx", times=None, action=Drop()))
        receipts = await wire.channel.send([Message(f"7903123456{n}", "a") for n in range(6)])
        assert [type(receipt.error) for receipt in receipts] == [
            type(None), type(None), OutcomeUnknown, OutcomeUnknown, type(None), type(None),
        ]  # fmt: skip
        assert len(list(wire.world.messages())) == 4


# Below, what the platform says is scripted.

FOUND = xml.StatusResult(sms_id=70, code=xml.MessageStatus.ENROUTE)
UNKNOWN = xml.StatusResult(code=xml.MessageError.ERR_ID)
VAGUE = xml.StatusResult(code=xml.MessageStatus.UNKNOWN)
TAKEN = xml.MessageResult(sms_id=70, code=xml.MessageStatus.ACCEPTED)
BAD_ID = xml.MessageResult(code=xml.MessageError.ERR_ID)
ERROR = xml.MessageResult(code=xml.MessageError.ERR_UNKNOWN)
ERROR_WITH_ID = xml.MessageResult(sms_id=70, code=xml.MessageError.ERR_UNKNOWN)
NO_SENDER = xml.MessageResult(code=xml.MessageError.ERR_SENDER)
REFUSAL = xml.StatusResult(code=xml.MessageError.ERR_SENDER)
LOST = OutcomeUnknown("lost")
"""What the platform answers of one message; an error is that of the whole call."""

Word = xml.MessageResult | DevinoError | None


async def _run(
    submitted: Sequence[Word],
    asked: Sequence[Sequence[Word]],
    *,
    clock: ManualClock | None = None,
    resend: bool = True,
) -> list[object]:
    """The verdicts; the script must have been played to its end."""
    said, told = iter(submitted), iter(asked)
    count = max((len(row) for row in asked), default=1)

    async def submit(sent: Sequence[int]) -> list[xml.MessageResult | None]:
        word = next(said)
        if isinstance(word, DevinoError):
            raise word
        return [word for _ in sent]

    async def ask(about: Sequence[int]) -> list[xml.MessageResult | None]:
        row = next(told)
        if isinstance(row[0], DevinoError):
            raise row[0]
        return [row[place % len(row)] for place in about]  # type: ignore[misc]

    try:
        verdicts: list[object] = list(
            await send_once(
                count,
                submit=submit,
                ask=ask,
                clock=clock or ManualClock(auto_advance=True),
                patience=Patience(asks=3, ask_interval=1.0, resend=resend),
            )
        )
    except DevinoError as error:
        verdicts = [error] * count
    assert next(said, None) is None, "it should have been sent again"
    assert next(told, None) is None, "it should have been asked after again"
    return verdicts


U, GONE, BUSY = UNKNOWN, Unavailable("gone"), Throttled("busy", retry_after=60)
NO_CONNECTION, REFUSED = ConnectFailed("no connection"), Rejected("no", code=201)

SCRIPTS = {
    "taken": ([TAKEN], [], [TAKEN]),
    "refused": ([NO_SENDER], [], [NO_SENDER]),
    "a bad id that the platform has": ([BAD_ID], [[FOUND]], [FOUND]),
    "a bad id that it does not know": ([BAD_ID], [[U]] * 3, [BAD_ID]),
    "a bad id, and nobody answers": ([BAD_ID], [[GONE]] * 3, [OutcomeUnknown]),
    "a bad id, and asking is refused": ([BAD_ID], [[REFUSED]], [OutcomeUnknown]),
    "an unknown error, and found": ([ERROR], [[FOUND]], [FOUND]),
    "an unknown error, and not known": ([ERROR, TAKEN], [[U]] * 3, [TAKEN]),
    "an unknown error twice": ([ERROR, ERROR], [[U]] * 6, [OutcomeUnknown]),
    "an unknown error of the question": ([LOST], [[ERROR], [ERROR_WITH_ID], [FOUND]], [FOUND]),
    "an unknown error with an id, and found": ([ERROR_WITH_ID], [[FOUND]], [FOUND]),
    "an unknown error with an id": ([ERROR_WITH_ID], [[U]] * 3, [ERROR_WITH_ID]),
    "never connected": ([NO_CONNECTION], [], [NO_CONNECTION]),
    "refused as a whole": ([REFUSED], [], [REFUSED]),
    "lost, and found": ([LOST], [[FOUND]], [FOUND]),
    "garbled, and found": ([ProtocolViolation("?")], [[FOUND]], [FOUND]),
    "not mentioned, and found": ([None], [[FOUND]], [FOUND]),
    "lost, and found late": ([LOST], [[U], [U], [FOUND]], [FOUND]),
    "lost, and refused by what was found": ([LOST], [[REFUSAL]], [REFUSAL]),
    "lost, and vaguely known": ([LOST], [[VAGUE]] * 3, [LOST]),
    "lost, and never mentioned": ([LOST], [[None]] * 3, [LOST]),
    "lost, and nobody answers": ([LOST], [[GONE]] * 3, [LOST]),
    "lost, and asking is refused": ([LOST], [[REFUSED]], [LOST]),
    "lost, unknown, and nobody answers the last time": ([LOST], [[U], [U], [GONE]], [LOST]),
    "lost, and unknown the last time": ([LOST, TAKEN], [[GONE], [BUSY], [U]], [TAKEN]),
    "lost twice, and found": ([LOST, LOST], [[U]] * 3 + [[FOUND]], [FOUND]),
    "lost twice, and unknown": ([LOST, LOST], [[U]] * 6, [OutcomeUnknown]),
    "lost, then no connection": ([LOST, NO_CONNECTION], [[U]] * 3, [OutcomeUnknown]),
    "lost, then refused as a whole": ([LOST, REFUSED], [[U]] * 3, [OutcomeUnknown]),
    "lost, then refused": ([LOST, NO_SENDER], [[U]] * 3, [NO_SENDER]),
    "a repeat that the platform has": ([LOST, BAD_ID], [[U]] * 3 + [[FOUND]], [FOUND]),
    "a repeat with a bad id": ([LOST, BAD_ID], [[U]] * 6, [OutcomeUnknown]),
    "of two one is found": ([LOST, TAKEN], [[FOUND, U]] * 3, [FOUND, TAKEN]),
    "of two one is doubtful": ([LOST, TAKEN], [[None, U]] * 3, [LOST, TAKEN]),
}


@pytest.mark.parametrize(("submitted", "asked", "verdicts"), SCRIPTS.values(), ids=SCRIPTS)
async def test_what_is_decided_by_what_the_platform_says(
    submitted: Sequence[Word], asked: Sequence[Sequence[Word]], verdicts: Sequence[object]
) -> None:
    decided = await _run(submitted, asked)
    for verdict, expected in zip(decided, verdicts, strict=True):
        assert verdict is expected or type(verdict) is expected


async def test_nothing_is_sent_again_where_the_setting_says_so() -> None:
    (verdict,) = await _run([LOST], [[U]] * 3, resend=False)
    assert isinstance(verdict, OutcomeUnknown)
    assert str(verdict) == (
        "lost; asked 3 times over 7 s, the platform does not know this message, which may still be "
        "on its way to it"
    )


async def test_an_error_that_was_asked_about_keeps_what_is_known_of_its_call() -> None:
    lost = OutcomeUnknown("lost")
    lost.call_id, lost.http_status = "4f1c9a03b7d2e815", 503
    (verdict,) = await _run([lost], [[U]] * 3, resend=False)
    assert isinstance(verdict, OutcomeUnknown)
    assert (verdict.call_id, verdict.http_status) == ("4f1c9a03b7d2e815", 503)
    assert verdict.said.startswith("lost; asked 3 times")


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [([[FOUND]], 1), ([[U], [U], [FOUND]], 1 + 2 + 4), ([[BUSY], [FOUND]], 1 + 60)],
)
async def test_each_question_waits_twice_as_long(
    asked: Sequence[Sequence[Word]], seconds: float
) -> None:
    clock = ManualClock(auto_advance=True)
    await _run([LOST], asked, clock=clock)
    assert clock.monotonic() == seconds
