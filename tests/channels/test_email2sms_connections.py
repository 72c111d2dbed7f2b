"""Which connection a mail goes over, and when one is given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from devino_core import Message, OutcomeUnknown, State, Throttled, Unavailable
from devino_sandbox import AnswerError, AnswerHttp, Drop, Hang
from tests.channels._mailed import SHORT, Action, count, forbid, mailed, order
from tests.channels._sandboxed import Wired

pytestmark = pytest.mark.pythons

TO = "79031234567"


@pytest.fixture
async def wire() -> AsyncIterator[Wired]:
    async with mailed() as wire:
        yield wire


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
    pauses: list[float], settings: dict[str, Any]
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
    monkeypatch.setattr("devino_plugins.kit.smtp._connection._FAREWELL", 0.1)
    async with mailed() as wire:
        await wire.channel.send([Message(TO, "a")])
        order(wire, "QUIT", Hang())
        await wire.channel.aclose()
        assert not wire.world.faults
        with pytest.raises(RuntimeError, match="open"):
            await wire.channel.send([Message(TO, "b")])
