"""No operation, error or log of the channels for e-mail shows a password."""

from __future__ import annotations

import base64
import json
import logging
import pickle
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from devino_codecs import email
from devino_codecs.http import HttpAnswer
from devino_core import DevinoError, Medium
from devino_plugins.email import EmailChannel
from tests.channels._canary import reported, shows, spellings
from tests.channels._email import emailed, mail, smtped
from tests.channels._messengers import PASSWORD

HIDDEN = {*spellings(PASSWORD), base64.b64encode(f"\0demo\0{PASSWORD}".encode()).decode()}
BASIC = base64.b64encode(f"demo:{PASSWORD}".encode()).decode()
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    return caplog


def repeating(told: str) -> list[HttpAnswer]:
    """What a platform may say that repeats what it was sent."""
    bodies: list[dict[str, Any]] = [
        {"Code": "validation_error", "Description": told},
        {"Code": "internal_error", "Description": told},
        {"Code": told, "Description": told},
        {"Code": "ok", "Result": [{"Index": 0, "Code": told, "Description": told}]},
        {"Code": "ok", "Result": [{"MessageId": "a", "State": told, "Email": told}]},
        {"Code": "ok", "Result": told},
    ]
    found = [
        HttpAnswer(status, json.dumps(body).encode())
        for body in bodies
        for status in (201, 400, 401, 404, 416, 500)
    ]
    return [*found, *[HttpAnswer(status, told.encode()) for status in (200, 302, 401, 429, 502)]]


async def outcome(call: Callable[[], Awaitable[object]]) -> list[str]:
    try:
        return [repr(await call())]
    except DevinoError as error:
        return reported(error)


async def test_no_call_over_http_shows_the_password(logged: pytest.LogCaptureFixture) -> None:
    shown: list[str] = []
    async with emailed() as wire:
        channel = wire.channel
        assert isinstance(channel, EmailChannel)
        draft = email.TaskDraft(name="a", sender=email.EmailAddress(address="a@b.ru"))
        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: channel.send([mail()]),
            lambda: channel.send([mail(), mail()]),
            lambda: channel.status(["a"], medium=Medium.EMAIL),
            lambda: channel.senders.add("a@b.ru"),
            lambda: channel.tasks.create(draft),
            lambda: channel.tasks.get(1),
            lambda: anext(aiter(channel.tasks.list())),
            lambda: channel.templates.list(),
            lambda: channel.statistics(1),
        ]
        requests = [row.request for row in email.API.operations]
        for found in repeating(f"{PASSWORD} {BASIC}"):
            wire.platform.answers = dict.fromkeys(requests, lambda _, found=found: found)  # type: ignore[misc]
            for call in calls:
                try:
                    shown += await outcome(call)
                except StopAsyncIteration:
                    continue
        shown += [repr(channel), repr(channel.settings), repr(vars(channel))]
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(channel.settings)
    assert len(shown) > 300
    for text in [*shown, *map(str, logged.records), *[r.getMessage() for r in logged.records]]:
        # An id that the platform makes of a password is the platform's.
        assert not shows(text.replace(f"ids=('{PASSWORD} {BASIC}',)", ""), HIDDEN), text[:300]


VERBS = ["CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."]


@pytest.mark.parametrize("verb", VERBS)
async def test_no_mail_shows_the_password(verb: str, logged: pytest.LogCaptureFixture) -> None:
    shown: list[str] = []
    plain = base64.b64encode(f"\0demo\0{PASSWORD}".encode()).decode()
    for reply in ("", "554 no", f"554 no such password: {PASSWORD}", f"451 {plain}", "what?"):
        async with smtped(timeout=0.5, connect_timeout=0.5) as wire:
            wire.server.says[verb] = reply
            shown += await outcome(lambda: wire.channel.send([mail()]))
            shown += [repr(wire.channel), repr(wire.channel.settings), repr(vars(wire.channel))]
    shown += [record.getMessage() for record in logged.records]
    shown += [str(record.exc_info) for record in logged.records]
    for text in shown:
        assert not shows(text, HIDDEN), text[:300]
