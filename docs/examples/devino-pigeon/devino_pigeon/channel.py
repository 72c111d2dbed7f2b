"""The channel."""

from collections.abc import Mapping, Sequence

import devino_core as devino
from devino_core import Medium, Message, Receipt, Status
from devino_core.dispatch import failed_receipt
from devino_plugins.kit import ApiChannel
from devino_plugins.kit.states import state_of

from . import PigeonSettings
from .wire import API, Find, Flight, Letter, Send


class Pigeon(ApiChannel[PigeonSettings]):
    api = API
    takes: Mapping[Medium, devino.Takes] = {Medium.SMS: devino.Takes()}
    most_messages = 100

    def check(self, messages: Sequence[Message]) -> None:
        self.check_takes(messages)
        for message in messages:
            self.sender_of(message)
            if len(message.text) > 1000:
                raise devino.InvalidMessage("text", "is longer than 1000", ref=message.ref)

    async def send_some(self, messages: Sequence[Message]) -> list[Receipt]:
        letters = [Letter(m.ref, m.to, self.sender_of(m), m.text) for m in messages]
        return list(map(self._receipt, messages, await self.ask(Send(tuple(letters)))))

    async def status_of_some(self, ids: Sequence[str], medium: Medium) -> list[Status]:
        return [status_of(await self.ask(Find(id))) for id in ids]

    def _receipt(self, message: Message, flight: Flight) -> Receipt:
        if flight.id is None:
            refused = devino.Rejected(flight.reason, code=str(flight.state))
            return failed_receipt(message, refused, channel=self.name)
        return Receipt.of(message, status_of(flight), channel=self.name, ids=(flight.id,))


def status_of(flight: Flight) -> Status:
    return Status(id=flight.id, state=state_of(flight.state), code=str(flight.state))
