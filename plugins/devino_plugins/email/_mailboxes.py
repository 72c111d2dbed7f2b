"""Addresses of messages as mails have them."""

from __future__ import annotations

from devino_codecs import DecodeError
from devino_codecs.email import Mailbox, decode_mailbox
from devino_core import Card, Fill, InvalidMessage, Message, Unsupported

__all__ = ["check_is_mail", "mailbox_of", "sender_mailbox"]


def mailbox_of(message: Message) -> Mailbox:
    """The recipient: ``ivan@example.com`` or ``Ivan <ivan@example.com>``. Raises InvalidMessage."""
    return _mailbox(message.to, "to", message)


def sender_mailbox(sender: str, message: Message) -> Mailbox:
    """The sender, in the same forms. Raises InvalidMessage."""
    return _mailbox(sender, "sender", message)


def check_is_mail(message: Message, channel: str) -> None:
    """Raise Unsupported for a content that has no subject."""
    content = message.content
    if isinstance(content, str | Fill):
        error = Unsupported(
            "a mail needs a subject: give `Mail(subject, text)` as `content`, or --subject to "
            "`devino send`"
        )
    elif isinstance(content, Card):
        error = Unsupported(
            f"channel {channel!r} cannot carry a Card by {message.medium}: give "
            "`Mail(subject, html=...)` as `content`"
        )
    else:
        return
    error.refs = (message.ref,)
    raise error


def _mailbox(text: str, field: str, message: Message) -> Mailbox:
    try:
        return decode_mailbox(text)
    except DecodeError as error:
        raise InvalidMessage(field, error.reason, ref=message.ref) from None
