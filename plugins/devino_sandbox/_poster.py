"""Calls the URLs that the sandbox's owner has configured, and again until they take it.

No other URL is ever fetched, redirects included. No log and no error shows one: the secret of a
callback is in its URL.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, Self

import aiohttp
from aiohttp.hdrs import ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT
from yarl import URL

from devino_core import ConfigurationError, Secret
from devino_core.http import connector
from devino_core.weburl import web_url

from ._accounts import Account
from ._callbacks import Callback, CallbackKind, Callbacks
from ._consents import ConsentGiven
from ._faults import CALLBACK, Drop, DropAnswer, Hold, Repeat
from ._http_said import PostedSaid, PostSaid
from ._journal import Record
from ._messages import IncomingMessage, StoredMessage
from ._world import World

__all__ = ["Poster"]

_log = logging.getLogger(__name__)

_TAKEN = 200
_LONGEST_ANSWER = 64 * 1024


class _Answer(NamedTuple):
    status: int
    body: bytes


class _No(enum.Enum):
    """Why there is no answer."""

    SILENCE = enum.auto()
    NOBODY = enum.auto()
    """Nobody could be reached, or the connection broke."""


class Poster:
    """The callbacks of one World, while it runs.

    Raises ConfigurationError for an account's callback of a kind that is not among ``kinds``, and
    for a URL that is not http or https.
    """

    def __init__(self, world: World, kinds: Mapping[str, CallbackKind[Any]]) -> None:
        self._lines: dict[str, _Line] = {}
        for account in world.accounts.values():
            for name, url in _urls(account, kinds).items():
                where = _checked(name, url)
                line = self._lines.setdefault(url.reveal(), _Line(where))
                line.routes.append(_Route(world, account, name, kinds[name], line))
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(_session())
            for line in self._lines.values():
                stack.push_async_callback(_ended, asyncio.create_task(line.run(session)))
                for route in line.routes:
                    stack.callback(route.subscribe())
            self._running = stack.pop_all()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._running.aclose()


class _Line:
    """What goes to one URL: one request at a time."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.routes: list[_Route] = []
        self._again: deque[tuple[_Route, Callback]] = deque()
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        """Something is to be sent."""
        self._stirred.set()

    def again(self, route: _Route, callback: Callback) -> None:
        """Send a request that was sent before, or held back."""
        self._again.append((route, callback))
        self.stir()

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Send whatever there is, until cancelled."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            # What happens within one turn of the loop travels together.
            await asyncio.sleep(0)
            while (found := self._next()) is not None:
                route, callback = found
                await route.send(callback, session)

    def _next(self) -> tuple[_Route, Callback] | None:
        if self._again:
            return self._again.popleft()
        for route in self.routes:
            callback = route.gather()
            if callback is not None:
                # Next time it is the others' turn.
                self.routes.remove(route)
                self.routes.append(route)
                return route, callback
        return None


class _Route:
    """The callbacks of one kind for one account."""

    def __init__(
        self, world: World, account: Account, name: str, kind: CallbackKind[Any], line: _Line
    ) -> None:
        self._world = world
        self._account = account
        self._name = name
        self._kind = kind
        within = kind.answer_within
        self._answer_within = within(account) if callable(within) else within
        self._line = line
        self._fresh: deque[tuple[object, str, str]] = deque(maxlen=world.keep)
        # Neither taken nor given up; oldest first, and no more than the World keeps messages.
        self._open: dict[Callback, None] = {}

    def subscribe(self) -> Callable[[], None]:
        """Hear of what happens in the World. Gives a function that ends it, for good."""
        end = self._world.subscribe(
            changed=None if self._kind.changed is None else self._changed,
            arrived=None if self._kind.arrived is None else self._arrived,
            consented=None if self._kind.consented is None else self._consented,
            was_reset=self._forget,
        )

        def ended() -> None:
            end()
            self._forget()

        return ended

    def _forget(self) -> None:
        """Send nothing of what is to be sent."""
        self._fresh.clear()
        for callback in tuple(self._open):
            self._give_up(callback)

    def gather(self) -> Callback | None:
        """As many items as go into one request, if there are any."""
        while self._fresh:
            count = min(len(self._fresh), self._kind.batch)
            items, to, about = zip(*[self._fresh.popleft() for _ in range(count)], strict=True)
            try:
                body = bytes(self._kind.write(items))
            except Exception:  # noqa: BLE001 - a service's mistake must not stop the others' callbacks
                _log.exception("the callback %s cannot be written", self._name)
                continue
            callback = Callback(
                kind=self._name,
                account=self._account,
                items=items,
                to=to,
                body=body,
                messages=tuple([one for one in about if one]),
                due=self._world.clock.now(),
            )
            self._world.of(Callbacks).add(callback)
            self._open[callback] = None
            if len(self._open) > self._world.keep:
                self._give_up(next(iter(self._open)))
            return callback
        return None

    async def send(self, callback: Callback, session: aiohttp.ClientSession) -> None:
        """One attempt, and what follows from it."""
        if callback.given_up:
            return
        try:
            await self._attempt(callback, session)
        except Exception as error:  # noqa: BLE001 - what is wrong with one must not stop the others
            _log.error("the callback %s cannot be sent: %s", self._name, type(error).__name__)
            self._give_up(callback)

    async def _attempt(self, callback: Callback, session: aiohttp.ClientSession) -> None:
        now = self._world.clock.now()
        action = None
        record = self._record(callback)
        if not callback.held and self._world.faults:
            with record:
                action = self._world.faults.strike_callback(
                    self._name, self._kind.verb, callback.to
                )
        if isinstance(action, Hold):
            callback.held = True
            self._later(callback, _plus(now, action.seconds))
            return
        callback.held = False
        callback.began = callback.began or now
        callback.due = callback.answered = None
        answer: _Answer | _No = _No.SILENCE
        self._enter(record, callback)
        if isinstance(action, Drop):
            record.broke("no answer")
        else:
            answer = await self._ask(callback, session, record)
        if isinstance(action, Repeat):
            for _ in range(action.times):
                again = self._record(callback)
                self._enter(again, callback)
                await self._ask(callback, session, again)
        if isinstance(action, DropAnswer):
            answer = _No.SILENCE
        self._conclude(callback, answer, now)

    def _conclude(self, callback: Callback, answer: _Answer | _No, asked_at: datetime) -> None:
        kind = self._kind
        if isinstance(answer, _Answer):
            callback.answered = answer.status
            refused = self._world.strict and self._kind.empty_answer and answer.body
            is_taken = answer.status == _TAKEN or (kind.any_success and answer.status // 100 == 2)
            if is_taken and not refused:
                self._taken(callback, answer.body)
                return
        if callback.given_up:
            return
        if answer is _No.SILENCE:
            due = _plus(asked_at, self._answer_within + kind.after_silence)
        else:
            due = _plus(self._world.clock.now(), kind.after_error)
        if due - (callback.began or asked_at) > timedelta(seconds=kind.give_up_after):
            _log.warning("gave the callback %s up at attempt %d", self._name, callback.attempt)
            self._give_up(callback)
        else:
            self._later(callback, due)

    def _taken(self, callback: Callback, body: bytes) -> None:
        self._open.pop(callback, None)
        items, callback.items = callback.items, ()
        if self._kind.answered is None:
            return
        try:
            self._kind.answered(self._account, items, body)
        except Exception:  # noqa: BLE001 - a service's mistake must not stop the others' callbacks
            _log.exception("the answer to the callback %s cannot be taken", self._name)

    def _later(self, callback: Callback, due: datetime) -> None:
        callback.due = due
        self._world.timeline.at(due, partial(self._again, callback))

    def _again(self, callback: Callback, due: datetime) -> None:
        self._line.again(self, callback)

    def _give_up(self, callback: Callback) -> None:
        self._open.pop(callback, None)
        callback.due = None
        callback.given_up = True

    def _record(self, callback: Callback) -> Record:
        said = PostSaid(self._kind.verb, self._kind.content_type, callback.body)
        return self._world.journal.record(said)

    def _enter(self, record: Record, callback: Callback) -> None:
        """Put an attempt into the journal. The path of the URL, which is a secret, is not told."""
        where = self._line.url
        record.messages = callback.messages
        record.enter(f"{self._name}{CALLBACK}", f"{where.host}:{where.port}", self._kind.verb)
        callback.call = record.id

    async def _ask(
        self, callback: Callback, session: aiohttp.ClientSession, record: Record
    ) -> _Answer | _No:
        """Send it, and wait for an answer on the World's clock."""
        callback.attempt += 1
        request = asyncio.create_task(self._request(callback, session))
        patience = asyncio.ensure_future(self._world.clock.sleep(self._answer_within))
        try:
            await asyncio.wait((request, patience), return_when=asyncio.FIRST_COMPLETED)
        finally:
            request.cancel()
            patience.cancel()
            await asyncio.gather(request, patience, return_exceptions=True)
        answer = _No.SILENCE if request.cancelled() else request.result()
        if isinstance(answer, _Answer):
            record.answer = PostedSaid(answer.status, answer.body)
        if isinstance(answer, _Answer) and not isinstance(record.action, DropAnswer):
            record.end(str(answer.status), failed=answer.status // 100 != 2)
        else:
            record.broke("no answer" if answer is _No.SILENCE else "nobody answered")
        return answer

    async def _request(self, callback: Callback, session: aiohttp.ClientSession) -> _Answer | _No:
        url, headers, data = self._line.url, {}, None
        if self._kind.verb == "GET":
            joint = "&" if url.raw_query_string else "?"
            url = URL(f"{url}{joint}{callback.body.decode('ascii')}", encoded=True)
        else:
            headers, data = {CONTENT_TYPE: self._kind.content_type}, callback.body
        try:
            async with session.request(
                self._kind.verb, url, data=data, headers=headers, allow_redirects=False
            ) as response:
                return _Answer(response.status, await _read(response))
        except (aiohttp.ClientError, OSError) as error:
            # Its text may hold the URL.
            _log.warning("the callback %s has no answer: %s", self._name, type(error).__name__)
            return _No.NOBODY

    def _changed(self, message: StoredMessage) -> None:
        if message.submission.account is self._account and self._kind.changed is not None:
            self._add(self._kind.changed(message), message.to, message.handle)

    def _arrived(self, message: IncomingMessage) -> None:
        if message.account is self._account and self._kind.arrived is not None:
            self._add(self._kind.arrived(message), message.sender)

    def _consented(self, given: ConsentGiven) -> None:
        if given.account is self._account and self._kind.consented is not None:
            about = "" if given.message is None else given.message.handle
            self._add(self._kind.consented(given), given.address, about)

    def _add(self, item: object, to: str, about: str = "") -> None:
        if item is not None:
            self._fresh.append((item, to, about))
            self._line.stir()


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # One connection for each: a receiver may have closed one that was kept open.
        connector=connector(),
        cookie_jar=aiohttp.DummyCookieJar(),
        # The World's clock says when an answer comes too late.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        headers={USER_AGENT: "devino-sandbox", ACCEPT_ENCODING: "identity"},
        auto_decompress=False,
        trust_env=False,
    )


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, or its beginning."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= _LONGEST_ANSWER:
            response.close()
            break
    return bytes(body[:_LONGEST_ANSWER])


def _plus(moment: datetime, seconds: float) -> datetime:
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=moment.tzinfo)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _urls(account: Account, kinds: Mapping[str, CallbackKind[Any]]) -> Mapping[str, Secret]:
    """Where each kind goes."""
    given = account.callbacks
    for name in given:
        if name not in kinds:
            known = f"there are {', '.join(sorted(kinds))}" if kinds else "there are none"
            raise ConfigurationError(f"no service has callbacks {name!r}: {known}")
    instead = {name: kind.instead for name, kind in kinds.items() if kind.instead is not None}
    found = {name: given[other] for name, other in instead.items() if other in given}
    # What is given comes first: an error about a URL names the kind that it was given for.
    return {**given, **{name: url for name, url in found.items() if name not in given}}


def _checked(kind: str, secret: Secret) -> URL:
    if web_url(secret.reveal()) is None:
        # It is a secret: it is not shown.
        raise ConfigurationError(
            f"callback {kind!r}: its URL must begin with http:// or https:// and name a host, "
            "with no blank in it and no port above 65535"
        )
    try:
        return URL(secret.reveal()).with_fragment(None)
    except ValueError:
        raise ConfigurationError(f"callback {kind!r}: its URL cannot be read") from None
