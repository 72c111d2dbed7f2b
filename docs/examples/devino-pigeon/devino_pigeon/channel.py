"""The channel."""

from collections.abc import Mapping, Sequence

import devino_core as devino
from devino_codecs.http import Refusal
from devino_core import Medium, Message, Status
from devino_plugins.kit import BulkChannel, Taken
from devino_plugins.kit.states import state_of

from . import PigeonSettings
from .wire import API, Find, Flight, Letter, Send


class Pigeon(BulkChannel[PigeonSettings, Letter, Flight]):
    api = API
    takes: Mapping[Medium, devino.Takes] = {Medium.SMS: devino.Takes()}
    most_messages = 100
    knows_repeats = True

    def item(self, message: Message) -> Letter:
        if len(message.text) > 1000:
            raise devino.InvalidMessage("text", "is longer than 1000", ref=message.ref)
        return Letter(message.ref, message.to, self.sender_of(message), message.text)

    async def send_items(self, items: Sequence[Letter], shared: object) -> Sequence[Flight]:
        return await self.ask(Send(tuple(items)), messages=len(items))

    def outcome(self, told: Flight) -> Taken | Refusal:
        if not told.id:
            return Refusal(told.state, told.reason)
        return Taken((told.id,), status=status_of(told))

    async def status_of_some(self, ids: Sequence[str], medium: Medium) -> list[Status]:
        return [status_of(await self.ask(Find(id))) for id in ids]


def status_of(flight: Flight) -> Status:
    return Status(id=flight.id, state=state_of(flight.state), code=str(flight.state))
