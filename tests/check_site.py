"""Check the built documentation, English and Russian: `python -m tests.check_site FOLDER`.

`tox -e docs` runs it. FOLDER holds the English site, and its folder `ru` the Russian one. It tells
what a build with warnings as errors lets pass: what is not translated, code that differs between
the languages, a link or a name that leads nowhere, and a word of the theme that stayed English.
"""

from __future__ import annotations

import gettext
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import furo
import sphinx
from docutils import nodes
from jinja2.ext import babel_extract

from tests._catalogues import DOCS, THEME, complaints, entries, names, read
from tests._links import broken_links, unlinked_names
from tests.make_catalogues import document, messages, pages_in


def main(folder: Path) -> int:
    english, russian = folder / ".doctrees", folder / "ru" / ".doctrees"
    pages, translated = pages_in(english), pages_in(russian)
    found = [
        *(f"{page}: stands in one language only" for page in {*pages} ^ {*translated}),
        *(f"{page}: a catalogue of no page" for page in {*names()} - {*pages, THEME}),
        *theme_words(),
        *broken_links(folder),
        *unlinked_names(folder),
    ]
    # One page after the other: together they take gigabytes.
    for page in pages:
        ours = document(english, page)
        wrong = [*untranslated(page, list(messages(page, ours)))]
        if not wrong and page in translated:
            wrong += differences(ours, document(russian, page))
        found += (f"{page}: {each}" for each in wrong)
    print(*found, f"{len(pages)} pages in two languages, {len(found)} faults", sep="\n")
    return bool(found)


def untranslated(page: str, texts: list[str]) -> Iterator[str]:
    """What the catalogue of a page lacks of its texts, has beside them, or says wrong."""
    catalogue = read(page)
    told = {text for text, _, _ in entries(catalogue)}
    for text in texts:
        if text not in told:
            yield f"not in the catalogue: {text[:70]!r}"
    for text in sorted(told.difference(texts)):
        yield f"on the page no longer: {text[:70]!r}"
    yield from complaints(catalogue)


def differences(english: nodes.document, russian: nodes.document) -> Iterator[str]:
    """Blocks of code that are in one language only, and what there is more of in one."""
    ours, theirs = _code(english), _code(russian)
    for block in (ours - theirs) + (theirs - ours):
        yield f"this block of code is in one language only: {block[:70]!r}"
    for kind in (nodes.section, nodes.row, nodes.list_item, nodes.paragraph):
        counted = [sum(1 for _ in each.findall(kind)) for each in (english, russian)]
        if counted[0] != counted[1]:
            yield f"{kind.__name__}s by number: {counted[0]}, in Russian {counted[1]}"


def _code(doctree: nodes.document) -> Counter[str]:
    return Counter(
        block.astext()
        for kind in (nodes.literal_block, nodes.doctest_block)
        for block in doctree.findall(kind)
    )


def theme_words() -> Iterator[str]:
    """Words of the templates that neither Sphinx nor we have in Russian."""
    locale = Path(sphinx.__file__).parent / "locale"
    known = gettext.translation("sphinx", str(locale), ["ru"])
    ours = {text for text, told, _ in entries(read(THEME)) if told}
    options = {"extensions": "jinja2.ext.do,jinja2.ext.loopcontrols"}
    said = set()
    for theme in (Path(furo.__file__).parent / "theme" / "furo", DOCS / "_templates"):
        for template in theme.rglob("*.html"):
            # Those of Read the Docs, which is not where this site lies.
            if template.name not in {"rtd-versions.html", "variant-selector.html"}:
                with template.open("rb") as file:
                    found = babel_extract(file, ("_", "gettext"), (), options)
                    said |= {text for _, _, text, _ in found if isinstance(text, str)}
    for text in sorted(said - ours):
        if known.gettext(text) == text:
            yield f"the theme says in English: {text!r}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
