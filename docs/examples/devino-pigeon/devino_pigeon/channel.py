"""The channel."""

from collections.abc import Mapping, Sequence
from functools import partial

import devino_core as devino
from devino_core import Medium, Message, Receipt, Status
from devino_core.dispatch import dispatch, failed_receipt, statuses_of
from devino_plugins.kit import ApiClient
from devino_plugins.kit.states import state_of

from . import PigeonSettings
from .wire import API, Find, Flight, Letter, Send


class Pigeon(ApiClient[PigeonSettings], devino.Channel[PigeonSettings]):
    api = API
    takes: Mapping[Medium, devino.Takes] = {Medium.SMS: devino.Takes()}

    def check(self, messages: Sequence[Message]) -> None:
        self.check_takes(messages)
        for message in messages:
            self.sender_of(message)
            if len(message.text) > 1000:
                raise devino.InvalidMessage("text", "is longer than 1000", ref=message.ref)

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.check(messages)
        places = range(len(messages))
        lots = [places[first : first + 100] for first in places[::100]]
        calls = [(lot, partial(self._send, [messages[n] for n in lot])) for lot in lots]
        at_once = self.settings.concurrency
        return await dispatch(messages, calls, channel=self.name, concurrency=at_once)

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        async def ask(id: str) -> Status:
            return status_of(await self.ask(Find(id)))

        return await statuses_of(ids, ask, concurrency=self.settings.concurrency, medium=medium)

    async def _send(self, messages: Sequence[Message]) -> list[Receipt]:
        letters = [Letter(m.ref, m.to, self.sender_of(m), m.text) for m in messages]
        return list(map(self._receipt, messages, await self.ask(Send(tuple(letters)))))

    def _receipt(self, message: Message, flight: Flight) -> Receipt:
        if flight.id is None:
            refused = devino.Rejected(flight.reason, code=str(flight.state))
            return failed_receipt(message, refused, channel=self.name)
        return Receipt.of(message, status_of(flight), channel=self.name, ids=(flight.id,))


def status_of(flight: Flight) -> Status:
    return Status(id=flight.id, state=state_of(flight.state), code=str(flight.state))
