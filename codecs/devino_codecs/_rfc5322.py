"""Pieces of a mail that the codecs of mails write: addresses, dates, ids, base64 in lines."""

from __future__ import annotations

import binascii
import datetime as dt
import re
from typing import Final

from .errors import EncodeError

__all__ = [
    "ADDRESS",
    "MAX_LINE",
    "address",
    "base64_lines",
    "date",
    "decoded_words",
    "lenient_base64",
    "message_id",
]

MAX_LINE: Final = 998  # octets without CRLF (RFC 5322, 2.1.1)

# Nothing here is taken back (`++`, `*+`): no piece may begin with what could end the one before.
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++"
ADDRESS: Final = (
    rf"{_ATOM}(?:\.{_ATOM})*+@(?:[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)*+|\[[A-Za-z0-9.:-]++\])"
)
"""A pattern: an address in ASCII without quotes and comments, such as ``name@example.org``."""
# A path in SMTP holds 254 octets (RFC 5321, 4.5.3.1.3).
_MAX_ADDRESS: Final = 254
_MESSAGE_ID: Final = rf"<{_ATOM}(?:\.{_ATOM})*@(?:{_ATOM}(?:\.{_ATOM})*|\[[!-Z^-~]*\])>"
_WORD: Final = r"=\?([^?\s]+)\?([BbQq])\?([^?]*)\?=(?:\s+(?==\?))?"
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def address(text: str, path: str) -> str:
    """An address that may stand in a header and in a command. Raises EncodeError for any other."""
    if not isinstance(text, str) or len(text) > _MAX_ADDRESS or not re.fullmatch(ADDRESS, text):
        raise EncodeError("expected an address such as name@example.org, in ASCII", path=path)
    return text


def date(value: dt.datetime) -> str:
    """An aware time as a header has it. Raises EncodeError for a naive one."""
    offset = value.utcoffset() if isinstance(value, dt.datetime) else None
    if offset is None:
        raise EncodeError("expected a datetime with a time zone", path="Date")
    minutes, rest = divmod(offset, dt.timedelta(minutes=1))
    if rest:
        raise EncodeError("its zone is not of whole minutes, give it in UTC", path="Date")
    sign = "-" if minutes < 0 else "+"
    hours, minutes = divmod(abs(minutes), 60)
    # strftime would write the names in the language of the locale.
    return (
        f"{_DAYS[value.weekday()]}, {value.day:02} {_MONTHS[value.month - 1]} {value.year:04} "
        f"{value.hour:02}:{value.minute:02}:{value.second:02} {sign}{hours:02}{minutes:02}"
    )


def message_id(text: str) -> str:
    """An id with its angle brackets. Raises EncodeError for what is none."""
    fits = isinstance(text, str) and len(text) <= MAX_LINE - len("Message-ID: ")
    if not fits or not re.fullmatch(_MESSAGE_ID, text):
        raise EncodeError("expected '<left@right>', in ASCII", path="Message-ID")
    return text


def base64_lines(data: bytes) -> bytes:
    """Base64 in lines of 76 characters, each with its end."""
    encoded = binascii.b2a_base64(data, newline=False)
    lines = [encoded[start : start + 76] for start in range(0, len(encoded), 76)]
    return b"\r\n".join(lines) + b"\r\n"


def lenient_base64(data: bytes) -> bytes:
    """What base64 says, its padding there or not; the data itself where it is none."""
    for padded in (data, data + b"=="):
        try:
            return binascii.a2b_base64(padded)
        except binascii.Error:
            continue
    return data


def decoded_words(text: str) -> str:
    """A header's text without its encoding (RFC 2047); what cannot be decoded stays as it is."""

    def decoded(word: re.Match[str]) -> str:
        charset, encoding, said = word.groups()
        try:
            data = said.encode("ascii")
            raw = lenient_base64(data) if encoding in "Bb" else binascii.a2b_qp(data, header=True)
            return raw.decode(charset.partition("*")[0])
        except (LookupError, ValueError):
            return word[0]

    return re.sub(_WORD, decoded, text)
