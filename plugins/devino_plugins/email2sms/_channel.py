"""The channel: messages to mails, mails to a mail server."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from functools import partial

from devino_core import (
    Channel,
    ConfigurationError,
    Medium,
    Message,
    Receipt,
    State,
    Status,
    Takes,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import dispatch

from ._connection import Connection, Peer
from ._mails import MailWriter
from ._plan import Planned, plan
from ._pool import Pool
from ._settings import Email2SmsSettings, Tls

__all__ = ["Email2SmsChannel"]

_PORTS: Mapping[Tls, int] = {"starttls": 587, "tls": 465, "none": 25}


class Email2SmsChannel(Channel[Email2SmsSettings]):
    """SMS as mails to the platform's gateway (chapter 4)."""

    takes: Mapping[Medium, Takes] = {Medium.SMS: Takes()}

    def __init__(
        self, settings: Email2SmsSettings, *, name: str, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        super().__init__(settings, name=name, clock=clock)
        _check_peer(settings, name)
        self._writer = MailWriter(settings, channel=name, clock=clock)
        self._pool: Pool | None = None
        self._local_hostname = settings.local_hostname

    async def open(self) -> None:
        # Made once: it reads every certificate of the system.
        self._tls = ssl.create_default_context() if self.settings.tls != "none" else None
        self._pool = Pool(
            self._connect,
            size=self.settings.connections,
            idle_timeout=self.settings.idle_timeout,
            max_lifetime=self.settings.max_lifetime,
            clock=self.clock,
        )

    async def aclose(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send SMS, those that differ only in the number in as few mails as the format allows.

        A receipt says ACCEPTED when the mail server took the mail, in its own words, which often
        hold its queue id: the wire has no word for what the platform does with it. Limits: what
        windows-1251 can write; sender 11 letters or 15 digits; no ``send_at``, ``validity``,
        ``fallback`` or ``options``.

        An answer of 4xx is Throttled, QueueFull or Unavailable and one of 5xx Rejected or
        AuthenticationFailed: nothing was sent. OutcomeUnknown: the mail left, and no answer came.
        """
        pool = self._pool
        if pool is None:
            raise RuntimeError("open the channel first")
        return await dispatch(
            messages,
            [
                (one.positions, partial(self._send_planned, pool, one, messages))
                for one in self._plan(messages)
            ],
            channel=self.name,
            concurrency=self.settings.connections,
        )

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what keeps one of these from being sent."""
        self._plan(messages)

    def _plan(self, messages: Sequence[Message]) -> list[Planned]:
        self.check_takes(messages)
        return plan(messages, self.sender_of, self._writer)

    async def _send_planned(
        self, pool: Pool, planned: Planned, messages: Sequence[Message]
    ) -> list[Receipt]:
        reply = await pool.send(planned.mail)
        taken = Status(state=State.ACCEPTED, code=reply.code, description=reply.text)
        return [
            Receipt.of(messages[position], taken, channel=self.name, parts=planned.parts)
            for position in planned.positions
        ]

    async def _connect(self) -> Connection:
        settings = self.settings
        if self._local_hostname is None:
            self._local_hostname = await asyncio.to_thread(_full_name)
        login = None
        if settings.smtp_username is not None and settings.smtp_password is not None:
            login = settings.smtp_username, settings.smtp_password
        peer = Peer(
            host=settings.host,
            port=settings.port or _PORTS[settings.tls],
            tls=self._tls,
            starttls=settings.tls == "starttls",
            login=login,
            local_hostname=self._local_hostname,
            from_addr=settings.from_addr,
            to_addr=settings.gateway,
            connect_timeout=settings.connect_timeout,
            timeout=settings.timeout,
            secrets=tuple(filter(None, (settings.password, settings.smtp_password))),
        )
        return await peer.connect()


def _check_peer(settings: Email2SmsSettings, channel: str) -> None:
    if not _is_host(settings.host):
        raise ConfigurationError(f"channel {channel!r}: host: no host can be named so")
    own = settings.local_hostname
    # It goes into a command, which is ASCII.
    if own is not None and not (own.isascii() and _is_host(own)):
        raise ConfigurationError(f"channel {channel!r}: local_hostname: no host can be named so")
    if (settings.smtp_username is None) is not (settings.smtp_password is None):
        raise ConfigurationError(
            f"channel {channel!r}: smtp_username and smtp_password belong together"
        )


def _is_host(name: str) -> bool:
    try:
        # As the resolver will; a label may be empty or too long.
        return bool(name.encode("idna")) and name.isprintable() and " " not in name
    except UnicodeError:
        return False


def _full_name() -> str:
    """This machine, as EHLO wants it: its full name, or an address where it has none in ASCII."""
    name = socket.getfqdn()
    return name if name.isascii() and "." in name else "[127.0.0.1]"
