"""No mail and no failure shows a password, with every logger at DEBUG."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import pickle
from typing import Any

import pytest

from devino_core import Body, DevinoError, Message
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault, Hang
from tests.channels._canary import reported, shows, spellings
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
        caplog.set_level(logging.DEBUG, name)
    asyncio.get_running_loop().set_debug(True)
    settings: dict[str, Any] = {
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
                shown += reported(error)
            wire.world.faults.clear()
        shown.append(f"{wire.channel!r} {wire.channel.settings!r} {wire.channel}")
        shown.append(repr(vars(wire.channel)))
        # A reporter goes deeper than one level.
        shown += [repr(vars(part)) for part in vars(wire.channel).values() if _has_fields(part)]
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(wire.channel.settings)
    # What the test itself makes the sandbox say, the sandbox may log.
    repeated = "mail.log" if fault == "repeat the password" else None
    records = [record for record in caplog.records if record.name != repeated]
    shown += [record.getMessage() for record in records]
    shown += [str(record.exc_info) for record in records]
    assert len(shown) > len(VERBS)
    login = base64.b64encode(f"\0demo\0{PASSWORD}".encode()).decode()
    assert not [text for text in shown if shows(text, {login, *spellings(PASSWORD)})]


@pytest.mark.parametrize(
    ("format_", "shown"),
    [
        ("template", "UserLogin=***\nSourceAddress=DEVINO"),
        ("semicolon", "StartWithPoint;***;7903***4567;"),
        ("base64", "\n***;7903***4567;"),
    ],
)
async def test_the_log_shows_the_text_of_a_mail_and_not_its_login(
    format_: str, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with mailed(format=format_) as wire:
        await wire.channel.send([Message("79031234567", "a demo")])
    [mail] = [record.getMessage() for record in caplog.records if "a mail of" in record.message]
    assert shown in mail
    assert "a demo" in mail
    assert mail.count("demo") == 1


def _has_fields(part: object) -> bool:
    return hasattr(part, "__dict__") and not callable(part)


@pytest.mark.parametrize("text", ["dots\n.\n.", "no dots", "по-русски"])
@pytest.mark.parametrize("format_", ["template", "semicolon", "base64"])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA-BEGIN", "DATA"])
async def test_no_spelling_of_a_password_is_in_the_locals_of_a_failed_mail(
    verb: str, format_: str, text: str
) -> None:
    password = "пароль=" + PASSWORD
    async with mailed(format=format_, password=password, line_break=" / ") as wire:
        wire.world.faults.add(Fault(operation=verb, action=Drop()))
        with pytest.raises(DevinoError) as caught:
            await wire.channel.send([Message("79031234567", text)])
    hidden = spellings(password, "windows-1251") | spellings(PASSWORD)
    assert not [told for told in reported(caught.value) if shows(told, hidden)]


def test_a_body_shows_only_its_size_however_it_is_printed() -> None:
    body = Body(PASSWORD.encode())
    for told in (repr(body), str(body), f"{body}", f"{body!s:>40}", repr([body])):
        assert PASSWORD not in told
        assert f"{len(PASSWORD)} bytes" in told


@pytest.mark.parametrize("transfer", ["plain", "quoted-printable", "base64"])
@pytest.mark.parametrize("before", range(3))
def test_the_search_finds_every_spelling(transfer: str, before: int) -> None:
    password = "пароль=" + PASSWORD
    body = b"x" * before + password.encode("windows-1251") + b";text that goes on"
    written = {
        "plain": lambda: b"x" * 40 + PASSWORD.encode() + b"\r\n",
        "quoted-printable": lambda: binascii.b2a_qp(b"x" * 50 + body + b"\r\n"),
        "base64": lambda: base64.encodebytes(b"x" * 45 + body).replace(b"\n", b"\r\n"),
    }[transfer]()
    hidden = spellings(password, "windows-1251") | spellings(PASSWORD)
    assert shows(repr(written), hidden)
