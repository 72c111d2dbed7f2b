"""Which packages a list of messages becomes, and what is refused before any I/O."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs.http import Login
from devino_codecs.xmlpackage import Message as Wire
from devino_codecs.xmlpackage import MessageType, decode_request
from devino_core import ConfigurationError, InvalidMessage, Medium, Message, Unsupported
from devino_core._takes import check_takes
from devino_plugins.xml._channel import XmlChannel
from devino_plugins.xml._numbering import id_of
from devino_plugins.xml._plan import Prepared, plan

TO = "79031234567"
NOW = datetime(2026, 5, 1, 12, 0, 0, 1, tzinfo=UTC)
MOSCOW = timezone(timedelta(hours=3))

wall = datetime.fromisoformat
"""What a clock shows, without a zone."""


def planned(
    *messages: Message,
    size: int = 1000,
    utc_offset: float = 0,
    id_bits: int = 63,
    login: str = "me",
) -> list[Prepared]:
    check_takes(messages, XmlChannel.takes, "xml")
    return plan(
        messages,
        lambda message: message.sender or "DEVINO",
        credentials=Login(login, "secret"),
        size=size,
        id_bits=id_bits,
        utc_offset=utc_offset,
        now=NOW,
    )


def wire(message: Message, **options: float) -> Wire:
    package = planned(message, **options)[0]  # type: ignore[arg-type]
    (said,) = package.wires
    assert decode_request(package.body).messages == (said,)
    return said


def test_a_message_says_no_more_than_it_must() -> None:
    assert wire(Message("+7 903 123-45-67", "text", ref="1234")) == Wire(
        id=1234, recipient=TO, sender="DEVINO", text="text"
    )


@pytest.mark.parametrize(
    ("ref", "number"),
    [("1", 1), ("9223372036854775807", 2**63 - 1), ("2147483648", 2**31)],
)
def test_a_ref_that_is_a_number_is_the_id(ref: str, number: int) -> None:
    assert id_of(ref, 63) == number


@pytest.mark.parametrize("ref", ["0", "007", "-5", "9223372036854775808", "order-7", "٣", "1.0"])
@pytest.mark.parametrize("bits", [31, 63])
def test_any_other_ref_is_hashed_into_the_same_id_every_time(ref: str, bits: int) -> None:
    assert 0 < id_of(ref, bits) < 1 << bits
    assert id_of(ref, bits) == id_of(ref, bits)
    assert str(id_of(ref, bits)) != ref


def test_a_number_too_wide_for_the_setting_is_hashed() -> None:
    assert id_of("2147483647", 31) == 2147483647
    assert id_of("2147483648", 31) != 2147483648


def test_refs_that_share_an_id_are_refused() -> None:
    number = str(id_of("order", 63))
    for ref, why in (("order", "twice"), (number, "same id as 'order'")):
        with pytest.raises(InvalidMessage, match=why) as caught:
            planned(Message(TO, "a", ref="order"), Message(TO, "b", ref=ref))
        assert (caught.value.field, caught.value.refs) == ("ref", (ref,))


def test_packages_are_cut_at_their_size() -> None:
    packages = planned(*[Message(TO, "a") for _ in range(7)], size=3)
    assert [list(package.positions) for package in packages] == [
        [0, 1, 2],
        [3, 4, 5],
        [6],
    ]


@pytest.mark.parametrize(
    ("options", "kind", "url"),
    [
        ({}, None, None),
        ({"type": "text"}, None, None),
        ({"type": 0}, None, None),
        ({"type": "flash"}, MessageType.FLASH, None),
        ({"type": 1}, MessageType.FLASH, None),
        ({"type": MessageType.FLASH}, MessageType.FLASH, None),
        ({"type": "wap-push", "url": "http://x.ru/?a&b"}, MessageType.WAP_PUSH, "http://x.ru/?a&b"),
        ({"url": "u" * 100}, MessageType.WAP_PUSH, "u" * 100),
    ],
)
def test_options_choose_the_kind_of_sms(
    options: dict[str, object], kind: MessageType | None, url: str | None
) -> None:
    said = wire(Message(TO, "a", options=options))
    assert (said.type, said.url) == (kind, url)


def test_a_wap_push_needs_no_text() -> None:
    assert wire(Message(TO, "", options={"url": "http://x.ru"})).text == ""


def test_an_instant_travels_in_the_platforms_zone() -> None:
    message = Message(TO, "a", send_at=datetime(2026, 5, 2, 0, 30, tzinfo=UTC))
    assert wire(message).date_beg == wall("2026-05-02T00:30:00")
    assert wire(message, utc_offset=3).date_beg == wall("2026-05-02T03:30:00")
    local = Message(TO, "a", send_at=datetime(2026, 5, 2, 3, 30, tzinfo=MOSCOW))
    assert wire(local).date_beg == wall("2026-05-02T00:30:00")


@pytest.mark.parametrize(
    ("send_at", "ends"),
    [
        (None, wall("2026-05-01T12:01:31")),
        (datetime(2026, 5, 1, 11, tzinfo=UTC), wall("2026-05-01T12:01:31")),
        (datetime(2026, 5, 2, 12, tzinfo=UTC), wall("2026-05-02T12:01:30")),
        # Half a minute before clocks are turned back.
        (
            datetime(2026, 10, 25, 2, 59, 30, tzinfo=ZoneInfo("Europe/Berlin")),
            wall("2026-10-25T01:01:00"),
        ),
    ],
)
def test_validity_counts_from_sending_and_is_never_cut_short(
    send_at: datetime | None, ends: datetime
) -> None:
    message = Message(TO, "a", send_at=send_at, validity=timedelta(seconds=90))
    (package,) = planned(message)
    assert decode_request(package.body).messages[0].date_end == ends


REFUSED = [
    (Message(TO, ""), "text"),
    (Message(TO, "bell \a"), "text"),
    (Message(TO, "half \ud83d pair"), "text"),
    (Message("DEVINO", "a"), "to"),
    (Message(TO, "a", sender="A" * 12), "sender"),
    (Message(TO, "a", sender="1" * 12), "sender"),
    (Message(TO, "a", sender="Привет"), "sender"),
    (Message(TO, "a", options={"typ": "flash"}), "options"),
    (Message(TO, "a", options={"type": "sms"}), "options"),
    (Message(TO, "a", options={"type": True}), "options"),
    (Message(TO, "a", options={"type": ["flash"]}), "options"),
    (Message(TO, "a", options={"type": "flash", "url": "http://x.ru"}), "options"),
    (Message(TO, "a", options={"type": "wap-push"}), "options"),
    (Message(TO, "a", options={"url": "u" * 101}), "options"),
    (Message(TO, "a", options={"url": ""}), "options"),
    (Message(TO, "a", options={"url": 5}), "options"),
    (Message(TO, "a", options={"url": "http://x.ru\n"}), "options"),
    (Message(TO, "a", validity=timedelta.max), "validity"),
]


@pytest.mark.parametrize(("message", "field"), REFUSED)
def test_what_cannot_be_sent_is_refused_by_field(message: Message, field: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        planned(Message(TO, "fine"), message)
    assert (caught.value.field, caught.value.refs) == (field, (message.ref,))


@pytest.mark.parametrize(
    "message",
    [
        Message(TO, "a", medium=Medium.VIBER),
        Message(TO, "a", fallback=Message(TO, "a")),
        Message(TO, "a", send_at=wall("2026-05-02T09:00:00")),
    ],
)
def test_what_the_wire_cannot_say_is_unsupported(message: Message) -> None:
    with pytest.raises(Unsupported):
        planned(message)


def test_a_login_that_xml_cannot_say_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigurationError) as caught:
        planned(Message(TO, "a"), login="me\0")
    assert "secret" not in str(caught.value)


@given(
    st.lists(
        st.builds(
            Message,
            st.sampled_from([TO, "79031234568"]),
            st.text(min_size=1, max_size=5),
            sender=st.sampled_from([None, "ONE"]),
            ref=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5),
            validity=st.sampled_from([None, timedelta(minutes=5)]),
        ),
        max_size=10,
        unique_by=lambda message: message.ref,
    ),
    st.integers(1, 4),
)
def test_every_message_is_in_exactly_one_package_under_its_own_id(
    messages: list[Message], size: int
) -> None:
    try:
        packages = planned(*messages, size=size)
    except InvalidMessage:
        return
    assert [message for package in packages for message in package.messages] == messages
    ids = [wire.id for package in packages for wire in package.wires]
    assert len(set(ids)) == len(messages)
    read = [message for package in packages for message in decode_request(package.body).messages]
    texts = [message.text for message in messages]
    assert [(m.id, m.text) for m in read] == list(zip(ids, texts, strict=True))
