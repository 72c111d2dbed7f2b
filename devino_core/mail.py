"""From the standard library's mails to messages.

>>> from email.message import EmailMessage
>>> mail = EmailMessage()
>>> mail["From"], mail["To"], mail["Subject"] = "shop@example.com", "a@b.ru, c@d.ru", "Hello"
>>> mail.set_content("Hello")
>>> [message.to for message in messages_of(mail)]
['a@b.ru', 'c@d.ru']
"""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage, MIMEPart
from email.utils import formataddr, getaddresses

from ._content import Mail
from ._message import Medium, Message
from .errors import Unsupported

__all__ = ["messages_of"]

# What a message says elsewhere, or what whoever sends it writes anew.
_OWN = frozenset({"from", "to", "subject", "date", "message-id", "mime-version", "sender"})
_REFUSED: Mapping[str, str] = {
    "cc": "add them to To: each recipient gets a mail of its own",
    "bcc": "add them to To: each recipient gets a mail of its own, and sees no other",
    "resent-to": "give the original mail",
}


def messages_of(mail: EmailMessage) -> list[Message]:
    """The messages that a mail is: one for each address in ``To``, by EMAIL.

    The content is a :class:`~devino_core.Mail` with the subject, the text, the HTML and the headers
    that are not written anew. ``sender`` is the mail's ``From``.

    Raises Unsupported, which says what to do instead, for Cc and Bcc, attachments and any other
    part, and InvalidMessage for what no channel could send. Reading a mail of strangers can take
    long, as the standard library reads it.
    """
    for name, mend in _REFUSED.items():
        if mail[name] is not None:
            raise Unsupported(f"a mail with {name.title()}: {mend}")
    recipients = _addresses(mail, "To")
    if not recipients:
        raise Unsupported("a mail without To: give it at least one recipient")
    senders = _addresses(mail, "From")
    if len(senders) > 1:
        raise Unsupported("a mail with several addresses in From: give it one")
    text, html = _bodies(mail)
    content = Mail(
        subject=_value(mail, "Subject"),
        text=text,
        html=html,
        headers=_headers(mail),
    )
    sender = senders[0] if senders else None
    return [Message(to, content, sender=sender, medium=Medium.EMAIL) for to in recipients]


def _headers(mail: EmailMessage) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in mail.items():
        lower = name.lower()
        if lower in _OWN or lower.startswith("content-"):
            continue
        if name in found:
            raise Unsupported(f"a mail with several headers {name}: give it one")
        found[name] = str(value)
    return found


def _addresses(mail: EmailMessage, name: str) -> list[str]:
    said = [str(value) for value in mail.get_all(name, [])]
    # Not formataddr's quoting alone: a name may be in any alphabet.
    return [_spelt(label, address) for label, address in getaddresses(said) if address]


def _spelt(label: str, address: str) -> str:
    if not label or label.isascii():
        return formataddr((label, address))
    escaped = label.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>'


def _value(mail: EmailMessage, name: str) -> str:
    value = mail[name]
    return "" if value is None else str(value)


def _bodies(mail: EmailMessage) -> tuple[str, str]:
    found: dict[str, str] = {}
    for part in _leaves(mail):
        kind = part.get_content_type()
        if part.get_filename() is not None or part.get_content_disposition() == "attachment":
            raise Unsupported(
                "a mail with an attachment: the platform carries no files; put a link into the text"
            )
        if kind not in {"text/plain", "text/html"}:
            raise Unsupported(
                f"a mail with a part of type {kind}: give a text, an HTML body, or both as "
                "alternatives"
            )
        if kind in found:
            raise Unsupported(f"a mail with several parts of type {kind}: join them")
        said = part.get_content()
        found[kind] = said.replace("\r\n", "\n").removesuffix("\n")
    return found.get("text/plain", ""), found.get("text/html", "")


def _leaves(part: EmailMessage | MIMEPart) -> list[MIMEPart]:
    if not part.is_multipart():
        return [part]
    leaves: list[MIMEPart] = []
    for each in part.iter_parts():
        leaves += _leaves(each)
    return leaves
