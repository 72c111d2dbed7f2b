"""The routes of the journal, and of the callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.exceptions import HTTPException

from devino_sandbox._callbacks import Callback, Callbacks
from devino_sandbox._journal import CallLine, CallView
from devino_sandbox._world import World

from ._messages import Limit
from ._table import Asked, Nothing, Page, Row

__all__ = ["CallRoutes", "CallbackView"]


class CallQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of ``GET /_sandbox/calls``."""

    protocol: str | None = None
    outcome: str | None = None
    failed: bool | None = None
    message: str | None = None
    call_id: str | None = None
    limit: Limit = 100
    before: Annotated[int, Meta(ge=0)] | None = None


class CallbackView(msgspec.Struct, frozen=True, kw_only=True):
    """A callback as ``GET /_sandbox/callbacks`` shows it, through all its attempts."""

    id: int
    kind: str
    login: str
    """The account's."""
    body: str
    """The query, of a GET."""
    attempt: int
    """How often it was sent."""
    answered: int | None
    """The HTTP status of the last attempt; null: nobody answered."""
    due: datetime | None
    """When it is to be sent, or sent again."""
    given_up: bool
    call: int | None
    """The last attempt in the journal."""
    messages: tuple[str, ...]
    """The messages that it tells of."""

    @classmethod
    def of(cls, callback: Callback) -> CallbackView:
        """What is to be shown of it."""
        return cls(
            id=callback.id,
            kind=callback.kind,
            login=callback.account.login,
            body=callback.body.decode(errors="replace"),
            attempt=callback.attempt,
            answered=callback.answered,
            due=callback.due,
            given_up=callback.given_up,
            call=callback.call or None,
            messages=callback.messages,
        )


class CallRoutes:
    """These routes, on one World."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def rows(self) -> Sequence[Row[Any, Any]]:
        """They."""
        return (
            Row(
                method="GET",
                path="/calls",
                about="the latest calls; protocol, outcome, failed, message, call_id choose, limit "
                "and before page",
                handle=self._list,
                query=CallQuery,
                answer=list[CallLine],
            ),
            Row(
                method="GET",
                path="/calls/{id}",
                about="one call with what was said, credentials masked",
                handle=self._show,
                answer=CallView,
                refuses={404: "it is not remembered"},
            ),
            Row(
                method="GET",
                path="/callbacks",
                about="what the platform said by calling its customer",
                handle=self._callbacks,
                answer=list[CallbackView],
            ),
        )

    async def _list(self, asked: Asked[CallQuery, Nothing]) -> Page:
        query = asked.query
        message = None if query.message is None else self._handle(query.message)
        found = [
            line
            for line in [record.line() for record in self._world.journal.latest]
            if query.protocol in (None, line.protocol)
            and query.outcome in (None, line.outcome)
            and query.failed in (None, line.failed)
            and query.call_id in (None, line.call_id)
            and (message is None or message in line.messages)
        ]
        before = [one for one in found if query.before is None or one.id < query.before]
        return Page(before[-query.limit :], len(found))

    def _handle(self, message_id: str) -> str:
        """What calls name a message by, whichever of its ids was given."""
        message = self._world.stored(message_id)
        return message_id if message is None else message.whole.handle

    async def _show(self, asked: Asked[Nothing, Nothing]) -> CallView:
        number = asked.path["id"]
        found = None
        if number.isascii() and number.isdecimal() and len(number) < 20:
            found = self._world.journal.call(int(number))
        if found is None:
            raise HTTPException(404, f"no call {number[:100]!r} is remembered")
        return found

    async def _callbacks(self, asked: Asked[Nothing, Nothing]) -> object:
        return [CallbackView.of(one) for one in self._world.of(Callbacks).latest]
