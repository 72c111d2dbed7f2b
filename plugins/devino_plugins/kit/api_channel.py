"""A channel over one HTTP interface whose calls take lists."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from devino_core import Capability, Channel, Medium, Message, Receipt, Status
from devino_core.dispatch import Call, dispatch, in_lots, statuses_in_batches

from .api import ApiClient
from .settings import ChannelConnectionSettings

__all__ = ["ApiChannel"]

SettingsT_co = TypeVar("SettingsT_co", bound=ChannelConnectionSettings, covariant=True)


class ApiChannel(ApiClient[SettingsT_co], Channel[SettingsT_co]):
    """Say how one list of messages is sent and how one list of ids is asked after::

        class Pigeon(ApiChannel[PigeonSettings]):
            api = API
            takes = {Medium.SMS: Takes()}
            most_messages = 100

            async def send_some(self, messages: Sequence[Message]) -> Sequence[Receipt]:
                ...

            async def status_of_some(self, ids: Sequence[str], medium: Medium) -> Sequence[Status]:
                ...

    :meth:`send` and :meth:`status` make as few calls as that allows, ``concurrency`` of them at
    once. A call that fails costs no message of another call its receipt, and no id its status.
    Without ``status_of_some`` it is a channel that cannot report.
    """

    most_messages: int = 1
    """How many messages one call takes."""
    most_ids: int = 1
    """How many ids one call takes."""

    async def send_some(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        """Send so many as one call takes, and give a receipt for each, in order.

        They were checked. One that is refused among others is data
        (:func:`~devino_core.dispatch.failed_receipt`).
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how messages are sent")

    async def status_of_some(self, ids: Sequence[str], medium: Medium) -> Sequence[Status]:
        """The status of so many ids as one call takes, in order."""
        raise self._unsupported("report a status on request")

    def calls(self, messages: Sequence[Message]) -> Sequence[Call]:
        """The calls that send these, which are checked first; none begins here."""
        self.check(messages)
        return [
            (places, partial(self.send_some, [messages[place] for place in places]))
            for places in in_lots(range(len(messages)), self.most_messages)
        ]

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        at_once = self.settings.concurrency
        calls = self.calls(messages)
        return await dispatch(messages, calls, channel=self.name, concurrency=at_once)

    @classmethod
    def offers(cls) -> frozenset[Capability]:
        cannot_report = (
            cls.status is ApiChannel.status and cls.status_of_some is ApiChannel.status_of_some
        )
        return super().offers() - ({Capability.STATUS} if cannot_report else set())

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        self.require_medium(medium)
        return await statuses_in_batches(
            ids,
            lambda lot: self.status_of_some(lot, medium),
            size=self.most_ids,
            concurrency=self.settings.concurrency,
            medium=medium,
        )
