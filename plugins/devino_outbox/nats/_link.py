"""The connection: reads and commits, each with one outcome."""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, NamedTuple, TypeVar

import msgspec
from nats import errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.transport import TcpTransport

from devino_core.errors import ConfigurationError, OutcomeUnknown, Unavailable, Unsupported
from devino_outbox._settings import NatsSettings

from ._credentials import CarefulClient, check_credentials
from ._url import servers_of

__all__ = ["LOST", "Conflict", "Inbox", "Link", "Stored", "Write", "connect", "disconnect"]

T = TypeVar("T")

_log = logging.getLogger(__name__)
_WRONG_SEQUENCE = (10071, 10164)
_NOT_FOUND = 10037
_NOT_THERE = (10043, 10057)
"""A sequence that was deleted, and one that the stream does not have."""
_TRY = 2.0
"""How many seconds one request may take before it is made again."""
_PAGE = 500
_HEADERS = 500
_GROWTH = 32_000
"""Bytes by which what becomes of a message makes it larger, with some to spare."""
BATCH = "Nats-Batch-Id"
COMMIT = "Devino-Commit"
"""The name of a commit of one message; that of others is the batch's."""
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
LOST = (TimeoutError, errors.ConnectionClosedError, errors.OutboundBufferLimitError)
_ABSENT = (*LOST, errors.NoRespondersError)


class Conflict(Exception):
    """Somebody else has written meanwhile; nothing was stored."""


class Stored(NamedTuple):
    """A message of a stream."""

    subject: str
    seq: int
    data: bytes
    commit: str | None = None
    """The commit that wrote it."""
    more: int = 0
    """How many messages there are after it that were asked for."""


class Write(NamedTuple):
    """A message to be written."""

    subject: str
    data: bytes
    expected: int | None = None
    """The sequence that must be the subject's last; 0: there is none. None: whatever it is."""
    rolls: bool = False
    """It takes the place of the subject's earlier messages."""
    headers: Mapping[str, str] = {}

    @property
    def all_headers(self) -> dict[str, str]:
        made = dict(self.headers)
        if self.expected is not None:
            made[EXPECTED] = str(self.expected)
        if self.rolls:
            made["Nats-Rollup"] = "sub"
        return made


async def connect(
    url: str,
    credentials: str | None,
    timeout: float,
    lost: Callable[[], Awaitable[None]] | None = None,
) -> Client:
    """A connection that comes back by itself. Raises ConfigurationError and Unavailable."""
    servers = servers_of(url)
    if credentials is not None:
        check_credentials(credentials)
    # The library's types say whole seconds, and it waits for parts of them, too.
    waits: dict[str, Any] = {"reconnect_time_wait": 0.1, "connect_timeout": _TRY}
    client = CarefulClient()
    try:
        await asyncio.wait_for(
            client.connect(
                servers,
                name="devino outbox",
                error_cb=_told,
                disconnected_cb=lost,
                max_reconnect_attempts=-1,
                # What is buffered while there is no connection would come when nobody waits.
                pending_size=-1,
                ping_interval=10,
                user_credentials=credentials,
                **waits,
            ),
            timeout,
        )
    except (OSError, TimeoutError, errors.Error) as error:
        await disconnect(client)
        raise _unreached(error, timeout) from error
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"credentials for NATS need {error.name}: pip install {error.name}"
        ) from error
    except BaseException:
        # Cancelled: nobody else knows it to close it.
        await disconnect(client)
        raise
    return client


def _unreached(error: Exception | None, timeout: float) -> Unavailable:
    said = " ".join(str(error or "").split()) or f"no connection within {timeout:g} s"
    return Unavailable(f"the NATS server cannot be reached: {said}")


async def disconnect(client: Client) -> None:
    """Close it, to the end also where this is cancelled."""
    if client._flush_queue is None:  # noqa: SLF001 - nothing else tells
        # Its connecting had not begun, and its `close` asserts that it had.
        return
    closing = asyncio.create_task(_close(client))
    try:
        await asyncio.shield(closing)
    finally:
        if not closing.done():
            await asyncio.wait([closing])


async def _close(client: Client) -> None:
    # Its coming back may go on when it is cancelled once, and undo the closing.
    while (back := client._reconnection_task) is not None and not back.done():  # noqa: SLF001
        back.cancel()
        await asyncio.wait([back], timeout=0.1)
    closing = asyncio.create_task(client.close())
    if not (await asyncio.wait([closing], timeout=_TRY))[0]:
        # It waits until the server has read all, which may be never.
        transport = client._transport  # noqa: SLF001
        if isinstance(transport, TcpTransport) and transport._io_writer is not None:  # noqa: SLF001
            transport._io_writer.transport.abort()  # noqa: SLF001
        closing.cancel()
    with suppress(OSError, asyncio.CancelledError):
        await closing


async def _told(error: Exception) -> None:
    _log.info("outbox: NATS: %s", error)


class Inbox:
    """Messages that have come and were not looked at."""

    def __init__(self) -> None:
        self._messages: deque[Msg] = deque()
        self._arrived = asyncio.Event()

    async def put(self, message: Msg) -> None:
        self._messages.append(message)
        self._arrived.set()

    def taken(self) -> Msg | None:
        """The next one, if there is one."""
        return self._messages.popleft() if self._messages else None

    async def get(self) -> Msg:
        """The next one. Raises TimeoutError."""
        while not self._messages:
            self._arrived.clear()
            await asyncio.wait_for(self._arrived.wait(), _TRY)
        return self._messages.popleft()


class Link:
    """One connection."""

    def __init__(self, settings: NatsSettings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._batches = count(1)
        self._name = ""
        self._broken: asyncio.Future[None]
        self.is_replicated = False
        """Whether a follower may answer, who may be behind."""

    @property
    def client(self) -> Client:
        if self._client is None:
            raise RuntimeError("open the store first")
        return self._client

    async def open(self) -> None:
        settings = self._settings
        self._broken = asyncio.get_running_loop().create_future()
        self._client = await connect(
            settings.url, settings.credentials, settings.timeout, self._lost
        )
        self._name = self._client.new_inbox().rpartition(".")[2]

    async def _lost(self) -> None:
        """Whoever waits for an answer waits in vain."""
        broken, self._broken = self._broken, asyncio.get_running_loop().create_future()
        broken.set_result(None)

    async def answered(self, answer: Coroutine[object, object, T]) -> T:
        """An answer, unless the connection breaks first."""
        asked = asyncio.ensure_future(answer)
        try:
            waited: set[asyncio.Future[Any]] = {asked, self._broken}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                raise errors.ConnectionClosedError
            return asked.result()
        finally:
            asked.cancel()

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await disconnect(client)

    async def api(self, verb: str, asked: object = None) -> dict[str, Any]:
        """Ask JetStream; an error is in the answer. Raises Unavailable."""
        data = b"" if asked is None else msgspec.json.encode(asked)
        answer = await self._asked(f"$JS.API.{verb}", data)
        found: dict[str, Any] = msgspec.json.decode(answer.data)
        return found

    async def _asked(self, subject: str, data: bytes) -> Msg:
        """Ask what changes nothing, or nothing twice, until it is answered."""
        end = time.monotonic() + self._settings.timeout
        while True:
            try:
                await self.ready(end)
                return await self.answered(self.client.request(subject, data, timeout=_TRY))
            except _ABSENT as error:
                await self._again(end, error)

    async def ready(self, end: float | None = None) -> None:
        """Wait for the connection; ``end``: as long as a call waits. Raises Unavailable."""
        end = end or time.monotonic() + self._settings.timeout
        while not self.client.is_connected:
            if time.monotonic() > end:
                raise _unreached(self.client.last_error, self._settings.timeout)
            await asyncio.sleep(0.02)

    async def _again(self, end: float, error: Exception) -> None:
        if time.monotonic() > end:
            said = str(error) or type(error).__name__
            raise Unavailable(f"JetStream does not answer: {said}") from error
        await asyncio.sleep(0.05)

    async def last(self, stream: str, subjects: Sequence[str]) -> dict[str, Stored]:
        """The last message of each subject, as the leader has it."""
        if not self.is_replicated:
            return await self.seen(stream, subjects)
        found = await asyncio.gather(*[self._last(stream, one) for one in subjects])
        return {one.subject: one for one in found if one is not None}

    async def _last(self, stream: str, subject: str) -> Stored | None:
        return await self._got(stream, {"last_by_subj": subject})

    async def next(self, stream: str, subject: str, seq: int) -> Stored | None:
        """The next message of a filter after this sequence, as the leader has it."""
        return await self._got(stream, {"seq": seq + 1, "next_by_subj": subject})

    async def _got(self, stream: str, asked: object) -> Stored | None:
        answer = await self.api(f"STREAM.MSG.GET.{stream}", asked)
        if _is_refused(answer, _NOT_FOUND):
            return None
        message = answer["message"]
        headers = base64.b64decode(message.get("hdrs", "")).decode()
        lines = dict(line.split(": ", 1) for line in headers.split("\r\n") if ": " in line)
        data = base64.b64decode(message.get("data", ""))
        commit = lines.get(BATCH, lines.get(COMMIT))
        return Stored(message["subject"], message["seq"], data, commit)

    async def delete(self, stream: str, seq: int, *, erase: bool = False) -> None:
        """Delete a message, if it is there. Raises Unavailable."""
        asked = {"seq": seq, "no_erase": not erase}
        _is_refused(await self.api(f"STREAM.MSG.DELETE.{stream}", asked), *_NOT_THERE)

    async def purge(self, stream: str, subject: str, last: int) -> None:
        """Delete the messages of a filter up to this sequence. Raises Unavailable."""
        asked = {"filter": subject, "seq": last + 1}
        _is_refused(await self.api(f"STREAM.PURGE.{stream}", asked))

    async def seen(self, stream: str, subjects: Sequence[str]) -> dict[str, Stored]:
        """The last message of each subject, as whoever answers has it."""
        found: dict[str, Stored] = {}
        for start in range(0, len(subjects), _PAGE):
            part = list(subjects[start : start + _PAGE])
            asked = {"multi_last": part, "batch": _PAGE}
            for one in await self._read(stream, asked):
                found[one.subject] = one
        return found

    async def after(self, stream: str, subject: str, seq: int, limit: int) -> list[Stored]:
        """The next messages of a filter, after this sequence."""
        return await self._read(stream, {"seq": seq + 1, "batch": limit, "next_by_subj": subject})

    async def _read(self, stream: str, asked: object) -> list[Stored]:
        end = time.monotonic() + self._settings.timeout
        data = msgspec.json.encode(asked)
        while True:
            try:
                await self.ready(end)
                reading = self._answers(f"$JS.API.DIRECT.GET.{stream}", data)
                return await self.answered(reading)
            except _ABSENT as error:
                await self._again(end, error)

    async def _answers(self, subject: str, data: bytes) -> list[Stored]:
        client = self.client
        reply, inbox = client.new_inbox(), Inbox()
        subscription = await client.subscribe(reply, cb=inbox.put)
        found: list[Stored] = []
        try:
            await client.publish(subject, data, reply=reply)
            while True:
                message = inbox.taken() or await inbox.get()
                headers = message.headers or {}
                status = headers.get("Status")
                if status in ("204", "404"):
                    return found
                if status == "503":
                    raise errors.NoRespondersError
                if status is not None:
                    raise Unavailable(f"JetStream refuses to read: {status} {dict(headers)}")
                found.append(
                    Stored(
                        headers["Nats-Subject"],
                        int(headers["Nats-Sequence"]),
                        message.data,
                        headers.get(BATCH, headers.get(COMMIT)),
                        int(headers.get("Nats-Num-Pending", 0)),
                    )
                )
        finally:
            with suppress(errors.Error):
                await subscription.unsubscribe()

    async def commit(self, stream: str, writes: Sequence[Write]) -> int:
        """Write all or nothing. Gives the sequence of the first; the others follow it.

        Raises Conflict, Unavailable, and OutcomeUnknown.
        """
        tried: list[str] = []
        try:
            return await self._commit(stream, writes, tried)
        except Unavailable as error:
            if not tried:
                raise
            raise OutcomeUnknown(
                "JetStream broke off, and a change may be stored all the same"
            ) from error

    async def _commit(self, stream: str, writes: Sequence[Write], tried: list[str]) -> int:
        """Gives ``tried`` the names of the commits whose answers are lost."""
        end = time.monotonic() + self._settings.timeout
        while True:
            name = f"{self._name}.{next(self._batches)}"
            try:
                await self.ready(end)
                answer = await self.answered(self._committed(name, writes))
            except errors.NoRespondersError as error:
                # There is no leader: nobody has taken it.
                await self._again(end, error)
                continue
            except LOST as error:
                tried.append(name)
                first = await self._look(stream, writes, tried)
                if first is not None:
                    return first
                if time.monotonic() > end:
                    raise OutcomeUnknown(
                        "JetStream has not answered, and a change may be stored all the same"
                    ) from error
                continue
            refused = answer.get("error")
            if refused is None:
                return int(answer["seq"]) - len(writes) + 1
            if refused.get("err_code") not in _WRONG_SEQUENCE:
                if tried or not _may_pass(refused) or time.monotonic() > end:
                    said = refused.get("description")
                    raise Unavailable(f"JetStream refuses a change: {said}")
                await asyncio.sleep(0.05)
                continue
            first = await self._look(stream, writes, tried) if tried else None
            if first is not None:
                return first
            if tried and self.is_replicated:
                # A leader that was deposed a moment ago may not know the earlier try.
                raise OutcomeUnknown(
                    "JetStream broke off, and a change may be stored before others"
                )
            raise Conflict

    async def _look(self, stream: str, writes: Sequence[Write], tried: Sequence[str]) -> int | None:
        """Whether an earlier try was stored after all. Raises OutcomeUnknown where a part of it is:
        a server that was killed in the middle of a batch has its beginning."""
        fenced = [n for n, one in enumerate(writes) if one.expected is not None]
        places = fenced or [len(writes) - 1]
        found = await self.last(stream, [writes[place].subject for place in places])
        stored = [found.get(writes[place].subject) for place in places]
        mine = [one is not None and one.commit in tried for one in stored]
        last = stored[-1]
        # It is stored in this order: whatever has the last one has all.
        if last is not None and mine[-1]:
            return last.seq - places[-1]
        if any(mine):
            raise OutcomeUnknown("JetStream broke off, and a part of a change is stored")
        return None

    async def _committed(self, name: str, writes: Sequence[Write]) -> dict[str, Any]:
        client = self.client
        last = len(writes)
        # What was taken must not be too large later: a claim would fail for all that is in it.
        growth = min(_GROWTH, client.max_payload // 8)
        largest = max(len(one.data) + (growth if one.expected == 0 else 0) for one in writes)
        if largest + _HEADERS > client.max_payload:
            raise Unsupported(
                f"a message with what becomes of it takes {largest} bytes, and the NATS server "
                f"takes at most {client.max_payload}: raise its max_payload"
            )
        for number, write in enumerate(writes, 1):
            headers = write.all_headers
            # A batch of one costs more than a message: a single server stages batches on its disk.
            if last == 1:
                headers[COMMIT] = name
            else:
                headers |= {BATCH: name, "Nats-Batch-Sequence": str(number)}
            if number == last:
                if last > 1:
                    headers["Nats-Batch-Commit"] = "1"
                answer = await client.request(
                    write.subject, write.data, timeout=_TRY, headers=headers
                )
                found: dict[str, Any] = msgspec.json.decode(answer.data)
                return found
            await client.publish(write.subject, write.data, headers=headers)
        raise ValueError("there is nothing to write")

    async def publish(self, write: Write) -> None:
        """Write one message, that may be written twice. Raises Unavailable."""
        end = time.monotonic() + self._settings.timeout
        while True:
            try:
                await self.ready(end)
                answer = await self.answered(
                    self.client.request(
                        write.subject, write.data, timeout=_TRY, headers=write.all_headers
                    )
                )
            except _ABSENT as error:
                await self._again(end, error)
                continue
            refused = msgspec.json.decode(answer.data).get("error")
            if refused is not None:
                raise Unavailable(f"JetStream refuses a message: {refused.get('description')}")
            return


def _is_refused(answer: Mapping[str, Any], *expected: int) -> bool:
    """Whether an answer is no, for one of these reasons. Raises Unavailable for any other."""
    refused = answer.get("error")
    if refused is None:
        return False
    if refused.get("err_code") not in expected:
        raise Unavailable(f"JetStream refuses: {refused.get('description')}")
    return True


def _may_pass(refused: Mapping[str, Any]) -> bool:
    """Whether a refusal is of the moment: no leader, too much at once."""
    return refused.get("code") in (429, 503) or "batch" in str(refused.get("description"))
