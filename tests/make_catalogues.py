"""Bring the catalogues of the Russian documentation up to date: `python -m tests.make_catalogues`.

Run it after each change of a page; it needs `pip install devino[docs]`. It reads the English pages
and writes docs/locale/ru. A message that stays keeps its translation. One that changed keeps it,
too, and is marked `fuzzy`: mend the translation, and remove the mark. A new message is empty. What
is on no page any longer is dropped.
"""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.util.nodes import extract_messages

from tests._catalogues import DOCS, ROOT, THEME, entries, file_of, merged, names, read, written


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = (sys.executable, "-m", "sphinx", "-q", "-b", "dummy", "-d", folder)
        subprocess.run([*command, DOCS, f"{folder}/dummy"], check=True)
        read_in = Path(folder)
        pages = {page: list(messages(page, document(read_in, page))) for page in pages_in(read_in)}
    for page, texts in pages.items():
        file, catalogue = file_of(page), merged(read(page), texts)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(written(catalogue), "utf-8")
        left = sum(message.fuzzy or not told for _, told, message in entries(catalogue))
        if left:
            print(f"{file.relative_to(ROOT)}: {left} to translate")
    for page in {*names()} - {*pages, THEME}:
        file_of(page).unlink()


def pages_in(folder: Path) -> list[str]:
    """The pages that Sphinx has read into a folder."""
    return sorted(
        file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.doctree")
    )


def document(folder: Path, page: str) -> nodes.document:
    # It holds nodes of our extension.
    if str(DOCS / "_ext") not in sys.path:
        sys.path.insert(0, str(DOCS / "_ext"))
    found = pickle.loads((folder / f"{page}.doctree").read_bytes())
    assert isinstance(found, nodes.document)
    return found


def messages(page: str, doctree: nodes.document) -> Iterator[str]:
    """What is to be translated of a page, in its order, each text once.

    Help of commands and docstrings of the reference stay English, as the code does.
    """
    own = page == "cli" or page.startswith("reference/")
    found = (
        text
        for node, text in extract_messages(doctree)
        if has_words(text) and not (own and Path(node.source or "") != DOCS / f"{page}.md")
    )
    return iter(dict.fromkeys(found))


def has_words(text: str) -> bool:
    """Whether there is more to it than code, signs and numbers that both languages write alike."""
    plain = re.sub(r"(`+).+?\1", "", text)
    return bool(re.search(r"[^\W\d_]|\d\.\d|\d,\d{3}\b", plain))


if __name__ == "__main__":
    main()
