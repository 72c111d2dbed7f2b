"""A channel over one HTTP interface that takes lists, and tells of each message in its answer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, Generic, TypeVar

from msgspec.structs import replace

from devino_codecs.http import Unread
from devino_core import DevinoError, Message, OutcomeUnknown, Receipt, State, Status
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import Call, in_lots

from .api_channel import ApiChannel
from .checks import check_send_at, numbers_of
from .ids import GivenIds
from .receipts import receipts_of_each
from .settings import ChannelConnectionSettings
from .states import accepted

__all__ = ["BulkChannel"]

SettingsT_co = TypeVar("SettingsT_co", bound=ChannelConnectionSettings, covariant=True)
ItemT = TypeVar("ItemT")
ToldT = TypeVar("ToldT")

_said = attrgetter("content", "medium", "sender", "send_at", "validity", "priority")
"""What a message says to whomever it goes."""


class BulkChannel(ApiChannel[SettingsT_co], Generic[SettingsT_co, ItemT, ToldT]):
    """Say what a message is on the wire, how a list of such is sent, and what an answer means::

        class Pigeon(BulkChannel[PigeonSettings, Letter, Flight]):
            api = API
            takes = {Medium.SMS: Takes()}
            most_messages = 100

            def item(self, message: Message) -> Letter:
                return Letter(message.to, self.sender_of(message), message.text)

            async def send_items(self, items: Sequence[Letter], shared: object) -> Sequence[Flight]:
                return await self.ask(Send(tuple(items)), messages=len(items))

            def receipt(self, message: Message, told: Flight) -> Receipt | DevinoError:
                return self.taken(message, (told.id,)) if told.id else Rejected(told.reason)

    All messages are written before any is sent. What the answer tells of a message decides about
    that message alone. Where it tells of more or fewer messages than were sent, gives one id twice,
    or an id that another call was given, no message gets an id that may be another's.
    """

    knows_repeats: ClassVar[bool] = False
    """The platform knows a message that comes again, such as by its ref, and answers with the id
    that it gave before. Otherwise an id that comes again is the answer to another call."""

    number_field: str = ""
    """The field of an item that holds the recipient's number, if nothing else of an item depends on
    the recipient or the ref: then messages that say the same to many are looked at once."""

    def __init__(self, settings: SettingsT_co, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._given = None if self.knows_repeats else GivenIds()

    @abstractmethod
    def item(self, message: Message) -> ItemT:
        """The message as the wire has it. It is one that :attr:`takes` has.

        Raises InvalidMessage or Unsupported for one that cannot be sent.
        """

    def shared(self, message: Message) -> Hashable:
        """What is said once for a whole call: messages that differ in it go in different calls."""
        return None

    @abstractmethod
    async def send_items(self, items: Sequence[ItemT], shared: Any) -> Sequence[ToldT | Unread]:
        """Make the call that sends these, and give what the platform told of each, in order."""

    @abstractmethod
    def receipt(self, message: Message, told: ToldT) -> Receipt | DevinoError:
        """What the platform told of a message, as its receipt (:meth:`taken`), or the error of one
        that was not taken."""

    def taken(self, message: Message, ids: tuple[str, ...], *, parts: int = 1) -> Receipt:
        """The receipt of a message that the platform took: SCHEDULED for later, else ACCEPTED."""
        status = accepted(message, self.clock)
        return Receipt.of(message, status, channel=self.name, ids=ids, parts=parts)

    def unclear(self, message: Message, word: str, description: str = "") -> Receipt:
        """The receipt of a message about which the platform said a word that is neither yes nor no.

        The word and the description are the platform's; the secrets of the settings go from both.
        """
        word = self.hide(word)
        lost = OutcomeUnknown(f"the platform said {word} and gave no id: it may have been sent")
        status = Status(state=State.UNKNOWN, code=word, description=self.hide(description))
        return Receipt.of(message, status, channel=self.name, parts=0, error=lost)

    def check(self, messages: Sequence[Message]) -> None:
        self._items(messages)

    def calls(self, messages: Sequence[Message]) -> Sequence[Call]:
        items = self._items(messages)
        places: dict[Hashable, list[int]] = {}
        for place, message in enumerate(messages):
            places.setdefault(self.shared(message), []).append(place)
        return [
            (lot, partial(self._send, [messages[n] for n in lot], [items[n] for n in lot], shared))
            for shared, all_places in places.items()
            for lot in in_lots(all_places, self.most_messages)
        ]

    def _items(self, messages: Sequence[Message]) -> list[ItemT]:
        self.check_takes(messages)
        field = self.number_field
        if not field:
            return list(map(self._item, messages))
        known: dict[object, Any] = {}
        before: object = None
        alike: Any = None
        items: list[ItemT] = []
        for message, number in zip(messages, numbers_of(messages), strict=True):
            if type(message.content) is not str or message.options or message.fallback is not None:
                items.append(self._item(message))
                continue
            said = _said(message)
            # To compare is quicker than to look up: enumerations have a slow hash.
            if said != before:
                alike = known.get(said) or self._item(message)
                before, known[said] = said, alike
            items.append(replace(alike, **{field: number}))
        return items

    def _item(self, message: Message) -> ItemT:
        if message.send_at is not None:
            check_send_at(message.send_at, message)
        return self.item(message)

    async def _send(
        self, messages: Sequence[Message], items: Sequence[ItemT], shared: Hashable
    ) -> list[Receipt]:
        told = await self.send_items(items, shared)
        return receipts_of_each(messages, told, self.receipt, given=self._given, channel=self.name)
