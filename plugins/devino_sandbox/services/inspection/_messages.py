"""The routes of messages, and of what comes in."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.exceptions import HTTPException
from starlette.requests import Request

from devino_core import Medium, State
from devino_core.suggest import did_you_mean
from devino_sandbox._accounts import Account
from devino_sandbox._admission import readable
from devino_sandbox._messages import StoredMessage
from devino_sandbox._shown import Filter, IncomingView, MessageView
from devino_sandbox._world import World

from ._table import EMPTY, Asked, Nothing, Page, Row

__all__ = ["Limit", "MessageRoutes", "account_of"]

Limit = Annotated[int, Meta(ge=1, le=1000)]


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What chooses messages, as it stands in a query; see :class:`Filter`."""

    to: str | None = None
    text: str | None = None
    sender: str | None = None
    state: str | None = None
    via: str | None = None
    q: str | None = None

    def chosen(self, messages: Sequence[StoredMessage]) -> Sequence[StoredMessage]:
        """Those that are chosen. Raises HTTPException for a state that is none."""
        return Filter(
            to=self.to,
            text=self.text,
            sender=self.sender,
            state=None if self.state is None else _state(self.state),
            via=self.via,
            q=self.q,
        ).chosen(messages)


class MessageQuery(MessageFilter, frozen=True, kw_only=True):
    """The query of ``GET /_sandbox/messages``."""

    limit: Limit = 100
    before: str | None = None


class WaitQuery(MessageFilter, frozen=True, kw_only=True):
    """The query of ``GET /_sandbox/messages/wait``."""

    count: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    timeout: Annotated[float, Meta(ge=0, le=300)] = 5.0


class StateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /_sandbox/messages/{id}/state``."""

    state: State


class IncomingQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of ``GET /_sandbox/incoming``."""

    to: str | None = None
    sender: str | None = None
    limit: Limit = 100
    before: Annotated[int, Meta(ge=0)] | None = None


class IncomingBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /_sandbox/incoming``."""

    sender: str
    text: str
    to: str = ""
    login: str | None = None
    prefix: str = ""
    medium: Medium = Medium.SMS
    in_reply_to: str | None = None


class MessageRoutes:
    """These routes, on one World."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def rows(self) -> Sequence[Row[Any, Any]]:
        """They."""
        missing = {404: "it is not remembered"}
        return (
            Row(
                method="GET",
                path="/messages",
                about="the latest messages, refused ones too; to, text, sender, state, via, q "
                "choose, limit and before page",
                handle=self._list,
                query=MessageQuery,
                answer=list[MessageView],
            ),
            Row(
                method="GET",
                path="/messages/wait",
                about="the same as soon as `count` of them fit, within `timeout` seconds",
                handle=self._wait,
                query=WaitQuery,
                answer=list[MessageView],
                refuses={408: "fewer fit in that time"},
            ),
            Row(
                method="GET",
                path="/messages/{id}",
                about="one message, by any of its ids",
                handle=self._show,
                answer=MessageView,
                refuses=missing,
            ),
            Row(
                method="DELETE",
                path="/messages/{id}",
                about="forget one message",
                handle=self._delete,
                refuses=missing,
            ),
            Row(
                method="DELETE",
                path="/messages",
                about="forget all messages",
                handle=self._delete_all,
            ),
            Row(
                method="POST",
                path="/messages/{id}/state",
                about="put a message into a state: {state}",
                handle=self._force,
                body=StateBody,
                answer=MessageView,
                refuses={**missing, 409: "it cannot get there"},
            ),
            Row(
                method="GET",
                path="/incoming",
                about="the latest messages from subscribers; to, sender choose",
                handle=self._list_incoming,
                query=IncomingQuery,
                answer=list[IncomingView],
            ),
            Row(
                method="POST",
                path="/incoming",
                about="a subscriber writes: {sender, to, text}; optional login, prefix, medium, "
                "in_reply_to",
                handle=self._receive,
                body=IncomingBody,
                answer=IncomingView,
            ),
        )

    async def _list(self, asked: Asked[MessageQuery, Nothing]) -> Page:
        query = asked.query
        found, end = query.chosen(self._world.snapshot()), None
        if query.before is not None:
            place = self._found(query.before).place
            end = bisect_left(found, place, key=lambda message: message.place)
        shown = found[:end][-query.limit :]
        return Page([MessageView.of(one) for one in shown], len(found))

    async def _wait(self, asked: Asked[WaitQuery, Nothing]) -> Page:
        query, enough = asked.query, asyncio.Event()
        # By place, and so in the order of the messages.
        fitting = {one.place: one for one in query.chosen(self._world.snapshot())}

        def look(message: StoredMessage) -> None:
            if message.listed and query.chosen((message,)):
                fitting[message.place] = message
            else:
                fitting.pop(message.place, None)
            if len(fitting) >= query.count:
                enough.set()

        def look_again() -> None:
            there = {one.place for one in self._world.snapshot()}
            for place in fitting.keys() - there:
                del fitting[place]

        if len(fitting) < query.count:
            end = self._world.subscribe(recorded=look, changed=look, forgotten=look_again)
            try:
                await _first(enough.wait(), _gone(asked.http), timeout=query.timeout)
            finally:
                end()
        if len(fitting) < query.count:
            text = f"{len(fitting)} of {query.count} fit within {query.timeout:g} s"
            raise HTTPException(408, text)
        shown = [fitting[place] for place in sorted(fitting)[-1000:]]
        return Page([MessageView.of(one) for one in shown], len(fitting))

    async def _show(self, asked: Asked[Nothing, Nothing]) -> MessageView:
        return MessageView.of(self._found(asked.path["id"]))

    async def _delete(self, asked: Asked[Nothing, Nothing]) -> object:
        self._world.delete(self._found(asked.path["id"]))
        return EMPTY

    async def _delete_all(self, asked: Asked[Nothing, Nothing]) -> object:
        self._world.delete_all()
        return EMPTY

    async def _force(self, asked: Asked[Nothing, StateBody]) -> MessageView:
        message = self._found(asked.path["id"])
        try:
            self._world.force(message, asked.body.state)
        except ValueError as error:
            raise HTTPException(409, str(error)) from None
        return MessageView.of(message)

    async def _list_incoming(self, asked: Asked[IncomingQuery, Nothing]) -> Page:
        query = asked.query
        to = None if query.to is None else readable(query.to)
        sender = None if query.sender is None else readable(query.sender)
        found = [
            one
            for one in self._world.all_incoming()
            if to in (None, one.to) and sender in (None, one.sender)
        ]
        before = [one for one in found if query.before is None or one.id < query.before]
        return Page([IncomingView.of(one) for one in before[-query.limit :]], len(found))

    async def _receive(self, asked: Asked[Nothing, IncomingBody]) -> IncomingView:
        body = asked.body
        try:
            message = self._world.receive(
                sender=body.sender,
                to=body.to,
                text=body.text,
                account=account_of(self._world, body.login),
                prefix=body.prefix,
                medium=body.medium,
                in_reply_to=body.in_reply_to,
            )
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return IncomingView.of(message)

    def _found(self, message_id: str) -> StoredMessage:
        message = self._world.stored(message_id)
        if message is None:
            raise HTTPException(404, f"no message {message_id[:100]!r} is remembered")
        return message


def account_of(world: World, login: str | None) -> Account:
    """The account of a login; by default the first. Raises HTTPException."""
    if login is None:
        return next(iter(world.accounts.values()))
    account = world.accounts.get(login)
    if account is None:
        raise HTTPException(400, "login: no such account")
    return account


def _state(text: str) -> State:
    try:
        return State(text.upper())
    except ValueError:
        known = [state.value for state in State]
        hint = did_you_mean(text.upper(), known) or f"there are {', '.join(known)}"
        raise HTTPException(400, f"state: no state {text[:100]!r}: {hint}") from None


async def _gone(request: Request) -> None:
    """Returns when the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _first(*waits: Any, timeout: float) -> None:
    """Wait for one of these, or for the time to pass."""
    tasks = [asyncio.ensure_future(one) for one in waits]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
