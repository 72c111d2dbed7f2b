"""Translates between a value and the bytes of a body: the format's text, in windows-1251."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, overload

import msgspec

from devino_codecs._masked import secrets_of
from devino_codecs._sizes import check_size
from devino_codecs.errors import DecodeError, EncodeError

from . import _one_line, _template
from ._charset import CHARSET, decode_text
from ._values import Base64, Semicolon, Submission, Template, check

__all__ = ["MAX_SIZE", "decode_body", "encode_body", "kind_of", "read"]

MAX_SIZE: Final = 1 << 20
"""Bytes of a mail or a body that are taken unless told otherwise."""

S = TypeVar("S", bound=Submission)

_WRITERS: Final[dict[type[Submission], Callable[[Any], str]]] = {
    Template: _template.write,
    Semicolon: _one_line.write_semicolon,
    Base64: _one_line.write_base64,
}
_READERS: Final[dict[type[Submission], Callable[[list[str]], Submission]]] = {
    Template: _template.read,
    Semicolon: _one_line.read_semicolon,
    Base64: _one_line.read_base64,
}


def encode_body(value: Submission, *, line_break: str | None = None) -> bytes:
    """The body as windows-1251, before transfer encoding: CRLF between lines, none at the end.

    If the format is one line, ``line_break`` replaces the text's line breaks; None refuses them.
    :class:`Template` keeps them.

    :raises EncodeError: the format or windows-1251 cannot carry the value. ``path`` is the wire's
        name of the field. The error names the characters, except those of a secret.
    """
    write = _WRITERS.get(type(value))
    if write is None:
        raise EncodeError(f"expected Template, Semicolon or Base64, not {type(value).__name__}")
    text: object = value.text
    if isinstance(text, str) and ("\n" in text or "\r" in text):
        text = _with_line_feeds(text)
        if value.one_line and line_break is not None:
            text = text.replace("\n", line_break)
        value = msgspec.structs.replace(value, text=text)
    check(value, EncodeError)
    return _windows_1251(write(value), value)


@overload
def decode_body(data: bytes, kind: type[S], *, charset: str = ..., max_size: int = ...) -> S: ...
@overload
def decode_body(
    data: bytes, kind: None = ..., *, charset: str = ..., max_size: int = ...
) -> Submission: ...
def decode_body(
    data: bytes,
    kind: type[Submission] | None = None,
    *,
    charset: str = CHARSET,
    max_size: int = MAX_SIZE,
) -> Submission:
    """What a body says. Its transfer encoding must have been removed.

    It takes line ends of any sort. It ignores blank lines, indentation, folds, and anything before
    the start mark or after the end mark. With ``kind`` None the marks and fields decide; a body
    without any is a :class:`Base64`. ``charset`` may be any that Python knows.

    :raises DecodeError: the body does not have this format, or more than ``max_size`` bytes. The
        error quotes no field.
    """
    check_size(data, max_size)
    text = decode_text(data, charset)
    if kind is None:
        kind = kind_of(text) or Base64
    elif kind not in _READERS:
        raise DecodeError(f"expected Template, Semicolon or Base64, not {kind!r}")
    return read(text, kind)


def kind_of(text: str) -> type[Submission] | None:
    """The format whose opening comes first; None if there is no opening."""
    for line in _lines(text):
        if "=" not in line and ";" not in line:
            continue
        if _one_line.opens(line):
            return Semicolon
        if _template.opens(line):
            return Template
    return None


def read(text: str, kind: type[Submission]) -> Submission:
    """What a body of this format says, checked."""
    value = _READERS[kind](_lines(text))
    check(value, DecodeError)
    return value


def _lines(text: str) -> list[str]:
    return (_with_line_feeds(text) if "\r" in text else text).split("\n")


def _with_line_feeds(text: str) -> str:
    # CR CR LF is one line end that went through two programs.
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")


def _windows_1251(body: str, value: Submission) -> bytes:
    """The body's bytes, or an error that names the field and the characters that do not fit."""
    try:
        return body.encode(CHARSET)
    except UnicodeEncodeError:
        # Raised outside: the exception holds the body, and the body holds the password.
        pass
    attribute, name, lacking = next(
        (attribute, name, lacking)
        for attribute, name in (*value.fields, ("text", "text"))
        if (lacking := _lacking(getattr(value, attribute)))
    )
    what = "a character of it" if attribute in secrets_of(type(value)) else _named(lacking)
    raise EncodeError(f"{CHARSET} lacks {what}", path=name)


def _lacking(field: str | tuple[str, ...]) -> list[str]:
    return [c for c in dict.fromkeys("".join(field)) if not c.encode(CHARSET, "ignore")]


def _named(chars: list[str], most: int = 5) -> str:
    import unicodedata  # a megabyte that only this error needs

    named = [f"{c!r} (U+{ord(c):04X} {unicodedata.name(c, 'unnamed')})" for c in chars[:most]]
    if len(chars) > most:
        named.append(f"and {len(chars) - most} more")
    return ", ".join(named)
