"""Bring the catalogues of the Russian documentation up to date: `python -m tests.make_catalogues`.

Run it after each change of a page; it needs `pip install devino[docs]`. It reads the English pages
and writes docs/locale/ru. A message that stays keeps its translation. One that changed keeps it,
too, and is marked `fuzzy`, with the English text that it was made for: translate anew, and remove
the mark. A new message is empty. What is on no page any longer is dropped.

Catalogues name no lines and no dates, so that only a changed text changes them.
"""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from docutils import nodes
from sphinx.util.nodes import extract_messages

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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = (sys.executable, "-m", "sphinx", "-q", "-W", "-b", "dummy", "-d", folder)
        subprocess.run([*command, DOCS, f"{folder}/dummy"], check=True)
        pages = {page: list(messages(page, doctree)) for page, doctree in doctrees(Path(folder))}
    for page, found in pages.items():
        catalogue = merged(read(page), found)
        write(page, catalogue)
        open_ = [each for each in catalogue if each.id and (each.fuzzy or not each.string)]
        if open_:
            print(f"{file_of(page).relative_to(ROOT)}: {len(open_)} to translate")
    for file in CATALOGUES.rglob("*.po"):
        if page_of(file) not in {*pages, THEME}:
            file.unlink()


def doctrees(folder: Path) -> Iterator[tuple[str, nodes.document]]:
    """The pages that Sphinx has read into a folder, by their names."""
    if str(DOCS / "_ext") not in sys.path:
        sys.path.insert(0, str(DOCS / "_ext"))
    for file in sorted(folder.rglob("*.doctree")):
        document = pickle.loads(file.read_bytes())
        assert isinstance(document, nodes.document)
        yield file.relative_to(folder).with_suffix("").as_posix(), document


def messages(page: str, document: nodes.document) -> Iterator[str]:
    """What is to be translated of a page, in its order, each text once.

    Help of commands and docstrings of the reference stay English, as the code does.
    """
    own = page == "cli" or page.startswith("reference/")
    found = (
        text
        for node, text in extract_messages(document)
        if has_words(text)
        and not (own and Path(node.source or "") != DOCS / f"{page}.md")
    )
    return iter(dict.fromkeys(found))


def has_words(text: str) -> bool:
    """Whether there is more to it than code, numbers and signs."""
    return bool(re.search(r"[^\W\d_]", re.sub(r"(`+).+?\1", "", text)))


def file_of(page: str) -> Path:
    return CATALOGUES / f"{page}.po"


def page_of(file: Path) -> str:
    return file.relative_to(CATALOGUES).with_suffix("").as_posix()


def read(page: str) -> Catalog:
    if not file_of(page).exists():
        return Catalog("ru")
    with file_of(page).open("rb") as file:
        return read_po(file, "ru")


def merged(catalogue: Catalog, texts: list[str]) -> Catalog:
    """A catalogue of these texts, with the translations that it had."""
    template = Catalog()
    for text in texts:
        template.add(text)
    catalogue.update(template)
    for message in catalogue:
        # Babel takes percent signs and braces for placeholders of a format.
        message.flags &= {"fuzzy"}
    return catalogue


def write(page: str, catalogue: Catalog) -> None:
    out = BytesIO()
    write_po(
        out,
        catalogue,
        width=0,
        no_location=True,
        omit_header=True,
        ignore_obsolete=True,
        include_previous=True,
    )
    file_of(page).parent.mkdir(parents=True, exist_ok=True)
    file_of(page).write_text(HEADER + out.getvalue().decode().strip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
