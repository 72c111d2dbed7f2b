"""The catalogues of the Russian documentation: a file for each page, as gettext has them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
CATALOGUES = DOCS / "locale" / "ru" / "LC_MESSAGES"

THEME = "sphinx"
"""The catalogue of the words that the theme and our templates say. No page makes it."""

HEADER = r"""msgid ""
msgstr ""
"Language: ru\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""
"""Without dates and tools, so that only a changed text changes a catalogue."""

_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_TARGET = re.compile(r"\]\(([^)]*)\)")
_ROLE = re.compile(r"\{([a-z:]+)\}$|:([a-z:]+):$")


def names() -> list[str]:
    """The pages that have a catalogue, and the theme."""
    return sorted(
        file.relative_to(CATALOGUES).with_suffix("").as_posix() for file in CATALOGUES.rglob("*.po")
    )


def file_of(page: str) -> Path:
    return CATALOGUES / f"{page}.po"


def read(page: str) -> Catalog:
    """The catalogue of a page; an empty one, if there is none."""
    if not file_of(page).exists():
        return Catalog("ru")
    return parsed(file_of(page).read_bytes())


def parsed(content: bytes) -> Catalog:
    return read_po(BytesIO(content), "ru")


def written(catalogue: Catalog) -> str:
    """What a file of this catalogue holds: texts, translations and marks `fuzzy`, nothing more."""
    for message in catalogue:
        # Babel takes percent signs and braces for placeholders of a format.
        message.flags &= {"fuzzy"}
        message.user_comments = []
    out = BytesIO()
    write_po(
        out,
        catalogue,
        width=0,
        no_location=True,
        omit_header=True,
        ignore_obsolete=True,
    )
    return f"{HEADER}{out.getvalue().decode().strip()}\n"


def merged(catalogue: Catalog, texts: Iterable[str]) -> Catalog:
    """A catalogue of these texts, with the translations that it had."""
    template = Catalog()
    for text in texts:
        template.add(text)
    catalogue.update(template)
    return catalogue


def entries(catalogue: Catalog) -> Iterator[tuple[str, str, Message]]:
    """Each text, its translation and what gettext knows of both, without the header."""
    for message in catalogue:
        if message.id:
            assert isinstance(message.id, str)
            yield message.id, str(message.string or ""), message


def complaints(catalogue: Catalog) -> Iterator[str]:
    """What is wrong with a catalogue that its page need not be known for."""
    for text, translation, message in entries(catalogue):
        for wrong in _wrong(text, translation, fuzzy=message.fuzzy):
            yield f"{wrong}: {text[:70]!r}"


def _wrong(text: str, translation: str, *, fuzzy: bool) -> Iterator[str]:
    if not translation.strip():
        yield "not translated"
        return
    if fuzzy:
        yield "fuzzy: its English text has changed"
    for what, found in (("code", _code), ("targets of links", _targets)):
        said, meant = found(translation), found(text)
        if said != meant:
            yield f"other {what} than in English, {[*(said - meant)]} for {[*(meant - said)]}"
    if translation.endswith("::") or re.search(r"(^|\W):[a-z:]+:`", translation):
        # The text may be a docstring's; its translation is read as the page is.
        yield "Markdown does not read this"
    if re.match(r"(\d+\.|[-+*]) ", translation):
        yield "Markdown reads a list here, and shows the English text: write 8\\. for 8."
    yield from typography(translation)


def typography(translation: str) -> Iterator[str]:
    """What Russian writes otherwise."""
    prose = _TARGET.sub("]", _CODE.sub("`code`", translation))
    if re.search(r'[а-яё]["”“]|["”“][а-яё]', prose, re.IGNORECASE):
        yield "quotation marks are « and »"
    if re.search(r"\S [—–-](\s|$)", prose) or re.search(r"[а-яё]--", prose):
        yield "a dash is — and stands after a no-break space"
    number = re.fullmatch(r"\d+\.\d+", prose) or re.search(r"[а-яё] \d+\.\d+ [а-яё]", prose)
    if number and "верси" not in prose:
        yield "a decimal sign is a comma"


def _code(text: str) -> Counter[str]:
    """The code of a text, and names of roles: Markdown and reStructuredText write them apart."""
    found: Counter[str] = Counter()
    for span in _CODE.finditer(text):
        role = _ROLE.search(text[: span.start()])
        found[f"{(role and (role[1] or role[2])) or ''}`{' '.join(span[2].split())}`"] += 1
    return found


def _targets(text: str) -> Counter[str]:
    return Counter(_TARGET.findall(_CODE.sub("", text)))
