"""Translates between a value and the bytes of a whole mail (RFC 5322)."""

from __future__ import annotations

import binascii
import datetime as dt
from collections.abc import Callable
from typing import Final, NamedTuple

from devino_codecs._rfc5322 import MAX_LINE, address, base64_lines
from devino_codecs._rfc5322 import date as written_date
from devino_codecs._rfc5322 import message_id as written_id
from devino_codecs._sizes import check_bytes
from devino_codecs.errors import DecodeError

from ._body import MAX_SIZE, encode_body, kind_of, read
from ._charset import CHARSET
from ._plain import subject_and_text
from ._values import Base64, Submission

__all__ = ["GATEWAY", "MAX_SIZE", "decode", "encode"]

GATEWAY: Final = "email2sms@integrationapi.net"
"""The platform's address for these mails."""

_SUBJECT: Final = "MODEB64"


def encode(
    value: Submission,
    *,
    from_addr: str,
    to_addr: str = GATEWAY,
    date: dt.datetime | None = None,
    message_id: str | None = None,
    line_break: str | None = None,
) -> bytes:
    """A mail that carries ``value``, with the headers that its format demands.

    It is ASCII with CRLF. Before DATA only leading dots must be doubled.

    The addresses are bare (``a@example.org``), ``date`` is aware, and ``message_id`` has its angle
    brackets. The headers of the last two are left out if they are None: the first server adds them,
    because a codec has no clock and no randomness. ``line_break`` works as in :func:`encode_body`.

    The mail is written directly, as one string: ``email.message.EmailMessage`` takes some fifty
    times as long.

    :raises EncodeError: as :func:`encode_body`, or a header cannot be written.
    """
    body = encode_body(value, line_break=line_break)
    content = _content(value, body)
    headers = [
        f"From: {address(from_addr, 'From')}\r\n",
        f"To: {address(to_addr, 'To')}\r\n",
    ]
    if date is not None:
        headers.append(f"Date: {written_date(date)}\r\n")
    if message_id is not None:
        headers.append(f"Message-ID: {written_id(message_id)}\r\n")
    headers.append(content.headers)
    return "".join(headers).encode("ascii") + content.encode(body)


def decode(message: bytes, *, max_size: int = MAX_SIZE) -> Submission:
    """What a mail to the gateway says, however the sender's program packed it.

    The subject ``MODEB64``, in any letter case, means :class:`Base64`, whatever the transfer
    encoding. Otherwise the body's opening decides. The plain text may be anywhere in the MIME
    structure, in any charset that Python knows. If the charset is missing, it is guessed: UTF-8 or
    windows-1251. If it is unknown, the text must be ASCII.

    :raises DecodeError: the mail is larger than ``max_size`` bytes, has no plain text (HTML does
        not count), or its text has none of the formats. The error quotes no field.
    """
    check_bytes(message)
    if len(message) > max_size:
        raise DecodeError(f"the mail is larger than {max_size} bytes")
    subject, text = subject_and_text(message)
    if subject.strip().upper() == _SUBJECT:
        return read(text, Base64)
    if not text:
        raise DecodeError("the mail's text is empty")
    kind = kind_of(text)
    if kind is None:
        raise DecodeError(
            "the text begins neither with 'UserLogin=' nor with 'StartWithPoint;'; bare fields "
            f"between semicolons need the subject {_SUBJECT}"
        )
    return read(text, kind)


def _seven_bit(data: bytes) -> bytes:
    return data + b"\r\n"


def _quoted_printable(data: bytes) -> bytes:
    # Keep the line's end: binascii makes its soft line breaks of the same sort.
    quoted = binascii.b2a_qp(data + b"\r\n")
    # A soft break can leave a dot alone, and a line of one dot ends a mail.
    return quoted.replace(b"=\r\n.\r\n", b"=\r\n=2E\r\n")


class _Content(NamedTuple):
    """A body as it travels."""

    headers: str
    """The headers, up to the blank line."""
    encode: Callable[[bytes], bytes]
    """The body in its transfer encoding, with the end of its last line."""


# Chapter 4 shows these headers. The charset of the last one is what the chapter demands in general.
_LATIN: Final = _Content(
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=us-ascii\r\n"
    "Content-Transfer-Encoding: 7bit\r\n\r\n",
    _seven_bit,
)
_CYRILLIC: Final = _Content(
    "MIME-Version: 1.0\r\n"
    f"Content-Type: text/plain; charset={CHARSET}\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
    _quoted_printable,
)
_MODEB64: Final = _Content(
    f"Subject: {_SUBJECT}\r\n"
    "MIME-Version: 1.0\r\n"
    f"Content-Type: text/plain; charset={CHARSET}\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\n",
    base64_lines,
)


def _content(value: Submission, body: bytes) -> _Content:
    if isinstance(value, Base64):
        return _MODEB64
    # A longer line must be encoded, and this format has only one line.
    return _LATIN if body.isascii() and len(body) <= MAX_LINE else _CYRILLIC
