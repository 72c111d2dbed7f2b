"""No operation and no error over SMPP shows the password, with every logger at DEBUG."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from collections.abc import Awaitable, Callable

import pytest

from devino_core import DevinoError, Message
from devino_plugins.smpp import connect
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault
from devino_sandbox._faults import Action
from tests.channels._smpp import PASSWORD, Listening, Wired, wired

TO = "79031234567"
FAILURES: dict[str, Action | None] = {
    "none": None,
    "drop": Drop(),
    "drop the answer": DropAnswer(),
    "refuse the login": AnswerError("ESME_RINVPASWD"),
    "refuse": AnswerError("ESME_RINVDSTADR"),
    "fail": AnswerError("ESME_RSYSERR"),
    "of no protocol": AnswerHttp(502, "<html>"),
}


def locals_of(error: BaseException) -> list[str]:
    """What a report of errors shows of the frames of our packages."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    return [
        f"{frame.filename}: {frame.locals}" for frame in found.stack if "/devino_" in frame.filename
    ]


def operations(wire: Wired) -> dict[str, Callable[[], Awaitable[object]]]:
    host, _, port = str(wire.channel.settings.hosts).partition(":")

    async def listen() -> object:
        events = Listening(wire.channel)
        try:
            return await events.next()
        finally:
            await events.aclose()

    async def session() -> object:
        async with connect(
            host, int(port), system_id="demo", password=PASSWORD, tls=False, clock=wire.clock
        ) as bound:
            return bound

    async def session_in_tls() -> object:
        async with connect(host, int(port), system_id="demo", password=PASSWORD) as bound:
            return bound

    async def wrong_session() -> object:
        async with connect(host, int(port), system_id="a" * 16, password=PASSWORD) as bound:
            return bound

    async def long_password() -> object:
        async with connect(host, int(port), system_id="demo", password=PASSWORD * 2) as bound:
            return bound

    return {
        "send": lambda: wire.channel.send([Message(TO, "a"), Message(TO, "Hello " * 100)]),
        "status": lambda: wire.channel.status(["579700854169272358"]),
        "events": listen,
        "session": session,
        "session in TLS": session_in_tls,
        "wrong session": wrong_session,
        "long password": long_password,
    }


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("bind", ["separate", "transceiver"])
async def test_no_secret_shows(bind: str, failure: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    asyncio.get_running_loop().set_debug(True)
    shown: list[str] = []
    failed = 0
    async with wired(bind=bind) as wire:
        action = FAILURES[failure]
        if action is not None:
            wire.world.faults.add(Fault(protocol="smpp", times=None, action=action))
        wire.world.receive(sender=TO, to="2435", text="Hi")
        for run in operations(wire).values():
            try:
                shown.append(repr(await run()))
            except DevinoError as error:
                failed += 1
                shown += traceback.TracebackException.from_exception(error).format(chain=True)
                shown += locals_of(error)
                shown += [repr(error), str(error), repr(vars(error)), repr(error.__context__)]
        shown.append(f"{wire.channel!r} {wire.channel.settings!r} {vars(wire.channel)}")
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(wire.channel.settings)
    shown += [record.getMessage() for record in caplog.records]
    shown += [str(record.exc_info) for record in caplog.records]
    assert failed >= 3
    assert not [text for text in shown if PASSWORD in text]
