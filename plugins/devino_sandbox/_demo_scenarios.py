"""What the demo sends: messages, and the state that each must reach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from devino_core import Button, Card, Content, Mail, Medium, Message, State, Template

__all__ = [
    "ANSWER",
    "NUMBER",
    "REPLIED",
    "REPLY",
    "SCENARIOS",
    "SENDER",
    "SUBSCRIBER",
    "Scenario",
]

SENDER, SUBSCRIBER, ANSWER = "DEVINO", "79031234567", "Yes, I am coming"
NUMBER, REPLY = "1234", "See you then"
"""The account's number for incoming SMS, and what the handler replies."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A message and the state that it must reach. Numbers choose fates (:mod:`._fates`)."""

    about: str
    fate: str
    """What happens to it, in one or two short words: the heading of its column."""
    expected: State
    to: str = SUBSCRIBER
    content: Content = "Your code is 1234"
    sender: str | None = None
    medium: Medium = Medium.SMS
    instead: Sequence[tuple[Medium, Content]] = ()
    """What goes in its place, in order."""
    scheduled: bool = False

    def message(self, now: datetime) -> Message:
        """The message, made anew each time."""
        resent: Message | None = None
        for medium, content in reversed(self.instead):
            resent = Message(self.to, content, sender=self.sender, medium=medium, fallback=resent)
        # Wires take whole seconds.
        soon = now.replace(microsecond=0) + timedelta(seconds=2) if self.scheduled else None
        return Message(
            self.to,
            self.content,
            sender=self.sender,
            medium=self.medium,
            send_at=soon,
            fallback=resent,
        )


SCENARIOS: Sequence[Scenario] = (
    Scenario(about="an SMS", fate="SMS", expected=State.DELIVERED),
    Scenario(
        about="a long text, in parts",
        fate="long",
        expected=State.DELIVERED,
        content="Привет, мир! " * 12,
    ),
    Scenario(about="in two seconds", fate="later", expected=State.DELIVERED, scheduled=True),
    Scenario(
        about="a number out of service",
        fate="out of service",
        expected=State.UNDELIVERABLE,
        to="79990000041",
    ),
    Scenario(
        about="a phone switched off", fate="phone off", expected=State.EXPIRED, to="79990000046"
    ),
    Scenario(
        about="refused by the operator", fate="refused", expected=State.REJECTED, to="79990000042"
    ),
    Scenario(
        about="a sender not approved",
        fate="strange sender",
        expected=State.REJECTED,
        sender="STRANGER",
    ),
    Scenario(about="Viber, read", fate="read", expected=State.READ, medium=Medium.VIBER),
    Scenario(
        about="no Viber, so by SMS",
        fate="sent instead",
        expected=State.DELIVERED,
        to="79990000005",
        medium=Medium.VIBER,
        instead=((Medium.SMS, "Your code is 1234"),),
    ),
    Scenario(
        about="a card in Viber, read",
        fate="card",
        expected=State.READ,
        content=Card(
            "Your order is ready",
            image="https://shop.example/order.png",
            button=Button("Show it", "https://shop.example/orders/1"),
        ),
        medium=Medium.VIBER,
    ),
    Scenario(
        about="no Viber, so another text by SMS",
        fate="sent instead",
        expected=State.DELIVERED,
        to="79990003910",
        content="Your order is ready 📦",
        medium=Medium.VIBER,
        instead=((Medium.SMS, "Your order is ready"),),
    ),
    Scenario(about="WhatsApp, read", fate="read", expected=State.READ, medium=Medium.WHATSAPP),
    Scenario(
        about="a template in VK, read",
        fate="read",
        expected=State.READ,
        content=Template("123456", {"name": "Anna"}),
        medium=Medium.VK,
    ),
    Scenario(
        about="no VK, no Viber, so by SMS",
        fate="sent instead",
        expected=State.DELIVERED,
        to="79990003110",
        content=Template("123456", {"name": "Anna"}),
        medium=Medium.VK,
        instead=((Medium.VIBER, "Hello Anna"), (Medium.SMS, "Hello, Anna")),
    ),
    Scenario(
        about="a mail, read",
        fate="read",
        expected=State.READ,
        to="anna@example.org",
        content=Mail(
            "Hello, {name}",
            "Your order is ready, {name}",
            "<p>Your order is ready, <b>{name}</b></p>",
            values={"name": "Anna"},
        ),
        medium=Medium.EMAIL,
    ),
    Scenario(
        about="a mail, and a link in it followed",
        fate="link clicked",
        expected=State.CLICKED,
        to="clicked@fate.test",
        content=Mail("Hello", "Your order is ready"),
        medium=Medium.EMAIL,
    ),
    Scenario(
        about="a mailbox that is full",
        fate="mailbox full",
        expected=State.BOUNCED,
        # An address that is none gets no second mail.
        to="bounced.quota-issues@fate.test",
        content=Mail("Hello", "Your order is ready"),
        medium=Medium.EMAIL,
    ),
)
REPLIED = Scenario(
    about="the handler's reply to an SMS",
    fate="reply",
    expected=State.DELIVERED,
    content=REPLY,
    sender=NUMBER,
)
