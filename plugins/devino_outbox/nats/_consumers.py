"""Consumers of the server: each hands a reminder to one worker.

Each has its name in its filter. A stream may have other consumers, of somebody who listens: what
they have done with stays in it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from itertools import count
from typing import Any, NamedTuple

import msgspec
from nats import errors
from nats.aio.msg import Msg

from devino_core.errors import Unavailable
from devino_outbox._settings import NatsSettings

from ._link import LOST, Inbox, Link, Stored
from ._names import RIPE, WAIT

__all__ = ["Consumers", "Reminder"]

_log = logging.getLogger(__name__)
_MOST_PENDING = 20_000
_MANY = 6


class Reminder(NamedTuple):
    """A message about an entry."""

    number: int
    seq: int
    deliveries: int
    message: Msg

    def fits(self, entry: Stored | None, seq: int) -> bool | None:
        """Whether the entry is still as it was written at this sequence, as the leader has it.

        None: nobody can say. A leader that was deposed a moment ago may still answer, and what it
        lacks is perhaps new: the reminder comes again. Often enough, and it is for nothing.
        """
        if entry is not None and entry.seq >= seq:
            return entry.seq == seq
        return None if self.deliveries <= _MANY else False


def _reminder(message: Msg) -> Reminder:
    # $JS.ACK.[domain.account.]stream.consumer.delivered.stream sequence.sequence.time.pending...
    parts = message.reply.split(".")
    deliveries, seq = parts[4:6] if len(parts) < 11 else parts[6:8]
    number = message.subject.rpartition(".")[2].partition("-")[0]
    return Reminder(int(number, 16), int(seq), int(deliveries), message)


class _Place:
    """Where that arrives which one consumer gives."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.inbox = Inbox()
        self.subject = ""
        """What its subjects begin with: each fetch has one of its own. Empty: nobody listens."""
        self.rests_until = float("-inf")
        """It is not asked before then while it waits for acknowledgements: an earlier fetch is open
        still, and gets what it gives."""

    def late(self, most: int) -> list[Msg]:
        """What came too late for an earlier fetch; what was said to that one is over."""
        found: list[Msg] = []
        while len(found) < most and (message := self.inbox.taken()) is not None:
            if _status(message) is None:
                found.append(message)
        return found


def _status(message: Msg) -> str | None:
    """What the server says of a fetch; None: it is a message of a stream."""
    return (message.headers or {}).get("Status")


class Consumers:
    """Those that all workers of an outbox share."""

    def __init__(self, link: Link, settings: NatsSettings) -> None:
        self._link = link
        self._settings = settings
        self._places: dict[str, _Place] = {}
        self._fetches = count(1)

    async def fetch(self, stream: str, name: str, subject: str, most: int) -> list[Reminder]:
        """What a consumer has now; it is made if there is none. Raises Unavailable."""
        messages = await self._fetched(stream, name, most)
        if messages is None:
            await self._make(stream, name, subject)
            messages = await self._fetched(stream, name, most)
        return [_reminder(message) for message in messages or ()]

    async def _make(self, stream: str, name: str, subject: str) -> None:
        """It is forgotten when nobody has asked it for a week."""
        config = {
            "durable_name": name,
            "filter_subject": subject,
            "ack_policy": "explicit",
            "ack_wait": int(self._settings.ack_wait * 1e9),
            "max_ack_pending": _MOST_PENDING,
            "inactive_threshold": int(7 * 86_400 * 1e9),
        }
        asked = {"stream_name": stream, "config": config}
        answer = await self._link.api(f"CONSUMER.DURABLE.CREATE.{stream}.{name}", asked)
        if "error" in answer:
            said = answer["error"]["description"]
            raise Unavailable(f"JetStream makes no consumer {name!r} of {stream!r}: {said}")

    async def _fetched(self, stream: str, name: str, most: int) -> list[Msg] | None:
        """None: there is no such consumer."""
        place = self._places.setdefault(f"{stream} {name}", _Place())
        async with place.lock:
            found = place.late(most)
            if len(found) == most:
                return found
            if time.monotonic() < place.rests_until and await self._is_full(stream, name):
                return found
            try:
                is_there = await self._ask(place, f"{stream}.{name}", most, found)
            except TimeoutError as error:
                if await self._is_full(stream, name):
                    place.rests_until = time.monotonic() + self._settings.ack_wait
                    _log.warning(
                        "outbox: NATS: consumer %r of %r has given %d reminders that were not "
                        "acknowledged, and gives no more before they are",
                        name,
                        stream,
                        _MOST_PENDING,
                    )
                elif not found:
                    raise Unavailable("JetStream does not answer") from error
            except LOST as error:
                # What has come is used; the rest comes again.
                if not found:
                    raise Unavailable("JetStream does not answer") from error
            else:
                return found if is_there or found else None
            return found

    async def _ask(self, place: _Place, consumer: str, most: int, found: list[Msg]) -> bool:
        """Fetch so many in all. False: there is no such consumer."""
        link = self._link
        await link.ready()
        client = link.client
        if not place.subject:
            place.subject = client.new_inbox()
            await client.subscribe(f"{place.subject}.*", cb=place.inbox.put)
        reply = f"{place.subject}.{next(self._fetches)}"
        asked = msgspec.json.encode({"batch": most - len(found), "no_wait": True})
        await client.publish(f"$JS.API.CONSUMER.MSG.NEXT.{consumer}", asked, reply)
        while len(found) < most:
            message = place.inbox.taken()
            if message is None:
                message = await link.answered(place.inbox.get())
            status = _status(message)
            if status is None:
                found.append(message)
            elif message.subject == reply:
                return status != "503"
        return True

    async def _is_full(self, stream: str, name: str) -> bool:
        """Whether a consumer waits for acknowledgements: then it does not answer."""
        info = await self._link.api(f"CONSUMER.INFO.{stream}.{name}")
        if "error" in info:
            return False
        return bool(info["num_ack_pending"] >= info["config"]["max_ack_pending"] > 0)

    async def ack(self, reminders: Iterable[Reminder]) -> None:
        """They need not come again. That this gets lost does no harm."""
        client = self._link.client
        for one in reminders:
            try:
                await client.publish(one.message.reply, b"+ACK")
            except (errors.Error, OSError):
                return

    async def pending(self, stream: str) -> int:
        """How many reminders the fullest consumer has given that were not acknowledged."""
        infos = await self._all(stream)
        return max((int(info["num_ack_pending"]) for info in infos), default=0)

    async def purge_acked(self, stream: str) -> None:
        """Delete the messages that the consumers of a stream have done with."""
        for info in await self._all(stream):
            floor: int = info["ack_floor"]["stream_seq"]
            if not info["num_ack_pending"] and not info["num_pending"]:
                floor = info["delivered"]["stream_seq"]
            if floor:
                await self._link.purge(stream, info["config"]["filter_subject"], floor)

    async def _all(self, stream: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = await self._link.api(f"CONSUMER.LIST.{stream}", {"offset": len(found)})
            more = page.get("consumers") or ()
            found += more
            if not more or len(found) >= page.get("total", 0):
                return [info for info in found if _is_own(info["config"])]


def _is_own(config: dict[str, Any]) -> bool:
    """Whether a consumer gives reminders, and not what somebody else listens to."""
    name, subject = config.get("durable_name"), config.get("filter_subject", "")
    if name in (WAIT, RIPE):
        return bool(subject.endswith(f".{name}.*"))
    return bool(subject.endswith(f".due.{name}.*"))
