"""The same outbox for code that does not await: one thread runs the asynchronous one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from devino_core._message import Message
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.plugins import Plugins
from devino_core.settings import Config, Values

from ._changes import OutboxEvent
from ._channels import Channels
from ._entry import Entry, InDoubt, KeepText, Schedule
from ._outbox import PAGE, Outbox
from ._people import Resolution
from ._statement import Dialect, Statement
from ._store import Added, Consumed, Query, Store, Tally

__all__ = ["BlockingOutbox"]

P = ParamSpec("P")
T = TypeVar("T")


class BlockingOutbox:
    """:class:`Outbox` with the same names and arguments, blocking.

    Thread-safe::

        with BlockingOutbox("sqlite:///var/lib/app/outbox.db") as outbox:
            outbox.enqueue(Message("79031234567", "Hello", ref="order-17"))
    """

    def __init__(
        self,
        store: str | Store | None = None,
        *,
        client: Channels | None = None,
        config: Config | None = None,
        settings: Values | None = None,
        plugins: Plugins | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._outbox = Outbox(
            store, client=client, config=config, settings=settings, plugins=plugins, clock=clock
        )
        self._opened: tuple[AbstractContextManager[BlockingPortal], BlockingPortal] | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Open the store; ``with`` does."""
        if self._opened is not None:
            raise RuntimeError("this outbox is open already")
        context = start_blocking_portal()
        portal = context.__enter__()
        try:
            portal.call(self._outbox.open)
        except BaseException as error:
            context.__exit__(type(error), error, error.__traceback__)
            raise
        self._opened = context, portal

    def close(self) -> None:
        """Close the store. Safe to call twice."""
        opened, self._opened = self._opened, None
        if opened is not None:
            context, portal = opened
            try:
                portal.call(self._outbox.aclose)
            finally:
                context.__exit__(None, None, None)

    def call(self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a method of the :attr:`outbox`, or any coroutine function, and give its result."""
        if self._opened is None:
            raise RuntimeError("open the outbox first: `with BlockingOutbox(...) as outbox:`")

        async def work() -> T:
            return await function(*args, **kwargs)

        return self._opened[1].call(work)

    @property
    def outbox(self) -> Outbox:
        """The asynchronous one, for :meth:`call`."""
        return self._outbox

    def enqueue(
        self,
        message: Message,
        *,
        channel: str | None = None,
        tenant: str = "",
        in_doubt: InDoubt | str | None = None,
        expires: timedelta | None = None,
        schedule: Schedule = "here",
        keep_text: KeepText | str | None = None,
    ) -> Added:
        """See :meth:`Outbox.enqueue`."""
        return self.call(
            self._outbox.enqueue,
            message,
            channel=channel,
            tenant=tenant,
            in_doubt=in_doubt,
            expires=expires,
            schedule=schedule,
            keep_text=keep_text,
        )

    def enqueue_many(
        self,
        messages: Iterable[Message],
        *,
        channel: str | None = None,
        tenant: str = "",
        in_doubt: InDoubt | str | None = None,
        expires: timedelta | None = None,
        schedule: Schedule = "here",
        keep_text: KeepText | str | None = None,
    ) -> list[Added]:
        """See :meth:`Outbox.enqueue_many`."""
        return self.call(
            self._outbox.enqueue_many,
            messages,
            channel=channel,
            tenant=tenant,
            in_doubt=in_doubt,
            expires=expires,
            schedule=schedule,
            keep_text=keep_text,
        )

    def statement(
        self,
        messages: Iterable[Message],
        *,
        dialect: Dialect,
        channel: str | None = None,
        tenant: str = "",
        in_doubt: InDoubt | str | None = None,
        expires: timedelta | None = None,
        schedule: Schedule = "here",
        keep_text: KeepText | str | None = None,
    ) -> Statement:
        """See :meth:`Outbox.statement`."""
        return self._outbox.statement(
            messages,
            dialect=dialect,
            channel=channel,
            tenant=tenant,
            in_doubt=in_doubt,
            expires=expires,
            schedule=schedule,
            keep_text=keep_text,
        )

    def get(self, ref: str) -> Entry | None:
        """See :meth:`Outbox.get`."""
        return self.call(self._outbox.get, ref)

    def wait(self, ref: str, *, timeout: float | None = None) -> Entry:
        """See :meth:`Outbox.wait`."""
        return self.call(self._outbox.wait, ref, timeout=timeout)

    def cancel(self, ref: str) -> bool:
        """See :meth:`Outbox.cancel`."""
        return self.call(self._outbox.cancel, ref)

    def retry(self, ref: str) -> bool:
        """See :meth:`Outbox.retry`."""
        return self.call(self._outbox.retry, ref)

    def resolve(self, ref: str, how: Resolution | str, *, message_id: str | None = None) -> bool:
        """See :meth:`Outbox.resolve`."""
        return self.call(self._outbox.resolve, ref, how, message_id=message_id)

    def forget(self, to: str) -> int:
        """See :meth:`Outbox.forget`."""
        return self.call(self._outbox.forget, to)

    def tally(self) -> Tally:
        """See :meth:`Outbox.tally`."""
        return self.call(self._outbox.tally)

    def entries(self, query: Query) -> Iterator[Entry]:
        """See :meth:`Outbox.entries`."""
        after = ""
        while page := self.call(self._outbox.store.find, query, after, PAGE):
            yield from page
            after = query.after(page[-1])

    def events(self, consumer: str) -> Iterator[OutboxEvent]:
        """What happened and this consumer has not read; it ends where there is no more. See
        :meth:`Outbox.events`."""
        store = self._outbox.store
        while page := self.call(store.events, "", PAGE, consumer=consumer):
            for event in page:
                yield event
                self.call(store.tune, Consumed(consumer, event.cursor))
