"""What a client does with messages that go by one medium after the other: ``client.deliver``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING

from ._message import Message
from ._status import State

if TYPE_CHECKING:
    from ._events import Event
    from .outbox import Delivery, InDoubt, Journal
    from .outbox._cascade import Cascades

__all__ = ["GRACE", "Delivering"]

GRACE = timedelta(seconds=60)


class Delivering(ABC):
    """The part of a client that follows a message from one medium to the next."""

    _cascades: Cascades | None = None

    @abstractmethod
    def _require_cascades(self) -> Cascades:
        """Those of this client, which must be open."""

    async def deliver(
        self,
        message: Message,
        *,
        wanted: State = State.DELIVERED,
        grace: timedelta = GRACE,
        in_doubt: InDoubt | str = "end",
        native: bool = True,
        store: Journal | None = None,
    ) -> AsyncIterator[Delivery]:
        """Send a message, then its fallback if it does not arrive, and so on; tell how far it is.

        A leg is over when it failed, or when its ``validity`` and ``grace`` have passed in silence.
        Then the next one goes. A leg that gets as far as ``wanted`` ends it. The longest part of
        the chain that one wire can carry by itself is one leg; ``native=False`` makes each medium
        one. Every leg is checked before the first is sent; one that is not the last needs a
        ``validity``, and a channel that can be asked.

        ``in_doubt`` says what follows a lost answer: ``"end"`` takes the leg for silent,
        ``"park"`` sends nothing more until a person or a report decides, ``"resend"`` sends the leg
        again. The iterator ends when nothing more happens by itself. Leaving it does not stop the
        message: :meth:`stop` does.

        **Without a** ``store`` **it all lives in memory: a crash, or closing the client, ends it**,
        and no further leg goes. With one (an :class:`~devino_core.outbox.Outbox` that is open, or a
        URL such as ``sqlite:///var/lib/app/outbox.db``) every step is on disk before it is taken.
        After a restart :meth:`resume` goes on, and so does a call with the same message and
        ``ref``. The client then works through everything that the store holds.

        Raises InvalidMessage, Unsupported and RefTaken before anything is sent. An error of a leg
        is in :attr:`Leg.error <devino_core.outbox.Leg.error>`.
        """
        deliveries = self._require_cascades().deliver(
            message, wanted=wanted, grace=grace, in_doubt=in_doubt, native=native, store=store
        )
        async with aclosing(deliveries):
            async for delivery in deliveries:
                yield delivery

    async def resume(self, store: Journal) -> AsyncIterator[Delivery]:
        """Go on with what :meth:`deliver` began in this store before a restart.

        It tells of all messages that are not done, as they are and as they change, and ends with
        the last of them.
        """
        deliveries = self._require_cascades().resume(store)
        async with aclosing(deliveries):
            async for delivery in deliveries:
                yield delivery

    async def feed(self, event: Event) -> None:
        """Take up an event for the messages of :meth:`deliver`, such as one of a callback.

        It is on disk when this returns, where there is a store. What :meth:`events` gives is fed
        already. Events that are about no such message change nothing.
        """
        if self._cascades is not None:
            await self._cascades.feed(event)

    async def stop(self, ref: str) -> bool:
        """Start no further leg of a message of :meth:`deliver`: its aim was reached otherwise.

        What was sent is followed to its end. False: no further leg would have gone.
        """
        return self._cascades is not None and await self._cascades.stop(ref)
