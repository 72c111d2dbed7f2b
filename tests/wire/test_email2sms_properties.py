"""Any value comes back the same or is refused; any bytes give a value or the codec's own error."""

from __future__ import annotations

import email
import email.policy
import quopri
import re
from collections.abc import Callable
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from devino_codecs import email2sms
from devino_codecs.email2sms import Base64, Semicolon, Submission, Template
from devino_codecs.errors import CodecError, DecodeError, EncodeError
from tests._vectors import vectors

T = TypeVar("T")
KINDS: list[type[Submission]] = [Template, Semicolon, Base64]
CHARS = bytes(b for b in range(0x20, 0x100) if b not in (0x7F, 0x98)).decode("cp1251")
SECRET = "канарейка"
"""It stands in every login and password and in no other field, so a leak shows."""

# Pieces that would end a body or begin a field if the codec let them.
MARKS = [
    "==|| НАЧАЛО ТЕКСТА ||==",
    "==|| КОНЕЦ ТЕКСТА ||==",
    "== ||конец  текста|| ==",
    "StartWithPoint;",
    ";EndWithPoint",
    "; EndWithPoint",
    "EndWithPoint",
    "UserLogin=a",
    "PhoneNumber=+79161234567,",
    "\nPassword=b",
    "\n.\n",
    "\n-- \n",
    "From ",
    "=20",
    "=\n",
    ";;;;",
    "\n",
]
NUMBER = st.builds("{}{}".format, st.sampled_from(["", "+"]), st.integers(0, 10**15 - 1))
quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def fields(*, one_line: bool) -> st.SearchStrategy[str]:
    free = st.text(CHARS.replace(";", "") if one_line else CHARS, max_size=20)
    marks = st.sampled_from([m.strip("\n") for m in MARKS if not (one_line and ";" in m)])
    return st.builds("{}{}".format, free, free | marks).map(str.strip).filter(bool)


def submissions(
    kind: type[Submission], text: st.SearchStrategy[str]
) -> st.SearchStrategy[Submission]:
    field = fields(one_line=kind.one_line)
    return st.builds(
        kind,
        login=field.map(lambda f: SECRET + f),
        password=field.map(lambda f: SECRET + f),
        sender=field,
        numbers=st.lists(NUMBER, min_size=1, max_size=20).map(tuple),
        text=text,
    )


chars = st.text(CHARS + "\t", max_size=60)
hostile = st.lists(chars | st.sampled_from(MARKS), max_size=8).map("".join)
any_kind = st.sampled_from(KINDS)
hostile_values = any_kind.flatmap(lambda kind: submissions(kind, hostile))
plain_values = any_kind.flatmap(
    lambda kind: submissions(kind, chars.filter(lambda t: bool(t.strip()) and "||" not in t))
)


def assert_silent(error: CodecError) -> None:
    """No error shows a secret, or leads to another error that does."""
    assert SECRET not in f"{error} {error!r} {error.args} {error.__dict__}"
    assert error.__cause__ is None
    assert error.__context__ is None


def attempt(call: Callable[..., T], *args: object, **kwargs: object) -> T | CodecError:
    try:
        return call(*args, **kwargs)
    except CodecError as error:
        assert_silent(error)
        return error


def encoded(value: Submission) -> bytes:
    """The mail. If the format cannot carry the text, the example is rejected."""
    data = attempt(email2sms.encode, value, from_addr="a@example.org")
    if isinstance(data, CodecError):
        assert isinstance(data, EncodeError)
        assert data.path == "text"
        reject()
    return data


@quick
@given(hostile_values)
def test_a_mail_says_what_was_meant_or_is_not_written(value: Submission) -> None:
    data = encoded(value)
    assert email2sms.decode(data) == value
    assert email2sms.decode_body(email2sms.encode_body(value), type(value)) == value
    assert email2sms.encode(email2sms.decode(data), from_addr="a@example.org") == data


@quick
@given(plain_values)
def test_a_text_without_marks_and_line_breaks_is_always_written(value: Submission) -> None:
    assume(not (isinstance(value, Semicolon) and "EndWithPoint" in value.text))
    data = email2sms.encode(value, from_addr="a@example.org")
    assert email2sms.decode(data) == value


@quick
@given(hostile_values, st.sampled_from([" ", "", "; ", " / "]))
def test_replaced_line_breaks_change_nothing_but_the_text(
    value: Submission, line_break: str
) -> None:
    assume(value.one_line)
    body = attempt(email2sms.encode_body, value, line_break=line_break)
    if isinstance(body, CodecError):
        assert body.path == "text"
        assert isinstance(value, Semicolon)
        return
    read = email2sms.decode_body(body, type(value))
    assert read.text == value.text.replace("\n", line_break)
    for name in ("login", "password", "sender", "numbers"):
        assert getattr(read, name) == getattr(value, name)


@quick
@given(hostile_values)
def test_a_mail_is_fit_for_any_server(value: Submission) -> None:
    data = encoded(value)
    assert data.isascii()
    assert b"\0" not in data
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data)
    head, _, body = data.partition(b"\r\n\r\n")
    most = 998 if b"7bit" in head else 76
    assert max(map(len, body.split(b"\r\n"))) <= most
    assert b"." not in body.split(b"\r\n")
    assert not re.search(rb"[ \t]\r\n", body)


@quick
@given(hostile_values)
def test_the_older_parser_of_the_standard_library_reads_the_same_body(value: Submission) -> None:
    mail = email.message_from_bytes(encoded(value))
    assert not mail.defects
    charset = mail.get_content_charset()
    assert charset in ("windows-1251", "us-ascii")
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode(charset).removesuffix("\r\n").encode("cp1251") == email2sms.encode_body(
        value
    )
    if mail["Content-Transfer-Encoding"] == "quoted-printable":
        assert quopri.decodestring(str(mail.get_payload()).encode()) == body


@quick
@given(
    hostile_values,
    st.sampled_from(["windows-1251", "utf-8"]),
    st.sampled_from(["base64", "quoted-printable", "MIMEText", "alternative", "8bit"]),
)
def test_a_mail_by_the_standard_library_s_writers_is_read(
    value: Submission, charset: str, writer: str
) -> None:
    encoded(value)
    body = email2sms.encode_body(value).decode("cp1251")
    mail: EmailMessage | MIMEText | MIMEMultipart
    if writer == "MIMEText":
        mail = MIMEText(body, "plain", charset)
    elif writer == "alternative":
        html = MIMEText("<p>UserLogin=other</p>", "html", charset)
        mail = MIMEMultipart("alternative", _subparts=[MIMEText(body, "plain", charset), html])
    else:
        # For quoted-printable the modern writer takes only lines with its own policy's ends.
        mail = EmailMessage(policy=email.policy.SMTP)
        mail.set_content(body.replace("\r\n", "\n"), charset=charset, cte=writer)
    if isinstance(value, Base64):
        mail["Subject"] = "ModeB64"
    assert email2sms.decode(mail.as_bytes()) == value


def assert_read_or_refused(
    decode: Callable[..., Submission], *args: object, **kwargs: object
) -> None:
    """A value or a DecodeError. A value that was read can be written."""
    value = attempt(decode, *args, **kwargs)
    if isinstance(value, CodecError):
        assert isinstance(value, DecodeError)
        return
    body = attempt(email2sms.encode_body, value)
    if isinstance(body, CodecError):
        assert "windows-1251 lacks" in body.reason
        return
    assert email2sms.decode_body(body, type(value)) == value


CHARSETS = ["", "windows-1251", "utf-8", "utf-7", "utf-16", "koi8-r", "shift_jis", "idna", "x"]
EXAMPLES = [
    *(v.data for v in vectors("email2sms")),
    *(v.text.encode("cp1251") for v in vectors("email2sms")),
    *(v.printed.read_bytes() for v in vectors("email2sms") if v.printed),
]
NOISE = [
    *(m.encode("cp1251") for m in MARKS),
    *(b"\r", b"\r\r\n", b";", b",", b"=", b"\0", b"\x98", b"\xff\xfe", b"\xef\xbb\xbf", b"+2AA-"),
]


@st.composite
def mutated(draw: st.DrawFn, originals: list[bytes], noise: list[bytes]) -> bytes:
    data = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(len(data), at + 20)))
        put = draw(st.sampled_from(noise) | st.binary(max_size=4) | st.just(data[at:end] * 2))
        data = data[:at] + put + data[end:]
    return data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data


@settings(quick, max_examples=300)
@given(mutated(EXAMPLES, NOISE), st.none() | any_kind, st.sampled_from(CHARSETS))
def test_a_mangled_example_is_a_value_or_a_decode_error(
    data: bytes, kind: type[Submission] | None, charset: str
) -> None:
    assert_read_or_refused(email2sms.decode_body, data, kind, charset=charset)


@quick
@given(st.binary(max_size=200), st.none() | any_kind, st.sampled_from(CHARSETS))
def test_any_bytes_are_a_value_or_a_decode_error(
    data: bytes, kind: type[Submission] | None, charset: str
) -> None:
    assert_read_or_refused(email2sms.decode_body, data, kind, charset=charset)


def _mails() -> list[bytes]:
    mails = []
    for kind in KINDS:
        value = kind(
            login=SECRET, password=SECRET, sender="My Bank", numbers=("79161234567",), text="Привет"
        )
        mails.append(email2sms.encode(value, from_addr="a@example.org"))
        plain = MIMEText(email2sms.encode_body(value).decode("cp1251"), "plain", "utf-8")
        mixed = MIMEMultipart("alternative", _subparts=[plain, MIMEText("<p>", "html")])
        mixed["Subject"] = "MODEB64" if kind is Base64 else "x"
        mails.append(mixed.as_bytes())
    return mails


MAILS = _mails()
MAIL_NOISE = [
    *NOISE,
    *(b"\r\n", b"\r\n\r\n", b"\n\n", b":", b"; ", b'"', b"(", b"\\", b"<", b"%", b"*0*=", b"''"),
    b"Subject: =?utf-8?b?TU9ERUI2NA==?=\r\n",
    b"Subject: =?x?q?=?=\r\n",
    b"Subject: \xff\r\n",
    b"Content-Type: text/plain; charset*=utf-8'en'%ff; format=flowed; delsp=yes\r\n",
    b'Content-Type: text/plain; charset="\r\n"; charset*0*=a; charset*1=b\r\n',
    b'Content-Type: multipart/mixed; boundary=""\r\n',
    b"Content-Type: multipart/mixed; boundary*=''x\r\n\r\n--x\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: message/delivery-status\r\n\r\n",
    b"Content-Type: \xff/\xfe; charset=\xfd\r\n",
    b"Content-Type:\r\n",
    b"Content-Disposition: attachment; filename*=\r\n",
    b"Content-Disposition: ;\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: (\r\n",
    b"MIME-Version: \r\n",
    b"format=flowed; charset=utf-7",
    b"charset=unicode_escape",
    b"charset=idna",
    b"charset=zlib",
]


@settings(quick, max_examples=300)
@given(mutated(MAILS, MAIL_NOISE))
def test_a_mangled_mail_is_a_value_or_a_decode_error(data: bytes) -> None:
    assert_read_or_refused(email2sms.decode, data)


@settings(quick, max_examples=200)
@given(st.lists(st.sampled_from(MAIL_NOISE + EXAMPLES) | st.binary(max_size=10), max_size=12))
def test_heaped_up_pieces_of_mails_are_a_value_or_a_decode_error(pieces: list[bytes]) -> None:
    assert_read_or_refused(email2sms.decode, b"".join(pieces))


@pytest.mark.parametrize("data", [*EXAMPLES, *MAILS], ids=lambda data: f"{len(data)}")
def test_a_body_cut_anywhere_is_a_value_or_a_decode_error(data: bytes) -> None:
    for end in range(0, len(data), 1 + len(data) // 150):
        assert_read_or_refused(email2sms.decode_body, data[:end], charset="")
        assert_read_or_refused(email2sms.decode, data[:end])
