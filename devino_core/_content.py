"""What a message says: a text, or richer content."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any, TypeAlias

import msgspec

from ._declared import misfit_of
from ._masking import Discreet
from .errors import InvalidMessage
from .suggest import did_you_mean

__all__ = ["Button", "Card", "Content", "Fill", "Mail", "Priority", "Template"]


class Priority(enum.StrEnum):
    """How soon the platform sends a message, compared with others that wait."""

    LOW = "LOW"
    """For advertising."""
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    REALTIME = "REALTIME"
    """For codes that a person waits for."""


class Button(Discreet, frozen=True):
    """A caption that a recipient can press, and the URL that it opens."""

    caption: str
    url: str

    def __post_init__(self) -> None:
        _check_types(self, Button)
        if not (self.caption.strip() and self.url.strip()):
            raise _wrong("a Button needs a caption and a URL")


class Fill(Discreet, frozen=True, tag="fill"):
    """A text with fields, ``{name}``, and the values that go there.

    ``{{`` and ``}}`` are braces. A name is a Latin letter, then letters, digits and ``_``: at most
    32 characters. Values without a field are left out.

    >>> message = Message("79031234567", Fill("{name}, your code is {code}",
    ...                                       {"name": "Ann", "code": "1234"}))
    >>> message.text
    'Ann, your code is 1234'

    Raises :exc:`~devino_core.errors.InvalidMessage` for a single brace and for a field without a
    value. The error gives the position.
    """

    text: str
    values: Mapping[str, str]

    def __post_init__(self) -> None:
        _check_types(self, Fill)
        _check_values(self.values)
        _check_fields("text", self.text, self.values)

    def spelt(self, field: Callable[[str], str], literal: Callable[[str], str] = str) -> str:
        """The text in a wire's spelling: ``field`` spells each name, ``literal`` the text between.

        >>> Fill("Hello {name}", {"name": "Ann"}).spelt(lambda name: f"[{name}]")
        'Hello [name]'
        """
        return _spelt(self.text, field, literal)

    @staticmethod
    def fields(text: str) -> tuple[str, ...]:
        """The names of a text's fields, each once, in their order. Raises InvalidMessage for a
        single brace.

        >>> Fill.fields("Dear {name}, your code is {code}")
        ('name', 'code')
        """
        return tuple(dict.fromkeys(_pieces(text)[0][1::2]))


class Card(Discreet, frozen=True, tag="card"):
    """What a messenger shows: a text, an image or both, and perhaps a button."""

    text: str = ""
    image: str | None = None
    """Its URL."""
    button: Button | None = None

    def __post_init__(self) -> None:
        _check_types(self, Card)
        if not (self.text or self.image):
            raise _wrong("a Card needs a text or an image")


class Template(Discreet, frozen=True, tag="template"):
    """The id of a text that the platform holds, and the values for its fields."""

    id: str
    values: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        _check_types(self, Template)
        _check_values(self.values)
        if not self.id.strip():
            raise _wrong("a Template needs the id that the platform gave it")


class Mail(Discreet, frozen=True, tag="mail"):
    """An e-mail: a subject, and a text, an HTML body or both.

    Without ``values`` braces are literal, so a style sheet needs no escaping. With ``values`` the
    ``subject``, ``text`` and ``html`` have fields like a :class:`Fill`, and :meth:`filled` puts the
    values in.

    Raises :exc:`~devino_core.errors.InvalidMessage`, also for anything that would forge a header.
    That is a line break or another control character except a tab, in the subject, in a value for
    the subject, or in a header.
    """

    subject: str
    text: str = ""
    html: str = ""
    headers: Mapping[str, str] = {}
    """Further headers, such as ``List-Unsubscribe``. They have no fields."""
    values: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        _check_types(self, Mail)
        _check_values(self.headers)
        if self.values is not None:
            _check_values(self.values)
            for name in ("subject", "text", "html"):
                _check_fields(name, getattr(self, name), self.values)
        said = self.filled()
        if not (said.text or said.html):
            raise _wrong("a Mail needs a text or an HTML body")
        if re.search(_FORGES, said.subject):
            raise _wrong("the subject must not hold line breaks or other control characters")
        for name, value in self.headers.items():
            if not re.fullmatch(_HEADER, name):
                raise _wrong(
                    f"header {name!a}: a name is printable ASCII without blanks and colons"
                )
            if re.search(_FORGES, value):
                raise _wrong(
                    f"header {name!r} must not hold line breaks or other control characters"
                )

    def filled(self) -> Mail:
        """The same mail with its values in place, escaped in HTML; its braces are literal."""
        values = self.values
        if values is None:
            return self
        # This imports a table of all of HTML's character names, and most programs send no mail.
        from html import escape

        return msgspec.structs.replace(
            self,
            subject=_spelt(self.subject, values.__getitem__),
            text=_spelt(self.text, values.__getitem__),
            html=_spelt(self.html, lambda name: escape(values[name])),
            values=None,
        )


Content: TypeAlias = str | Fill | Card | Template | Mail
"""What a :class:`Message` may hold."""

# These are compiled at first use, because importing the kernel must be cheap.
_PIECE = r"\{\{|\}\}|\{([A-Za-z][A-Za-z0-9_]{0,31})\}|[{}]"
# A header may hold a tab. Some reader takes each of the others for a new line or an end.
_FORGES = "[\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]"
_HEADER = r"[!-9;-~]+"


# A mail-out sends one text to everybody, and that text may be a page of HTML.
@lru_cache(32)
def _pieces(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Literal, name, literal, ..., literal; and the position of each name.

    Raises InvalidMessage for a single brace.
    """
    pieces: list[str] = []
    positions: list[int] = []
    literal: list[str] = []
    end = 0
    for token in re.finditer(_PIECE, text):
        literal.append(text[end : token.start()])
        end = token.end()
        if token[1]:
            pieces += ["".join(literal), token[1]]
            positions.append(token.start())
            literal.clear()
        elif len(token[0]) == 2:
            literal.append(token[0][0])
        else:
            raise _wrong(
                f"a single {token[0]} at position {token.start()}: write {token[0] * 2} for a "
                "brace, {name} for a field (a Latin letter, then letters, digits and _)"
            )
    literal.append(text[end:])
    return (*pieces, "".join(literal)), tuple(positions)


def _spelt(text: str, field: Callable[[str], str], literal: Callable[[str], str] = str) -> str:
    pieces, _ = _pieces(text)
    return "".join(
        [field(piece) if nth % 2 else literal(piece) for nth, piece in enumerate(pieces)]
    )


def _check_fields(where: str, text: str, values: Mapping[str, str]) -> None:
    """Raise InvalidMessage for a field of the text without a value."""
    pieces, positions = _pieces(text)
    for name, position in zip(pieces[1::2], positions, strict=True):
        if name not in values:
            hint = did_you_mean(name, values) or f"values has {', '.join(values) or 'none'}"
            raise _wrong(f"{where} has {{{name}}} at position {position} and no value: {hint}")


def _check_values(values: Mapping[Any, object]) -> None:
    for name, value in values.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            raise _wrong(f"the value of {name!r} must be str, not {type(value).__name__}")


_misfit = cache(misfit_of)


def _check_types(value: msgspec.Struct, kind: type[msgspec.Struct]) -> None:
    if found := _misfit(kind)(value):
        field, reason = found
        raise _wrong(f"{field} of a {kind.__name__} {reason}")


def _wrong(reason: str) -> InvalidMessage:
    return InvalidMessage("content", reason)
