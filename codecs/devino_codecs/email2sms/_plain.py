"""Finds the plain text in any program's mail, with the standard library's parser."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final, cast

from devino_codecs.errors import DecodeError

from ._charset import decode_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage
    from email.parser import BytesParser

__all__ = ["subject_and_text"]

# No mail program exceeds these limits. Beyond them the parser would take seconds: it tries every
# line against every open boundary, and takes a quarter of a millisecond for a part.
_MAX_MULTIPARTS: Final = 20
_MAX_DELIMITERS: Final = 1000
_MAX_HEADER: Final = 4096
"""A header with more characters is not parsed: the time grows with the square of its length."""


def subject_and_text(message: bytes) -> tuple[str, str]:
    """The subject of a whole mail ("" if it has none) and its plain text.

    The text is the first plain part that is not empty. Attachments and forwarded mails do not
    count. It is decoded by its charset, and loses the soft line breaks of ``format=flowed``.

    :raises DecodeError: the mail has no plain text, or is too broken to find it.
    """
    if b"\n" not in message:
        # The parser ends a header at a bare CR, but a line of quoted-printable only at LF.
        message = message.replace(b"\r", b"\n")
    if message.count(b"\n--") > _MAX_DELIMITERS:
        raise DecodeError(f"the mail has more than {_MAX_DELIMITERS} lines that begin with '--'")
    if message.lower().count(b"multipart") > _MAX_MULTIPARTS:
        raise DecodeError(f"the mail has more than {_MAX_MULTIPARTS} multiparts")
    found: tuple[str, str] | None = None
    try:
        mail = _parser().parsebytes(message)
        found = str(mail["Subject"] or ""), _plain_text(mail)
    except DecodeError:
        raise
    except Exception:  # noqa: BLE001, S110
        # On malformed headers the parser raises IndexError, AttributeError or TypeError.
        pass
    if found is None:
        raise DecodeError("the mail's headers are malformed")
    return found


@functools.cache
def _parser() -> BytesParser[EmailMessage]:
    # These are imported here, not above: they take longer than the whole codec.
    from email.headerregistry import HeaderRegistry
    from email.parser import BytesParser
    from email.policy import EmailPolicy

    parse: Callable[[str, str], str] = HeaderRegistry()
    # A policy does not keep the headers that it parsed, and the parser asks for each several times.
    parse_again = functools.lru_cache(maxsize=128)(parse)

    def header(name: str, value: str) -> str:
        if len(value) > _MAX_HEADER:
            raise DecodeError(f"the header is longer than {_MAX_HEADER} characters", path=name)
        return parse_again(name, value) if len(value) < 100 else parse(name, value)

    return BytesParser(policy=EmailPolicy(header_factory=header))


def _plain_text(mail: EmailMessage) -> str:
    text: str | None = None
    html = False
    parts = [mail]
    while parts and not text:
        part = parts.pop()
        kind = part.get_content_type()
        if kind.startswith("multipart/"):
            inner = cast("list[EmailMessage] | str | None", part.get_payload())
            if isinstance(inner, list):
                parts += reversed(inner)
        elif part is not mail and part.get_content_disposition() == "attachment":
            continue
        elif kind == "text/plain":
            text = _text(part)
        elif kind == "text/html":
            html = True
    if text is None:
        only = "only an HTML part; send plain text" if html else "no text/plain part"
        raise DecodeError(f"the mail has {only}")
    return text


def _text(part: EmailMessage) -> str:
    """The text of a part; "" if it holds only blanks."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes) or payload.isspace():
        return ""
    text = decode_text(payload, part.get_content_charset())
    if str(part.get_param("format", "")).lower() == "flowed":
        text = _unflowed(text, delete_space=str(part.get_param("delsp", "")).lower() == "yes")
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
