"""A channel over one HTTP interface that takes lists, and tells of each message in its answer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin

from msgspec import Struct

from devino_codecs.http import Unread
from devino_core import Message, Receipt
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import Call, in_lots
from devino_core.suggest import did_you_mean

from .answered import ANSWERED
from .api_channel import ApiChannel
from .checks import check_send_at, number_of, numbers_of
from .ids import GivenIds
from .items import at, looked_at, with_numbers
from .receipts import Outcome, TakenIf, receipts_of_each
from .settings import ChannelConnectionSettings

__all__ = ["BulkChannel"]

SettingsT_co = TypeVar("SettingsT_co", bound=ChannelConnectionSettings, covariant=True)
ItemT = TypeVar("ItemT", bound=Struct)
ToldT = TypeVar("ToldT")


class BulkChannel(ApiChannel[SettingsT_co], Generic[SettingsT_co, ItemT, ToldT]):
    """Say what a message is on the wire, how a list of such is sent, and what an answer means::

        class Pigeon(BulkChannel[PigeonSettings, Letter, Flight]):
            api = API
            takes = {Medium.SMS: Takes()}
            most_messages = 100
            taken = TakenIf(id="id")

            def item(self, message: Message) -> Letter:
                return Letter(message.to, self.sender_of(message), message.text)

            async def send_items(self, items: Sequence[Letter], shared: object) -> Sequence[Flight]:
                return await self.ask(Send(tuple(items)), messages=len(items))

            def outcome(self, told: Flight) -> Refusal:
                return Refusal(told.state, told.reason)

    All messages are written before any is sent. What the answer tells of a message decides about
    that message alone. Where it tells of more or fewer messages than were sent, or gives one id
    twice, no message gets an id that may be another's, and none gets an id of another call.
    """

    knows_repeats: ClassVar[bool] = False
    """The platform knows a message that comes again, such as by its ref, and answers with the id
    that it gave before. Otherwise an id that comes again is the answer to another call."""

    taken: ClassVar[TakenIf | None] = None
    """By which fields the platform says that it took a message, if that is all that it says of one
    then; :meth:`outcome` is asked about the others."""

    number_field: str = ""
    """The field of an item that holds the recipient's number, if nothing else of an item, and
    nothing that is said once for a call, depends on the recipient or the ref: then what a mail-out
    says to many is looked at once. A field that does not hold it in digits raises TypeError."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Raises TypeError where :attr:`taken` names a field that the answers do not have."""
        super().__init_subclass__(**kwargs)
        told = _told(cls)
        if cls.taken is None or told is None:
            return
        for name in cls.taken.fields:
            # It may be a property, too.
            if not hasattr(told, name):
                raise TypeError(
                    f"{cls.__name__}.taken: no {told.__name__} has {_instead(name, told)}"
                )

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
    def outcome(self, told: ToldT) -> Outcome:
        """What the platform told of a message: the id of one that it took, or more about it as
        :class:`Taken`; a :class:`~devino_codecs.http.Refusal` in the platform's words, an
        :class:`Unclear` word, or an error. The secrets of the settings go from the words here."""

    def check(self, messages: Sequence[Message]) -> None:
        self._items(messages)

    def calls(self, messages: Sequence[Message]) -> Sequence[Call]:
        items, numbers, shares = self._items(messages)
        return [
            (lot, partial(self._send, lot, messages, items, numbers, shared))
            for shared, places in _places(shares).items()
            for lot in in_lots(places, self.most_messages)
        ]

    def _items(
        self, messages: Sequence[Message]
    ) -> tuple[Sequence[ItemT], Sequence[str], Sequence[Hashable]]:
        """What each message is on the wire, the number that is still to be put in where there is a
        ``number_field``, and what is said once for its call."""
        if not self.number_field:
            self.check_takes(messages)
            return tuple(map(self._item, messages)), (), tuple(map(self.shared, messages))
        items: list[ItemT] = []
        numbers: list[str] = []
        shares: list[Hashable] = []
        given = iter(numbers_of(messages))
        for (item, shared), count in looked_at(messages, self._look):
            items += [item] * count
            numbers += islice(given, count)
            shares += [shared] * count
        return tuple(items), tuple(numbers), shares

    def _look(self, message: Message) -> tuple[ItemT, Hashable]:
        self.check_takes((message,))
        item = self._item(message)
        self._check_number_field(item, message)
        return item, self.shared(message)

    def _check_number_field(self, item: ItemT, message: Message) -> None:
        """Each recipient's number will be put into this field."""
        name, kind = self.number_field, type(item)
        if name in kind.__struct_fields__ and getattr(item, name) == number_of(message):
            return
        why = f"{kind.__name__}.{name} does not hold the number, in digits alone"
        if name not in kind.__struct_fields__:
            why = f"no {kind.__name__} has {_instead(name, kind)}"
        raise TypeError(f"{type(self).__name__}.number_field: {why}")

    def _item(self, message: Message) -> ItemT:
        if message.send_at is not None:
            check_send_at(message.send_at, message)
        return self.item(message)

    async def _send(
        self,
        places: Sequence[int],
        messages: Sequence[Message],
        items: Sequence[ItemT],
        numbers: Sequence[str],
        shared: Hashable,
    ) -> list[Receipt]:
        own = at(places, items)
        if self.number_field:
            # Copied call by call, items stay within a processor's caches.
            own = with_numbers(own, self.number_field, at(places, numbers))
        # Who sends them may ask no call of ours.
        ANSWERED.set(None)
        told = await self.send_items(own, shared)
        return receipts_of_each(
            at(places, messages),
            told,
            self.outcome,
            taken=self.taken,
            given=self._given,
            channel=self.name,
            clock=self.clock,
            hide=self.hide,
        )


def _told(channel: type) -> type[Struct] | None:
    """What a class of channels says that it is told of a message, where that is a struct."""
    bases = [base for one in channel.__mro__ for base in vars(one).get("__orig_bases__", ())]
    told = next((get_args(base)[2] for base in bases if get_origin(base) is BulkChannel), None)
    told = get_origin(told) or told
    return told if isinstance(told, type) and issubclass(told, Struct) else None


def _instead(name: str, kind: type[Struct]) -> str:
    fields = kind.__struct_fields__
    return f"{name!r}: {did_you_mean(name, fields) or 'it has ' + ', '.join(fields)}"


def _places(shares: Sequence[Hashable]) -> Mapping[Hashable, Sequence[int]]:
    """Where each of these stands. Mostly all are one."""
    if shares and shares.count(shares[0]) == len(shares):
        return {shares[0]: range(len(shares))}
    places: dict[Hashable, list[int]] = {}
    for place, shared in enumerate(shares):
        places.setdefault(shared, []).append(place)
    return places
