"""Whole mails: the headers that chapter 4 demands, and how other programs read them."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import email.utils
import subprocess
import sys
from email.message import EmailMessage, Message

import pytest

from devino_codecs import email2sms
from devino_codecs.email2sms import Base64, Semicolon, Submission, Template
from devino_codecs.errors import DecodeError, EncodeError

pytestmark = pytest.mark.pythons

KINDS = [Template, Semicolon, Base64]
MOSCOW = dt.timezone(dt.timedelta(hours=3))


def submission(kind: type[Submission], **changed: object) -> Submission:
    fields: dict[str, object] = {
        "login": "user",
        "password": "secret",
        "sender": "My Bank",
        "numbers": ("+79161234567", "+79031234567"),
        "text": "Summa k oplate: 1038.26",
    }
    return kind(**fields | changed)  # type: ignore[arg-type]


def headers(data: bytes) -> list[tuple[str, str]]:
    """The headers by the standard library's older parser, which reads only lines and colons."""
    parsed: Message[str, str] = email.message_from_bytes(data)
    return parsed.items()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            submission(Template),
            [
                ("MIME-Version", "1.0"),
                ("Content-Type", "text/plain; charset=windows-1251"),
                ("Content-Transfer-Encoding", "quoted-printable"),
            ],
            id="template, whose marks are Cyrillic whatever the text",
        ),
        pytest.param(
            submission(Semicolon),
            [
                ("MIME-Version", "1.0"),
                ("Content-Type", "text/plain; charset=us-ascii"),
                ("Content-Transfer-Encoding", "7bit"),
            ],
            id="semicolon, Latin",
        ),
        pytest.param(
            submission(Semicolon, text="Привет"),
            [
                ("MIME-Version", "1.0"),
                ("Content-Type", "text/plain; charset=windows-1251"),
                ("Content-Transfer-Encoding", "quoted-printable"),
            ],
            id="semicolon, Cyrillic",
        ),
        pytest.param(
            submission(Semicolon, text="a" * 1000),
            [
                ("MIME-Version", "1.0"),
                ("Content-Type", "text/plain; charset=windows-1251"),
                ("Content-Transfer-Encoding", "quoted-printable"),
            ],
            id="semicolon, longer than a line of mail may be",
        ),
        pytest.param(
            submission(Base64),
            [
                ("Subject", "MODEB64"),
                ("MIME-Version", "1.0"),
                ("Content-Type", "text/plain; charset=windows-1251"),
                ("Content-Transfer-Encoding", "base64"),
            ],
            id="base64",
        ),
    ],
)
def test_the_headers_are_those_of_the_chapter(
    value: Submission, expected: list[tuple[str, str]]
) -> None:
    data = email2sms.encode(value, from_addr="a@example.org")
    addresses = [("From", "a@example.org"), ("To", "email2sms@integrationapi.net")]
    assert headers(data) == addresses + expected
    assert email2sms.decode(data) == value


def test_a_latin_line_travels_as_it_is() -> None:
    data = email2sms.encode(submission(Semicolon), from_addr="a@example.org")
    assert data.endswith(
        b"\r\n\r\nStartWithPoint;user;secret;+79161234567,+79031234567;My Bank;"
        b"Summa k oplate: 1038.26;EndWithPoint\r\n"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_mail_means_what_the_standard_library_s_mail_means(kind: type[Submission]) -> None:
    value = submission(kind, text="Привет, мир! " * 30)
    date = dt.datetime(2026, 2, 28, 9, 5, 7, tzinfo=MOSCOW)
    ours = email2sms.encode(value, from_addr="a@example.org", date=date, message_id="<1@b.org>")

    theirs = EmailMessage(policy=email.policy.SMTP)
    theirs["From"] = "a@example.org"
    theirs["To"] = email2sms.GATEWAY
    theirs["Date"] = date
    theirs["Message-ID"] = "<1@b.org>"
    if kind is Base64:
        theirs["Subject"] = "MODEB64"
    body = email2sms.encode_body(value).decode("cp1251")
    theirs.set_content(
        body, charset="windows-1251", cte="base64" if kind is Base64 else "quoted-printable"
    )

    def meaning(data: bytes) -> dict[str, str]:
        mail = email.message_from_bytes(data, policy=email.policy.SMTP)
        assert not mail.defects
        assert not [defect for value in mail.values() for defect in value.defects]
        said = {name: value.replace('"', "") for name, value in mail.items()}
        return {**said, "content": mail.get_content().rstrip("\r\n")}

    assert meaning(ours) == meaning(theirs.as_bytes())
    assert email2sms.decode(theirs.as_bytes()) == value


def test_date_and_message_id_are_the_caller_s_or_absent() -> None:
    value = submission(Template)
    bare = dict(headers(email2sms.encode(value, from_addr="a@example.org")))
    assert not {"Date", "Message-ID"} & bare.keys()
    date = dt.datetime(2026, 2, 28, 9, 5, 7, tzinfo=MOSCOW)
    given = email2sms.encode(value, from_addr="a@example.org", date=date, message_id="<x.1@b.org>")
    assert dict(headers(given))["Date"] == "Sat, 28 Feb 2026 09:05:07 +0300"
    assert dict(headers(given))["Message-ID"] == "<x.1@b.org>"


@pytest.mark.parametrize("minutes", [0, 180, -210, 345, -1, 14 * 60])
@pytest.mark.parametrize("month", range(1, 13))
def test_a_date_is_written_as_the_standard_library_writes_it(minutes: int, month: int) -> None:
    zone = dt.timezone(dt.timedelta(minutes=minutes))
    date = dt.datetime(2026, month, month + 1, 23, 59, 1, 999, tzinfo=zone)
    data = email2sms.encode(submission(Template), from_addr="a@example.org", date=date)
    assert dict(headers(data))["Date"] == email.utils.format_datetime(date)


@pytest.mark.parametrize(
    "date",
    [
        dt.datetime(2026, 1, 1),  # noqa: DTZ001
        dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2, minutes=30, seconds=17))),
        dt.date(2026, 1, 1),
        "Sat, 28 Feb 2026 09:05:07 +0300\r\nBcc: x@y",
    ],
)
def test_a_date_without_a_usable_zone_is_refused(date: object) -> None:
    with pytest.raises(EncodeError) as caught:
        email2sms.encode(submission(Template), from_addr="a@example.org", date=date)  # type: ignore[arg-type]
    assert caught.value.path == "Date"


HOSTILE_ADDRESSES = [
    "",
    "a",
    "a@b\r\nBcc: x@y",
    "a@b\n",
    "a@b, c@d",
    "A <a@b>",
    "вася@example.org",
    "a@пример.рф",
    "a b@c",
    "a@" + "b" * 253,
    ["a@b"],
    None,
]


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES, ids=repr)
def test_an_address_cannot_forge_a_header(address: object) -> None:
    value = submission(Template)
    with pytest.raises(EncodeError, match="From: expected an address"):
        email2sms.encode(value, from_addr=address)  # type: ignore[arg-type]
    with pytest.raises(EncodeError, match="To: expected an address"):
        email2sms.encode(value, from_addr="a@example.org", to_addr=address)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["a@localhost", "a.b+c_d@x-1.example.org", "x@[127.0.0.1]"])
def test_plain_addresses_are_taken(address: str) -> None:
    data = email2sms.encode(submission(Template), from_addr=address, to_addr=address)
    assert headers(data)[:2] == [("From", address), ("To", address)]


@pytest.mark.parametrize(
    "message_id", ["", "a@b", "<a>", "<a@b>\r\nBcc: x@y", "<a@b> ", "<ж@b>", f"<{'a' * 990}@b>", 5]
)
def test_a_message_id_cannot_forge_a_header(message_id: object) -> None:
    with pytest.raises(EncodeError) as caught:
        email2sms.encode(
            submission(Template),
            from_addr="a@example.org",
            message_id=message_id,  # type: ignore[arg-type]
        )
    assert caught.value.path == "Message-ID"


@pytest.mark.parametrize("text", [".", "..", "a\n.\nb", "\t.", "." * 200])
@pytest.mark.parametrize("kind", KINDS)
def test_dots_of_the_text_survive(kind: type[Submission], text: str) -> None:
    value = submission(kind, text=text)
    data = email2sms.encode(value, from_addr="a@example.org", line_break=" ")
    assert b"\r\n.\r\n" not in data
    assert email2sms.decode(data).text == (text if kind is Template else text.replace("\n", " "))


def test_no_soft_line_break_leaves_a_dot_alone() -> None:
    found = 0
    for length in range(160):
        value = submission(Template, text="Ж" + "a" * length + ".\n.\nb.")
        lines = email2sms.encode(value, from_addr="a@example.org").split(b"\r\n")
        assert b"." not in lines
        found += lines.count(b"=2E")
        assert email2sms.decode(b"\r\n".join(lines)) == value
    assert found > 160


@pytest.mark.parametrize("subject", ["modeb64", " ModeB64 ", "=?utf-8?B?TU9ERUI2NA==?="])
def test_the_subject_s_letter_case_and_encoding_do_not_matter(subject: str) -> None:
    value = submission(Base64)
    data = email2sms.encode(value, from_addr="a@example.org")
    assert email2sms.decode(data.replace(b"MODEB64", subject.encode())) == value


def test_the_error_for_bare_fields_says_that_the_subject_is_missing() -> None:
    data = email2sms.encode(submission(Base64), from_addr="a@example.org")
    with pytest.raises(DecodeError, match="need the subject MODEB64"):
        email2sms.decode(data.replace(b"MODEB64", b"hello"))


def test_the_body_s_opening_and_not_its_text_tells_the_format() -> None:
    inner = submission(Semicolon, text="x\nUserLogin=1")
    outer = submission(Template, text=email2sms.encode_body(inner, line_break=" ").decode("cp1251"))
    assert email2sms.decode(email2sms.encode(outer, from_addr="a@example.org")) == outer


def test_a_mail_over_the_size_is_refused_unread() -> None:
    data = email2sms.encode(submission(Template), from_addr="a@example.org")
    assert email2sms.decode(data, max_size=len(data)) == submission(Template)
    with pytest.raises(DecodeError, match=f"larger than {len(data) - 1} bytes"):
        email2sms.decode(data, max_size=len(data) - 1)
    with pytest.raises(DecodeError, match=f"larger than {email2sms.MAX_SIZE} bytes"):
        email2sms.decode(data + b"\n" * email2sms.MAX_SIZE)


def test_importing_the_codec_does_not_load_the_mail_parser() -> None:
    code = "import sys, devino_codecs.email2sms; print({'email', 'socket'} & sys.modules.keys())"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
