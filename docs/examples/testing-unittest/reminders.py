"""An application: it reminds people of their tables."""

from __future__ import annotations

from datetime import datetime

from devino import Client, Message, State


def remind(client: Client, to: str, at: datetime) -> str:
    """Remind a guest. Gives what the application keeps to ask later: the id."""
    text = f"Your table is waiting at {at:%H:%M}"
    (given,) = client.send(Message(to, text, sender="BISTRO")).ids
    return given


def has_arrived(client: Client, given: str) -> bool:
    """Whether the guest has the reminder."""
    channel = client.channel_for()
    (status,) = client.call(channel.status, [given])
    return status.state is State.DELIVERED
