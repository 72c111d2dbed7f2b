"""A channel on a clock that the test drives, connected to a centre that obeys the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from devino_codecs import smpp
from devino_codecs.smpp import CommandStatus, DeliverSm, EsmClass, Pdu, SubmitSm, SubmitSmResp
from devino_core import Event
from devino_core.testing import ManualClock
from devino_plugins.smpp._channel import SmppChannel
from tests.channels._smpp import Listening, smpp_channel, until
from tests.channels._smsc import Connection, Smsc, smsc

__all__ = [
    "QUEUE_FULL",
    "THROTTLED",
    "TO",
    "Wired",
    "answers_of",
    "listening",
    "receipt",
    "settle",
    "taken",
    "wired",
]

TO = "79031234567"
QUEUE_FULL = SubmitSmResp(command_status=CommandStatus.ESME_RMSGQFUL)


THROTTLED = SubmitSmResp(command_status=CommandStatus.ESME_RTHROTTLED)


class Wired(NamedTuple):
    channel: SmppChannel
    centre: Smsc
    clock: ManualClock


@asynccontextmanager
async def wired(**settings: object) -> AsyncIterator[Wired]:
    clock = ManualClock()
    async with smsc() as centre:
        channel = smpp_channel(clock, **{"hosts": centre.host, "bind": "transceiver", **settings})
        async with channel:
            try:
                yield Wired(channel, centre, clock)
            finally:
                for connection in centre.connections:
                    connection.forget_all()


async def settle() -> None:
    """Let sockets and tasks come to rest, to see that nothing more happens."""
    for _ in range(20):
        await asyncio.sleep(0.0005)


async def listening(wire: Wired) -> tuple[Listening, asyncio.Task[Event | None]]:
    """A bound session that receives, and a task that waits for its first event."""
    events = Listening(wire.channel)
    telling = asyncio.create_task(events.next())
    await until(lambda: bool(wire.centre.connections and wire.centre.connection.bind))
    await settle()
    return events, telling


def receipt(message_id: str, stat: str = "DELIVRD") -> DeliverSm:
    text = smpp.build_receipt(smpp.DeliveryReceipt(id=message_id, stat=stat, err="000"))
    return DeliverSm(esm_class=EsmClass.DELIVERY_RECEIPT, source_addr=TO, short_message=text)


def taken(pdu: Pdu) -> SubmitSmResp:
    assert isinstance(pdu, SubmitSm)
    return SubmitSmResp(message_id=f"id-{pdu.destination_addr}")


def answers_of(connection: Connection) -> list[smpp.AnyPdu]:
    """The answers of the session to octets that no machine would send."""
    sent = [smpp.decode(frame) for frame in smpp.Framer().feed(connection.octets)]
    return [pdu for pdu in sent if pdu.command_id & 0x80000000]
