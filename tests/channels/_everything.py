"""Messages that show everything that a message can hold, for channels that take it all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from devino_core import Button, Card, Content, Mail, Medium, Message, Priority, Template

CONTENTS: tuple[Content, ...] = (
    "Hello",
    Card("Sale", button=Button("Look", "https://example.org")),
    Template("welcome", {"name": "Ann"}),
    Mail("Hello", "Hello", "<b>Hello</b>"),
)


def everything() -> Iterator[Message]:
    """By each medium: each sort of content, and each field."""
    for medium in Medium:
        to = "anna@example.org" if medium is Medium.EMAIL else "79031234567"
        for content in CONTENTS:
            yield Message(to, content, medium=medium)
        noon = datetime(2100, 1, 1, 12)  # noqa: DTZ001 - by the recipient's clock
        for at in (noon, noon.replace(tzinfo=UTC)):
            yield Message(
                to,
                "Hello",
                sender="DEVINO",
                medium=medium,
                send_at=at,
                validity=timedelta(hours=1),
                priority=Priority.HIGH,
                fallback=Message("79031234567", "Hello instead"),
            )
