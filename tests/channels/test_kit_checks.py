"""The kit's checks of what a message says."""

from __future__ import annotations

import pytest

from devino_core import InvalidMessage, Message
from devino_plugins.kit.checks import MessageLimits, check_text, is_line, number_of


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "text: is empty"),
        (" ", "text: is blank"),
        ("\n\t\u00a0", "text: is blank"),
        ("a\0b", "text: has a NUL at position 1"),
        ("a\ud800", "text: has half a surrogate pair at position 1"),
    ],
)
def test_a_text_that_says_nothing_or_cannot_travel_is_refused(text: str, reason: str) -> None:
    message = Message("79031234567", text)
    with pytest.raises(InvalidMessage) as caught:
        check_text(text, message, MessageLimits())
    assert (str(caught.value), caught.value.ref) == (reason, message.ref)


@pytest.mark.parametrize("text", ["a", " a ", "\n.", "\u00a0a", "a\x01"])
def test_blanks_around_a_text_are_part_of_it(text: str) -> None:
    check_text(text, Message("79031234567", text), MessageLimits())


@pytest.mark.parametrize(
    ("said", "is_one"),
    [
        *[("a", True), ("a b", True), ("é" * 4, True), ("", False), ("abcde", False)],
        *[("a\n", False), (None, False), (1234, False), (b"a", False)],
    ],
)
def test_a_line_is_a_short_printable_text(said: object, is_one: bool) -> None:
    assert is_line(said, 4) is is_one


def test_a_spoilt_number_is_an_invalid_message_that_says_why() -> None:
    message = Message("9161234567", "a")
    with pytest.raises(InvalidMessage, match="lack the country code") as caught:
        number_of(message)
    assert (caught.value.field, caught.value.ref) == ("to", message.ref)
