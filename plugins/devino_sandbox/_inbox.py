"""What subscribers have written."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from itertools import count

from devino_core import Medium, phone

from ._accounts import Account
from ._admission import readable
from ._messages import IncomingMessage, StoredMessage

__all__ = ["Inbox"]

# The first id of the manual's examples.
_FIRST_ID = 539187174


class Inbox:
    """The latest messages from subscribers, at most ``keep``."""

    def __init__(self, keep: int) -> None:
        self._messages: deque[IncomingMessage] = deque(maxlen=keep)
        self._ids = count(_FIRST_ID)

    def take(
        self,
        account: Account,
        *,
        sender: str,
        to: str,
        text: str,
        at: datetime,
        prefix: str,
        medium: Medium,
        in_reply_to: str | None,
        answered: StoredMessage | None,
    ) -> IncomingMessage:
        """One more. ``answered``: the message with the id ``in_reply_to``. Raises ValueError."""
        if in_reply_to is not None:
            if answered is None or answered.submission.medium is not medium:
                raise ValueError(f"in_reply_to: this account has sent no such {medium} message")
            to = to or answered.submission.sender
        elif medium is Medium.VIBER:
            raise ValueError("in_reply_to: over Viber only a message of the account is answered")
        if not to:
            raise ValueError("to: is empty")
        try:
            number = phone.normalize(sender)
        except ValueError as error:
            raise ValueError(f"sender: {error}") from None
        incoming = IncomingMessage(
            id=next(self._ids),
            account=account,
            sender=number,
            to=readable(to),
            text=text,
            at=at,
            prefix=prefix,
            medium=medium,
            in_reply_to=in_reply_to,
        )
        self._messages.append(incoming)
        return incoming

    def all(self) -> Sequence[IncomingMessage]:
        """All that are remembered, oldest first."""
        return tuple(self._messages)

    def sms(self, account: Account, since: datetime, until: datetime) -> list[IncomingMessage]:
        """The SMS for an account in this period, bounds included, oldest first."""
        return [
            m
            for m in self._messages
            if m.account is account and m.medium is Medium.SMS and since <= m.at <= until
        ]

    def clear(self) -> None:
        """Remember none; the ids go on."""
        self._messages.clear()
