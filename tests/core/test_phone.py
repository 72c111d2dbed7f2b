"""Numbers as people and spreadsheets write them: the same number, or a refusal that says why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_core import Message
from devino_core.phone import are_normal, check_region, normalize


def test_a_number_pasted_from_a_table_may_hold_its_blanks() -> None:
    assert normalize(Message("+7\u00a0916\u00a0123-45-67", "a").to) == "79161234567"


@pytest.mark.parametrize(
    ("given_number", "digits"),
    [
        ("79031234567", "79031234567"),
        ("+79031234567", "79031234567"),
        ("89031234567", "79031234567"),
        ("+7 (903) 123-45-67", "79031234567"),
        ("0049 151 12345678", "4915112345678"),
        # Numbers of Viet Nam and China begin with 8 too, but are not Russian.
        ("+84912345678", "84912345678"),
        ("8613800138000", "8613800138000"),
    ],
)
def test_numbers_are_taken_as_the_platform_takes_them(given_number: str, digits: str) -> None:
    assert normalize(given_number) == digits


@pytest.mark.parametrize(
    "number", ["", "DEVINO", "12345", "7" * 16, "+0123456789", "7903 12a4567", "٧٩٠٣١٢٣٤٥٦٧"]
)
def test_a_text_that_is_not_a_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="international format"):
        normalize(number)


@pytest.mark.parametrize(
    "written",
    [
        "\u202a+7 916 123-45-67\u202c",  # as Windows' contacts copy it
        "\u200e+79161234567",
        "\u2068+79161234567\u2069",
        "7916\u200b1234567",
        "\ufeff79161234567",
        "+7916\u00ad1234567",
        "+7\u2013916\u2013123\u201345\u201367",
        "+7\u2212916\u2212123-45-67",
        "+7\u202f916\u202f1234567",
        "+7\u2009(916)\u2009123\u201145\u201167",
        "+7.916.123.45.67",
        "8.916.123.45.67",
        "+7.9161234567",
        "(8 916) 123-45-67",
        "(+7) 916 123-45-67",
        "00 7 916 123 45 67",
    ],
)
def test_what_is_invisible_and_every_dash_is_dropped(written: str) -> None:
    assert normalize(Message(written, "a").to) == "79161234567"


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        ("79161234567.0", "a fraction, as spreadsheets write it"),
        ("79161234567.00", "a fraction"),
        ("+79161234567.0", "a fraction"),
        ("79 161 234 567.00", "a fraction"),
        ("79.161.234.567.0", "a fraction"),
        ("4915112345678.0", "a fraction"),
        ("79161234567,0", "U\\+002C COMMA at position 11"),
        ("7.9161234567E+10", "powers of ten"),
        ("7,9E+10", "format the column as text"),
        (" +7.9e10 ", "powers of ten"),
        ("+7 (8 916) 123-45-67", "ten digits come after the 7 .*, not 11"),
        ("+7 8 916 123-45-67", "ten digits come after the 7"),
        ("7916123456", "ten digits come after the 7 .*, not 9"),
        ("+7916123456", "ten digits come after the 7"),
        ("791612345678", "ten digits come after the 7 .*, not 11"),
        ("7123456", "ten digits come after the 7"),
        ("8916123456", "ten digits come after Russia's 8, not 9"),
        ("891612345678", "ten digits come after Russia's 8, not 11"),
        ("+89161234567", "no country code begins with 89"),
        ("9161234567", "10 digits that begin with 9 lack the country code"),
        ("9161234567", "setting `default_region`"),
        ("916 123 45 67", "lack the country code: .* as \\+7 of Russia"),
        ("916 123 45 6", "9 digits that begin with 9 lack"),
        ("812 123-45-67", "10 digits that begin with 8 lack"),
        ("8 495 123-45-67", "the 8 may be Russia's trunk prefix or begin another country's"),
        ("84912345678", "the 8 may be"),
        ("8 812 123-45-67", "the 8 may be"),
        ("8-10-7-916-123-45-67", "8 10 is how Russia dials abroad"),
        ("810 44 20 7946 0958", "8 10 is how Russia dials abroad: write \\+ in its place"),
        ("+8 10 44 7911 123456", "8 10 is how"),
        ("+44 (0) 20 7946 0958", "a zero in brackets"),
        ("0049 (0151) 12345678", "a zero in brackets"),
        ("+7 916 123-45-67 +7 916", "a plus sign in the middle"),
        ("++79161234567", "a plus sign in the middle"),
        ("'79161234567", "U\\+0027 APOSTROPHE at position 0"),
        ("tel:+79161234567", "U\\+0074 LATIN SMALL LETTER T at position 0"),
        ("ivan@example.com", r"it is an e-mail address: only mails \(`medium` EMAIL\) go to one"),
        ("79161234567\t", "U\\+0009 control character at position 11"),
        ("７９１６１２３４５６７", "U\\+FF17 FULLWIDTH DIGIT SEVEN"),
    ],
)
def test_a_spoilt_number_is_refused_and_never_another_number(spoilt: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"international format: .*{reason}"):
        normalize(spoilt)


@pytest.mark.parametrize(
    "number", ["+9601234567", "+8221234567", "380501234567", "919876543210", "4915112345678"]
)
def test_numbers_of_other_countries_keep_their_lengths(number: str) -> None:
    assert normalize(number) == number.removeprefix("+")


@given(st.text(max_size=30) | st.text("+78901 .-()\u202a\u00a0", max_size=20))
def test_any_text_is_a_number_or_refused_and_a_number_stays_itself(text: str) -> None:
    try:
        digits = normalize(text)
    except ValueError as error:
        assert type(error) is ValueError  # noqa: PT017
        return
    assert digits.isascii()
    assert digits.isdecimal()
    assert normalize(f"+{digits}") == digits
    assert digits[0] != "7" or len(digits) == 11


@given(st.from_regex("9[0-9]{9}", fullmatch=True))
def test_with_russia_for_a_region_ten_digits_from_9_on_are_a_number_of_russia(digits: str) -> None:
    assert normalize(digits, "RU") == f"7{digits}"
    # With a plus every number is taken as it stands.
    assert normalize(f"+{digits}", "RU") == normalize(f"+{digits}")


@pytest.mark.parametrize(
    ("written", "region", "digits"),
    [
        ("916 123-45-67", "RU", "79161234567"),
        ("8 (495) 123-45-67", "RU", "74951234567"),
        ("(495) 123-45-67", "RU", "74951234567"),
        ("701 234 56 78", "KZ", "77012345678"),
        ("0151 12345678", "DE", "4915112345678"),
        ("(202) 555-0123", "US", "12025550123"),
        # What is no number of the country is read as ever.
        ("4915112345678", "RU", "4915112345678"),
        ("380501234567", "RU", "380501234567"),
        ("447911123456", "DE", "447911123456"),
        ("79161234567", "US", "79161234567"),
        ("00 49 151 12345678", "RU", "4915112345678"),
    ],
)
def test_a_number_is_read_as_people_of_the_region_write_it(
    written: str, region: str, digits: str
) -> None:
    assert normalize(written, region) == digits


@pytest.mark.parametrize(
    "spoilt", ["79161234567.0", "7.9161234567E+10", "916123456", "+7916123456"]
)
def test_a_region_mends_no_spoilt_number(spoilt: str) -> None:
    with pytest.raises(ValueError, match="international format"):
        normalize(spoilt, "RU")


def test_a_region_is_a_country_by_its_two_letters() -> None:
    check_region("RU")
    with pytest.raises(ValueError, match="'RUSSIA' is no country: write its two letters, as RU"):
        check_region("RUSSIA")


@pytest.mark.parametrize(
    ("numbers", "normal"),
    [
        (["79031234567", "78005553535"], True),
        (["+79031234567"], False),
        (["7903123456", "790312345678"], False),
        (["79031234567", "89031234567"], False),
        (["79031234567", "7903123456x"], False),
        (["79031234567", "7٩031234567"], False),
    ],
)
def test_numbers_of_a_mail_out_are_looked_at_together(numbers: list[str], normal: bool) -> None:
    assert are_normal(numbers) is normal


@given(st.lists(st.from_regex(r"7?[0-9+]{9,12}", fullmatch=True), max_size=4))
def test_what_is_normal_is_given_back_as_it_is(numbers: list[str]) -> None:
    if are_normal(numbers):
        assert [normalize(one) for one in numbers] == numbers
