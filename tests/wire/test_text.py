"""The package as a whole: its examples are true, and it raises only its own errors."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import pkgutil
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import DecodeError, EncodeError, text

ANY_TEXT = st.text(st.characters(exclude_categories=[]))  # lone surrogates too


def test_the_examples_in_docstrings_are_true() -> None:
    modules = [text] + [
        importlib.import_module(found.name)
        for found in pkgutil.iter_modules(text.__path__, text.__name__ + ".")
    ]
    results = [doctest.testmod(module) for module in modules]
    assert sum(result.attempted for result in results) > 0
    assert sum(result.failed for result in results) == 0


@pytest.mark.parametrize(
    "encode", [text.gsm7_encode, text.ucs2_encode, text.segment, text.count_parts]
)
@given(value=ANY_TEXT)
def test_any_text_gives_a_value_or_an_encode_error(
    encode: Callable[[str], object], value: str
) -> None:
    try:
        encode(value)
    except EncodeError as error:
        position = int(error.path.removeprefix("[").removesuffix("]"))
        assert 0 <= position < len(value)


@pytest.mark.parametrize("decode", [text.gsm7_decode, text.ucs2_decode, text.gsm7_unpack])
@given(data=st.binary())
def test_any_bytes_give_a_value_or_a_decode_error(
    decode: Callable[[bytes], object], data: bytes
) -> None:
    caught = None
    try:
        decode(data)
    except DecodeError as error:
        caught = error
    assert caught is None or (caught.offset is not None and 0 <= caught.offset < len(data))


@pytest.mark.parametrize("decode", [text.gsm7_decode, text.ucs2_decode])
@given(data=st.binary())
def test_replacing_decodes_anything_and_agrees_where_nothing_is_wrong(
    decode: Callable[..., str], data: bytes
) -> None:
    read = decode(data, errors="replace")
    with contextlib.suppress(DecodeError):
        assert read == decode(data)


@given(value=ANY_TEXT)
def test_the_alphabet_chosen_is_one_that_can_write_the_text(value: str) -> None:
    if text.choose_alphabet(value) is text.Alphabet.GSM7:
        assert text.is_gsm7(value)
        assert text.gsm7_decode(text.gsm7_encode(value)) == value
    else:
        assert not text.is_gsm7(value)
        with pytest.raises(EncodeError):
            text.gsm7_encode(value)
