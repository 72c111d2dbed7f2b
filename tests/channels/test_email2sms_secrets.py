"""No mail and no failure shows a password, with every logger at DEBUG."""

from __future__ import annotations

import asyncio
import base64
import logging
import pickle
import traceback

import pytest

from devino_core import DevinoError, Message
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault, Hang
from tests.channels._mailed import mailed
from tests.channels._sandboxed import PASSWORD

FAULTS = {
    "none": None,
    "drop": Drop(),
    "drop the answer": DropAnswer(),
    "hang": Hang(),
    "busy": AnswerError(451),
    "closing": AnswerError(421),
    "refuse the login": AnswerError(535),
    "refuse": AnswerError(554),
    "repeat the password": AnswerError(554, f"your password {PASSWORD} is known to be weak"),
    "a proxy's page": AnswerHttp(502, "<html>"),
}
VERBS = ["CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA-BEGIN", "DATA"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("format_", ["template", "semicolon", "base64"])
async def test_no_secret_shows(format_: str, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    settings: dict[str, object] = {
        "smtp_username": "demo",
        "smtp_password": PASSWORD,
        "format": format_,
    }
    shown: list[str] = []
    async with mailed(timeout=0.1, connect_timeout=0.1, **settings) as wire:
        action = FAULTS[fault]
        for verb in VERBS:
            if action is not None:
                wire.world.faults.add(Fault(operation=verb, action=action))
            try:
                shown.append(repr(await wire.channel.send([Message("79031234567", verb)])))
            except DevinoError as error:
                shown += traceback.TracebackException.from_exception(error).format(chain=True)
                shown += [repr(error), str(error), repr(vars(error)), repr(error.__context__)]
            wire.world.faults.clear()
        shown.append(f"{wire.channel!r} {wire.channel.settings!r} {wire.channel}")
        shown.append(repr(vars(wire.channel)))
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(wire.channel.settings)
    # What the test itself makes the sandbox say, the sandbox may log.
    repeated = "mail.log" if fault == "repeat the password" else None
    records = [record for record in caplog.records if record.name != repeated]
    shown += [record.getMessage() for record in records]
    shown += [str(record.exc_info) for record in records]
    assert len(shown) > len(VERBS)
    for hidden in (PASSWORD, base64.b64encode(f"\0demo\0{PASSWORD}".encode()).decode()):
        assert not [text for text in shown if hidden in text]
