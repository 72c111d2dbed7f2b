"""The message centre behind all connections: it knows its customers, and delivers to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from devino_codecs import EncodeError
from devino_codecs.smpp import DeliverSm, SessionSettings
from devino_core import Medium
from devino_sandbox._accounts import Account
from devino_sandbox._messages import IncomingMessage, StoredMessage
from devino_sandbox._world import World

from ._customers import Customer, Customers
from ._operations import Operations
from ._reports import Reports, SubmitDetails
from ._settings import SmppSettings
from ._submitting import Submitting

__all__ = ["Centre", "Connected"]

_log = logging.getLogger(__name__)


class Connected(Protocol):
    """A client's connection, as the centre sees it."""

    @property
    def bound(self) -> bool:
        """Whether it is, or was, somebody's session."""
        ...

    def end(self) -> None:
        """Unbind and close now, without waiting for anything."""
        ...


class Centre:
    """What the connections of one SMSC share."""

    def __init__(self, world: World, settings: SmppSettings) -> None:
        self.world = world
        self.settings = settings
        self.customers = Customers(world, settings)
        self.connections: set[Connected] = set()
        self._reports = Reports(settings)
        self.operations = Operations(
            world, Submitting(world, settings, self._reports), self._reports
        )
        # What cannot be chosen is refused now, and not when somebody connects.
        _ = self.session_settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stirred: set[Customer] = set()
        self._end: Callable[[], None] = lambda: None

    @property
    def session_settings(self) -> SessionSettings:
        """Those of a connection that begins now: a World may have become strict."""
        settings = self.settings
        return SessionSettings(
            window=settings.window,
            response_timeout=settings.response_timeout,
            enquire_after=settings.enquire_after,
            bind_timeout=settings.bind_timeout,
            strict=self.world.strict,
            refusals_have_bodies=settings.refusals_have_bodies,
            # What is not acknowledged is delivered again anyway.
            unbind_grace=0,
            max_nonsense=settings.max_nonsense,
        )

    def start(self) -> None:
        """Listen to the World, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._end = self.world.subscribe(
            changed=self._changed,
            arrived=self._arrived,
            sessions_ended=self._end_sessions,
            was_reset=self.customers.reset,
        )

    def stop(self) -> None:
        """End what :meth:`start` began."""
        self._end()
        self._loop = None

    def stir(self, customer: Customer) -> None:
        """Hand out what waits for a customer, when the loop next turns."""
        if self._loop is None:
            return
        if not self._stirred:
            self._loop.call_soon(self._hand_out_all)
        self._stirred.add(customer)

    def hand_out(self, customer: Customer) -> None:
        """Hand out what waits for a customer, as far as its sessions have room."""
        if customer.deliveries:
            customer.deliveries.hand_out()

    def _hand_out_all(self) -> None:
        stirred, self._stirred = self._stirred, set()
        for customer in stirred:
            self.hand_out(customer)

    def _end_sessions(self) -> None:
        for connection in tuple(self.connections):
            if connection.bound:
                connection.end()

    def named(self, message_id: str) -> str | None:
        """What the journal calls the message by that has this id in receipts."""
        found = self.world.stored(self._reports.reported_id(message_id))
        return None if found is None else found.whole.handle

    def _changed(self, message: StoredMessage) -> None:
        details = message.submission.context
        if type(details) is not SubmitDetails or not message.found:
            return
        if not details.registered_delivery:
            return
        try:
            receipt = self._reports.receipt(message, details)
        except EncodeError as error:
            _log.warning("SMPP cannot carry the receipt for %s: %s", message.first_id, error)
            return
        if receipt is not None:
            self._deliver(message.submission.account, [receipt])

    def _arrived(self, message: IncomingMessage) -> None:
        if message.medium is not Medium.SMS:
            return
        try:
            pdus = self._reports.incoming(message)
        except EncodeError as error:
            _log.warning("SMPP cannot carry the incoming message %s: %s", message.id, error)
            return
        self._deliver(message.account, pdus)

    def _deliver(self, account: Account, pdus: Sequence[DeliverSm]) -> None:
        customer = self.customers.of(account)
        customer.deliveries.add(pdus)
        self.stir(customer)
