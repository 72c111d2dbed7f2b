"""The form encoding that the HTTP codecs use, with urllib as the oracle."""

from urllib.parse import parse_qsl, quote_plus, unquote_to_bytes, urlencode

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from devino_codecs.http._form import pairs, quote, unquote

text = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=200, deadline=None)
@given(text)
@example("".join(map(chr, range(0x500))))
def test_quoting_is_urllibs(value: str) -> None:
    assert quote(value) == quote_plus(value)


@settings(max_examples=200, deadline=None)
@given(st.binary() | st.text("%0123456789abcdefABCDEF ", max_size=30).map(str.encode))
def test_unquoting_is_urllibs(value: bytes) -> None:
    assert unquote(value) == unquote_to_bytes(value)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(text.filter(bool), text), min_size=1))
def test_pairs_are_urllibs(given_: list[tuple[str, str]]) -> None:
    form = urlencode(given_)
    read = [(unquote(n).decode(), unquote(v).decode()) for n, v in pairs(form.encode())]
    assert read == parse_qsl(form, keep_blank_values=True) == given_


def test_a_lone_surrogate_has_no_form() -> None:
    with pytest.raises(UnicodeEncodeError):
        quote("\ud800")
