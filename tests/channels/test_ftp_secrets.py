"""No archive and no failure shows a password, with every logger at DEBUG."""

from __future__ import annotations

import asyncio
import logging
import pickle
from typing import Any

import pytest

from devino_core import DevinoError, Message
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Hang
from tests.channels._canary import reported, shows, spellings
from tests.channels._ftp import ftp_of, order, served, until
from tests.channels._sandboxed import PASSWORD

FAULTS = {
    "none": None,
    "drop": Drop(),
    "drop the answer": DropAnswer(),
    "hang": Hang(),
    "busy": AnswerError(451),
    "closing": AnswerError(421),
    "refuse the login": AnswerError(530),
    "refuse": AnswerError(553),
    "repeat the password": AnswerError(553, f"your password {PASSWORD} is known to be weak"),
    "a proxy's page": AnswerHttp(502, f"<html>{PASSWORD}"),
}
VERBS = ["CONNECT", "USER", "PASS", "SIZE", "EPSV", "STOR", "data", "RNFR", "RNTO", "QUIT"]
HELLO = [Message("79031234567", "Hello")]
WAITS: dict[str, Any] = {"timeout": 0.2, "connect_timeout": 0.2, "attempts": 2}


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_secret_shows(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    asyncio.get_running_loop().set_debug(True)
    shown: list[str] = []
    async with served(**WAITS) as wire:
        action = FAULTS[fault]
        for verb in VERBS:
            for run in (wire.channel.send, lambda _: ftp_of(wire).upload(["79031234567"], "Hello")):
                if action is not None:
                    order(wire, verb, action, times=4)
                try:
                    shown.append(repr(await run(HELLO)))
                except DevinoError as error:
                    shown += reported(error)
                wire.world.faults.clear()
        shown.append(f"{wire.channel!r} {wire.channel.settings!r} {wire.channel}")
        shown.append(repr(vars(wire.channel)))
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(wire.channel.settings)
    shown += [record.getMessage() for record in caplog.records]
    shown += [str(record.exc_info) for record in caplog.records]
    assert len(shown) > 2 * len(VERBS)
    assert not [text for text in shown if shows(text, spellings(PASSWORD))]


@pytest.mark.parametrize("verb", ["CONNECT", "PASS", "SIZE", "STOR", "RNTO"])
async def test_a_send_that_is_cancelled_shows_no_password(
    verb: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with served(timeout=30) as wire:
        order(wire, verb, Hang())
        sending = asyncio.create_task(wire.channel.send(HELLO))
        await until(lambda: not wire.world.faults)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await sending
        shown = reported(caught.value)
    shown += [f"{record.getMessage()} {record.exc_info}" for record in caplog.records]
    assert not [text for text in shown if shows(text, spellings(PASSWORD))]
