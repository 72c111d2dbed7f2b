"""The mail gateway: mails written by the standard library, each reaching the World as meant."""

from __future__ import annotations

import asyncio
import logging
import smtplib
from decimal import Decimal
from email.policy import SMTP as POLICY

import pytest

from devino_core import ConfigurationError, Secret, State
from devino_core.testing import ManualClock
from devino_sandbox import (
    Account,
    AnswerError,
    AnswerHttp,
    Drop,
    DropAnswer,
    Fault,
    Hang,
    Sandbox,
    World,
)
from tests._vectors import VECTORS, Vector, vector_id
from tests.sandbox._http import LOGIN, PASSWORD, Http
from tests.sandbox._mail import FROM, GATEWAY, TO, Mailbox, mail, template

pytestmark = pytest.mark.pythons


@pytest.fixture
def mailbox(sandbox: Sandbox) -> Mailbox:
    return Mailbox.of(sandbox)


def received(world: World) -> list[tuple[str, str, str]]:
    return [(m.to, m.submission.sender, m.submission.text) for m in world.messages()]


def line(text: str, to: str = TO) -> str:
    return f"{LOGIN};{PASSWORD};{to};DEVINO;{text}"


ALTERNATIVE = mail(template())
ALTERNATIVE.add_alternative("<p>Привет</p>", subtype="html")
WITH_ATTACHMENT = mail(template())
WITH_ATTACHMENT.add_attachment(b"\x89PNG", maintype="image", subtype="png")


@pytest.mark.parametrize(
    "sent",
    [
        mail(template()),
        mail(template(), cte="8bit"),
        mail(template(), charset="utf-8", cte="base64"),
        mail(template(), charset="koi8-r"),
        mail(template().partition("\n")[2]),
        mail("Hello,\n\n" + template() + "\n-- \nsent from my phone"),
        ALTERNATIVE,
        WITH_ATTACHMENT,
        mail(f"StartWithPoint;{line('Привет')};EndWithPoint"),
        mail(f"StartWithPoint;{line('Привет')};EndWithPoint", charset="utf-8", cte="8bit"),
        mail(line("Привет"), subject="MODEB64", cte="base64"),
        mail(line("Привет"), subject="modeb64", charset="utf-8"),
    ],
)
async def test_a_mail_of_any_program_is_a_message(
    world: World, mailbox: Mailbox, sent: smtplib.SMTP
) -> None:
    await mailbox.send(sent)  # type: ignore[arg-type]
    assert received(world) == [(TO, "DEVINO", "Привет")]


@pytest.mark.parametrize(
    "vector", [VECTORS[i] for i in ("04-003", "04-006", "04-010", "04-011")], ids=vector_id
)
async def test_the_manuals_mails_are_taken(
    clock: ManualClock, account: Account, vector: Vector
) -> None:
    spoken = vector.text
    for theirs, ours in [
        ("UserLogin=7284_smuser777", f"UserLogin={LOGIN}"),
        ("Password=qwerty12", f"Password={PASSWORD}"),
        ("Ваш логин;Ваш пароль", f"{LOGIN};{PASSWORD}"),
    ]:
        spoken = spoken.replace(theirs, ours)
    world = World([account], clock=clock)
    async with Sandbox(world, discover=False) as sandbox:
        subject = "" if "Point" in spoken or "=" in spoken else "MODEB64"
        await Mailbox.of(sandbox).send(mail(spoken, subject=subject, cte="base64"))
    numbers = 2 if vector.id == "04-011" else 1
    assert len(received(world)) == numbers
    assert all(message.reason is None for message in world.messages())


async def test_a_message_is_charged_lives_and_is_shown_like_any_other(
    http: Http, world: World, account: Account, clock: ManualClock, mailbox: Mailbox
) -> None:
    await mailbox.send(mail(template(f"+{TO},+79990000041", "a" * 161)))
    assert account.balance == Decimal("20015.3") - 4 * Decimal("1.5")
    clock.advance(5)
    shown = await http.messages()
    assert [(m["to"], m["via"], m["state"], m["parts"]) for m in shown] == [
        (TO, "email2sms", "DELIVERED", 2),
        ("79990000041", "email2sms", "UNDELIVERABLE", 2),
    ]
    # The other protocols know it.
    assert (await http.state(shown[0]["ids"][0]))["State"] == 0


@pytest.mark.parametrize("count", [20, 1000])
async def test_a_mail_may_go_to_as_many_as_its_format_allows(
    world: World, mailbox: Mailbox, count: int
) -> None:
    numbers = ",".join(f"+7916{n:07}" for n in range(count))
    plain = mail(template(numbers))
    sent = plain if count == 20 else mail(line("a", numbers), subject="MODEB64", cte="base64")
    await mailbox.send(sent)
    assert len(received(world)) == count


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (mail(template(password="wrong")), "wrong login or password"),
        (mail(template("+123")), "destination address: not a phone number"),
        (mail(template(f"+{TO},+123")), "destination address"),
        (mail(template(sender="Привет")), "source address: up to 11 Latin"),
        (mail(template(",".join([f"+{TO}"] * 21))), "21 numbers"),
        (mail(template().rpartition("\n")[0]), "end mark"),
        (mail(line("a")), "MODEB64"),
        (mail("Hello"), "begins neither"),
        (mail(template(text="")), "text: is empty"),
        (mail(f"StartWithPoint;{line(' ')};EndWithPoint"), "text: is empty"),
        (mail(line(""), subject="MODEB64", cte="base64"), "text: is empty"),
        (b"Subject: MODEB64\r\n\r\n" + b"a" * 1100, "line above 998"),
    ],
)
async def test_what_is_refused_is_answered_so_and_shown_with_the_reason(
    http: Http, account: Account, mailbox: Mailbox, sent: bytes, reason: str
) -> None:
    with pytest.raises(smtplib.SMTPResponseException) as caught:
        await mailbox.send(sent)
    assert caught.value.smtp_code in (500, 554)
    shown = await http.messages()
    assert {m["state"] for m in shown} == {"REJECTED"}
    assert all(reason in m["reason"] for m in shown)
    assert account.balance == Decimal("20015.3")


async def test_a_mail_that_is_too_large_is_refused_announced_or_not(
    world: World, mailbox: Mailbox
) -> None:
    large = mail(template(text="a" * 1_050_000)).as_bytes(policy=POLICY)
    with pytest.raises(smtplib.SMTPSenderRefused, match="552"):
        await mailbox.send(large)

    def unannounced(smtp: smtplib.SMTP) -> int:
        smtp.helo()
        smtp.mail(FROM)
        smtp.rcpt(GATEWAY)
        return smtp.data(large)[0]

    assert await mailbox.talk(unannounced) == 552
    for shown in world.messages():
        assert shown.reason is not None
        assert "larger than 1048576 bytes" in shown.reason
        assert (shown.submission.sender, shown.submission.text) == (FROM, "")
    assert len(list(world.messages())) == 2


async def test_a_mail_that_does_not_end_is_ended(world: World, mailbox: Mailbox) -> None:
    reader, writer = await asyncio.open_connection(*mailbox)
    writer.write(HEAD)
    while b"354" not in await reader.readline():
        pass
    # No more than it reads, or the break would overtake its last word.
    writer.write(b"a\r\n" * ((2 << 20) // 3 + 1))
    assert await reader.read() == b"421 4.3.4 the mail does not end\r\n"
    writer.close()
    (shown,) = world.messages()
    assert (shown.submission.sender, shown.submission.text) == ("a@example.org", "")
    assert shown.reason is not None
    assert "larger than 1048576 bytes" in shown.reason


async def test_a_mail_has_at_most_a_thousand_addresses(world: World, mailbox: Mailbox) -> None:
    def talk(smtp: smtplib.SMTP) -> list[int]:
        smtp.ehlo()
        smtp.mail(FROM)
        return [smtp.rcpt(f"email2sms@{n}.example")[0] for n in range(1002)]

    assert await mailbox.talk(talk) == [250] * 1000 + [452] * 2


async def test_who_connects_and_says_nothing_is_disconnected(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devino_sandbox.services.smtp._conversation.FIRST_COMMAND", 0.05)
    silent, writer = await asyncio.open_connection(*mailbox)
    talking, speaker = await asyncio.open_connection(*mailbox)
    speaker.write(b"EHLO a\r\n")
    writer.write(b"EHL")
    assert (await silent.read()).startswith(b"220 ")
    speaker.write(b"QUIT\r\n")
    assert (await talking.read()).endswith(b"221 Bye\r\n")
    for one in (writer, speaker):
        one.close()


async def test_what_else_is_wrong_with_a_sender_is_no_mail(world: World, mailbox: Mailbox) -> None:
    order(world, "MAIL", AnswerError(552))

    def talk(smtp: smtplib.SMTP) -> list[int]:
        smtp.ehlo()
        said = ["<a@b.ru> SIZE=9999999", "<a@b.ru> SIZE=x", "<a@b.ru> SIZE", ""]
        return [smtp.docmd("MAIL", f"FROM:{one}")[0] for one in said]

    assert await mailbox.talk(talk) == [552, 501, 501, 501]
    assert list(world.messages()) == []


async def test_the_reason_is_in_the_answer_without_the_password(
    world: World, mailbox: Mailbox
) -> None:
    with pytest.raises(smtplib.SMTPDataError) as caught:
        await mailbox.send(mail(template(sender="A" * 12)))
    assert caught.value.smtp_code == 554
    assert b"source address" in caught.value.smtp_error
    with pytest.raises(smtplib.SMTPDataError) as unread:
        await mailbox.send(mail(template().rpartition("\n")[0]))
    said = unread.value.smtp_error
    assert isinstance(said, bytes)
    assert said.isascii()
    assert PASSWORD.encode() not in said
    assert not [m for m in world.messages() if PASSWORD in f"{m.submission} {m.reason}"]


async def test_a_mail_that_the_account_cannot_pay_is_refused_whole(clock: ManualClock) -> None:
    poor = World([Account(login=LOGIN, password=Secret(PASSWORD), balance=Decimal(2))], clock=clock)
    async with Sandbox(poor, discover=False) as sandbox:
        with pytest.raises(smtplib.SMTPDataError, match="not enough credits"):
            await Mailbox.of(sandbox).send(mail(template(f"+{TO},+79161234568")))
    assert {m.state for m in poor.messages()} == {State.REJECTED}


async def test_only_the_gateways_mailbox_is_here(mailbox: Mailbox, world: World) -> None:
    await mailbox.send(mail(template()), "EMAIL2SMS@another.example")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await mailbox.send(mail(template()), "somebody@integrationapi.net")
    assert len(received(world)) == 1


async def test_many_mails_in_one_conversation(mailbox: Mailbox, world: World) -> None:
    def talk(smtp: smtplib.SMTP) -> None:
        for text in "abc":
            smtp.sendmail(FROM, [GATEWAY], mail(template(text=text)).as_bytes())
            smtp.rset()
            smtp.noop()

    await mailbox.talk(talk)
    assert [text for _, _, text in received(world)] == ["a", "b", "c"]


HEAD = b"EHLO a\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<email2sms@a>\r\nDATA\r\n"
MAIL = b"\r\n" + template(text="first").replace("\n", "\r\n").encode("cp1251")
SMUGGLED = template("+79990000041", "smuggled").replace("\n", "\r\n").encode("cp1251")


@pytest.mark.parametrize(
    "end",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\n.\r", b"\r.\n", b"\r\n\x00.\r\n"],
)
async def test_only_dot_between_whole_line_ends_is_the_end(
    world: World, mailbox: Mailbox, end: bytes
) -> None:
    second = b"MAIL FROM:<b@example.org>\r\nRCPT TO:<email2sms@a>\r\nDATA\r\n\r\n" + SMUGGLED
    answered = await mailbox.raw(HEAD, MAIL, end, second, b"\r\n.\r\n", b"QUIT\r\n")
    assert [text for _, _, text in received(world)] == ["first"]
    # Greeting, EHLO, MAIL, RCPT, 354, one answer to one mail, goodbye.
    codes = [one[:3] for one in answered if one[3:4] != b"-"]
    assert codes == [b"220", b"250", b"250", b"250", b"354", b"250", b"221"]


async def test_a_mail_without_its_end_is_none(world: World, mailbox: Mailbox) -> None:
    reader, writer = await asyncio.open_connection(*mailbox)
    writer.write(HEAD + MAIL)
    while b"354" not in await reader.readline():
        pass
    writer.close()
    await writer.wait_closed()
    await mailbox.send(mail(template(text="second")))
    assert [text for _, _, text in received(world)] == ["second"]


def order(world: World, operation: str, action: object, **when: object) -> None:
    world.faults.add(
        Fault(protocol="email2sms", operation=operation, action=action, **when)  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "RSET", "NOOP", "DATA-BEGIN", "DATA"])
@pytest.mark.parametrize("code", [421, 451, 452, 554])
async def test_each_verb_can_be_made_to_fail(
    world: World, mailbox: Mailbox, verb: str, code: int
) -> None:
    order(world, verb, AnswerError(code))

    def talk(smtp: smtplib.SMTP) -> dict[str, int]:
        said: dict[str, int] = {}
        try:
            said["EHLO"] = smtp.ehlo()[0]
            said["NOOP"] = smtp.noop()[0]
            said["RSET"] = smtp.rset()[0]
            said["MAIL"] = smtp.mail(FROM)[0]
            said["RCPT"] = smtp.rcpt(GATEWAY)[0]
            said["DATA-BEGIN"] = 354
            said["DATA"] = smtp.data(mail(template()).as_bytes())[0]
        except smtplib.SMTPDataError as error:
            said["DATA-BEGIN"] = error.smtp_code
        except smtplib.SMTPServerDisconnected:
            pass
        return said

    said = await mailbox.talk(talk)
    assert said[verb] == code
    if code == 421:
        # It was the last word.
        assert list(said)[-1] in (verb, "DATA-BEGIN")
    harmless = verb in ("NOOP", "RSET") and code != 421
    assert len(received(world)) == harmless


async def test_a_fault_can_be_of_a_number(world: World, mailbox: Mailbox) -> None:
    order(world, "DATA", AnswerError(452), to="79161234568")
    await mailbox.send(mail(template()))
    with pytest.raises(smtplib.SMTPDataError, match="452"):
        await mailbox.send(mail(template(f"+{TO},+79161234568")))
    assert len(received(world)) == 1


@pytest.mark.parametrize(
    ("action", "taken"), [(Drop(), 0), (DropAnswer(), 1), (AnswerHttp(502, "<html>"), 0)]
)
async def test_an_answer_can_be_lost_before_and_after_the_mail_is_taken(
    world: World, mailbox: Mailbox, action: object, taken: int
) -> None:
    order(world, "DATA", action)
    with pytest.raises(smtplib.SMTPException):
        await mailbox.send(mail(template()))
    assert len(received(world)) == taken


@pytest.mark.parametrize("operation", ["CONNECT", "MAIL", "DATA"])
async def test_a_client_that_waits_for_ever_does_not_hold_up_the_end(
    world: World, operation: str
) -> None:
    order(world, operation, Hang())
    async with Sandbox(world, discover=False) as sandbox:
        reader, writer = await asyncio.open_connection(*Mailbox.of(sandbox))
        writer.write(HEAD + MAIL + b"\r\n.\r\n")
        while world.faults:  # noqa: ASYNC110 - nobody tells when a fault has struck
            await asyncio.sleep(0)
    assert await reader.read() is not None
    writer.close()
    assert received(world) == []


async def test_a_description_cannot_break_the_protocol(world: World, mailbox: Mailbox) -> None:
    order(world, "MAIL", AnswerError(451, "Позже\r\n250 OK"))
    code, text = await mailbox.talk(lambda smtp: (smtp.ehlo(), smtp.mail(FROM))[1])
    assert (code, text) == (451, b"????? 250 OK")


async def test_who_logs_in_must_have_the_right_password(mailbox: Mailbox) -> None:
    await mailbox.talk(lambda smtp: smtp.login(LOGIN, PASSWORD))
    with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
        await mailbox.talk(lambda smtp: smtp.login(LOGIN, "wrong"))
    assert caught.value.smtp_code == 535


async def test_no_log_shows_a_password(mailbox: Mailbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "mail.log")
    await mailbox.talk(lambda smtp: smtp.login(LOGIN, PASSWORD))
    await mailbox.send(mail(template(), cte="8bit"))
    shown = [record.getMessage() for record in caplog.records]
    assert any("rcpt" in text for text in shown)
    assert not [text for text in shown if PASSWORD in text or "deprecated" in text]


async def test_a_failure_of_the_sandbox_itself_is_451(
    world: World,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("what the client need not know")

    monkeypatch.setattr(world, "submit", fail)
    with pytest.raises(smtplib.SMTPDataError, match="451") as caught:
        await mailbox.send(mail(template()))
    assert "need not know" not in str(caught.value)
    assert "the mail server of the sandbox failed" in caplog.text


async def test_its_port_can_be_chosen_and_is_free_again_at_once(world: World) -> None:
    async with Sandbox(world, discover=False) as first:
        port = Mailbox.of(first).port
        with pytest.raises(ConfigurationError, match=f"smtp: .* port {port}"):
            async with Sandbox(world, ports={"smtp": port}, discover=False):
                pass
    async with Sandbox(world, ports={"smtp": port}, discover=False) as again:
        assert Mailbox.of(again).port == port
        await Mailbox.of(again).send(mail(template()))


async def test_a_host_of_two_addresses_has_one_port() -> None:
    async with Sandbox(host="localhost", discover=False) as sandbox:
        assert sandbox.endpoints["smtp"].startswith("localhost:")
        reader, writer = await asyncio.open_connection(*Mailbox.of(sandbox))
        assert (await reader.readline()).startswith(b"220 ")
        writer.close()
