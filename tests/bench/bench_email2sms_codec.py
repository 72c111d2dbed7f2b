"""Mails to the SMS gateway: ours against the standard library doing the same.

The peers write and read the same headers and body; none of them checks a field.
"""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from email.message import EmailMessage
from email.mime.text import MIMEText
from email.utils import format_datetime

import pytest

from devino_codecs import email2sms
from devino_codecs.email2sms import Base64, Semicolon, Submission, Template
from tests.bench.conftest import Table

KINDS = [Template, Semicolon, Base64]
FROM = "service@example.org"
DATE = dt.datetime(2026, 2, 28, 9, 5, 7, tzinfo=dt.timezone(dt.timedelta(hours=3)))
ID = "<20260228.090507.1@example.org>"
MAILS = 200


def submission(kind: type[Submission], numbers: int) -> Submission:
    return kind(
        login="7284_smuser777",
        password="qwerty12",
        sender="My Bank",
        numbers=tuple(f"+7916{i:07}" for i in range(numbers)),
        text="Сумма счёта 1038.35, сумма к оплате 1038.26. Спасибо, что вы с нами!",
    )


def body(value: Submission) -> str:
    numbers = ",".join(value.numbers)
    if isinstance(value, Template):
        return (
            f"==|| НАЧАЛО ТЕКСТА ||==\r\nUserLogin={value.login}\r\nPassword={value.password}\r\n"
            f"SourceAddress={value.sender}\r\nPhoneNumber={numbers}\r\n{value.text}\r\n"
            "==|| КОНЕЦ ТЕКСТА ||=="
        )
    line = f"{value.login};{value.password};{numbers};{value.sender};{value.text}"
    return f"StartWithPoint;{line};EndWithPoint" if isinstance(value, Semicolon) else line


def email_message(value: Submission) -> bytes:
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = FROM
    mail["To"] = email2sms.GATEWAY
    mail["Date"] = DATE
    mail["Message-ID"] = ID
    if isinstance(value, Base64):
        mail["Subject"] = "MODEB64"
    cte = "base64" if isinstance(value, Base64) else "quoted-printable"
    mail.set_content(body(value), charset="windows-1251", cte=cte)
    return mail.as_bytes()


def mime_text(value: Submission) -> bytes:
    mail = MIMEText(body(value), "plain", "windows-1251")
    mail["From"] = FROM
    mail["To"] = email2sms.GATEWAY
    mail["Date"] = format_datetime(DATE)
    mail["Message-ID"] = ID
    if isinstance(value, Base64):
        mail["Subject"] = "MODEB64"
    return mail.as_bytes()


def by_hand(text: str, kind: type[Submission]) -> Submission:
    if kind is Template:
        lines = text.splitlines()
        login, password, sender, numbers = (line.partition("=")[2] for line in lines[1:5])
        said = "\n".join(lines[5:-1])
    else:
        line = text.removesuffix("\n").removesuffix("\r")
        line = line.removeprefix("StartWithPoint;").removesuffix(";EndWithPoint")
        login, password, numbers, sender, said = line.split(";", 4)
    return kind(
        login=login, password=password, sender=sender, numbers=tuple(numbers.split(",")), text=said
    )


def read_modern(data: bytes, kind: type[Submission]) -> Submission:
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert (mail["Subject"] == "MODEB64") is (kind is Base64)
    return by_hand(mail.get_content(), kind)


def read_compat32(data: bytes, kind: type[Submission]) -> Submission:
    mail = email.message_from_bytes(data)
    assert (mail["Subject"] == "MODEB64") is (kind is Base64)
    payload, charset = mail.get_payload(decode=True), mail.get_content_charset()
    assert isinstance(payload, bytes)
    assert charset
    return by_hand(payload.decode(charset), kind)


@pytest.mark.parametrize("numbers", [1, 20])
@pytest.mark.parametrize("kind", KINDS)
def test_writing_a_mail(compare: Table, kind: type[Submission], numbers: int) -> None:
    value = submission(kind, numbers)

    def ours() -> None:
        for _ in range(MAILS):
            email2sms.encode(value, from_addr=FROM, date=DATE, message_id=ID)

    def modern() -> None:
        for _ in range(MAILS):
            email_message(value)

    def old() -> None:
        for _ in range(MAILS):
            mime_text(value)

    compare(
        f"email2sms write {MAILS} {kind.__name__}, {numbers} numbers",
        ours,
        {"EmailMessage": modern, "MIMEText": old},
        rounds=5,
    )


@pytest.mark.parametrize("numbers", [1, 20])
@pytest.mark.parametrize("kind", KINDS)
def test_reading_a_mail(compare: Table, kind: type[Submission], numbers: int) -> None:
    value = submission(kind, numbers)
    data = email2sms.encode(value, from_addr=FROM, date=DATE, message_id=ID)
    assert email2sms.decode(data) == read_modern(data, kind) == read_compat32(data, kind) == value

    def ours() -> None:
        for _ in range(MAILS):
            email2sms.decode(data)

    def modern() -> None:
        for _ in range(MAILS):
            read_modern(data, kind)

    def old() -> None:
        for _ in range(MAILS):
            read_compat32(data, kind)

    compare(
        f"email2sms read {MAILS} {kind.__name__}, {numbers} numbers",
        ours,
        {"EmailMessage": modern, "compat32": old},
        rounds=5,
    )


def test_a_thousand_numbers(compare: Table) -> None:
    value = submission(Base64, 1000)
    data = email2sms.encode(value, from_addr=FROM, date=DATE, message_id=ID)
    compare(
        "email2sms write Base64, 1000 numbers",
        lambda: email2sms.encode(value, from_addr=FROM, date=DATE, message_id=ID),
        {"EmailMessage": lambda: email_message(value), "MIMEText": lambda: mime_text(value)},
        number=20,
    )
    compare(
        "email2sms read Base64, 1000 numbers",
        lambda: email2sms.decode(data),
        {
            "EmailMessage": lambda: read_modern(data, Base64),
            "compat32": lambda: read_compat32(data, Base64),
        },
        number=20,
    )
