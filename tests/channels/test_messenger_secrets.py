"""No operation, error or log of a messenger's channel or source shows a secret or a text."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from devino_codecs import viber, vk
from devino_codecs.http import HttpAnswer
from devino_core import DevinoError, Event, Message, Plugins, Secret, Template
from devino_core.callbacks import CallbackRequest, Callbacks
from tests.channels._canary import reported, shows, spellings
from tests.channels._messengers import MEDIA, PASSWORD, TO, wired

TEXT = "canary-text-91"
HIDDEN = spellings(PASSWORD)
BASIC = base64.b64encode(f"demo:{PASSWORD}".encode()).decode()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    return caplog


def repeating(told: str) -> list[HttpAnswer]:
    """What a platform may say that repeats what it was sent."""
    spring = {"status": 400, "error": told, "message": told, "path": told}
    bodies = [
        spring,
        {"status": told, "messages": []},
        {"status": "ok", "messages": [{"code": told, "providerId": told}]},
        {"code": "validation_error", "description": told},
        {"code": "system_error", "description": told},
        {"code": told, "description": told},
        {"code": "ok", "description": "", "result": {"code": told, "messageId": told}},
    ]
    found = [
        HttpAnswer(status, json.dumps(body).encode()) for body in bodies for status in (200, 400)
    ]
    pages = [HttpAnswer(status, told.encode()) for status in (200, 302, 401, 404, 429, 502)]
    return [*found, *pages]


@pytest.mark.parametrize("kind", MEDIA)
async def test_no_channel_shows_the_password(kind: str, logged: pytest.LogCaptureFixture) -> None:
    content: Any = Template("1", {"name": TEXT}) if kind == "vk" else TEXT
    fallback = Message(TO, TEXT, sender="SHOP", validity=timedelta(hours=1))
    message = Message(TO, content, medium=MEDIA[kind], fallback=fallback)
    shown: list[str] = []
    async with wired(kind) as wire:
        kept = dict(wire.platform.answers)
        for answer in [None, *repeating(f"{PASSWORD} {BASIC}")]:
            if answer is not None:
                wire.platform.answers = dict.fromkeys(kept, lambda _, found=answer: found)  # type: ignore[misc]
            for call in (
                lambda: wire.channel.send([message]),
                lambda: wire.channel.send([message, message]),
                lambda: wire.channel.status(["17"], medium=MEDIA[kind]),
            ):
                try:
                    shown.append(repr(await call()))
                except DevinoError as error:
                    shown += reported(error)
        shown += [repr(wire.channel), repr(wire.channel.settings), repr(vars(wire.channel))]
    shown += [record.getMessage() for record in logged.records]
    shown += [str(record.exc_info) for record in logged.records]
    assert len(shown) > 100
    for text in shown:
        assert not shows(text, HIDDEN), text


SECRET = "canary-of-the-path-5d"


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("viber", b'[{"id": 1, "receivedAt": "1527861323068", "status": "READ"}, {"id": "%s"}]'),
        ("viber", b'[{"id": 1, "parentId": 2, "receivedAt": "%s", "content": "%s"}]'),
        ("vk", b'[{"messageId": 1, "status": "READ", "receivedAt": "%s", "error": "%s"}]'),
        ("sms", b"sourcePhone=1&number=2&text=%s&messageId=3"),
        ("sms", b"text=%s"),
        ("nobody", b"%s"),
    ],
)
@pytest.mark.parametrize("way", ["path", "basic", "wrong"])
@pytest.mark.parametrize("ending", ["reply", "unfit reply", "raise"])
async def test_no_receiver_shows_its_secret_or_what_was_said(
    source: str,
    body: bytes,
    way: str,
    ending: str,
    logged: pytest.LogCaptureFixture,
) -> None:
    def take(event: Event) -> str:
        if ending == "raise":
            raise LookupError("no such message")
        return f"{TEXT}\x00" if ending == "unfit reply" else TEXT

    plugins = Plugins(environ={})
    specs = [plugins.callback_spec(name) for name in ("viber", "vk", "sms")]
    callbacks = Callbacks(take, specs, secrets=[Secret(SECRET)])
    basic = base64.b64encode(f"platform:{SECRET}".encode()).decode()
    request = CallbackRequest(
        method="POST",
        path=f"/{SECRET if way == 'path' else 'canary-of-the-path-5x'}/{source}",
        headers={"Authorization": f"Basic {basic}"} if way == "basic" else {},
        body=body.replace(b"%s", TEXT.encode()),
    )
    answer = await callbacks.handle(request)
    shown = [repr(request), repr(answer), repr(callbacks), repr(specs)]
    shown += [record.getMessage() for record in logged.records]
    shown += [str(record.exc_info) for record in logged.records]
    for text in shown:
        assert not shows(text, {*spellings(SECRET), basic, TEXT}), text
    if way == "wrong" or source == "nobody":
        assert (answer.status, answer.body) == (404, b"")


READ: dict[str, Callable[[bytes], object]] = {
    "viber": viber.decode_callback,
    "vk": vk.decode_callback,
}


@pytest.mark.parametrize("name", READ)
def test_no_reason_quotes_what_could_not_be_read(name: str) -> None:
    said = json.dumps(
        [TEXT, {TEXT: TEXT}, {"id": TEXT}, {"messageId": TEXT}, {"id": 1, "status": {TEXT: 1}}]
    )
    assert TEXT not in repr(READ[name](said.encode()))
