"""A mail as SMTP carries it (RFC 5322)."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

from msgspec import Struct

from devino_codecs._mime import Part, parameters, parse
from devino_codecs._rfc5322 import base64_lines, decoded_words
from devino_codecs._rfc5322 import date as written_date
from devino_codecs._rfc5322 import message_id as written_id
from devino_codecs._sizes import check_bytes
from devino_codecs.errors import DecodeError, EncodeError

from ._mailbox import FORGES, Mailbox, decode_mailbox, encode_mailbox, encoded_words

__all__ = ["MAX_SIZE", "Mail", "decode_mail", "encode_mail"]

MAX_SIZE: Final = 512_000
"""Bytes that the platform takes by SMTP: its "500 KB", the larger reading."""

_NAME: Final = r"[!-9;-~]{1,126}"
_OWN: Final = re.compile(
    "from|to|cc|bcc|sender|subject|date|message-id|mime-version|content-.*|received|return-path|"
    "dkim-signature",
    re.IGNORECASE,
)
_MAX_VALUE: Final = 995 - 126
# What needs no transfer encoding: printable ASCII in lines of at most 76 characters.
_SEVEN_BIT: Final = re.compile(r"(?:[\t -~]{0,76}\n)*[\t -~]{0,76}")
_FOLD: Final = re.compile(r"\r?\n[ \t]?|\r")
# One entry of a list of addresses, or the name of a group, and what ends it. A quotation mark that
# nothing closes takes the rest: to try again behind it would be the work of the square.
_PIECE: Final = re.compile(r'((?:"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|<[^>]*+(?:>|\Z)|[^",:;<])*+)([,:;]?)')


class Mail(Struct, frozen=True, kw_only=True):
    """A mail. ``text`` and ``html`` have ``\\n`` between their lines; one of them is enough.

    ``headers`` are further ones, in their order, as pairs of name and value. ``date`` is aware,
    ``message_id`` has its angle brackets.
    """

    sender: Mailbox
    to: tuple[Mailbox, ...]
    """One is written; those of a mail that was read may be several, or none, as in
    ``undisclosed-recipients:;``. The members of a group stand among them, and its name is lost."""
    subject: str = ""
    text: str = ""
    html: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    date: dt.datetime | None = None
    message_id: str | None = None
    files: tuple[str, ...] = ()
    """The names of attached files, ``""`` for one without a name. They are read, and never written:
    the platform takes none."""


def encode_mail(mail: Mail) -> bytes:
    """Write a mail: ASCII with CRLF. Before DATA only leading dots must be doubled.

    No field can forge a header or an address, on any Python: the standard library's own writer lets
    a subject do the one and a long name the other.

    Raises EncodeError, with the header's name, for what cannot be written.
    """
    if len(mail.to) != 1:
        raise EncodeError("expected one recipient: only the first would get the mail", path="To")
    if mail.files:
        raise EncodeError("the platform takes no files: put a link into the text", path="files")
    head = [
        f"From: {_written(mail.sender, 'From')}",
        f"To: {encode_mailbox(mail.to[0], path='To', start=4)}",
        f"Subject: {_subject(mail.subject)}",
    ]
    if mail.date is not None:
        head.append(f"Date: {written_date(mail.date)}")
    if mail.message_id is not None:
        head.append(f"Message-ID: {written_id(mail.message_id)}")
    for name, value in mail.headers:
        head.append(_header(name, value))
    return "\r\n".join(head).encode("ascii") + b"\r\n" + _body(mail)


def decode_mail(data: bytes, *, max_size: int = MAX_SIZE) -> Mail:
    """Read a mail, whatever program wrote it. Of several texts the first counts.

    ``message_id`` and ``date`` are None where they lack or cannot be read.

    Raises DecodeError for more than ``max_size`` bytes, and for a From or To that is no mailbox.
    """
    check_bytes(data)
    if len(data) > max_size:
        raise DecodeError(f"the mail is larger than {max_size} bytes")
    try:
        mail = parse(data)
        text, html, files = _bodies(mail)
        fields = [(name, _line(value)) for name, value in mail.fields()]
        said: dict[str, str] = {}
        for name, value in fields:
            said.setdefault(name.lower(), value)
        return Mail(
            sender=_mailbox(said.get("from", ""), "From"),
            to=tuple([_mailbox(one, "To") for one in _several(said.get("to", ""))]),
            subject=decoded_words(said.get("subject", "")),
            text=text,
            html=html,
            headers=tuple(
                [(name, decoded_words(value)) for name, value in fields if not _OWN.fullmatch(name)]
            ),
            date=_date(said.get("date", "")),
            message_id=said.get("message-id") or None,
            files=files,
        )
    except (LookupError, ValueError, RecursionError, TypeError, AttributeError) as error:
        # Some hostile texts make the standard library's readers of words and dates stumble.
        if isinstance(error, DecodeError):
            raise
        raise DecodeError(f"no mail: {type(error).__name__}") from None


# Writing.


# A mail-out has one sender.
@lru_cache(64)
def _written(sender: Mailbox, path: str) -> str:
    return encode_mailbox(sender, path=path, start=len(path) + 2)


def _subject(subject: str) -> str:
    if not isinstance(subject, str) or re.search(FORGES, subject):
        raise EncodeError("may hold no line break or other control character", path="Subject")
    # What some reader might take for an encoded word is written as one.
    is_plain = subject.isascii() and "=?" not in subject and "\t" not in subject
    if is_plain and len(subject) <= 66 and subject == subject.strip():
        return subject
    return encoded_words(subject, len("Subject: "))


def _header(name: str, value: str) -> str:
    if not isinstance(name, str) or not re.fullmatch(_NAME, name):
        raise EncodeError("a header's name is printable ASCII without a colon", path="headers")
    if _OWN.fullmatch(name):
        raise EncodeError("this header is written from the other fields, or by servers", path=name)
    if not isinstance(value, str) or re.search(FORGES, value):
        raise EncodeError("may hold no line break or other control character", path=name)
    if len(value) > _MAX_VALUE:
        raise EncodeError(f"longer than {_MAX_VALUE} characters", path=name)
    if value.isascii():
        return f"{name}: {value.strip()}"
    start = len(name) + 2
    if start > 40:
        return f"{name}:\r\n {encoded_words(value, 1)}"
    return f"{name}: {encoded_words(value, start)}"


def _body(mail: Mail) -> bytes:
    if not (mail.text or mail.html):
        raise EncodeError("expected a text, an HTML body or both", path="body")
    if not mail.html:
        return b"MIME-Version: 1.0\r\n" + _part("plain", mail.text, None)
    if not mail.text:
        return b"MIME-Version: 1.0\r\n" + _part("html", mail.html, None)
    left = re.sub("[^A-Za-z0-9]", "", mail.message_id or "")[:40]
    # Base64 cannot hold it, and what is not in base64 is searched for it.
    boundary = f"=_{left or 'alternative'}".encode()
    return b"".join(
        (
            b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="',
            boundary,
            b'"\r\n\r\n--',
            boundary,
            b"\r\n",
            _part("plain", mail.text, boundary),
            b"--",
            boundary,
            b"\r\n",
            _part("html", mail.html, boundary),
            b"--",
            boundary,
            b"--\r\n",
        )
    )


def _part(kind: str, text: str, boundary: bytes | None) -> bytes:
    if not isinstance(text, str):
        raise EncodeError(f"expected str, not {type(text).__name__}", path=kind)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    try:
        data = text.replace("\n", "\r\n").encode()
    except UnicodeEncodeError:
        raise EncodeError("has half a surrogate pair", path=kind) from None
    is_free = boundary is None or boundary not in data
    if text.isascii() and is_free and _SEVEN_BIT.fullmatch(text):
        charset, encoding, body = b"us-ascii", b"7bit", data + b"\r\n"
    else:
        charset, encoding, body = b"utf-8", b"base64", base64_lines(data)
    return b"".join(
        (
            b"Content-Type: text/",
            kind.encode(),
            b"; charset=",
            charset,
            b"\r\nContent-Transfer-Encoding: ",
            encoding,
            b"\r\n\r\n",
            body,
        )
    )


# Reading.


def _line(value: bytes) -> str:
    """A header on one line. What is no ASCII in it is read as UTF-8."""
    return _FOLD.sub(" ", value.decode(errors="replace")).strip()


def _several(text: str) -> list[str]:
    """The mailboxes of a list, with those of its groups, ``Friends: a@b.ru, c@d.ru;`` (RFC 5322,
    3.4). Within quotation marks and brackets nothing divides."""
    pieces: list[str] = []
    in_group = False
    for piece, end in _PIECE.findall(text):
        if end == ":":
            if in_group or not piece.strip():
                raise DecodeError("a group in a group, or one without a name", path="To")
            in_group = True
            continue
        if end == ";":
            if not in_group:
                raise DecodeError("a semicolon ends no group", path="To")
            in_group = False
        if piece.strip():
            pieces.append(piece)
    if in_group:
        raise DecodeError("a group without its end, a semicolon", path="To")
    return pieces


def _mailbox(text: str, path: str) -> Mailbox:
    try:
        return decode_mailbox(text)
    except DecodeError as error:
        raise DecodeError(error.reason, path=path) from None


def _date(text: str) -> dt.datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    # RFC 5322, 3.3: -0000 is a time in UTC whose zone is not told.
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _bodies(mail: Part) -> tuple[str, str, tuple[str, ...]]:
    """The first text, the first HTML, and the names of files."""
    found: dict[str, str] = {}
    files: list[str] = []
    parts = [mail]
    while parts:
        part = parts.pop()
        kind = part.kind
        if kind.startswith("multipart/"):
            parts += reversed(list(part.parts()))
            continue
        name = parameters(part.header("content-disposition")).get("filename")
        name = part.parameters.get("name") if name is None else name
        if name is not None or part.is_attached or kind not in ("text/plain", "text/html"):
            files.append(decoded_words(name or ""))
        elif kind not in found:
            found[kind] = _text(part, is_whole=part is mail)
    return found.get("text/plain", ""), found.get("text/html", ""), tuple(files)


def _text(part: Part, *, is_whole: bool) -> str:
    data = part.content()
    charset = part.parameters.get("charset") or "utf-8"
    try:
        text = data.decode(charset)
    except (LookupError, ValueError):
        text = data.decode(errors="replace")
    text = text.replace("\r\n", "\n")
    is_encoded = part.header("content-transfer-encoding").lower() == "base64"
    # The end of a mail's last line is not part of the text, unless it was encoded, too.
    return text.removesuffix("\n") if is_whole and not is_encoded else text
