"""Which mails a list of messages becomes, and what is refused before any I/O."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devino_codecs import email2sms
from devino_codecs.email2sms import Base64, Semicolon, Submission, Template
from devino_codecs.text import count_parts
from devino_core import (
    ConfigurationError,
    DevinoError,
    InvalidMessage,
    Medium,
    Message,
    Secret,
    Unsupported,
)
from devino_core.testing import ManualClock
from devino_plugins.email2sms._plan import PlannedMail
from devino_plugins.email2sms._settings import Email2SmsSettings
from tests.channels._mailed import channel
from tests.channels._sandboxed import PASSWORD

TO, OTHER = "79031234567", "79031234568"
FORMATS = {"template": Template, "semicolon": Semicolon, "base64": Base64}


def planned(*messages: Message, **settings: object) -> list[PlannedMail]:
    made = channel(ManualClock(), host="mail.example.org", **settings)
    return made._plan(messages)


def said(*messages: Message, **settings: object) -> list[Submission]:
    return [email2sms.decode(one.mail) for one in planned(*messages, **settings)]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_mail_says_who_pays_who_sends_and_what(format_: str) -> None:
    (mail,) = said(Message("+7 903 123-45-67", "Привет; мир!", sender="My Bank"), format=format_)
    plus = "+" if format_ == "template" else ""
    assert mail == FORMATS[format_](
        login="demo",
        password=PASSWORD,
        sender="My Bank",
        numbers=(plus + TO,),
        text="Привет; мир!",
    )


def test_a_mail_has_its_addresses_the_clocks_time_and_an_id_of_its_own() -> None:
    (first,), (second,) = planned(Message(TO, "a")), planned(Message(TO, "a"))
    head = first.mail.split(b"\r\n\r\n")[0].decode().split("\r\n")
    assert head[:3] == [
        "From: service@example.org",
        "To: email2sms@integrationapi.net",
        "Date: Thu, 01 Jan 2026 12:00:00 +0000",
    ]
    assert head[3].startswith("Message-ID: <")
    assert head[3].endswith("@example.org>")
    assert first.mail != second.mail


@pytest.mark.parametrize(
    ("settings", "most"),
    [
        ({"format": "template"}, 20),
        ({"format": "base64"}, 1000),
        ({"format": "template", "numbers_per_mail": 7}, 7),
        ({"format": "semicolon", "numbers_per_mail": 20}, 20),
        ({"format": "base64", "numbers_per_mail": 1000}, 1000),
    ],
)
def test_recipients_of_one_content_share_mails_up_to_the_limit(
    settings: dict[str, object], most: int
) -> None:
    count = most * 2 + 5
    messages = [Message(f"7903{n:07}", "a") for n in range(count)]
    mails = planned(*messages, **settings)
    assert [len(one.positions) for one in mails] == [most, most, 5]
    assert [p for one in mails for p in one.positions] == list(range(count))


def test_a_format_for_which_no_list_is_named_has_one_number_a_mail() -> None:
    messages = [Message(TO, "a"), Message(OTHER, "a")]
    assert [one.positions for one in planned(*messages, format="semicolon")] == [[0], [1]]


def test_letters_whose_marks_stand_apart_are_joined() -> None:
    text = unicodedata.normalize("NFD", "Мой ёж")
    assert text != "Мой ёж"
    (mail,) = said(Message(TO, text), format="template")
    assert mail.text == "Мой ёж"
    long = unicodedata.normalize("NFD", "й" * 70)
    assert planned(Message(TO, long))[0].parts == 1


@pytest.mark.parametrize("other", [Message(OTHER, "b"), Message(OTHER, "a", sender="OTHER")])
def test_what_differs_in_content_goes_apart(other: Message) -> None:
    assert [one.positions for one in planned(Message(TO, "a"), other)] == [[0], [1]]


def test_a_number_that_occurs_twice_goes_into_different_mails() -> None:
    mails = planned(Message(TO, "a"), Message("+" + TO, "a"), Message(OTHER, "a"))
    assert [one.positions for one in mails] == [[0, 2], [1]]


@pytest.mark.parametrize(
    ("text", "settings", "read"),
    [
        ("one\r\ntwo\rthree", {"format": "template"}, "one\ntwo\nthree"),
        ("one\r\ntwo\rthree", {"format": "semicolon", "line_break": " / "}, "one / two / three"),
        ("one\ntwo", {"format": "base64", "line_break": ""}, "onetwo"),
        ("one\ntwo", {"format": "template", "line_break": " / "}, "one\ntwo"),
    ],
)
def test_line_breaks_are_kept_or_replaced(text: str, settings: dict[str, str], read: str) -> None:
    (mail,) = said(Message(TO, text), **settings)
    assert mail.text == read


def test_parts_are_counted_of_the_text_as_it_is_sent() -> None:
    (one,) = planned(Message(TO, "a\r\n" * 60 + "b"), format="template")
    assert one.parts == count_parts("a\n" * 60 + "b") == 1


REFUSED = [
    (Message(TO, ""), "text", "is empty"),
    (Message(TO, "5 ₽"), "text", "'₽' .U.20BD RUBLE SIGN."),
    (Message(TO, "Қазақ 😀"), "text", "'Қ' .*'қ' .*'😀'"),
    (Message(TO, "half \ud83d pair"), "text", "surrogate"),
    (Message(TO, "bell \x07"), "text", r"U\+0007"),
    (Message("DEVINO", "a"), "to", "international"),
    (Message("12345", "a"), "to", "international"),
    (Message(TO, "a", sender="A" * 12), "sender", "too long"),
    (Message(TO, "a", sender="Привет"), "sender", "Latin"),
    (Message(TO, "a", options={"optional": "x"}), "options", "optional"),
]


@pytest.mark.parametrize(("message", "field", "reason"), REFUSED)
@pytest.mark.parametrize("format_", FORMATS)
def test_what_no_format_can_carry_is_refused(
    message: Message, field: str, reason: str, format_: str
) -> None:
    with pytest.raises(InvalidMessage, match=reason) as caught:
        planned(message, format=format_)
    assert (caught.value.field, caught.value.refs) == (field, (message.ref,))


@pytest.mark.parametrize(
    ("message", "format_", "field"),
    [
        (Message(TO, "a", sender="A;B"), "semicolon", "sender"),
        (Message(TO, "a", sender="A;B"), "base64", "sender"),
        (Message(TO, "a;EndWithPoint"), "semicolon", "text"),
        (Message(TO, "one\ntwo"), "semicolon", "text"),
        (Message(TO, "one\ntwo"), "base64", "text"),
        (Message(TO, "==|| КОНЕЦ ТЕКСТА ||=="), "template", "text"),
        (Message(TO, "\none"), "template", "text"),
    ],
)
def test_what_would_forge_a_field_is_refused(message: Message, format_: str, field: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        planned(message, format=format_)
    assert (caught.value.field, caught.value.refs) == (field, (message.ref,))


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (Message(TO, "a", medium=Medium.VIBER), "VIBER"),
        (Message(TO, "a", send_at=datetime(2026, 12, 31, tzinfo=UTC)), "send_at"),
        (Message(TO, "a", validity=timedelta(hours=1)), "validity"),
        (Message(TO, "a", fallback=Message(TO, "b")), "fallback"),
    ],
)
def test_what_this_wire_has_no_word_for_is_unsupported(message: Message, what: str) -> None:
    with pytest.raises(Unsupported, match=what):
        planned(Message(TO, "a"), message)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"login": "de;mo", "format": "base64"}, "login"),
        ({"login": "de\nmo"}, "login"),
        ({"login": ""}, "login"),
        ({"password": "se;cret", "format": "semicolon"}, "password"),
        ({"password": "🔑"}, "password"),
        ({"from_addr": "service"}, "from_addr"),
        ({"from_addr": "a@example.org>\r\nRCPT TO:<b@example.org"}, "from_addr"),
        ({"gateway": "email2sms@шлюз.рф"}, "gateway"),
        ({"line_break": "\n", "format": "base64"}, "line_break"),
        ({"line_break": "↵", "format": "base64"}, "line_break"),
        ({"host": ""}, "host"),
        ({"host": "mail.example.org\r\n"}, "host"),
        ({"host": "a" * 64 + ".org"}, "host"),
        ({"local_hostname": "a b"}, "local_hostname"),
        ({"local_hostname": "ПК-Иван"}, "local_hostname"),
        ({"smtp_username": "me"}, "smtp_password"),
        ({"smtp_password": "secret"}, "smtp_username"),
        ({"tls": "no"}, "tls"),
        ({"format": "csv"}, "format"),
        ({"port": 70000}, "port"),
        ({"numbers_per_mail": 21}, "numbers_per_mail: template takes at most 20"),
        ({"numbers_per_mail": 21, "format": "semicolon"}, "semicolon takes at most 20"),
        ({"numbers_per_mail": 1001, "format": "base64"}, "base64 takes at most 1000"),
        ({"numbers_per_mail": 0}, "numbers_per_mail"),
    ],
)
def test_settings_that_no_mail_or_server_fits_are_refused_at_once(
    settings: dict[str, object], key: str
) -> None:
    with pytest.raises(ConfigurationError, match=key) as caught:
        channel(ManualClock(), **{"host": "mail.example.org", **settings})
    assert str(settings.get("password", PASSWORD)) not in str(caught.value)


def test_the_defaults_encrypt_and_go_to_the_platform() -> None:
    settings = Email2SmsSettings(
        login="a", password=Secret("b"), host="mail.example.org", from_addr="a@example.org"
    )
    assert (settings.tls, settings.gateway) == ("starttls", email2sms.GATEWAY)


TEXTS = st.one_of(
    st.text(min_size=1, max_size=20),
    st.text("абвAB;,=|\n\r\t .StartWithPoint", min_size=1, max_size=20),
    st.sampled_from(["PhoneNumber=+7", "\n.\n", ";EndWithPoint", "==|| КОНЕЦ ТЕКСТА ||=="]),
)


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(
            Message,
            st.sampled_from([TO, OTHER, "79031234569", "+" + TO]),
            TEXTS,
            sender=st.sampled_from(["ONE", "My Bank", "A;B", "79031234567"]),
        ),
        max_size=30,
    ),
    st.sampled_from(list(FORMATS)),
    st.sampled_from([None, " "]),
)
def test_every_message_is_in_exactly_one_mail_that_says_it(
    messages: list[Message], format_: str, line_break: str | None
) -> None:
    try:
        mails = planned(*messages, format=format_, line_break=line_break)
    except DevinoError:
        return
    assert sorted(p for one in mails for p in one.positions) == list(range(len(messages)))
    for one in mails:
        mail = email2sms.decode(one.mail)
        assert type(mail) is FORMATS[format_]
        for position, number in zip(one.positions, mail.numbers, strict=True):
            message = messages[position]
            assert (mail.sender, number[-11:]) == (message.sender, message.to[-11:])
            lines = message.text.replace("\r\n", "\n").replace("\r", "\n")
            kept = line_break is None or format_ == "template"
            assert mail.text == (lines if kept else lines.replace("\n", " "))
