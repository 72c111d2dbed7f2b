"""The durable outbox: what is to be sent is on disk before the wire sees it.

::

    outbox = Outbox("sqlite:///var/lib/app/outbox.db")
    async with outbox, AsyncClient() as client, Worker(outbox, client):
        await outbox.enqueue(message, in_doubt="resend", expires=timedelta(minutes=5))

A message is intended on disk before a byte of it goes to the wire, and nothing that was intended is
sent again unless something says that it was not taken. To claim a message is the intent: nothing
is fetched ahead, and no timer hands a message to a second worker. What a worker held when it ended
is in doubt, and is resolved by asking the platform, by the message's policy, or by a person.

Everything that a :class:`Store` needs is here, too: plugins bring stores by the hook
:func:`~devino_core.hookspecs.devino_stores`.
"""

from __future__ import annotations

from devino_core._store_spec import StoreSettings, StoreSpec

from ._changes import Change, Early, EventKind, Move, News, Note, OutboxEvent
from ._entry import (
    VERSION,
    Body,
    Entry,
    Fence,
    InDoubt,
    KeepText,
    Lane,
    Leg,
    Planned,
    RefTaken,
    Unreadable,
)
from ._memory import MemoryStore
from ._phases import TRANSITIONS, Phase
from ._store import (
    Added,
    Closed,
    Consumed,
    Held,
    LeaseLost,
    LimitState,
    Paused,
    PlatformId,
    Query,
    Rate,
    Setting,
    Slot,
    Store,
    Tally,
    Want,
    Weighted,
)

__all__ = [
    "TRANSITIONS",
    "VERSION",
    "Added",
    "Body",
    "Change",
    "Closed",
    "Consumed",
    "Early",
    "Entry",
    "EventKind",
    "Fence",
    "Held",
    "InDoubt",
    "KeepText",
    "Lane",
    "LeaseLost",
    "Leg",
    "LimitState",
    "MemoryStore",
    "Move",
    "News",
    "Note",
    "OutboxEvent",
    "Paused",
    "Phase",
    "Planned",
    "PlatformId",
    "Query",
    "Rate",
    "RefTaken",
    "Setting",
    "Slot",
    "Store",
    "StoreSettings",
    "StoreSpec",
    "Tally",
    "Unreadable",
    "Want",
    "Weighted",
]
