"""The mail server of chapter 13: what each verb answers, and what a mail becomes."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP as POLICY

import pytest
import trustme

from devino_codecs.email import MAX_SIZE, Mail, Mailbox, encode_mail
from devino_core import State
from devino_core.testing import ManualClock
from devino_sandbox import (
    Account,
    AnswerError,
    AnswerHttp,
    Drop,
    DropAnswer,
    Fault,
    Sandbox,
    World,
)
from tests.sandbox._email import FROM, Post, Server, content_of, pass_by
from tests.sandbox._http import LOGIN, PASSWORD, Http

pytestmark = pytest.mark.pythons

TO = "ivan@example.com"


@pytest.fixture
def server(sandbox: Sandbox) -> Server:
    return Server(sandbox)


def mail(text: str = "Hello", html: str = "", *, sender: str = FROM, to: str = TO) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = f"Shop <{sender}>", f"Ivan <{to}>", "Привет"
    made["X-Order"] = "17"
    made["List-Unsubscribe"] = "<https://shop.example/u>"
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    return made


def octets(message: EmailMessage) -> bytes:
    return message.as_bytes(policy=POLICY)


async def test_a_mail_is_a_message(server: Server, world: World, http: Http) -> None:
    code, reply = await server.send(octets(mail("Привет", "<b>Привет</b>")))
    assert (code, reply) == (250, b"2.0.0 OK")
    [message] = world.messages()
    content = content_of(message)
    assert (message.to, message.submission.sender, message.submission.via) == (
        TO,
        FROM,
        "email-smtp",
    )
    assert (content.subject, content.text.strip(), content.html.strip()) == (
        "Привет",
        "Привет",
        "<b>Привет</b>",
    )
    assert (content.sender_name, content.recipient_name) == ("Shop", "Ivan")
    assert dict(content.headers) == {
        "X-Order": "17",
        "List-Unsubscribe": "<https://shop.example/u>",
    }
    [shown] = await http.messages(f"?to={TO}")
    assert shown["content"]["headers"]["X-Order"] == "17"
    pass_by(world, 10)
    assert message.state is State.READ
    # It counts in the statistics, and is known by its id.
    span = "StartDateTime=2011-01-01&EndDateTime=2011-02-01"
    assert (await Post(http).done("GET", f"/Statistics?{span}"))["Read"] == 1


async def test_what_our_codec_writes_is_taken(server: Server, world: World) -> None:
    written = Mail(
        sender=Mailbox(FROM, "Магазин"),
        to=(Mailbox(TO, 'Ivan, "the" <best>'),),
        subject="Привет",
        text="Hello\n.\n..dots",
        headers=(("X-Order", "17"),),
    )
    assert (await server.send(encode_mail(written)))[0] == 250
    [message] = world.messages()
    content = content_of(message)
    assert content.text.rstrip("\n") == "Hello\n.\n..dots"
    assert (content.sender_name, content.recipient_name) == ("Магазин", 'Ivan, "the" <best>')


async def test_macros_become_links(server: Server, world: World) -> None:
    await server.send(octets(mail("[Unsubscribe] [WebVersion] [Name]")))
    [message] = world.messages()
    unsubscribe, web, name = content_of(message).text.split()
    assert ("/_mail/unsubscribe/" in unsubscribe, "/_mail/web/" in web) == (True, True)
    assert name == "[Name]"


async def test_a_wrong_login_is_535_and_whoever_goes_on_is_told_to_log_in(
    server: Server, world: World
) -> None:
    def wrong(smtp: smtplib.SMTP) -> tuple[int, bytes]:
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            smtp.login(LOGIN, "wrong")
        assert caught.value.smtp_code == 535
        return smtp.mail(FROM)

    told = 554, b"Must authenticate before sending mail"
    assert await server.talk(wrong, login=False) == told
    assert await server.talk(lambda smtp: smtp.mail(FROM), login=False) == told

    # A command later the login is there, and it works.
    def late(smtp: smtplib.SMTP) -> int:
        smtp.mail(FROM)
        smtp.login(LOGIN, PASSWORD)
        return smtp.mail(FROM)[0]

    assert await server.talk(late, login=False) == 250
    assert list(world.messages()) == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_both_ways_to_log_in(server: Server, mechanism: str) -> None:
    def run(smtp: smtplib.SMTP) -> tuple[str, int]:
        smtp.user, smtp.password = LOGIN, PASSWORD
        way = smtp.auth_plain if mechanism == "PLAIN" else smtp.auth_login
        code, _ = smtp.auth(mechanism, way)
        return smtp.esmtp_features["size"], code

    assert await server.talk(run, login=False) == (str(MAX_SIZE), 235)


async def test_only_approved_senders(server: Server, account: Account, world: World) -> None:
    account.mail_senders = frozenset({"me@shop.example"})
    answered = await server.talk(lambda smtp: smtp.mail("you@shop.example"))
    assert answered == (554, b"Disallowed source address: you@shop.example")
    mine = "me@shop.example"
    answered = await server.send(octets(mail(sender="x@shop.example")), sender=mine)
    assert answered == (554, b"Disallowed source address: x@shop.example")
    assert (await server.send(octets(mail(sender=mine)), sender=mine))[0] == 250
    assert [one.reason is None for one in world.messages()] == [False, True]


@pytest.mark.parametrize("to", ["nobody", "a@b@c", "иван@example.com"])
async def test_an_invalid_recipient(server: Server, to: str) -> None:
    def run(smtp: smtplib.SMTP) -> tuple[int, bytes]:
        smtp.mail(FROM)
        smtp.putcmd(f"RCPT TO:<{to}>") if to.isascii() else smtp.send(
            f"RCPT TO:<{to}>\r\n".encode()
        )
        return smtp.getreply()

    code, reply = await server.talk(run)
    if to == "nobody":
        assert (code, reply) == (554, b"Invalid recipient address: nobody")
    else:
        assert code >= 500


async def test_only_the_first_recipient_gets_it(server: Server, world: World) -> None:
    assert (await server.send(octets(mail()), TO, "b@example.com", "c@example.com"))[0] == 250
    assert [(one.to, one.reason) for one in world.messages()] == [
        (TO, None),
        ("b@example.com", "only the first recipient of a mail gets it"),
        ("c@example.com", "only the first recipient of a mail gets it"),
    ]


async def test_a_mail_of_512000_bytes_and_no_more(server: Server, world: World) -> None:
    head = octets(mail("")).replace(b"\r\n\r\n", b"\r\nX-End: 1\r\n\r\n")
    line = b"x" * 70 + b"\r\n"
    whole = head + line * ((MAX_SIZE - len(head)) // len(line))
    whole += b"y" * (MAX_SIZE - len(whole) - 2) + b"\r\n"
    assert len(whole) == MAX_SIZE
    assert (await server.send(whole))[0] == 250
    too_large = 554, b"Message exceeds fixed size limit"
    assert await server.send(b"X: 1\r\n" + whole) == too_large

    def announce(smtp: smtplib.SMTP) -> tuple[int, bytes]:
        return smtp.mail(FROM, [f"SIZE={MAX_SIZE + 1}"])

    assert await server.talk(announce) == too_large
    reasons = [one.reason for one in world.messages()]
    assert (reasons[0], len(reasons)) == (None, 3)


@pytest.mark.parametrize(
    ("name", "extension"), [("a.exe", "exe"), ("b.tar.gz", "gz"), ("noname", "unknown")]
)
async def test_files_are_not_taken(server: Server, world: World, name: str, extension: str) -> None:
    made = mail()
    made.add_attachment(b"\x00", maintype="application", subtype="octet-stream", filename=name)
    answered = await server.send(octets(made))
    assert answered == (554, f"Not allowed attachement type {extension}".encode())
    [message] = world.messages()
    assert message.state is State.REJECTED


async def test_filtered_addresses_are_taken_and_not_sent(
    server: Server, account: Account, world: World, clock: ManualClock
) -> None:
    for name in ("unsubscribed", "bounced"):
        to = f"{name}@fate.test"
        assert (await server.send(octets(mail(to=to)), to))[0] == 250
    pass_by(world, 10)
    for name in ("unsubscribed", "bounced"):
        to = f"{name}@FATE.test"
        assert (await server.send(octets(mail(to=to)), to))[0] == 250
    pass_by(world, 10)
    assert [(one.state, one.step.reason) for one in world.messages()] == [
        (State.READ, ""),
        (State.BOUNCED, "bad-mailbox"),
        (State.REJECTED, "already_unsubscribed"),
        (State.REJECTED, "bad-mailbox"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: x\r\n\r\nno sender\r\n",
        b"From: a@b.ru, c@d.ru\r\n\r\ntwo\r\n",
        b"From: nobody\r\n\r\nx\r\n",
        b"\r\n",
    ],
)
async def test_a_mail_that_cannot_be_read_is_on_record(
    server: Server, world: World, data: bytes
) -> None:
    code, _ = await server.send(data)
    assert code == 554
    [message] = world.messages()
    assert (message.to, message.state) == (TO, State.REJECTED)


async def test_a_bare_line_feed_ends_no_mail(server: Server, world: World) -> None:
    await server.send(octets(mail("one\r\n\n.\nMAIL FROM:<x@y.ru>")))
    assert len(list(world.messages())) == 1


OPERATIONS = ["CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA-BEGIN", "DATA", "QUIT"]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("action", [AnswerError(421), AnswerError(451, "later"), Drop()])
async def test_every_verb_can_fail(
    server: Server, world: World, operation: str, action: AnswerError | Drop
) -> None:
    # Some clients try another mechanism when one fails.
    fault = Fault(protocol="email-smtp", operation=operation, times=None, action=action)
    world.faults.add(fault)

    def run(smtp: smtplib.SMTP) -> None:
        smtp.sendmail(FROM, [TO], octets(mail()))
        if operation == "QUIT":
            code, _ = smtp.quit()
            raise smtplib.SMTPResponseException(code, b"")

    with pytest.raises((smtplib.SMTPException, OSError)) as caught:
        await server.talk(run)
    if isinstance(action, AnswerError) and operation not in ("RCPT", "EHLO", "CONNECT"):
        code = getattr(caught.value, "smtp_code", action.code)
        assert code == action.code
    assert [one.to for one in world.messages()] == ([TO] if operation == "QUIT" else [])


async def test_an_answer_that_is_lost_was_a_mail(server: Server, world: World) -> None:
    world.faults.add(
        Fault(protocol="email-smtp", operation="DATA", to="IVAN@example.com", action=DropAnswer())
    )
    with pytest.raises(smtplib.SMTPServerDisconnected):
        await server.send(octets(mail()))
    assert len(list(world.messages())) == 1


async def test_something_else_may_answer(server: Server, world: World) -> None:
    world.faults.add(
        Fault(protocol="email-smtp", operation="CONNECT", action=AnswerHttp(502, "<html>"))
    )
    with pytest.raises((smtplib.SMTPException, OSError)):
        await server.talk(lambda smtp: None)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


async def test_with_a_certificate_there_are_two_ports(world: World, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with Sandbox(world, tls=context, discover=False) as sandbox:
        plain, whole = (sandbox.endpoints[key] for key in ("email_smtp", "email_smtps"))

        def talk() -> int:
            host, _, port = plain.rpartition(":")
            with smtplib.SMTP(host, int(port), timeout=5) as smtp:
                assert smtp.ehlo()[0] == 250
                assert not smtp.has_extn("auth")
                assert smtp.mail(FROM)[0] == 530
                smtp.starttls(context=trusting)
                smtp.login(LOGIN, PASSWORD)
                smtp.sendmail(FROM, [TO], octets(mail()))
            host, _, port = whole.rpartition(":")
            with smtplib.SMTP_SSL(host, int(port), timeout=5, context=trusting) as smtp:
                smtp.login(LOGIN, PASSWORD)
                smtp.sendmail(FROM, [TO], octets(mail()))
            return 2

        assert await asyncio.to_thread(talk) == len(list(world.messages()))
