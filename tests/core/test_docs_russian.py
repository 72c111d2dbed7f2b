"""The Russian documentation says what the English one does. `tox -e docs` checks the sites."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests._catalogues import (
    CATALOGUES,
    DOCS,
    ROOT,
    complaints,
    merged,
    names,
    parsed,
    read,
    written,
)
from tests._links import broken_links
from tests.make_demo_picture import READMES

ENGLISH, RUSSIAN = (readme.read_text("utf-8") for readme in READMES)


@pytest.mark.parametrize("page", names())
def test_every_text_is_translated_with_its_code_and_its_links(page: str) -> None:
    assert not list(complaints(read(page)))


def test_every_page_has_a_catalogue() -> None:
    pages = {
        file.relative_to(DOCS).with_suffix("").as_posix()
        for file in DOCS.rglob("*.md")
        if not {"examples", "_build"} & set(file.relative_to(DOCS).parts)
    }
    assert {*names()} == pages | {"sphinx"}


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ('msgid "Yes."\nmsgstr ""', "not translated"),
        ('#, fuzzy\nmsgid "Yes."\nmsgstr "Да."', "fuzzy"),
        ('msgid "Say `send`."\nmsgstr "Скажите `sent`."', "other code"),
        ('msgid "A {class}`~a.B`."\nmsgstr "Это {func}`~a.B`."', "other code"),
        ('msgid "[Here](a.md#b)."\nmsgstr "[Тут](a.md)."', "other targets of links"),
        ('msgid "A :class:`B`."\nmsgstr "Это :class:`B`."', "Markdown does not read this"),
        ('msgid "7. Seven"\nmsgstr "7. Семь"', "Markdown reads a list here"),
        ('msgid "A \\"word\\"."\nmsgstr "\\"Слово\\"."', "quotation marks"),
        ('msgid "A word."\nmsgstr "Слово - и дело."', "a dash"),
        ('msgid "1.5 more."\nmsgstr "На 1.5 больше."', "a decimal sign"),
    ],
)
def test_a_fault_of_a_catalogue_is_told(entry: str, complaint: str) -> None:
    told = list(complaints(parsed(entry.encode())))
    assert [each for each in told if each.startswith(complaint)]


def test_what_is_right_in_russian_is_no_fault() -> None:
    entry = 'msgid "`a` - \\"x\\", {class}`B`"\nmsgstr "{class}`B`, «икс»\u00a0— `a`"'
    assert not list(complaints(parsed(entry.encode())))


def test_a_catalogue_keeps_what_stays_marks_what_changed_and_drops_what_is_gone() -> None:
    old = parsed(
        'msgid "It stays."\nmsgstr "Остаётся."\n\n'
        'msgid "The clock is driven by tests."\nmsgstr "Часами управляют тесты."\n\n'
        'msgid "Gone with the wind, and for good"\nmsgstr "Ушло."\n'.encode()
    )
    new = parsed(
        written(
            merged(old, ["It stays.", "The clock is driven by a test.", "100 % new {thing}"])
        ).encode()
    )
    assert [(message.id, message.string, message.fuzzy) for message in new if message.id] == [
        ("It stays.", "Остаётся.", False),
        ("The clock is driven by a test.", "Часами управляют тесты.", True),
        ("100 % new {thing}", "", False),
    ]
    assert not new.obsolete


@pytest.mark.parametrize("page", names())
def test_a_catalogue_is_as_the_updater_writes_it(page: str) -> None:
    if page != "sphinx":
        assert (CATALOGUES / f"{page}.po").read_text("utf-8") == written(read(page))


def test_both_readmes_give_the_same_commands_and_programs() -> None:
    blocks = re.compile(r"^(?:<!-- .*? -->\n)?```.*?^```$", re.DOTALL | re.MULTILINE)
    assert blocks.findall(ENGLISH) == blocks.findall(RUSSIAN)
    assert len(re.findall("^<!-- command: ", RUSSIAN, re.MULTILINE)) == 2


def test_both_readmes_lead_to_the_same_pages_and_to_each_other() -> None:
    links = [set(re.findall(r"\]\(([^)\s]+)\)", text)) for text in (ENGLISH, RUSSIAN)]
    assert links[0] - {"README.ru.md"} == links[1] - {"README.md"}
    assert "README.ru.md" in links[0]
    assert "README.md" in links[1]


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    tmp_path.joinpath("ru").mkdir()
    tmp_path.joinpath("a.html").write_text(
        '<h1 id="top">A</h1><a href="ru/a.html#%D1%83">1</a><a href="#top">2</a>'
        '<a href="b.html">3</a>'
    )
    tmp_path.joinpath("ru", "a.html").write_text(
        '<h1 id="у">А</h1><a href="../a.html#gone">4</a><img src="no.png"><a href="https://a.ru/b">5</a>',
        "utf-8",
    )
    assert list(broken_links(tmp_path)) == [
        "a.html: no such file: b.html",
        "ru/a.html: no such place: ../a.html#gone",
        "ru/a.html: no such file: no.png",
    ]


def test_a_name_that_leads_to_no_place_in_the_reference_is_told(tmp_path: Path) -> None:
    tmp_path.joinpath("reference").mkdir()
    name = '<code class="xref py py-class docutils"><span class="pre">{}</span></code>'
    known = f'<a class="reference" href="reference/a.html">{name.format("Client")}</a>'
    tmp_path.joinpath("a.html").write_text(f"{known} {name.format('Clinet')} <code>any</code>")
    tmp_path.joinpath("reference", "a.html").write_text(name.format("int"))
    assert list(broken_links(tmp_path)) == ["a.html: not in the reference: Clinet"]


def _texts_of_the_code() -> Iterator[str]:
    """Every text in the code, with `...` for what is filled in."""
    for folder in ("devino_core", "plugins/devino_plugins", "plugins/devino_sandbox"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "..."
                        for part in node.values
                    )
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_the_messages_that_are_explained_are_those_of_the_program() -> None:
    page = (DOCS / "messages.md").read_text("utf-8")
    explained = re.findall(r"^(`+) ?(.+?) ?\1\n: ", page, re.MULTILINE)
    code = "\n".join(dict.fromkeys(_texts_of_the_code()))
    assert len(explained) > 20
    for _, message in explained:
        # A field's name stands before what is wrong with it: `sender: is missing`.
        said = re.sub(r"^(\w+|not in only_to): ", "", message)
        for piece in said.split("..."):
            assert piece.strip(" :,;)") in code, f"nothing says {piece!r}"
