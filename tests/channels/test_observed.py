"""Each call of each kind of channel has one start and one end, however it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest

from devino_core import AsyncClient, DevinoError, Message, Receipt
from devino_core.observe import Call, Outcome
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault
from devino_sandbox._faults import Action
from tests.attack._channels import HTTP, KINDS, client, message, redirected, target
from tests.attack._serving import served
from tests.core._kept import Kept

TEXT = "c4n4ry text"


def ended(kept: Kept) -> list[tuple[Call, Outcome]]:
    """All calls, each of which has ended once."""
    assert kept.calls
    assert [len(outcomes) for _, outcomes in kept.calls] == [1] * len(kept.calls)
    ids = [call.id for call, _ in kept.calls]
    assert len(set(ids)) == len(ids)
    return [(call, outcomes[0]) for call, outcomes in kept.calls]


async def failure_of(opened: AsyncClient, sent: Message) -> DevinoError | None:
    """Why it was not sent, as an error or as the error of its receipt."""
    try:
        receipt: Receipt = await opened.send(sent)
    except DevinoError as error:
        return error
    return receipt.error


UNNAMED = {"email2sms", "email-smtp", "ftp"}
"""Their answers have no id of the message."""


@pytest.mark.parametrize("kind", KINDS)
async def test_a_message_that_is_sent(kind: str) -> None:
    kept = Kept()
    async with (
        target(kind) as sandbox,
        client(kind, sandbox.settings(0), observers=[kept]) as opened,
    ):
        receipt = await opened.send(message(kind, 5, TEXT))
    calls = ended(kept)
    assert {(call.kind, call.channel) for call, _ in calls} == {(kind, kind)}
    assert {call.peer for call, _ in calls} == {f"127.0.0.1:{sandbox.port}"}
    assert [call.messages for call, _ in calls if call.messages] == [1]
    assert not [outcome for _, outcome in calls if outcome.error or outcome.cancelled]
    assert [told for _, told in kept.receipts] == [receipt]
    (told_id,) = [outcome.message_id for call, outcome in calls if call.messages]
    assert told_id == (None if kind in UNNAMED else receipt.ids[0])


FAULTS: dict[str, Action] = {
    "cut": Drop(),
    "answer cut": DropAnswer(),
    "refused": AnswerError(6),
    "a proxy's page": AnswerHttp(502, "<html>"),
    "a redirect": AnswerHttp(302),
    "a rate limit": AnswerHttp(429),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_that_fails(kind: str, fault: str) -> None:
    kept = Kept()
    async with target(kind) as sandbox:
        sandbox.world.faults.add(Fault(times=None, action=FAULTS[fault]))
        async with client(kind, sandbox.settings(0), observers=[kept], patience=0.5) as opened:
            error = await failure_of(opened, message(kind, 5, TEXT))
    outcomes = {call.id: outcome for call, outcome in ended(kept)}
    if error is None:
        # This protocol has no such fault.
        assert not [outcome for outcome in outcomes.values() if outcome.error]
        return
    assert error.call_id is not None
    assert str(error).endswith(f" [call {error.call_id}]")
    told = outcomes[error.call_id].error
    assert told is not None
    assert told.http_status == error.http_status == outcomes[error.call_id].http_status


@pytest.mark.parametrize("kind", KINDS)
async def test_a_peer_that_is_not_there(kind: str) -> None:
    kept = Kept()
    async with target(kind) as sandbox:
        settings = sandbox.settings(0)
    async with client(kind, settings, observers=[kept]) as opened:
        error = await failure_of(opened, message(kind, 5, TEXT))
    assert error is not None
    assert error.call_id in [call.id for call, outcome in ended(kept) if outcome.error]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_that_is_cancelled(kind: str) -> None:
    """By a caller that gives up while the peer says nothing."""
    kept, connected = Kept(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()

    async with target(kind) as sandbox, served(silent) as port:
        settings = redirected(sandbox.settings(0), port)
        async with client(kind, settings, observers=[kept], patience=30) as opened:
            sending: Coroutine[Any, Any, Receipt] = opened.send(message(kind, 5, TEXT))
            task = asyncio.ensure_future(sending)
            async with asyncio.timeout(10):
                await connected.wait()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
    [(_, outcome)] = ended(kept)
    assert outcome.cancelled
    assert outcome.error is None


@pytest.mark.parametrize("kind", HTTP)
async def test_a_call_over_http_says_its_id_to_the_platform(kind: str) -> None:
    kept, heads = Kept(), list[bytes]()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))

    async with target(kind) as sandbox, served(listen) as port:
        settings = redirected(sandbox.settings(0), port)
        async with client(kind, settings, observers=[kept]) as opened:
            error = await failure_of(opened, message(kind, 5, TEXT))
    said = [line for head in heads for line in head.split(b"\r\n")]
    said = [line.partition(b": ")[2] for line in said if line.lower().startswith(b"x-request-id:")]
    assert {value.decode() for value in said} == {call.id for call, _ in ended(kept)}
    assert error is not None


@pytest.mark.parametrize("texts", ["", "1"])
@pytest.mark.parametrize("fault", [None, *FAULTS])
@pytest.mark.parametrize("kind", KINDS)
async def test_the_log_shows_no_secret_no_number_and_no_text(
    kind: str,
    fault: str | None,
    texts: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DEVINO_LOG_TEXTS", texts)
    caplog.set_level(logging.DEBUG, "devino")
    sent = message(kind, 1234567, TEXT)
    async with target(kind) as sandbox:
        if fault is not None:
            sandbox.world.faults.add(Fault(times=None, action=FAULTS[fault]))
        async with client(kind, sandbox.settings(0), patience=0.5) as opened:
            await failure_of(opened, sent)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("devino.")]
    assert lines
    assert fault is not None or [line for line in lines if " request [" in line]
    secret = opened.channels[kind].settings
    revealed = next(
        getattr(secret, name).reveal() for name in ("password", "key") if hasattr(secret, name)
    )
    hidden = [sent.to, f"={revealed}&", f">{revealed}<", f'"{revealed}"', f"'{revealed}'"]
    if not texts:
        hidden.append(TEXT)
    assert not [line for line in lines for word in hidden if word in line]
