"""What a server says: without what it should not have repeated, and fit to be shown."""

from __future__ import annotations

from html import escape
from urllib.parse import quote, quote_plus

__all__ = ["masked", "printable", "printable_lines", "readable", "without_echo"]

_ECHO = 8
"""Characters in a row that are no coincidence."""


def masked(text: str, *secrets: str) -> str:
    """``text`` with ``***`` for each of these: no server should repeat a password, and some do.

    They are known also as they stand in a form, a URL and XML.
    """
    spellings: set[str] = set()
    for secret in secrets:
        if len(secret) > len(text):
            # No spelling is shorter, and most replies of a mail server are a word.
            continue
        spellings.add(secret)
        if not (secret.isascii() and secret.isalnum()):
            spellings |= {
                quote_plus(secret),
                quote(secret, safe=""),
                escape(secret, quote=False),
                escape(secret),
            }
    # The longest first, or what another ends with would be left over.
    for spelling in sorted(spellings - {""}, key=len, reverse=True):
        text = text.replace(spelling, "***")
    return text


def without_echo(text: str, *sent: str) -> str:
    """``text`` with ``***`` for each word that holds a piece of what was sent, as when a server
    repeats a line and cuts it off."""
    words = text.split(" ")
    return " ".join(["***" if _echoes(word, sent) else word for word in words])


def _echoes(word: str, sent: tuple[str, ...]) -> bool:
    pieces = (word[at : at + _ECHO] for at in range(len(word) - _ECHO + 1))
    return any(piece in line for piece in pieces for line in sent)


def readable(data: bytes) -> str:
    """Text of a server that does not say its charset: UTF-8, else windows-1251.

    The result is fit for logs, files and JSON: it has no half of a character in it.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("windows-1251", "backslashreplace")


def printable(text: str) -> str:
    """``text`` with escapes for characters that would act on a terminal or stay invisible."""
    if text.isprintable():
        return text
    return "".join(
        [char if char.isprintable() else char.encode("unicode_escape").decode() for char in text]
    )


def printable_lines(text: str) -> str:
    """As :func:`printable`, line by line."""
    return "\n".join(map(printable, text.split("\n")))
