"""What a channel takes. Everything else is refused, and the error says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
import pytest

from devino_core import (
    Button,
    Card,
    Channel,
    DevinoError,
    Expressible,
    Fill,
    InvalidMessage,
    Mail,
    Medium,
    Message,
    Priority,
    Secret,
    Takes,
    Template,
    Unsupported,
)
from tests.core._fake import FakeChannel, FakeSettings

TO = "79031234567"
WALL_CLOCK = datetime(2030, 1, 1, 9)  # noqa: DTZ001 - the recipient's
INSTANT = datetime(2030, 1, 1, 9, tzinfo=UTC)


class SmsOptions(msgspec.Struct, frozen=True, kw_only=True):
    kind: Literal["text", "flash"] | None = None
    url: Annotated[str, msgspec.Meta(max_length=10)] = ""
    retries: int = 3


TAKES: Mapping[Medium, Takes] = {
    Medium.SMS: Takes(
        expresses=frozenset({Expressible.SEND_AT, Expressible.VALIDITY}), options=SmsOptions
    ),
    Medium.VIBER: Takes(
        contents=frozenset({str, Card}),
        expresses=frozenset({Expressible.WALL_CLOCK, Expressible.FALLBACK, Expressible.PRIORITY}),
    ),
    Medium.VK: Takes(contents=frozenset({Template})),
}


class Acme(FakeChannel):
    takes = TAKES


def channel() -> Acme:
    return Acme(FakeSettings(token=Secret("t")), name="acme")


def by(medium: Medium, content: object = "Hello", **more: Any) -> Message:
    return Message(TO, content, medium=medium, **more)  # type: ignore[arg-type]


SMS, VIBER, VK = Medium.SMS, Medium.VIBER, Medium.VK
CARD = Card("Sale", button=Button("Look", "https://example.org"))
FALLBACK = Message(TO, "Hello")


@pytest.mark.parametrize(
    "message",
    [
        by(SMS),
        by(SMS, Fill("{a}", {"a": "Hello"})),
        by(SMS, send_at=INSTANT, validity=timedelta(hours=1)),
        by(SMS, options={"kind": "flash", "url": "http://a", "retries": 0}),
        by(VIBER, CARD, fallback=FALLBACK, priority=Priority.HIGH),
        by(VIBER, send_at=WALL_CLOCK),
        by(VK, Template("welcome")),
    ],
)
def test_what_is_taken_passes(message: Message) -> None:
    channel().check([message])


UNSUPPORTED = [
    (
        by(Medium.EMAIL, Mail("a", "b")),
        "carries SMS, VIBER and VK, not EMAIL: give another `medium` or name another channel",
    ),
    (by(SMS, CARD), "cannot carry a Card by SMS: give a text as `content`"),
    (by(VIBER, Template("a")), "cannot carry a Template by VIBER: give a Card or a text"),
    (by(VK), "cannot carry a text by VK: give a Template"),
    (by(VK, Fill("a", {})), "cannot carry a Fill by VK: give a Template"),
    (
        by(SMS, send_at=WALL_CLOCK),
        "has no word for `send_at` by the recipient's clock by SMS: give it a time zone",
    ),
    (
        by(VIBER, send_at=INSTANT),
        "has no word for `send_at` as an instant by VIBER: give it without a time zone",
    ),
    (
        by(VK, Template("a"), send_at=WALL_CLOCK),
        "has no word for `send_at` by VK: remove it",
    ),
    (by(SMS, priority=Priority.LOW), "has no word for `priority` by SMS: remove it"),
    (by(SMS, fallback=FALLBACK), "has no word for `fallback` by SMS: remove it"),
    (by(VIBER, validity=timedelta(hours=1)), "has no word for `validity` by VIBER: remove it"),
]


@pytest.mark.parametrize(("message", "words"), UNSUPPORTED)
def test_what_is_not_taken_is_unsupported_with_what_to_do(message: Message, words: str) -> None:
    with pytest.raises(Unsupported) as caught:
        channel().check([by(SMS), message])
    assert words in str(caught.value)
    assert "'acme'" in str(caught.value)
    assert caught.value.refs == (message.ref,)


INVALID = [
    ({"knid": "flash"}, "no option is named 'knid': did you mean 'kind'?"),
    ({"x": 1}, "no option is named 'x': known are kind, retries, url"),
    ({7: 1}, "no option is named 7: known are kind, retries, url"),
    ({"kind": "wap"}, "`kind` must be one of 'text', 'flash'"),
    ({"kind": True}, "`kind` must be one of 'text', 'flash'"),
    ({"retries": "3"}, "`retries`: expected `int`, got `str`"),
    ({"url": 5}, "`url`: expected `str`, got `int`"),
    ({"url": "u" * 11}, "`url`: expected `str` of length <= 10"),
]


@pytest.mark.parametrize(("options", "words"), INVALID)
def test_an_option_is_checked_by_its_name_and_type(options: dict[Any, Any], words: str) -> None:
    message = by(SMS, options=options)
    with pytest.raises(InvalidMessage) as caught:
        channel().check([message])
    assert (caught.value.field, caught.value.reason) == ("options", words)
    assert caught.value.refs == (message.ref,)


def test_without_options_every_option_is_unknown() -> None:
    with pytest.raises(InvalidMessage, match="channel 'acme' has none for VIBER"):
        channel().check([by(VIBER, options={"kind": "flash"})])


def test_options_come_as_the_struct_that_was_declared() -> None:
    given = Channel.options_of(by(SMS, options={"kind": "flash"}), SmsOptions)
    assert given == SmsOptions(kind="flash")
    assert channel().options_of(by(SMS), SmsOptions) == SmsOptions()


def test_the_error_is_about_the_first_message_that_is_not_taken() -> None:
    first, second = by(SMS, priority=Priority.LOW), by(SMS, options={"x": 1})
    for order, kind in (((first, second), Unsupported), ((second, first), InvalidMessage)):
        with pytest.raises(DevinoError) as caught:
            channel().check(order)
        assert type(caught.value) is kind


def test_media_follow_takes_also_if_an_instance_sets_it() -> None:
    made = channel()
    assert made.media == {SMS, VIBER, VK}

    class Receiver(Acme):
        def __init__(self) -> None:
            super().__init__(FakeSettings(token=Secret("t")), name="receiver")
            self.takes = {}

    assert Receiver().media == frozenset()
    with pytest.raises(Unsupported, match="carries nothing, not SMS"):
        Receiver().check([by(SMS)])
