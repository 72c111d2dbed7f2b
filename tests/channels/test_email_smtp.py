"""The channel ``email-smtp``: what it sends, and what replies mean."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from devino_codecs import email
from devino_core import (
    AuthenticationFailed,
    Channel,
    ChannelSettings,
    ConnectFailed,
    DevinoError,
    InvalidMessage,
    Mail,
    OutcomeUnknown,
    Plugins,
    ProtocolViolation,
    QueueFull,
    Rejected,
    Retry,
    State,
    Throttled,
    Unavailable,
    Unsupported,
)
from devino_core.testing import ChannelConformance, Connected
from tests.channels._email import ANNA, IVAN, MailWired, mail, smtped

LOGIN = "554 Transaction failed: Must authenticate before sending mail"
INTERNAL = "554 5.3.0 Internal server error"


def saying(verb: str, reply: str) -> Connected:
    @asynccontextmanager
    async def connected() -> AsyncIterator[Channel[ChannelSettings]]:
        async with smtped() as wire:
            wire.server.says[verb] = reply
            yield wire.channel

    return connected


@asynccontextmanager
async def nowhere() -> AsyncIterator[Channel[ChannelSettings]]:
    async with smtped(port=1) as wire:
        yield wire.channel


@asynccontextmanager
async def without_tls() -> AsyncIterator[Channel[ChannelSettings]]:
    async with smtped(tls="starttls") as wire:
        yield wire.channel


VERBS = ["AUTH", "MAIL", "RCPT", "DATA", "."]
TEXTS: Mapping[str, type[DevinoError]] = {
    LOGIN: AuthenticationFailed,
    INTERNAL: Unavailable,
    "554 Not allowed attachement type exe": Rejected,
    "554 Transaction failed Message exceeds fixed size limit": Rejected,
    "554 invalid recipient address: ivan@example.com": Rejected,
    "554 Disallowed source address: shop@example.com": Rejected,
    "550 no": Rejected,
    "450 slow down": Throttled,
    "452 full": QueueFull,
    "451 local error": Unavailable,
    "535 wrong password": AuthenticationFailed,
}


@pytest.mark.pythons
class TestConformance(ChannelConformance):
    spec = Plugins(environ={}).channel_spec("email-smtp")
    carries = (
        mail(Mail("{name}", "Dear {name}", "<b>{name}</b>", values={"name": "Ivan"})),
        mail(Mail("a", "b", headers={"X-Tag": "1"}), "Иван <ivan@пример.рф>"),
    )
    refuses = (
        (mail(to="ivan"), InvalidMessage),
        (mail(to="a@b.ru, c@d.ru"), InvalidMessage),
        (mail(to="иван@example.com"), InvalidMessage),
        (mail(to="a@b.ru> RCPT TO:<c@d.ru"), InvalidMessage),
        (mail(sender="SHOP"), InvalidMessage),
        (mail(Mail("a", "b", headers={"Bcc": "c@d.ru"})), InvalidMessage),
        (mail(Mail("a", "\ud800")), InvalidMessage),
        (mail(Mail("a", "b" * 512_000)), InvalidMessage),
    )
    faults = (
        (nowhere, ConnectFailed),
        (without_tls, ConnectFailed),
        (saying("CONNECT", ""), ConnectFailed),
        (saying("MAIL", ""), Retry.SAFE),
        (saying("RCPT", ""), Retry.SAFE),
        (saying("DATA", ""), Retry.SAFE),
        (saying(".", ""), OutcomeUnknown),
        (saying(".", "354 go on"), ProtocolViolation),
        *[(saying(verb, text), error) for verb in VERBS[1:] for text, error in TEXTS.items()],
    )

    def message(self, number: int) -> Any:
        return mail(Mail(f"Message {number}", "Hello"))

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with smtped() as wire:
            yield wire.channel


@pytest.fixture
async def wire() -> AsyncIterator[MailWired]:
    async with smtped() as wire:
        yield wire


async def test_each_recipient_gets_a_mail_of_its_own(wire: MailWired) -> None:
    content = Mail("Hi {n}", "Hi {n}\n.\n", "<b>{n}</b>", {"X-Tag": "1"}, {"n": "<Иван>"})
    receipts = await wire.channel.send([mail(content, f"Иван <{IVAN}>"), mail(to=ANNA)])
    assert {email.decode_mail(data).to[0].address for data in wire.server.mails} == {IVAN, ANNA}
    found = {email.decode_mail(data).to[0].address: data for data in wire.server.mails}
    first = email.decode_mail(found[IVAN])
    assert first.to == (email.Mailbox(IVAN, "Иван"),)
    assert first.sender == email.Mailbox("shop@example.com", "Shop")
    assert (first.subject, first.text) == ("Hi <Иван>", "Hi <Иван>\n.\n")
    assert (first.html, first.headers) == ("<b>&lt;Иван&gt;</b>", (("X-Tag", "1"),))
    assert first.date == wire.clock.now().replace(microsecond=0)
    assert first.message_id is not None
    assert first.message_id.endswith("@example.com>")
    mails = [line for line in wire.server.lines if line.startswith("MAIL")]
    assert mails == ["MAIL FROM:<shop@example.com>"] * 2
    assert len([line for line in wire.server.lines if line.startswith("RCPT")]) == 2
    for receipt in receipts:
        assert (receipt.ids, receipt.status.state) == ((), State.ACCEPTED)
        assert receipt.status.description == "2.0.0 taken"


@pytest.mark.parametrize("text", TEXTS)
async def test_a_refused_login_or_text_at_auth(wire: MailWired, text: str) -> None:
    wire.server.says["AUTH"] = text
    with pytest.raises(DevinoError) as caught:
        await wire.channel.send([mail()])
    assert wire.server.mails == []
    if text in {LOGIN, "535 wrong password"}:
        assert isinstance(caught.value, AuthenticationFailed)


async def test_one_refused_recipient_costs_no_other_its_mail(wire: MailWired) -> None:
    server = wire.server
    plain = server._reply
    server._reply = lambda verb: (  # type: ignore[method-assign]
        "554 Invalid recipient address: <anna@example.com>"
        if verb == "RCPT" and ANNA in server.lines[-1]
        else plain(verb)
    )
    first, second, third = await wire.channel.send([mail(), mail(to=ANNA), mail()])
    assert (first.error, third.error) == (None, None)
    assert second.refused
    assert second.status.code == 554
    assert "Invalid recipient" in second.status.description


async def test_connections_are_kept(wire: MailWired) -> None:
    for _ in range(3):
        await wire.channel.send([mail()])
    assert len(wire.server.mails) == 3
    assert len([line for line in wire.server.lines if line.startswith("EHLO")]) == 1


@pytest.mark.parametrize(
    "to", ["a@b.ru>", "a@b.ru>\r\nRCPT TO:<x@y.ru", "a@b.ru x@y.ru", "<a@b.ru> SIZE=1"]
)
async def test_no_address_reaches_a_command_that_is_not_one(wire: MailWired, to: str) -> None:
    with pytest.raises(InvalidMessage):
        await wire.channel.send([mail(to=to)])
    assert wire.server.lines == []


async def test_a_text_says_what_to_give(wire: MailWired) -> None:
    with pytest.raises(Unsupported, match=r"give `Mail\(subject, text\)`"):
        await wire.channel.send([mail("Hello")])


async def test_a_mail_of_exactly_the_limit_goes(wire: MailWired) -> None:
    line = "x" * 60 + "\n"
    room = email.MAX_SIZE - 1000
    await wire.channel.send([mail(Mail("a", line * (room // 62)))])
    assert email.MAX_SIZE - 2000 < len(wire.server.mails[0]) < email.MAX_SIZE


async def test_closed_and_never_opened() -> None:
    async with smtped() as wire:
        await wire.channel.aclose()
        with pytest.raises(RuntimeError, match="open"):
            await wire.channel.send([mail()])
    await asyncio.sleep(0)


async def test_of_many_large_mails_few_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devino_plugins.email._smtp._MOST_HELD", 1000)
    async with smtped(connections=1) as wire:
        receipts = await wire.channel.send([mail(Mail(f"Mail {n}", "x" * 300)) for n in range(5)])
        assert [receipt.error for receipt in receipts] == [None] * 5
        subjects = [email.decode_mail(data).subject for data in wire.server.mails]
        assert subjects == [f"Mail {n}" for n in range(5)]
