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
from .errors import InvalidMessage, Unsupported

__all__ = ["messages_of"]

# What a message says elsewhere, or what whoever sends it writes anew.
_OWN = frozenset({"from", "to", "subject", "date", "message-id", "mime-version", "sender"})
# Over some texts the standard library's readers of headers stumble.
_STUMBLES = (ValueError, LookupError, AttributeError, TypeError)
_FIELDS = {"From": "sender", "To": "to"}
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
    part, and InvalidMessage for what cannot be read and for what no channel could send. Reading a
    mail of strangers can take long, as the standard library reads it.
    """
    if not isinstance(mail, EmailMessage):
        raise TypeError(
            f"expected an EmailMessage, not {type(mail).__name__}: make or read it with "
            "`policy=email.policy.default`"
        )
    for name, mend in _REFUSED.items():
        if name in mail:
            raise Unsupported(f"a mail with {name.title()}: {mend}")
    recipients = _addresses(mail, "To")
    if not recipients:
        raise Unsupported("a mail without To: give it at least one recipient")
    senders = _addresses(mail, "From")
    if len(senders) > 1:
        raise Unsupported("a mail with several addresses in From: give it one")
    text, html = _bodies(mail)
    content = Mail(
        subject="".join(_read(mail, "Subject")[:1]),
        text=text,
        html=html,
        headers=_headers(mail),
    )
    sender = senders[0] if senders else None
    return [Message(to, content, sender=sender, medium=Medium.EMAIL) for to in recipients]


def _headers(mail: EmailMessage) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        items = mail.items()
    except _STUMBLES:
        raise InvalidMessage("content", "a header cannot be read") from None
    for name, value in items:
        lower = name.lower()
        if lower in _OWN or lower.startswith("content-"):
            continue
        if name in found:
            raise Unsupported(f"a mail with several headers {name}: give it one")
        found[name] = str(value)
    return found


def _read(mail: EmailMessage, name: str) -> list[str]:
    """The values of a header."""
    try:
        return [str(value) for value in mail.get_all(name, [])]
    except _STUMBLES:
        field = _FIELDS.get(name, "content")
        raise InvalidMessage(field, f"the header {name} cannot be read") from None


def _addresses(mail: EmailMessage, name: str) -> list[str]:
    # Not formataddr's quoting alone: a name may be in any alphabet.
    return [_spelt(label, address) for label, address in getaddresses(_read(mail, name)) if address]


def _spelt(label: str, address: str) -> str:
    if not label or label.isascii():
        return formataddr((label, address))
    escaped = label.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>'


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
        try:
            said = part.get_content()
        except LookupError:
            raise InvalidMessage("content", f"{kind} in a charset that nobody knows") from None
        found[kind] = said.replace("\r\n", "\n").removesuffix("\n")
    return found.get("text/plain", ""), found.get("text/html", "")


def _leaves(part: EmailMessage | MIMEPart) -> list[MIMEPart]:
    if not part.is_multipart():
        return [part]
    leaves: list[MIMEPart] = []
    for each in part.iter_parts():
        leaves += _leaves(each)
    return leaves
