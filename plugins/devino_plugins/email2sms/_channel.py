"""The channel: it writes messages as mails and gives them to a mail server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from devino_core import (
    Channel,
    ConfigurationError,
    Machine,
    Medium,
    Message,
    Receipt,
    Secret,
    State,
    Status,
    Takes,
    Unsupported,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import dispatch
from devino_plugins.kit.smtp import Peer, Pool

from ._mails import MailWriter
from ._plan import PlannedMail, plan
from ._settings import Email2SmsSettings

__all__ = ["Email2SmsChannel"]


class Email2SmsChannel(Channel[Email2SmsSettings]):
    """SMS as mails to the platform's gateway (chapter 4)."""

    takes: Mapping[Medium, Takes] = {Medium.SMS: Takes()}

    def __init__(
        self, settings: Email2SmsSettings, *, name: str, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._writer = MailWriter(settings, channel=name, clock=clock)
        self._peer = Peer(
            settings,
            channel=name,
            login=_login(settings, name),
            secrets=[settings.password],
            in_mails=[self._writer.credentials],
        )
        self._pool: Pool | None = None

    async def open(self) -> None:
        self._pool = Pool(self._peer, clock=self.clock, calls=self.observed)

    async def aclose(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send SMS. Messages that differ only in the number share mails, as the format allows.

        A receipt says ACCEPTED when the mail server took the mail. Its description is the server's
        reply, which often holds a queue id. What the platform does with the mail is not told.

        Limits: characters of windows-1251; a sender of 11 letters or 15 digits; no ``send_at``,
        ``validity``, ``fallback`` or ``options``.

        A reply of 4xx raises Throttled, QueueFull or Unavailable, one of 5xx Rejected or
        AuthenticationFailed; one to the connection itself ConnectFailed. Nothing was sent then.
        OutcomeUnknown means that the mail left and no reply came.
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

    def machines(self) -> Sequence[Machine]:
        return (self._peer.machine,)

    async def try_login(self) -> None:
        """Log in to the mail server, and leave. Raises Unsupported where it asks for no login: that
        of the platform travels in the mails, and nothing tells whether it is right."""
        await self._peer.try_login()
        if self.settings.smtp_username is None:
            raise Unsupported(
                f"the mail server lets everybody in, and only a mail to {self.settings.gateway} "
                "would show whether the platform knows the login"
            )

    def _plan(self, messages: Sequence[Message]) -> list[PlannedMail]:
        self.check_takes(messages)
        return plan(messages, self.sender_of, self._writer)

    async def _send_planned(
        self, pool: Pool, planned: PlannedMail, messages: Sequence[Message]
    ) -> list[Receipt]:
        settings = self.settings
        reply = await pool.send(
            settings.from_addr,
            settings.gateway,
            planned.mail,
            messages=len(planned.positions),
        )
        taken = Status(state=State.ACCEPTED, code=reply.code, description=reply.text)
        return [
            Receipt.of(messages[position], taken, channel=self.name, parts=planned.parts)
            for position in planned.positions
        ]


def _login(settings: Email2SmsSettings, channel: str) -> tuple[str, Secret] | None:
    """The name and password for the mail server, where it asks for them."""
    name, password = settings.smtp_username, settings.smtp_password
    if name is not None and password is not None:
        return name, password
    if name is None and password is None:
        return None
    raise ConfigurationError(
        f"channel {channel!r}: smtp_username and smtp_password belong together"
    )
