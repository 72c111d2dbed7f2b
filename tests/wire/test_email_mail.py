"""Mails and mailboxes: what is written, and that no reader finds anything else in it."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses
from functools import partial
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings
from msgspec.structs import replace

from devino_codecs.email import (
    Mail,
    Mailbox,
    are_addresses,
    decode_mail,
    decode_mailbox,
    encode_mail,
    encode_mailbox,
)
from devino_codecs.errors import DecodeError, EncodeError
from tests._quick import SIZE, assert_quick

pytestmark = pytest.mark.pythons

SHOP = Mailbox("shop@example.com", "Магазин")
IVAN = Mailbox("ivan@example.com")
MAIL = Mail(sender=SHOP, to=(IVAN,), subject="Hello", text="Hello")
SUBJECT_FORGERY = "A \U0001f4a9 subject=?UTF-8?Q?=0A?=Bcc: injected@example.com"
NAME_FORGERY = "A very long name of a company that sends, bounces <evil@example.net> and so on"

visible = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029")
names = st.text(visible, max_size=80) | st.text('ab ",<>@=?\\_.()', max_size=80)
atoms = st.text("abcXYZ019!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=12)
addresses = st.builds(
    "{}@{}".format,
    st.lists(atoms, min_size=1, max_size=3).map(".".join),
    st.lists(st.text("abc019-", min_size=1, max_size=8), min_size=1, max_size=3).map(".".join),
)
mailboxes = st.builds(Mailbox, addresses, names)
any_character = st.characters(exclude_categories=["Cs"], exclude_characters="\r")
texts = st.text(any_character, max_size=200) | st.text("ab .\n-=_", max_size=200)


def seen(mail: bytes, name: str) -> list[tuple[str, str]]:
    """The mailboxes of a header, as the standard library finds them."""
    (value,) = message_from_bytes(mail).get_all(name, [])
    return [
        (str(make_header(decode_header(label))), address)
        for label, address in getaddresses([value.replace("\r\n", "")])
    ]


@given(mailboxes)
@example(Mailbox("a@b.ru", NAME_FORGERY))
@example(Mailbox("a@b.ru", "=?utf-8?q?=0aBcc:_x?="))
@example(Mailbox("a@b.ru", " two  blanks "))
def test_a_mailbox_is_read_back_as_the_same_one_address(mailbox: Mailbox) -> None:
    written = encode_mailbox(mailbox)
    assert decode_mailbox(written.replace("\r\n", "")) == mailbox
    mail = encode_mail(replace(MAIL, sender=mailbox, to=(mailbox,)))
    for name in ("From", "To"):
        ((label, address),) = seen(mail, name)
        assert address == mailbox.address
        assert label == mailbox.name
    # The modern parser inserts blanks into long names, but finds no other address.
    parsed: Any = message_from_bytes(mail, policy=policy.default)
    assert [each.addr_spec for each in parsed["To"].addresses] == [mailbox.address]


@given(
    st.builds(
        Mail,
        sender=mailboxes,
        to=st.tuples(mailboxes),
        subject=names,
        text=texts,
        html=texts,
        headers=st.lists(
            st.tuples(st.sampled_from(["X-Tag", "List-Unsubscribe"]), st.text("ab:é;<>, ")).map(
                lambda pair: (pair[0], " ".join(pair[1].split()))
            ),
            max_size=3,
        ).map(tuple),
        date=st.none() | st.just(datetime(2026, 11, 28, 7, tzinfo=UTC)),
        message_id=st.none() | st.just("<a.1@example.org>"),
    ).filter(lambda mail: mail.text or mail.html)
)
@example(replace(MAIL, subject=SUBJECT_FORGERY))
@example(replace(MAIL, text="--=_alternative\n", html="<p>"))
@settings(max_examples=200)
def test_a_mail_is_read_back_the_same(mail: Mail) -> None:
    data = encode_mail(mail)
    assert decode_mail(data) == mail
    assert data.isascii()
    assert data.endswith(b"\r\n")
    lines = data[:-2].split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 998
    parsed = message_from_bytes(data, policy=policy.default)
    assert parsed["Bcc"] is None
    body = parsed.get_body(("plain",))
    if mail.text:
        assert body is not None
        said = body.get_payload(decode=True)
        assert isinstance(said, bytes)
        assert said.decode().replace("\r\n", "\n").rstrip("\n") == mail.text.rstrip("\n")


def test_a_subject_forges_no_header() -> None:
    data = encode_mail(replace(MAIL, subject=SUBJECT_FORGERY))
    assert b"injected" not in data
    parsed = message_from_bytes(data, policy=policy.default)
    assert parsed["Bcc"] is None
    assert str(parsed["Subject"]) == SUBJECT_FORGERY


def test_a_long_name_forges_no_address() -> None:
    data = encode_mail(replace(MAIL, sender=Mailbox("shop@example.com", NAME_FORGERY)))
    assert seen(data, "From") == [(NAME_FORGERY, "shop@example.com")]


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("ivan@example.com", IVAN),
        ("  <ivan@example.com> ", IVAN),
        ("Иван <ivan@example.com>", Mailbox("ivan@example.com", "Иван")),
        ('"Doe, J. \\"Joe\\"" <j@d.org>', Mailbox("j@d.org", 'Doe, J. "Joe"')),
        ("John Q. Public <j@d.org>", Mailbox("j@d.org", "John Q. Public")),
        ("=?utf-8?B?0JjQstCw0L0=?= <j@d.org>", Mailbox("j@d.org", "Иван")),
        ("=?koi8-r?Q?=E9=D7=C1=CE?= Ivanov <j@d.org>", Mailbox("j@d.org", "Иван Ivanov")),
        ("a@пример.рф", Mailbox("a@xn--e1afmkfd.xn--p1ai")),
        ("a@[127.0.0.1]", Mailbox("a@[127.0.0.1]")),
    ],
)
def test_any_spelling_of_one_mailbox_is_read(text: str, mailbox: Mailbox) -> None:
    assert decode_mailbox(text) == mailbox


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ivan",
        "@",
        "a@b.ru, c@d.ru",
        "a@b.ru c@d.ru",
        "A <a@b.ru>, C <c@d.ru>",
        "a@b.ru <c@d.ru>",
        "a@b.ru>",
        "<a@b.ru> x",
        "team: a@b.ru;",
        "Ivan (comment) <a@b.ru>",
        '"a b"@c.ru',
        "a..b@c.ru",
        "a@b.ru\r\nBcc: x@y.ru",
        "A\0 <a@b.ru>",
        "=?utf-8?q?a=0AB?= <a@b.ru>",
        "иван@example.com",
        "a@" + "b" * 255,
        "a" * 65 + "@b.ru",
        "x" * 5000,
        "a@\u2024.ru",
    ],
)
def test_what_is_not_exactly_one_mailbox_is_refused(text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_mailbox(text)
    assert len(text) < 6 or text not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"to": (IVAN, IVAN)}, "To"),
        ({"to": ()}, "To"),
        ({"to": (Mailbox("a@b.ru>\r\nRCPT TO:<x@y.ru"),)}, "To"),
        ({"sender": Mailbox("a@b.ru", "A\r\nBcc: x@y.ru")}, "From"),
        ({"subject": "a\nBcc: x@y.ru"}, "Subject"),
        ({"subject": "a\u2028b"}, "Subject"),
        ({"headers": (("X-Tag", "a\r\nBcc: x@y.ru"),)}, "X-Tag"),
        ({"headers": (("X-Tag: a\r\nBcc", "x@y.ru"),)}, "headers"),
        ({"headers": (("bcc", "x@y.ru"),)}, "bcc"),
        ({"headers": (("Content-Type", "text/html"),)}, "Content-Type"),
        ({"headers": (("X-Tag", "x" * 1000),)}, "X-Tag"),
        ({"message_id": "<a@b>\r\nBcc: x@y.ru"}, "Message-ID"),
        ({"date": datetime(2026, 11, 28)}, "Date"),  # noqa: DTZ001
        ({"text": ""}, "body"),
        ({"text": "\ud800"}, "plain"),
        ({"files": ("a.exe",)}, "files"),
    ],
)
def test_what_would_forge_or_get_lost_is_refused(change: dict[str, Any], path: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode_mail(replace(MAIL, **change))
    assert caught.value.path == path


def test_an_ascii_mail_is_readable_as_it_is() -> None:
    mail = replace(
        MAIL,
        sender=Mailbox("shop@example.com", "Shop, Ltd."),
        date=datetime(2026, 11, 28, 7, 30, tzinfo=UTC),
        message_id="<1@example.com>",
        headers=(("List-Unsubscribe", "<https://example.com/u>"),),
    )
    assert encode_mail(mail).decode() == (
        'From: "Shop, Ltd." <shop@example.com>\r\n'
        "To: ivan@example.com\r\n"
        "Subject: Hello\r\n"
        "Date: Sat, 28 Nov 2026 07:30:00 +0000\r\n"
        "Message-ID: <1@example.com>\r\n"
        "List-Unsubscribe: <https://example.com/u>\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\n"
        "Content-Transfer-Encoding: 7bit\r\n"
        "\r\n"
        "Hello\r\n"
    )


def test_a_mail_of_another_program_is_read() -> None:
    data = (
        "From: =?koi8-r?Q?=E9=D7=C1=CE?= <a@b.ru>\n"
        'To: "B, C" <b@c.ru>,\n d@e.ru\n'
        "Subject: =?utf-8?B?0JjQstCw0L0=?=\n =?utf-8?B?0JjQstCw0L0=?=\n"
        "Date: Sat, 28 Nov 2026 10:30:00 +0300\n"
        'Content-Type: multipart/mixed; boundary="x"\n\n'
        "--x\nContent-Type: text/html; charset=windows-1251\n"
        "Content-Transfer-Encoding: quoted-printable\n\n=CF=F0=E8=E2=E5=F2\n"
        '--x\nContent-Type: application/pdf; name="=?utf-8?B?0JjQstCw0L0=?=.pdf"\n\nPDF\n--x--\n'
    )
    mail = decode_mail(data.encode())
    assert mail.sender == Mailbox("a@b.ru", "Иван")
    assert mail.to == (Mailbox("b@c.ru", "B, C"), Mailbox("d@e.ru"))
    assert (mail.subject, mail.text, mail.html) == ("ИванИван", "", "Привет")
    assert mail.files == ("Иван.pdf",)
    assert mail.date == datetime(2026, 11, 28, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("undisclosed-recipients:;", ()),
        ("undisclosed-recipients: ;", ()),
        ("Friends: a@b.ru;", ("a@b.ru",)),
        (
            '"A: all; of, it": a@b.ru, "C, D" <c@d.ru> ;, e@f.ru',
            ("a@b.ru", "c@d.ru", "e@f.ru"),
        ),
        ("e@f.ru, Friends:\n a@b.ru,\n c@d.ru;, None:;", ("e@f.ru", "a@b.ru", "c@d.ru")),
        ("=?utf-8?B?0JjQstCw0L0=?=: a@b.ru,, c@d.ru;", ("a@b.ru", "c@d.ru")),
        ("a@b.ru, , c@d.ru,", ("a@b.ru", "c@d.ru")),
    ],
)
def test_the_members_of_a_group_are_recipients_like_others(
    said: str, found: tuple[str, ...]
) -> None:
    mail = decode_mail(f"From: a@b.ru\nTo: {said}\n\nHello".encode())
    assert tuple(mailbox.address for mailbox in mail.to) == found


@pytest.mark.parametrize(
    "said", ["Friends: a@b.ru", "a: b: c@d.ru;;", ": a@b.ru;", "a@b.ru; c@d.ru"]
)
def test_what_looks_like_a_group_and_is_none_is_no_recipient(said: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_mail(f"From: a@b.ru\nTo: {said}\n\nHello".encode())
    assert caught.value.path == "To"


def test_a_group_is_read_and_never_written() -> None:
    mail = decode_mail(b"From: a@b.ru\nTo: Friends: a@b.ru, c@d.ru;\n\nHello")
    with pytest.raises(EncodeError, match="expected one recipient"):
        encode_mail(mail)
    assert b"\r\nTo: a@b.ru\r\n" in encode_mail(replace(mail, to=mail.to[:1]))
    with pytest.raises(EncodeError, match="To"):
        encode_mail(replace(mail, to=(Mailbox("Friends: a@b.ru;"),)))


@given(st.binary(max_size=300) | st.text('From:To<>@=?"\\;,-\n ab', max_size=300).map(str.encode))
def test_any_bytes_are_a_mail_or_an_error(data: bytes) -> None:
    try:
        found = decode_mail(data)
    except DecodeError:
        return
    assert isinstance(found, Mail)


@given(st.text(max_size=60) | st.text('ab@."<>,=? \\', max_size=60))
def test_any_text_is_a_mailbox_that_can_be_written_or_an_error(text: str) -> None:
    try:
        found = decode_mailbox(text)
    except DecodeError:
        return
    assert decode_mailbox(encode_mailbox(found).replace("\r\n", "")) == found


def test_a_mail_that_is_too_large_is_not_read() -> None:
    with pytest.raises(DecodeError, match="larger than 10 bytes"):
        decode_mail(encode_mail(MAIL), max_size=10)


def test_a_subject_has_no_limit_of_its_own() -> None:
    mail = replace(MAIL, subject="Я" * 3000)
    assert decode_mail(encode_mail(mail)).subject == mail.subject


def test_a_mail_within_a_mail_is_a_file() -> None:
    inner = b"From: x@y.ru\r\nTo: z@y.ru\r\nSubject: Old\r\n\r\nOld text\r\n"
    data = (
        b"From: a@b.ru\nTo: c@d.ru\nContent-Type: multipart/mixed; boundary=x\n\n"
        b"--x\nContent-Type: message/rfc822\n\n" + inner + b"--x\n\nNew text\n--x--\n"
    )
    mail = decode_mail(data)
    assert (mail.text, mail.files) == ("New text", ("",))


def test_parameters_without_end_do_not_keep_the_decoder_busy() -> None:
    part = b'--x\nContent-Type: text/plain; charset="' + b";" * 4000 + b'"\n\na\n'
    head = b"From: a@b.ru\nTo: c@d.ru\nContent-Type: multipart/mixed; boundary=x\n\n"
    data = (head + part * 16)[:SIZE]
    assert_quick(partial(decode_mail, data), data)


@given(st.lists(st.text("ab.@\n-[]ё <>", max_size=9) | st.sampled_from(["a@b", "a.b@c.d"])))
def test_addresses_that_are_said_to_be_so_are_read_as_they_are(texts: list[str]) -> None:
    if are_addresses(texts):
        assert list(map(decode_mailbox, texts)) == list(map(Mailbox, texts))


@pytest.mark.parametrize(
    ("texts", "are"),
    [
        (["ivan@example.com", "i.v@[127.0.0.1]"], True),
        ([], True),
        (["ivan@example.com", "Ivan <ivan@example.com>"], False),
        (["a@b\nc@d"], False),
        (["a@b\n"], False),
        (["a@b", ""], False),
        ([f"{'a' * 65}@b"], False),
    ],
)
def test_a_list_of_plain_addresses_is_known_as_one(texts: list[str], are: bool) -> None:
    assert are_addresses(texts) is are
