"""No operation and no error shows a password or session id, with every logger at DEBUG."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import cast

import pytest

from devino_core import DevinoError, Medium, Message
from devino_plugins.rest._channel import RestChannel
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault
from tests.channels._sandboxed import PASSWORD, Wired, wired
from tests.channels.test_rest import KINDS, TO

FAULTS = {
    "none": None,
    "drop": Drop(),
    "drop the answer": DropAnswer(),
    "refuse the login": AnswerError(4),
    "no money": AnswerError(5),
    "refuse": AnswerError(6),
    "fail": AnswerError(9),
    "a proxy's page": AnswerHttp(502, "<html>"),
    "not JSON": AnswerHttp(200, "what?"),
    "a redirect": AnswerHttp(302, ""),
    "a rate limit": AnswerHttp(429, ""),
}


def operations(wire: Wired) -> dict[str, Callable[[], Awaitable[object]]]:
    channel, now = cast(RestChannel, wire.channel), wire.clock.now()
    two = [Message(TO, "a"), Message("79031234568", "a")]
    return {
        "send": lambda: channel.send(two[:1]),
        "bulk": lambda: channel.send(two),
        "viber": lambda: channel.send([Message(TO, "a", medium=Medium.VIBER)]),
        "status": lambda: channel.status(["579700854169272358"]),
        "viber status": lambda: channel.status(["579700854169272358"], medium=Medium.VIBER),
        "balance": channel.balance,
        "inbox": lambda: channel.inbox(now - timedelta(days=1), now),
        "statistics": lambda: channel.statistics(now - timedelta(days=1), now),
    }


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", KINDS)
async def test_no_secret_shows(kind: str, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.DEBUG)
    shown: list[str] = []
    async with wired(kind, KINDS[kind]) as wire:
        sessions: list[str] = []
        opening = wire.world.open_session

        def remembering(*owner: object) -> str:
            sessions.append(opening(*owner))  # type: ignore[arg-type]
            return sessions[-1]

        wire.world.open_session = remembering  # type: ignore[method-assign]
        action = FAULTS[fault]
        if action is not None:
            wire.world.faults.add(Fault(times=None, action=action))
        for run in operations(wire).values():
            try:
                shown.append(repr(await run()))
            except DevinoError as error:
                told = traceback.TracebackException.from_exception(error, capture_locals=True)
                shown += told.format_exception_only()
                # As a crash reporter shows it; this test's own frames know the secrets.
                shown += [
                    f"{frame.name}: {frame.locals}"
                    for frame in told.stack
                    if frame.filename != __file__
                ]
                shown += [repr(error), str(error), repr(vars(error)), repr(error.__context__)]
        shown.append(f"{wire.channel!r} {wire.channel.settings!r} {wire.channel}")
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(wire.channel.settings)
    shown += [record.getMessage() for record in caplog.records]
    shown += [str(record.exc_info) for record in caplog.records]
    assert len(shown) > 8
    for secret in [PASSWORD, *sessions]:
        assert not [text for text in shown if secret in text]
