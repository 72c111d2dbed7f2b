"""Channels for messengers, wired to a platform that answers as a test says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeAlias

from devino_codecs import viber, vk
from devino_codecs.http import Api, HttpAnswer, HttpRequest, Login
from devino_core import Channel, ChannelSettings, Medium, Message, Plugins
from devino_core.settings import convert_settings
from devino_core.testing import ManualClock
from tests.core._peer import answer, serving

PASSWORD = "canary+4d1f&"
TO, OTHER = "79031234567", "79031234568"
FIRST = 3158611117333282816
"""The first id that the platform gives: above 2^53."""
APIS: Mapping[str, Api] = {"viber": viber.API, "whatsapp": viber.WHATSAPP_API, "vk": vk.API}
MEDIA = {"viber": Medium.VIBER, "whatsapp": Medium.WHATSAPP, "vk": Medium.VK}

Answer: TypeAlias = Callable[[Any], Any]
"""What a request is answered with: a value of its answer's type, a Refusal, or an HttpAnswer."""


@dataclass
class Platform:
    """What came, and what is answered."""

    api: Api
    requests: list[Any] = field(default_factory=list)
    http: list[HttpRequest] = field(default_factory=list)
    credentials: list[Any] = field(default_factory=list)
    answers: dict[type, Answer] = field(default_factory=dict)
    hangs_up: bool = False

    def __post_init__(self) -> None:
        ids = (str(number) for number in count(FIRST))
        self.answers = {
            viber.Send: lambda send: viber.Sent(
                messages=tuple(
                    viber.Taken(provider_id=next(ids), code=viber.MessageCode.OK)
                    for _ in send.messages
                )
            ),
            viber.GetStatus: lambda ask: viber.Statuses(
                messages=tuple(
                    viber.MessageStatus(
                        provider_id=each,
                        code=viber.MessageCode.OK,
                        status=viber.DeliveryStatus.DELIVERED,
                    )
                    for each in ask.messages
                )
            ),
            vk.Send: lambda _: vk.SendResult(code=vk.SendCode.OK, message_id=next(ids)),
            vk.GetStatus: lambda ask: vk.MessageStatus(
                provider_id=ask.id, code=vk.IdCode.OK, status=vk.VkStatus.DELIVERED
            ),
        }

    def of(self, kind: type) -> list[Any]:
        """The requests of this type."""
        return [request for request in self.requests if isinstance(request, kind)]

    def answered(self, raw: bytes) -> HttpAnswer:
        head, _, body = raw.partition(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        method, target, _ = line.split(" ")
        headers = dict(re.split(": *", each, maxsplit=1) for each in lines)
        http = HttpRequest.of(method, target, headers=headers, body=body)
        call = self.api.decode_request(http)
        self.http.append(http)
        self.requests.append(call.request)
        self.credentials.append(call.credentials)
        found = self.answers[type(call.request)](call.request)
        if isinstance(found, HttpAnswer):
            return found
        return self.api.encode_answer(type(call.request), found)


@dataclass
class Wired:
    channel: Channel[ChannelSettings]
    platform: Platform
    clock: ManualClock


@asynccontextmanager
async def wired(kind: str, **settings: object) -> AsyncIterator[Wired]:
    """A channel of this kind on a platform of its own."""
    platform = Platform(APIS[kind])

    async def respond(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = platform.answered(requests[-1])
        if platform.hangs_up:
            writer.close()
            return
        head = [f"{found.status} -", *[f"{name}: {text}" for name, text in found.headers.items()]]
        await answer("\r\n".join(head), found.body)(_, writer)

    plugins = Plugins(environ={})
    spec = plugins.channel_spec(kind)
    clock = ManualClock()
    async with serving(respond, answers=1000) as (port, requests):
        values = {
            "login": "demo",
            "password": PASSWORD,
            "sender": "DEVINO",
            "base_url": f"http://127.0.0.1:{port}",
            **settings,
        }
        channel = plugins.load(spec)(
            convert_settings(values, spec.settings, name=kind), name=kind, clock=clock
        )
        async with channel:
            yield Wired(channel, platform, clock)


def logged_in(platform: Platform) -> bool:
    return set(platform.credentials) == {Login("demo", PASSWORD)}


def sms(text: str = "As an SMS", to: str = TO, **more: Any) -> Message:
    return Message(to, text, **more)


def always(found: object) -> Answer:
    """The same answer to whatever is asked."""
    return lambda _: found
