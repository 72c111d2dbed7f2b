"""Mails as real programs pack them, built with the standard library and by hand."""

from __future__ import annotations

import email.policy
from email.charset import QP, Charset
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from devino_codecs import email2sms
from devino_codecs.email2sms import Base64, Semicolon, Submission, Template
from devino_codecs.errors import DecodeError

pytestmark = pytest.mark.pythons

KINDS = [Template, Semicolon, Base64]


def submission(kind: type[Submission] = Template, text: str = "Привет, мир!") -> Submission:
    return kind(
        login="user", password="secret", sender="My Bank", numbers=("+79161234567",), text=text
    )


def body(value: Submission) -> str:
    return email2sms.encode_body(value).decode("cp1251")


PLAIN = MIMEText(body(submission()), "plain", "utf-8")
HTML = MIMEText("<p>UserLogin=other</p>", "html", "utf-8")
PICTURE = MIMEApplication(b"\x89PNG", "octet-stream")


def multipart(kind: str, *parts: MIMEBase) -> MIMEMultipart:
    return MIMEMultipart(kind, _subparts=parts)


def attached(part: MIMEText) -> MIMEText:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    copy = MIMEText(payload.decode(), part.get_content_subtype(), "utf-8")
    copy["Content-Disposition"] = "attachment; filename=a.txt"
    return copy


ANOTHER = MIMEText(body(submission(text="Другой")), "plain", "utf-8")
EMPTY = MIMEText(" \n", "plain", "utf-8")


@pytest.mark.parametrize(
    "mail",
    [
        pytest.param(multipart("alternative", PLAIN, HTML), id="plain and HTML"),
        pytest.param(multipart("alternative", HTML, PLAIN), id="HTML first"),
        pytest.param(
            multipart("mixed", multipart("alternative", PLAIN, HTML), PICTURE), id="attachment"
        ),
        pytest.param(
            multipart(
                "mixed", multipart("related", multipart("alternative", PLAIN, HTML), PICTURE), HTML
            ),
            id="nested three deep",
        ),
        pytest.param(multipart("mixed", attached(ANOTHER), PLAIN), id="a text attached before"),
        pytest.param(multipart("mixed", MIMEMessage(ANOTHER), PLAIN), id="a mail forwarded before"),
        pytest.param(multipart("mixed", EMPTY, PLAIN), id="an empty part before"),
        pytest.param(multipart("mixed", PLAIN, ANOTHER), id="a footer of the mailing list"),
        pytest.param(multipart("signed", PLAIN, PICTURE), id="signed"),
        pytest.param(attached(PLAIN), id="nothing but an attachment"),
    ],
)
def test_the_plain_part_is_found(mail: MIMEBase) -> None:
    mail["Subject"] = "from my telephone"
    assert email2sms.decode(mail.as_bytes()) == submission()


@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (HTML, "only an HTML part; send plain text"),
        (multipart("alternative", HTML), "only an HTML part; send plain text"),
        (multipart("mixed", HTML, attached(PLAIN)), "only an HTML part; send plain text"),
        (PICTURE, "no text/plain part"),
        (multipart("mixed", MIMEMessage(PLAIN)), "no text/plain part"),
        (EMPTY, "text is empty"),
        (multipart("alternative", EMPTY, HTML), "text is empty"),
    ],
)
def test_a_mail_without_plain_text_is_refused(mail: MIMEBase, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        email2sms.decode(mail.as_bytes())


def test_a_multipart_that_never_begins_has_no_plain_part() -> None:
    with pytest.raises(DecodeError, match="no text/plain part"):
        email2sms.decode(b"Content-Type: multipart/mixed; boundary=x\r\n\r\nUserLogin=a")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "utf-8", "iso-8859-5", "utf-16"])
@pytest.mark.parametrize("cte", ["quoted-printable", "base64"])
def test_any_charset_in_any_transfer_encoding(
    kind: type[Submission], charset: str, cte: str
) -> None:
    part = EmailMessage(policy=email.policy.SMTP)
    part.set_content(body(submission(kind)).encode(charset), "text", "plain", cte=cte)
    part.replace_header("Content-Type", f'text/plain; charset="{charset}"')
    part["Subject"] = "MODEB64" if kind is Base64 else "SMS"
    assert email2sms.decode(part.as_bytes()) == submission(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wide", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("policy", [email.policy.default, email.policy.SMTP])
@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("marks", ["", "\ufeff", "\ufeff\ufeff"])
def test_pythons_own_mails_in_wide_charsets(
    kind: type[Submission], wide: str, policy: email.policy.EmailPolicy, end: str, marks: str
) -> None:
    """Python ends lines at LF bytes of the encoded text, which adds bytes outside characters."""
    mail = EmailMessage(policy=policy)
    mail["Subject"] = "MODEB64" if kind is Base64 else "SMS"
    mail.set_content(marks + body(submission(kind)).replace("\r\n", "\n") + end, charset=wide)
    assert email2sms.decode(mail.as_bytes()) == submission(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "utf-8"])
@pytest.mark.parametrize("cte", [b"8bit", b"binary", b"7bit", b"unheard-of"])
def test_unencoded_bytes_in_any_charset(kind: type[Submission], charset: str, cte: bytes) -> None:
    head = b"Subject: MODEB64\r\n" * (kind is Base64) + b"Content-Transfer-Encoding: " + cte
    head += f"\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode()
    assert email2sms.decode(head + body(submission(kind)).encode(charset)) == submission(kind)


@pytest.mark.parametrize("declared", [b"", b"Content-Type: text/plain; charset=us-ascii\r\n"])
@pytest.mark.parametrize("charset", ["windows-1251", "utf-8"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_charset_is_guessed(
    kind: type[Submission], charset: str, declared: bytes
) -> None:
    subject = b"Subject: MODEB64\r\n" * (kind is Base64)
    data = subject + declared + b"\r\n" + body(submission(kind)).encode(charset)
    assert email2sms.decode(data) == submission(kind)


def test_an_unknown_charset_is_named() -> None:
    data = b"Content-Type: text/plain; charset=klingon\r\n\r\n" + body(submission()).encode()
    with pytest.raises(DecodeError, match="unknown charset 'klingon'"):
        email2sms.decode(data)


@pytest.mark.parametrize("kind", [Semicolon, Base64])
@pytest.mark.parametrize("charset", ["x-user-defined", "klingon", "idna", "undefined", "a\\0b"])
def test_a_charset_that_nobody_knows_does_not_matter_where_all_is_ascii(
    kind: type[Submission], charset: str
) -> None:
    head = b"Subject: MODEB64\r\n" * (kind is Base64)
    head += f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
    value = submission(kind, "Hello")
    assert email2sms.decode(head + body(value).encode()) == value


HEADERS = [
    'text/plain; charset="koi8-r"; format=flowed',
    "Text/Plain ; CHARSET = koi8-r",
    "text/plain;charset=koi8-r;",
    'text/plain; name="a;charset=x"; charset=koi8-r',
    "text/plain; charset*=us-ascii'en'koi8%2Dr",
    'text/plain; charset*0="koi"; charset*1="8-r"',
    "text/plain; charset*0*=us-ascii''koi; charset*1=8-r",
    "text/plain;\r\n\tcharset=koi8-r;\r\n format=flowed",
    "text/plain; junk; charset=koi8-r",
]


@pytest.mark.parametrize("header", HEADERS)
def test_the_charset_is_found_in_any_spelling(header: str) -> None:
    theirs = email.message_from_string(f"Content-Type: {header}\r\n\r\n")
    assert theirs.get_content_charset() == "koi8-r"
    data = f"Content-Type: {header}\r\n\r\n".encode() + body(submission()).encode("koi8-r")
    assert email2sms.decode(data) == submission()


@pytest.mark.parametrize(
    "subject",
    [
        "=?utf-8?q?MODE=42?= =?us-ascii?B?NjQ=?=",
        "=?utf-8*en?Q?modeb64?=",
        "\r\n =?windows-1251?B?TU9ERUI2NA==?=",
    ],
)
def test_the_subject_is_found_in_any_spelling(subject: str) -> None:
    data = f"Subject: {subject}\r\n\r\n".encode() + body(submission(Base64)).encode("cp1251")
    assert email2sms.decode(data) == submission(Base64)


@pytest.mark.parametrize("before", [b"", b"\r\n", b"From a@example.org Sat Nov 28\r\n"])
def test_a_body_without_headers_is_a_mail_too(before: bytes) -> None:
    assert email2sms.decode(before + body(submission()).encode("cp1251")) == submission()


def test_a_line_that_only_begins_like_a_delimiter_is_text() -> None:
    text = "раз\n--xyz\nдва\n--x:\nтри"
    part = body(submission(text=text)).encode()
    head = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x \r\n\r\n"
    assert email2sms.decode(head + part + b"\r\n--x--\r\n--x\r\n\r\nafter") == submission(text=text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["Hello", "Привет"])
def test_a_mail_of_smtplib_s_examples_is_read(kind: type[Submission], text: str) -> None:
    value = submission(kind, text)
    quoted = Charset("windows-1251")
    quoted.body_encoding = QP
    for charset in ("windows-1251", "utf-8", quoted):
        mail = MIMEText(body(value), "plain", charset)  # type: ignore[arg-type]
        mail["Subject"] = "modeb64" if kind is Base64 else "SMS"
        assert email2sms.decode(mail.as_bytes()) == value
        assert email2sms.decode(mail.as_bytes(policy=email.policy.SMTP)) == value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_of_the_whole_mail_do_not_matter(kind: type[Submission], end: bytes) -> None:
    data = email2sms.encode(submission(kind), from_addr="a@example.org")
    assert email2sms.decode(data.replace(b"\r\n", end)) == submission(kind)


FLOWED = b"Content-Type: text/plain; charset=utf-8; format=flowed"


@pytest.mark.parametrize(
    ("parameters", "lines", "text"),
    [
        (b"", ["Привет, ", "милый ", "мир"], "Привет, милый мир"),
        (b"; delsp=yes", ["При ", "вет,  ", "мир"], "Привет, мир"),
        (b"", ["раз", " два", "  три"], "раз\nдва\n три"),
        (b"", ["раз ", "-- ", "два"], "раз \n-- \nдва"),
        (b"", ["раз ", ">два ", ">три", " >четыре"], "раз \n>два \n>три\n>четыре"),
    ],
)
def test_soft_line_breaks_are_taken_out(parameters: bytes, lines: list[str], text: str) -> None:
    flowed = body(submission(text="~")).replace("~", "\r\n".join(lines)).encode()
    assert email2sms.decode(FLOWED + parameters + b"\r\n\r\n" + flowed) == submission(text=text)


def test_soft_line_breaks_are_taken_out_of_a_folded_line() -> None:
    line = body(submission(Semicolon)).replace("Привет, мир!", "Привет, \r\nмир!")
    assert email2sms.decode(FLOWED + b"\r\n\r\n" + line.encode()) == submission(Semicolon)


def test_blanks_at_line_ends_are_kept_where_nothing_is_flowed() -> None:
    value = submission(text="раз \nдва\t\n\n три ")
    assert email2sms.decode(email2sms.encode(value, from_addr="a@example.org")) == value


def test_a_huge_header_is_not_looked_into() -> None:
    with pytest.raises(DecodeError, match="Subject: the header is longer than 4096"):
        email2sms.decode(b"Subject: " + b"a b " * 2000 + b"\r\n\r\n" + body(submission()).encode())


def test_multiparts_nested_beyond_reason_are_not_parsed() -> None:
    opening = b"Content-Type: Multipart/mixed; boundary=%d\r\n\r\n--%d\r\n"
    with pytest.raises(DecodeError, match="more than 20 multiparts"):
        email2sms.decode(b"".join(opening % (i, i) for i in range(21)))


def test_mails_forwarded_beyond_reason_are_not_looked_into() -> None:
    with pytest.raises(DecodeError, match="no text/plain part"):
        email2sms.decode(b"Content-Type: message/rfc822\r\n\r\n" * 5000)


def test_more_parts_than_any_mail_has_are_not_parsed() -> None:
    with pytest.raises(DecodeError, match="more than 1000 lines that begin with '--'"):
        email2sms.decode(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n" * 1001)
