"""What `tox -e docs` finds in the built sites. It needs Sphinx, of the extra `docs`."""

from __future__ import annotations

import pytest

pytest.importorskip("sphinx")
pytest.importorskip("furo")

from docutils import nodes
from docutils.utils import new_document

from tests import check_site
from tests._catalogues import merged, parsed
from tests.make_catalogues import has_words, messages


def page(*children: nodes.Node) -> nodes.document:
    document = new_document("page.md")
    document += children
    for child in document.findall(nodes.Element):
        child.source = "page.md"
    return document


def test_code_that_differs_between_the_languages_is_told() -> None:
    english = page(nodes.literal_block(text="send()"), nodes.literal_block(text="same()"))
    russian = page(nodes.literal_block(text="same()"), nodes.literal_block(text="отправить()"))
    assert list(check_site.differences(english, russian)) == [
        "this block of code is in one language only: 'send()'",
        "this block of code is in one language only: 'отправить()'",
    ]
    assert not list(check_site.differences(english, english.deepcopy()))


def test_a_paragraph_that_one_language_lacks_is_told() -> None:
    english = page(nodes.paragraph(text="One."), nodes.paragraph(text="Two."))
    assert list(check_site.differences(english, page(nodes.paragraph(text="Один.")))) == [
        "paragraphs by number: 2, in Russian 1"
    ]


def test_what_a_catalogue_lacks_has_beside_and_does_not_say_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalogue = merged(parsed('msgid "One."\nmsgstr "Один."'.encode()), ["One.", "Old."])
    monkeypatch.setattr(check_site, "read", lambda page: catalogue)
    assert list(check_site.untranslated("page", ["One.", "New."])) == [
        "not in the catalogue: 'New.'",
        "on the page no longer: 'Old.'",
        "not translated: 'Old.'",
    ]


def test_code_and_numbers_alone_need_no_translation() -> None:
    document = page(*(nodes.paragraph(text, text) for text in ("`send`", "1,5", "Send.", "Send.")))
    assert list(messages("page", document)) == ["Send."]
    assert has_words("`a` or `b`")
    assert not has_words("`a`, ``b``: 5 %")


@pytest.mark.parametrize("number", ["1.3", "15,000", "1,000,000"])
def test_a_number_that_russian_writes_otherwise_needs_a_translation(number: str) -> None:
    assert has_words(number)
    assert not has_words(f"`{number}`")


def test_the_theme_speaks_russian(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not list(check_site.theme_words())
    monkeypatch.setattr(check_site, "read", lambda page: parsed(b""))
    assert "the theme says in English: 'Back to top'" in list(check_site.theme_words())
