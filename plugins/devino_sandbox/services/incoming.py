"""Incoming SMS, handed to a handler of the account's (chapter 11 of the manual).

The callback ``sms`` tells one SMS at a time, by GET. The handler may answer ``{sms=...}``: that
text goes back as an SMS, is charged, and comes from the number that was written to. The account's
list of senders is not asked for it. :attr:`Account.reply <devino_sandbox.Account.reply>` is the
general reply: it goes if the handler gives none, or if there is no handler.

An SMS is handed over again at once if no answer came within 30 seconds (60 for accounts with
:attr:`~devino_sandbox.Account.replies`), and after 300 seconds if the answer was not 200. An answer
that comes too late is none. After 24 hours it is given up. The manual does not say the last, nor
the verb: :class:`IncomingService` takes another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

from devino_codecs import DecodeError, incoming
from devino_core import Medium
from devino_sandbox._accounts import Account
from devino_sandbox._brought import services_at
from devino_sandbox._callbacks import CallbackKind
from devino_sandbox._messages import IncomingMessage, Refused, Submission
from devino_sandbox._service import Service
from devino_sandbox._world import World

__all__ = ["IncomingService"]

_log = logging.getLogger(__name__)

_KIND = "sms"


class IncomingService(Service):
    """Hands incoming SMS to handlers, and sends the replies. ``verb``: how a handler is called."""

    name = "incoming"
    # It is never called.
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {}

    def __init__(self, world: World, *, verb: Literal["GET", "POST"] = "GET") -> None:
        self._world = world
        self._end: Callable[[], None] = lambda: None
        self.callback_kinds: Mapping[str, CallbackKind[Any]] = {
            _KIND: CallbackKind(
                verb=verb,
                content_type="application/x-www-form-urlencoded",
                arrived=_arrived,
                write=_write,
                answered=self._answered,
                answer_within=lambda account: 60.0 if account.replies else 30.0,
                after_silence=0,
                after_error=300,
            )
        }

    async def start(self) -> None:
        self._end = self._world.subscribe(arrived=self._came)

    async def stop(self) -> None:
        self._end()

    def _came(self, message: IncomingMessage) -> None:
        is_handled = _KIND in message.account.callbacks
        if message.medium is Medium.SMS and not is_handled and message.account.reply:
            self._reply(message, message.account.reply)

    def _answered(self, account: Account, messages: Sequence[IncomingMessage], body: bytes) -> None:
        try:
            reply = incoming.decode_reply(body)
        except DecodeError as error:
            _log.warning("the handler's reply cannot be read: %s", error)
            reply = None
        text = account.reply if reply is None else reply.text
        if text:
            self._reply(messages[0], text)

    def _reply(self, message: IncomingMessage, text: str) -> None:
        order = Submission(
            account=message.account,
            via=self.name,
            sender=message.to,
            text=text,
            # It is the account's own number, so nobody approves it.
            sender_checked=True,
        )
        try:
            self._world.submit(order, [message.sender])
        except Refused as refused:
            # It is on record.
            _log.warning("the reply to %s is not sent: %s", message.id, refused.reason)


def _arrived(message: IncomingMessage) -> IncomingMessage | None:
    return message if message.medium is Medium.SMS else None


def _write(messages: Sequence[IncomingMessage]) -> bytes:
    [message] = messages
    return incoming.encode_push(
        incoming.Push(
            source_phone=message.sender,
            number=message.to,
            prefix=message.prefix,
            text=message.text,
            message_id=str(message.id),
        )
    )


devino_sandbox_services: Final = services_at(IncomingService)
