"""Segmentation: the standard's limits for a part, checked one character at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import EncodeError
from devino_codecs.text import (
    Alphabet,
    Limits,
    Segmentation,
    count_parts,
    encode_parts,
    gsm7_encode,
    segment,
    ucs2_encode,
)

GSM7, UCS2 = Alphabet.GSM7, Alphabet.UCS2
EMOJI = "\N{GRINNING FACE}"

# Runs of one kind that are long enough for several parts, so pairs meet every border.
TEXT = st.lists(
    st.tuples(
        st.sampled_from(["a", "é", "Ω", "[", "€", "\f", "Я", "\u1b1b", EMOJI]), st.integers(1, 90)
    ).map(lambda run: run[0] * run[1]),
    max_size=8,
).map("".join)
LIMITS = st.builds(
    lambda gsm7_part, gsm7, ucs2_part, ucs2: Limits(
        gsm7=gsm7_part + gsm7, gsm7_part=gsm7_part, ucs2=ucs2_part + ucs2, ucs2_part=ucs2_part
    ),
    *[st.integers(2, 40), st.integers(0, 9)] * 2,
)


def units_of(text: str, alphabet: Alphabet) -> int:
    return len(gsm7_encode(text)) if alphabet is GSM7 else len(ucs2_encode(text)) // 2


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "parts", "left"),
    [
        ("", GSM7, 0, [0], 160),
        ("a" * 160, GSM7, 160, [160], 0),
        ("a" * 161, GSM7, 161, [153, 8], 145),
        ("a" * 306, GSM7, 306, [153, 153], 0),
        ("a" * 307, GSM7, 307, [153, 153, 1], 152),
        ("Я" * 70, UCS2, 70, [70], 0),
        ("Я" * 71, UCS2, 71, [67, 4], 63),
        ("Я" * 134, UCS2, 134, [67, 67], 0),
        ("€" * 80, GSM7, 160, [80], 0),
        ("€" * 81, GSM7, 162, [76, 5], 143),
        # The euro's pair would lie on 153 and 154, so the part stays one septet short.
        ("a" * 152 + "€" + "a" * 7, GSM7, 161, [152, 8], 144),
        ("a" * 151 + "€" + "a" * 8, GSM7, 161, [152, 8], 145),
        # The pair is at the end of the text, alone in the last part.
        ("a" * 305 + "€", GSM7, 307, [153, 152, 1], 151),
        ("Я" * 133 + EMOJI, UCS2, 135, [67, 66, 1], 65),
        # The first and the last character that takes a pair.
        ("\U00010000" * 36, UCS2, 72, [33, 3], 61),
        ("\U0010ffff" * 36, UCS2, 72, [33, 3], 61),
        (EMOJI * 35, UCS2, 70, [35], 0),
        (EMOJI * 36, UCS2, 72, [33, 3], 61),
        ("Я" * 66 + EMOJI + "Я" * 3, UCS2, 71, [66, 4], 62),
        ("Я" * 65 + EMOJI + "Я" * 4, UCS2, 71, [66, 4], 63),
        ("a" * 70 + "ç", UCS2, 71, [67, 4], 63),
        ("\f" * 2, GSM7, 4, [2], 156),
        # Octet 0x1b inside a UTF-16 unit is not an escape.
        ("\u1b1b" * 67 + EMOJI, UCS2, 69, [68], 1),
        ("\u1b1b" * 67 + EMOJI * 2, UCS2, 71, [67, 2], 63),
    ],
)
def test_a_text_is_cut_as_the_standard_allows(
    text: str, alphabet: Alphabet, units: int, parts: list[int], left: int
) -> None:
    found = segment(text)
    assert found.alphabet is alphabet
    assert found.units == units
    assert [len(part) for part in found.parts] == parts
    assert "".join(found.parts) == text
    assert found.units_left == left
    assert found.parts_count == count_parts(text) == len(parts)


@given(TEXT, st.sampled_from([None, UCS2]), st.one_of(st.just(Limits()), LIMITS))
def test_every_part_is_as_full_as_it_can_be_and_no_pair_is_split(
    text: str, alphabet: Alphabet | None, limits: Limits
) -> None:
    found = segment(text, alphabet=alphabet, limits=limits)
    assert alphabet in (None, found.alphabet)
    alone, part = {
        GSM7: (limits.gsm7, limits.gsm7_part),
        UCS2: (limits.ucs2, limits.ucs2_part),
    }[found.alphabet]

    used = [units_of(piece, found.alphabet) for piece in found.parts]  # raises on half a pair
    assert "".join(found.parts) == text
    assert found.units == sum(used)
    assert found.parts_count == count_parts(text, alphabet=alphabet, limits=limits)
    if found.parts_count == 1:
        assert found.units_left == alone - used[0] >= 0
        return
    assert found.units > alone
    assert found.units_left == part - used[-1] >= 0
    for taken, following in zip(used, found.parts[1:], strict=False):
        assert part - units_of(following[0], found.alphabet) < taken <= part


@pytest.mark.parametrize(
    ("udh_octets", "gsm7_part", "ucs2_part"), [(0, 160, 70), (6, 153, 67), (7, 152, 66)]
)
def test_a_header_takes_its_octets_from_each_part(
    udh_octets: int, gsm7_part: int, ucs2_part: int
) -> None:
    assert Limits.for_udh(udh_octets) == Limits(gsm7_part=gsm7_part, ucs2_part=ucs2_part)


def test_the_limits_of_a_16_bit_reference() -> None:
    limits = Limits.for_udh(7)
    assert [len(part) for part in segment("a" * 305, limits=limits).parts] == [152, 152, 1]
    assert [len(part) for part in segment("Я" * 133, limits=limits).parts] == [66, 66, 1]
    assert count_parts("a" * 160, limits=limits) == count_parts("Я" * 70, limits=limits) == 1


@pytest.mark.parametrize(
    ("limits", "path"),
    [
        ({"gsm7_part": 1}, "gsm7_part"),
        ({"gsm7": 152}, "gsm7_part"),
        ({"ucs2_part": 71}, "ucs2_part"),
        ({"ucs2_part": -5}, "ucs2_part"),
    ],
)
def test_limits_in_which_a_pair_does_not_fit_are_refused(limits: dict[str, int], path: str) -> None:
    with pytest.raises(EncodeError, match=r"units$") as caught:
        Limits(**limits)
    assert caught.value.path == path


@pytest.mark.parametrize("udh_octets", [-1, 137, 1000])
def test_a_header_that_leaves_no_room_is_refused(udh_octets: int) -> None:
    with pytest.raises(EncodeError):
        Limits.for_udh(udh_octets)


def test_an_alphabet_can_be_asked_for() -> None:
    assert segment("a" * 71).parts_count == 1
    assert segment("a" * 71, alphabet=UCS2) == Segmentation(UCS2, ("a" * 67, "a" * 4), 71, 63)
    assert segment("abc", alphabet=GSM7) == segment("abc")


@given(TEXT, st.sampled_from([None, UCS2]), st.one_of(st.just(Limits()), LIMITS))
def test_the_octets_of_the_parts_are_the_parts_encoded(
    text: str, alphabet: Alphabet | None, limits: Limits
) -> None:
    found = segment(text, alphabet=alphabet, limits=limits)
    write = gsm7_encode if found.alphabet is GSM7 else ucs2_encode
    octets = tuple(map(write, found.parts))
    assert encode_parts(text, alphabet=alphabet, limits=limits) == (found.alphabet, octets)


@pytest.mark.parametrize("cut", [segment, count_parts, encode_parts])
def test_a_character_that_the_alphabet_cannot_write_is_named(cut: Callable[..., object]) -> None:
    with pytest.raises(EncodeError, match=r"^\[2\]: 'Я'"):
        cut("abЯ", alphabet=GSM7)
    for alphabet in (None, UCS2):
        with pytest.raises(EncodeError, match=r"^\[2\]: U\+D83D is a lone surrogate"):
            cut("ab\ud83d", alphabet=alphabet)


def test_the_value_of_an_alphabet_is_its_data_coding() -> None:
    assert (GSM7.value, UCS2.value) == (0, 8)
