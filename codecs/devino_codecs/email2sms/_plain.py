"""Finds the plain text in any program's mail."""

from __future__ import annotations

from typing import Final

from devino_codecs._mime import Part, parse
from devino_codecs._rfc5322 import decoded_words
from devino_codecs.errors import DecodeError

from ._charset import decode_text

__all__ = ["subject_and_text"]

_MAX_SUBJECT: Final = 200
"""Characters of a subject that is decoded: a longer one is no mark of a format."""


def subject_and_text(message: bytes) -> tuple[str, str]:
    """The subject of a whole mail ("" if it has none) and its plain text.

    The text is the first plain part that is not empty. Attachments and forwarded mails do not
    count. It is decoded by its charset, and loses the soft line breaks of ``format=flowed``.

    :raises DecodeError: the mail has no plain text, or more parts than mails have.
    """
    mail = parse(message)
    subject = mail.header("subject")
    if len(subject) <= _MAX_SUBJECT:
        subject = decoded_words(subject)
    return subject, _plain_text(mail)


def _plain_text(mail: Part) -> str:
    text: str | None = None
    html = False
    parts = [mail]
    while parts and not text:
        part = parts.pop()
        kind = part.kind
        if kind.startswith("multipart/"):
            parts += reversed(list(part.parts()))
        elif part is not mail and part.is_attached:
            continue
        elif kind == "text/plain":
            text = _text(part)
        elif kind == "text/html":
            html = True
    if text is None:
        only = "only an HTML part; send plain text" if html else "no text/plain part"
        raise DecodeError(f"the mail has {only}")
    return text


def _text(part: Part) -> str:
    """The text of a part; "" if it holds only blanks."""
    data = part.content()
    if data.isspace():
        return ""
    said = part.parameters
    text = decode_text(data, said.get("charset"), is_claim=True)
    if said.get("format", "").lower() == "flowed":
        text = _unflowed(text, delete_space=said.get("delsp", "").lower() == "yes")
    return text


def _unflowed(text: str, *, delete_space: bool) -> str:
    """The text without soft line breaks and space stuffing (RFC 3676).

    Quoted lines stay as they are: no mail to the gateway is a reply.
    """
    pieces: list[str] = []
    soft = False
    for line in text.replace("\r\n", "\n").split("\n"):
        fixed = line.startswith(">") or line == "-- "
        if pieces and (fixed or not soft):
            pieces.append("\n")
        line = line.removeprefix(" ")
        soft = line.endswith(" ") and not fixed
        pieces.append(line[:-1] if soft and delete_space else line)
    return "".join(pieces)
