"""What a message says: a text, or what is richer."""

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
    """How soon the platform is to send a message that waits among others."""

    LOW = "LOW"
    """For advertising."""
    NORMAL = "NORMAL"
    HIGH = "HIGH"
    REALTIME = "REALTIME"
    """For codes that somebody waits for."""


class Button(Discreet, frozen=True):
    """What a recipient can press, and the URL that it opens."""

    caption: str
    url: str

    def __post_init__(self) -> None:
        _check_types(self, Button)
        if not (self.caption.strip() and self.url.strip()):
            raise _wrong("a Button needs a caption and a URL")


class Fill(Discreet, frozen=True, tag="fill"):
    """A text with fields, ``{name}``, and what goes there.

    ``{{`` and ``}}`` are braces. A name is a Latin letter, then letters, digits and ``_``, at most
    32 in all. Values that no field names are left out.

    >>> message = Message("79031234567", Fill("{name}, your code is {code}",
    ...                                       {"name": "Ann", "code": "1234"}))
    >>> message.text
    'Ann, your code is 1234'

    Raises :exc:`~devino_core.errors.InvalidMessage` with the position of a brace that stands alone
    and of a field without a value.
    """

    text: str
    values: Mapping[str, str]

    def __post_init__(self) -> None:
        _check_types(self, Fill)
        _check_values(self.values)
        _check_fields("text", self.text, self.values)

    def spelt(self, field: Callable[[str], str], literal: Callable[[str], str] = str) -> str:
        """The text as a wire spells fields: ``field`` gets each name, ``literal`` what is between.

        >>> Fill("Hello {name}", {"name": "Ann"}).spelt(lambda name: f"[{name}]")
        'Hello [name]'
        """
        return _spelt(self.text, field, literal)


class Card(Discreet, frozen=True, tag="card"):
    """What a messenger shows: at least a text or an image, and a button to press."""

    text: str = ""
    image: str | None = None
    """Its URL."""
    button: Button | None = None

    def __post_init__(self) -> None:
        _check_types(self, Card)
        if not (self.text or self.image):
            raise _wrong("a Card needs a text or an image")


class Template(Discreet, frozen=True, tag="template"):
    """A text that the platform holds, by its id, and what goes into its fields."""

    id: str
    values: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        _check_types(self, Template)
        _check_values(self.values)
        if not self.id.strip():
            raise _wrong("a Template needs the id that the platform gave it")


class Mail(Discreet, frozen=True, tag="mail"):
    """An e-mail: a subject, and a text, an HTML body or both.

    Without ``values`` braces are literal, so that a style sheet stands as it is. With them
    ``subject``, ``text`` and ``html`` have fields like a :class:`Fill`; :meth:`filled` puts the
    values in.

    Raises :exc:`~devino_core.errors.InvalidMessage`, also for what would forge a header: a line
    break or another control character (but a tab) in the subject, in a value that goes there or in
    a header.
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
        # A table of all names that HTML has for characters: most programs send no mail.
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

# Compiled where they are first used: importing the kernel is to be cheap.
_PIECE = r"\{\{|\}\}|\{([A-Za-z][A-Za-z0-9_]{0,31})\}|[{}]"
# A tab may stand in a header; of the others some reader makes a new line or an end.
_FORGES = "[\\x00-\\x08\\x0a-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]"
_HEADER = r"[!-9;-~]+"


# A mail-out has one text for all, which may be a page of HTML.
@lru_cache(32)
def _pieces(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Literal, name, literal, ..., literal; and the position of each name.

    Raises InvalidMessage for a brace that stands alone.
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
    """Every field of the text has a value."""
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
