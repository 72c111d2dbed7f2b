"""The channel over SMTP."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from devino_codecs import EncodeError, email
from devino_core import (
    AuthenticationFailed,
    Body,
    Channel,
    DevinoError,
    InvalidMessage,
    Machine,
    Mail,
    Medium,
    Message,
    Receipt,
    Rejected,
    State,
    Status,
    Takes,
    Unavailable,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import dispatch
from devino_plugins.kit.smtp import Peer, Pool, Reply, refusal

from ._mailboxes import check_is_mail, mailbox_of, sender_mailbox
from ._settings import EmailSmtpSettings

__all__ = ["EmailSmtpChannel"]

_MOST_HELD = 8 * 2**20
"""Bytes of written mails to hold while others are sent."""
_OF_MAILS = frozenset({"MAIL", "RCPT", "DATA", "the mail"})
"""What a refusal of is one of a mail, and not of the login or the connection."""
_FIELDS: Mapping[str, str] = {"From": "sender", "To": "to"}


class _Written(NamedTuple):
    from_addr: str
    to_addr: str
    mail: Body


class EmailSmtpChannel(Channel[EmailSmtpSettings]):
    """E-mail over SMTP (chapter 13)."""

    takes: Mapping[Medium, Takes] = {Medium.EMAIL: Takes(contents=frozenset({Mail}))}

    def __init__(
        self, settings: EmailSmtpSettings, *, name: str, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        super().__init__(settings, name=name, clock=clock)
        login = (settings.login, settings.password)
        self._peer = Peer(settings, channel=name, login=login, refused=_refused)
        self._pool: Pool | None = None

    async def open(self) -> None:
        self._pool = Pool(self._peer, clock=self.clock, calls=self.observed)

    async def aclose(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send a mail to each recipient, ``connections`` of them at once.

        A :class:`~devino_core.Mail`, at most 500 KB when it is written. Recipient and sender are
        ``ivan@example.com`` or ``Ivan <ivan@example.com>``, in ASCII before the ``@``. In a text
        ``[Unsubscribe]`` and ``[WebVersion]`` become links.

        A receipt says ACCEPTED when the server took the mail; its description is the reply. There
        are no ids and no status. The platform drops mails to who unsubscribed, and to addresses
        that do not exist, without a word.

        A mail that is refused is data. OutcomeUnknown means that the mail left and no reply came.
        """
        pool = self._pool
        if pool is None:
            raise RuntimeError("open the channel first")
        return await dispatch(
            messages,
            [
                ((position,), partial(self._send_one, pool, messages[position], written))
                for position, written in enumerate(self._plan(messages))
            ],
            channel=self.name,
            concurrency=self.settings.connections,
        )

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what keeps one of these from being sent."""
        self._plan(messages)

    def check_takes(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.medium is Medium.EMAIL:
                check_is_mail(message, self.name)
        super().check_takes(messages)

    def machines(self) -> Sequence[Machine]:
        return (self._peer.machine,)

    async def try_login(self) -> None:
        """Log in to the mail server, and leave."""
        await self._peer.try_login()

    def _plan(self, messages: Sequence[Message]) -> list[_Written | None]:
        """The mails, each written to see that it can be; None: too much to hold, write it again."""
        self.check_takes(messages)
        room, plan = _MOST_HELD, list[_Written | None]()
        for message in messages:
            written = self._written(message)
            room -= len(written.mail)
            plan.append(written if room >= 0 else None)
        return plan

    async def _send_one(
        self, pool: Pool, message: Message, written: _Written | None
    ) -> list[Receipt]:
        from_addr, to_addr, mail = written or self._written(message)
        reply = await pool.send(from_addr, to_addr, mail)
        taken = Status(
            state=State.ACCEPTED, code=reply.code, description=reply.text, medium=Medium.EMAIL
        )
        return [Receipt.of(message, taken, channel=self.name)]

    def _written(self, message: Message) -> _Written:
        content: Any = message.content
        said: Mail = content.filled()
        sender = sender_mailbox(self.sender_of(message), message)
        to = mailbox_of(message)
        domain = sender.address.rpartition("@")[2]
        try:
            data = email.encode_mail(
                email.Mail(
                    sender=sender,
                    to=(to,),
                    subject=said.subject,
                    text=said.text,
                    html=said.html,
                    headers=tuple(said.headers.items()),
                    date=self.clock.now(),
                    message_id=f"<{os.urandom(16).hex()}@{domain.strip('[]')}>",
                )
            )
        except EncodeError as error:
            field = _FIELDS.get(error.path, "content")
            raise InvalidMessage(field, str(error), ref=message.ref) from None
        if len(data) > email.MAX_SIZE:
            reason = f"the mail has {len(data)} bytes, and the platform takes {email.MAX_SIZE}"
            raise InvalidMessage("content", reason, ref=message.ref)
        return _Written(sender.address, to.address, Body(data))


def _refused(verb: str, reply: Reply) -> DevinoError:
    """The error for a refusal. The platform says everything with 554: its text decides."""
    said = email.SmtpError.of(reply.text) if reply.code >= 500 else None
    if said is email.SmtpError.INTERNAL:
        return Unavailable(f"the platform failed ({reply.code}: {reply.text}); nothing was sent")
    if said is None or verb not in _OF_MAILS:
        return refusal(verb, reply)
    if said is email.SmtpError.LOGIN:
        return AuthenticationFailed(
            f"{reply.text}: the login for SMTP is not the account's", code=reply.code
        )
    return Rejected(reply.text, code=reply.code)
