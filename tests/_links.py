"""Links of a site of HTML files that lead nowhere within it."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    """What a page of HTML names, and where it leads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.unknown: list[str] = []
        """Names that were to lead to the reference, and have no link."""
        self._in_link = self._in_unknown = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._in_link = True
        elif tag == "code":
            kinds = (dict(attrs).get("class") or "").split()
            # The reference has no place of their own for the constants that a package re-exports.
            is_name = {"xref", "py"} <= {*kinds} and "py-data" not in kinds
            self._in_unknown = is_name and not self._in_link
            if self._in_unknown:
                self.unknown.append("")
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            elif name in {"href", "src"} and value and tag != "use":
                self.links.append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._in_link = False
        elif tag == "code":
            self._in_unknown = False

    def handle_data(self, data: str) -> None:
        if self._in_unknown:
            self.unknown[-1] += data


def broken_links(folder: Path) -> Iterator[str]:
    """Links within the sites, between them too, to a file, a place or a name that is not there."""
    pages = {
        file.resolve(): _Page(file.read_text("utf-8")) for file in sorted(folder.rglob("*.html"))
    }
    for file, page in pages.items():
        # There docstrings name what is not ours, too.
        if file.parent.name != "reference":
            for name in dict.fromkeys(page.unknown):
                yield f"{file.relative_to(folder.resolve())}: not in the reference: {name}"
        for link in dict.fromkeys(page.links):
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (file.parent / unquote(url.path)).resolve() if url.path else file
            where = file.relative_to(folder.resolve())
            if not target.exists():
                yield f"{where}: no such file: {link}"
            elif (
                url.fragment and target in pages and unquote(url.fragment) not in pages[target].ids
            ):
                yield f"{where}: no such place: {link}"
