"""Messages of the standard library's mails."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from devino_core import InvalidMessage, Mail, Medium, Unsupported
from devino_core.mail import messages_of

pytestmark = pytest.mark.pythons


def mail(**headers: str) -> EmailMessage:
    made = EmailMessage()
    for name, value in {"From": "shop@example.com", "To": "a@b.ru", "Subject": "Hi"}.items():
        made[name] = value
    for name, value in headers.items():
        del made[name]
        if value:
            made[name.replace("_", "-")] = value
    made.set_content("Hello\n")
    return made


def test_each_recipient_gets_a_message() -> None:
    made = mail(To='"A, B" <a@b.ru>, Иван <c@d.ru>', List_Unsubscribe="<https://e.ru/u>")
    made.add_alternative("<p>Hello</p>\n", subtype="html")
    messages = messages_of(made)
    assert [message.to for message in messages] == ['"A, B" <a@b.ru>', '"Иван" <c@d.ru>']
    for message in messages:
        assert message.content == Mail(
            "Hi", "Hello", "<p>Hello</p>", {"List-Unsubscribe": "<https://e.ru/u>"}
        )
        assert (message.sender, message.medium) == ("shop@example.com", Medium.EMAIL)
    assert len({message.ref for message in messages}) == 2


def test_a_mail_that_was_read_gives_the_same() -> None:
    made = mail(Subject="Тема")
    made.add_alternative("<p>Привет</p>\n", subtype="html")
    read: Any = message_from_bytes(made.as_bytes(policy=policy.SMTP), policy=policy.default)
    (first,), (second,) = messages_of(made), messages_of(read)
    assert first.content == second.content


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"Cc": "x@y.ru"}, "add them to To"),
        ({"Bcc": "x@y.ru"}, "add them to To"),
        ({"To": ""}, "at least one recipient"),
        ({"From": "a@b.ru, c@d.ru"}, "several addresses in From"),
    ],
)
def test_what_it_cannot_say_is_unsupported(headers: dict[str, str], says: str) -> None:
    with pytest.raises(Unsupported, match=says):
        messages_of(mail(**headers))


def test_files_and_other_parts_are_unsupported() -> None:
    made = mail()
    made.add_attachment(b"1", maintype="application", subtype="pdf", filename="a.pdf")
    with pytest.raises(Unsupported, match="put a link into the text"):
        messages_of(made)
    made = mail()
    made.add_related(b"1", maintype="image", subtype="png")
    with pytest.raises(Unsupported, match="image/png"):
        messages_of(made)
    made = mail()
    made.make_mixed()
    second = EmailMessage()
    second.set_content("again")
    made.attach(second)
    with pytest.raises(Unsupported, match="several parts"):
        messages_of(made)


def test_an_empty_mail_is_refused() -> None:
    made = EmailMessage()
    made["To"] = "a@b.ru"
    made.set_content("")
    with pytest.raises(InvalidMessage):
        messages_of(made)
    assert messages_of(mail(From=""))[0].sender is None


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"From: a@b.ru\nTo: =?utf-8?q?a=0d=0aBcc:_x@y.ru?= <c@d.ru>\n\nt", "to"),
        (b'From: "=?utf-8?q?a=0d=0aBcc:_x@y.ru?=" <c@d.ru>\nTo: a@b.ru\n\nt', "sender"),
        (b"From: a@b.ru\nTo: c@d.ru\nReply-To: =?utf-8?q?a=0d=0ab?= <x@y.ru>\n\nt", "content"),
        (b"From: a@b.ru\nTo: c@d.ru\nContent-Type: text/plain; charset=klingon\n\nt", "content"),
    ],
)
def test_what_cannot_be_read_of_a_mail_is_named(raw: bytes, field: str) -> None:
    with pytest.raises(InvalidMessage) as error:
        messages_of(message_from_bytes(raw, policy=policy.default))
    assert error.value.field == field


def test_a_mail_of_the_old_policy_says_how_to_read_it() -> None:
    old: Any = message_from_bytes(b"From: a@b.ru\nTo: c@d.ru\n\nt")
    with pytest.raises(TypeError, match=r"policy=email\.policy\.default"):
        messages_of(old)
