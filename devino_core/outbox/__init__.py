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

from typing import TYPE_CHECKING

from devino_core._store_spec import StoreSettings, StoreSpec
from devino_core.lazy import lazy

# Plugins that bring a store import this package, and few processes send.
if TYPE_CHECKING:
    from ._blocking import BlockingOutbox
    from ._cascade import Delivery, Journal
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
    from ._outbox import Outbox
    from ._people import Resolution
    from ._phases import TRANSITIONS, Phase
    from ._settings import ChannelPace, OutboxSettings, TenantShare
    from ._statement import Insertion, Inserts, Statement
    from ._store import (
        AGES,
        Added,
        Ages,
        Borrows,
        Closed,
        Consumed,
        Held,
        LeaseLost,
        LimitState,
        Migrates,
        Paused,
        PlatformId,
        Query,
        Rate,
        Remembers,
        Setting,
        Slot,
        Store,
        Tally,
        Wakes,
        Want,
        Weighted,
    )
    from ._worker import Stuck, Worker
else:
    __getattr__ = lazy(
        __name__,
        {
            "AGES": "_store",
            "Added": "_store",
            "Ages": "_store",
            "BlockingOutbox": "_blocking",
            "Body": "_entry",
            "Borrows": "_store",
            "Change": "_changes",
            "ChannelPace": "_settings",
            "Closed": "_store",
            "Consumed": "_store",
            "Delivery": "_cascade",
            "Early": "_changes",
            "Entry": "_entry",
            "EventKind": "_changes",
            "Fence": "_entry",
            "Held": "_store",
            "InDoubt": "_entry",
            "Insertion": "_statement",
            "Inserts": "_statement",
            "Journal": "_cascade",
            "KeepText": "_entry",
            "Lane": "_entry",
            "LeaseLost": "_store",
            "Leg": "_entry",
            "LimitState": "_store",
            "MemoryStore": "_memory",
            "Migrates": "_store",
            "Move": "_changes",
            "News": "_changes",
            "Note": "_changes",
            "Outbox": "_outbox",
            "OutboxEvent": "_changes",
            "OutboxSettings": "_settings",
            "Paused": "_store",
            "Phase": "_phases",
            "Planned": "_entry",
            "PlatformId": "_store",
            "Query": "_store",
            "Rate": "_store",
            "RefTaken": "_entry",
            "Remembers": "_store",
            "Resolution": "_people",
            "Setting": "_store",
            "Slot": "_store",
            "Statement": "_statement",
            "Store": "_store",
            "Stuck": "_worker",
            "TRANSITIONS": "_phases",
            "Tally": "_store",
            "TenantShare": "_settings",
            "Unreadable": "_entry",
            "VERSION": "_entry",
            "Wakes": "_store",
            "Want": "_store",
            "Weighted": "_store",
            "Worker": "_worker",
        },
    )

__all__ = [
    "AGES",
    "TRANSITIONS",
    "VERSION",
    "Added",
    "Ages",
    "BlockingOutbox",
    "Body",
    "Borrows",
    "Change",
    "ChannelPace",
    "Closed",
    "Consumed",
    "Delivery",
    "Early",
    "Entry",
    "EventKind",
    "Fence",
    "Held",
    "InDoubt",
    "Insertion",
    "Inserts",
    "Journal",
    "KeepText",
    "Lane",
    "LeaseLost",
    "Leg",
    "LimitState",
    "MemoryStore",
    "Migrates",
    "Move",
    "News",
    "Note",
    "Outbox",
    "OutboxEvent",
    "OutboxSettings",
    "Paused",
    "Phase",
    "Planned",
    "PlatformId",
    "Query",
    "Rate",
    "RefTaken",
    "Remembers",
    "Resolution",
    "Setting",
    "Slot",
    "Statement",
    "Store",
    "StoreSettings",
    "StoreSpec",
    "Stuck",
    "Tally",
    "TenantShare",
    "Unreadable",
    "Wakes",
    "Want",
    "Weighted",
    "Worker",
]
