"""A mailbox: an address, and perhaps the name of who reads there."""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from devino_codecs._rfc5322 import ADDRESS, address, decoded_words
from devino_codecs.errors import DecodeError, EncodeError

__all__ = [
    "FORGES",
    "Mailbox",
    "are_addresses",
    "decode_mailbox",
    "encode_mailbox",
    "encoded_words",
]

FORGES: Final = "[\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]"
"""A pattern of what some reader takes for the end of a line: all controls but the tab."""
_FOLD: Final = "\r\n "
_MAX_NAME: Final = 320
_MAX_LOCAL: Final = 64  # RFC 5321, 4.5.3.1.1
_MAX_ADDRESS: Final = 254
_MAX_TEXT: Final = 4096

_is_address = re.compile(ADDRESS).fullmatch
_LINES: Final = rf"(?:{ADDRESS}\n)*+"
_ATEXT: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_ATOMS: Final = rf"{_ATEXT}+(?: {_ATEXT}+)*"
# A name of one to many words, each quoted or of anything that is not special.
_QUOTED: Final = r'"(?:[^"\\]|\\.)*+"'
_WORD: Final = rf'{_QUOTED}|[^\s"\\<>()\[\]:;@,]++'
_NAMED: Final = rf"((?:(?:{_WORD})\s*+)*+)<([^<>]*)>"


class Mailbox(Struct, frozen=True, gc=False):
    """``Ivan <ivan@example.com>``: ``address`` in ASCII, as SMTP takes it, and a name or ``""``."""

    address: str
    name: str = ""


def decode_mailbox(text: str) -> Mailbox:
    """Read ``ivan@example.com`` or ``Ivan <ivan@example.com>``: exactly one mailbox.

    The name may be written in any way that mails know: plain, in quotation marks, in encoded words
    (RFC 2047). A domain in another alphabet becomes its A-labels (``xn--...``).

    Raises DecodeError, which does not quote the text: for anything else, such as two addresses, a
    comment, a control character, or an address that has letters beyond ASCII before the ``@``.
    """
    if _is_address(text) and len(text) <= _MAX_ADDRESS and text.find("@") <= _MAX_LOCAL:
        # Nearly every recipient of a mail-out is one.
        return Mailbox(text)
    return _decode(text)


def are_addresses(texts: Sequence[str]) -> bool:
    """Whether :func:`decode_mailbox` gives each of these as it is, without a name.

    For a mail-out this takes a fraction of the time; False says nothing.
    """
    together = "\n".join([*texts, ""])
    return (
        # Then a part before the @ is short enough, too.
        max(map(len, texts), default=0) <= _MAX_LOCAL
        # And none is two lines.
        and together.count("\n") == len(texts)
        and re.fullmatch(_LINES, together) is not None
    )


# A mail-out has one sender.
@lru_cache(64)
def _decode(text: str) -> Mailbox:
    if len(text) > _MAX_TEXT or re.search(FORGES, text):
        raise DecodeError("is too long" if len(text) > _MAX_TEXT else "has a control character")
    said = text.strip()
    match = re.fullmatch(_NAMED, said)
    if match is None:
        return Mailbox(_address(said))
    name = _name(match[1])
    if len(name) > _MAX_NAME or re.search(FORGES, name):
        raise DecodeError("its name is too long, or has a control character")
    return Mailbox(_address(match[2].strip()), name)


def encode_mailbox(mailbox: Mailbox, *, path: str = "", start: int = 0) -> str:
    """Write a mailbox for a header whose line has ``start`` characters already.

    A name is written plain where it is letters and digits, else in quotation marks, and in encoded
    words where those would not do: so every reader finds this address, and no other.

    Raises EncodeError with this path.
    """
    addr, name = address(mailbox.address, path), mailbox.name
    if not isinstance(name, str) or len(name) > _MAX_NAME or re.search(FORGES, name):
        reason = f"expected a name of at most {_MAX_NAME} characters without control characters"
        raise EncodeError(reason, path=path)
    if not name:
        return addr
    if re.fullmatch(_ATOMS, name) and len(name) <= 60 and "=?" not in name:
        return f"{name} <{addr}>"
    # Blanks at an end or in a row are lost between quotation marks, and some readers decode there.
    is_plain = name.isascii() and "\t" not in name and len(name) <= 60 and "=?" not in name
    if is_plain and name == " ".join(name.split(" ")).strip() and "  " not in name:
        escaped = name.replace("\\", r"\\").replace('"', r"\"")
        return f'"{escaped}" <{addr}>'
    words = encoded_words(name, start)
    fits = "\r\n" not in words and start + len(words) + len(addr) <= 73
    return f"{words}{' ' if fits else _FOLD}<{addr}>"


def encoded_words(text: str, start: int) -> str:
    """A text as encoded words in base64, folded: lines of at most 76 characters, of which ``start``
    are taken of the first. Each word ends between two characters. Raises EncodeError."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise EncodeError("has half a surrogate pair") from None
    words = []
    position, room = 0, (76 - start - 12) // 4 * 3
    while position < len(data):
        end = position + max(room, 6)
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        word = binascii.b2a_base64(data[position:end], newline=False).decode()
        words.append(f"=?utf-8?b?{word}?=")
        position, room = end, 45
    return "\r\n ".join(words)


def _address(text: str) -> str:
    local, _, domain = text.rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            domain = ""
    if not local.isascii():
        raise DecodeError("an address with letters beyond ASCII before the @: SMTP cannot carry it")
    found = f"{local}@{domain}"
    if len(local) > _MAX_LOCAL or len(found) > _MAX_ADDRESS or not re.fullmatch(ADDRESS, found):
        raise DecodeError("expected one address, such as ivan@example.com or Ivan <i@example.com>")
    return found


def _name(phrase: str) -> str:
    words: list[str] = []
    for piece in re.split(rf"({_QUOTED})", phrase):
        if piece[:1] == '"':
            words.append(re.sub(r"\\(.)", r"\1", piece[1:-1], flags=re.DOTALL))
        else:
            words.append(decoded_words(" ".join(piece.split())))
    return " ".join(filter(None, words))
