"""What a file's rows share: the text with its fields, a template or a mail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from devino_core import Fill, Mail, Template
from devino_core.errors import InvalidMessage

__all__ = ["Merged", "MergedMail", "MergedTemplate", "MergedText"]


class Merged(Protocol):
    """Makes the content of each row."""

    @property
    def is_given(self) -> bool:
        """Whether a row needs no text of its own."""
        ...

    def texts(self, columns: Iterable[str]) -> Mapping[str, str]:
        """The texts that have fields, in a file with these columns, by what gave them."""
        ...

    def content(self, text: str | None, values: Mapping[str, str]) -> str | Fill | Template | Mail:
        """What a row says. ``text`` is its own text, which has no fields."""
        ...


class MergedText:
    """A text with fields, ``{name}``; ``{{`` and ``}}`` are braces."""

    def __init__(self, text: str | None) -> None:
        self.is_given: bool = text is not None
        self._text = text or ""
        self._bare: str | None = None

    def texts(self, columns: Iterable[str]) -> Mapping[str, str]:
        return {"TEXT": self._text}

    def content(self, text: str | None, values: Mapping[str, str]) -> str | Fill:
        if text is not None:
            return text
        if values:
            return Fill(self._text, values)
        if self._bare is None:
            # One text for all: channels send it in bulk calls.
            self._bare = _filled(self._text, {})
        return self._bare


class MergedTemplate:
    """A text that the platform holds. The values given for it may have fields."""

    is_given: bool = True

    def __init__(self, template: Template, values: Mapping[str, str]) -> None:
        self._plain = template
        self._values = values

    def texts(self, columns: Iterable[str]) -> Mapping[str, str]:
        return {f"--value {name}": value for name, value in self._values.items()}

    def content(self, text: str | None, values: Mapping[str, str]) -> str | Template:
        if text is not None:
            return text
        filled = {name: _filled(value, values) for name, value in self._values.items()}
        return Template(self._plain.id, filled)


class MergedMail:
    """A mail whose subject and text have fields.

    HTML has them if it names a column. Otherwise its braces are those of a style sheet, and stand
    as they are.
    """

    is_given: bool = True

    def __init__(self, text: str | None, subject: str, html: str, headers: Mapping[str, str]):
        self._text = text or ""
        self._subject = subject
        self._html = html
        self._headers = headers
        self._html_has_fields = False

    def texts(self, columns: Iterable[str]) -> Mapping[str, str]:
        try:
            self._html_has_fields = bool(Fill.fields(self._html))
        except InvalidMessage:
            html = self._html.casefold()
            self._html_has_fields = any(f"{{{name.casefold()}}}" in html for name in columns)
        rich = {"--html": self._html} if self._html_has_fields else {}
        return {"--subject": self._subject, "TEXT": self._text, **rich}

    def content(self, text: str | None, values: Mapping[str, str]) -> Mail:
        return Mail(
            self._subject,
            self._text if text is None else _literal(text),
            html=self._html if self._html_has_fields else _literal(self._html),
            headers=self._headers,
            values=values,
        ).filled()


def _filled(text: str, values: Mapping[str, str]) -> str:
    return Fill(text, values).spelt(values.__getitem__)


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
