"""The channels for e-mail: one wired to an HTTP platform of its own, one to a mail server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from devino_codecs import email
from devino_core import Channel, ChannelSettings, Mail, Medium, Message, Plugins
from devino_core.settings import convert_settings
from devino_core.testing import ManualClock
from devino_plugins.email import EmailChannel
from tests.channels._messengers import PASSWORD, Wired, wired

IVAN, ANNA = "ivan@example.com", "anna@example.com"
SHOP = "Shop <shop@example.com>"
HELLO = Mail("Hello", "Hello")
OK = email.ResponseCode.OK


def mail(content: Any = HELLO, to: str = IVAN, **more: Any) -> Message:
    return Message(to, content, medium=Medium.EMAIL, **more)


@asynccontextmanager
async def emailed(**settings: object) -> AsyncIterator[Wired]:
    """A channel ``email`` whose platform takes and delivers everything."""
    numbers = iter(range(1, 10**6))

    def taken(send: email.Send) -> tuple[email.Taken, ...]:
        return tuple(
            email.Taken(index=n, address=each.address, message_id=f"Ms{next(numbers)}", code=OK)
            for n, each in enumerate(send.recipients)
        )

    def told(ask: email.GetStatus) -> tuple[email.MessageStatus, ...]:
        return tuple(
            email.MessageStatus(message_id=each, email=IVAN, state=email.MessageState.DELIVERED)
            for each in ask.ids
        )

    async with wired("email", **{"sender": SHOP, **settings}) as wire:
        wire.platform.answers = {email.Send: taken, email.GetStatus: told}
        yield wire


# SMTP


@dataclass
class MailServer:
    """A mail server that takes everything, unless it was told what to say to a verb."""

    says: dict[str, str] = field(default_factory=dict)
    """What is answered to a verb, or to the end of a mail (``.``); "" hangs up."""
    lines: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    usual: Mapping[str, str] = field(
        default_factory=lambda: {
            "CONNECT": "220 here",
            "EHLO": "250-here\r\n250 AUTH PLAIN",
            "AUTH": "235 welcome",
            "DATA": "354 go on",
            ".": "250 2.0.0 taken",
            "QUIT": "221 bye",
        }
    )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb = "CONNECT"
        while self._say(verb, writer):
            if verb == "DATA" and self._reply("DATA").startswith("354"):
                data = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(data[:-3].replace(b"\n..", b"\n."))
                verb = "."
                continue
            line = (await reader.readuntil(b"\r\n")).decode().removesuffix("\r\n")
            self.lines.append(line)
            verb = line.partition(" ")[0].upper()

    def _reply(self, verb: str) -> str:
        return self.says.get(verb, self.usual.get(verb, "250 ok"))

    def _say(self, verb: str, writer: asyncio.StreamWriter) -> bool:
        reply = self._reply(verb)
        if reply:
            writer.write(f"{reply}\r\n".encode())
        return bool(reply) and verb != "QUIT"


@dataclass
class MailWired:
    channel: Channel[ChannelSettings]
    server: MailServer
    clock: ManualClock


@asynccontextmanager
async def smtped(**settings: object) -> AsyncIterator[MailWired]:
    """A channel ``email-smtp`` whose mail server takes everything."""
    plugins = Plugins(environ={})
    spec = plugins.channel_spec("email-smtp")
    clock = ManualClock()
    server = MailServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**20)
    async with listening:
        values = {
            "host": "127.0.0.1",
            "port": listening.sockets[0].getsockname()[1],
            "tls": "none",
            "local_hostname": "localhost",
            "login": "demo",
            "password": PASSWORD,
            "sender": SHOP,
            **settings,
        }
        channel = plugins.load(spec)(
            convert_settings(values, spec.settings, name="email-smtp"),
            name="email-smtp",
            clock=clock,
        )
        async with channel:
            yield MailWired(channel, server, clock)


def channel_of(wire: Wired) -> EmailChannel:
    """The wired channel as its class."""
    assert isinstance(wire.channel, EmailChannel)
    return wire.channel
