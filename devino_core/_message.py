"""The message to send."""

from __future__ import annotations

import enum
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

import msgspec

from ._content import Card, Content, Fill, Priority
from ._declared import misfit_of
from ._masking import Discreet
from ._portable import Portable
from .errors import InvalidMessage, Unsupported
from .suggest import did_you_mean

if TYPE_CHECKING:
    from msgspec import StructMeta
else:
    StructMeta = type(msgspec.Struct)

__all__ = ["Medium", "Message"]

T = TypeVar("T")


class Medium(enum.StrEnum):
    """How a message reaches its recipient, whatever protocol carries it to the platform."""

    SMS = "SMS"
    VIBER = "VIBER"
    WHATSAPP = "WHATSAPP"
    VK = "VK"
    EMAIL = "EMAIL"


class _Refs:
    """Refs in the order of time, as UUIDv7 is: 48 bits of milliseconds, 80 random ones.

    An index takes such keys three times as fast as random ones. The random part is fetched for many
    refs at once: each call of the system lets other threads run first.
    """

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            # A child must not go on with the same ones.
            os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        self._parts: Iterator[str] = iter(())
        self._moment = 0, ""

    def __call__(self) -> str:
        part = next(self._parts, None)
        if part is None:
            fresh = os.urandom(10 * 256).hex()
            # The first is this call's; another thread may have begun with the rest.
            part = fresh[:20]
            self._parts = iter([fresh[at : at + 20] for at in range(20, len(fresh), 20)])
        now = int(time.time() * 1000)
        at, text = self._moment
        if at != now:
            # To write a number in hexadecimal takes longer than all else here.
            text = f"{now:012x}"
            self._moment = now, text
        return text + part


_new_ref = _Refs()


class _Called(StructMeta):
    """Names the right field to a caller who passes `text`, as most libraries call the content."""

    def __call__(self: type[T], *args: Any, **kwargs: Any) -> T:
        try:
            made: T = _make(self, *args, **kwargs)
        except TypeError as error:
            if "text" not in kwargs:
                raise
            raise TypeError(f"{error}: what a {self.__name__} says is its `content`") from None
        return made


_make: Callable[..., Any] = StructMeta.__call__


def _add_no_option(*_: object, **__: object) -> NoReturn:
    raise TypeError("options cannot be added to a message: give them when you make it")


class _NoOptions(dict[str, object]):
    """One object for all messages without options: a dict for each would give the garbage
    collector a quarter more to do in a bulk.
    """

    __setitem__ = update = setdefault = __ior__ = _add_no_option


_NO_OPTIONS = _NoOptions()


# gc=False: what a message holds is plain data, which never refers back to it. A bulk holds messages
# by the thousand, and to look through them again and again takes a quarter of its time.
class Message(Discreet, Portable, frozen=True, gc=False, metaclass=_Called):
    """One message to one recipient, in the words of no protocol.

    >>> Message("+7 916 123-45-67", "Your code is 1234", sender="DEVINO").medium
    <Medium.SMS: 'SMS'>

    Two messages are equal when all their fields are; a message without a ``ref`` gets a fresh one.
    A repr holds no text and no whole number. msgspec writes a message as JSON and reads it back.

    Raises :exc:`~devino_core.errors.InvalidMessage` when no channel could send it.
    """

    to: str
    """The recipient: a phone number in international format (``+``, blanks, dashes and brackets
    do not matter), or an address of the medium."""
    content: Content
    """A text or richer content: :class:`Fill`, :class:`Card`, :class:`Template`, :class:`Mail`.
    Channels refuse content that their wire cannot carry."""
    sender: str | None = None
    """The name or number that the recipient sees; None: the channel's ``sender`` setting."""
    medium: Medium = Medium.SMS
    send_at: datetime | None = None
    """When to send. Aware: that instant. **Naive: the recipient's wall clock.** None: now."""
    validity: timedelta | None = None
    """How long the platform tries to deliver. Wires count whole minutes or seconds: the channel
    rounds up."""
    priority: Priority | None = None
    """How soon it is sent, compared with others; None: the channel's setting."""
    fallback: Message | None = None
    """What to send if this one cannot be delivered."""
    ref: str = msgspec.field(default_factory=_new_ref)
    """The caller's own id. It is also the idempotency key if the wire has one."""
    options: Mapping[str, object] = _NO_OPTIONS
    """Extras that only one channel knows; the channel's documentation names them."""

    def __post_init__(self) -> None:
        if type(self.medium) is not Medium:
            msgspec.structs.force_setattr(self, "medium", _enum(Medium, "medium", self.medium))
        if self.priority is not None and type(self.priority) is not Priority:
            priority = _enum(Priority, "priority", self.priority)
            msgspec.structs.force_setattr(self, "priority", priority)
        if not _is_ordinary(self) and (misfit := _misfit(self)):
            raise InvalidMessage(*misfit)
        to, ref, sender = self.to, self.ref, self.sender
        if not (
            (to.isprintable() and to.strip())
            and (ref.isprintable() and ref.strip())
            and (sender is None or (sender.isprintable() and sender.strip()))
        ):
            _check_forgery(self)
        if self.validity is not None and self.validity <= timedelta(0):
            raise InvalidMessage("validity", "must be longer than nothing", ref=ref)

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> Self:
        """The message that :meth:`to_dict` gave. Raises InvalidArgument for anything else.

        A field that no message has raises InvalidMessage: a misspelt ``send_at`` would go out now.
        """
        for field in value if isinstance(value, Mapping) else ():
            if field not in cls.__struct_fields__:
                hint = did_you_mean(field, cls.__struct_fields__) or "leave it out"
                raise InvalidMessage(str(field), f"is no field of a message: {hint}")
        return super().from_dict(value)

    @property
    def text(self) -> str:
        """The content as plain text: a Fill with its values in place.

        Raises Unsupported for richer content: a channel that knows only texts would otherwise drop
        an image or a button.
        """
        content = self.content
        if isinstance(content, str):
            return content
        if isinstance(content, Fill):
            return content.spelt(content.values.__getitem__)
        if isinstance(content, Card) and content.image is None and content.button is None:
            return content.text
        raise Unsupported(f"a {type(content).__name__} is more than a plain text: give a str")


_UNFIT = "[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]"


_misfit = misfit_of(Message)


def _is_ordinary(message: Message) -> bool:
    """Whether the types are those of nearly all messages. Any others take far longer to look at."""
    return (
        type(message.to) is type(message.content) is type(message.ref) is str
        and (message.sender is None or type(message.sender) is str)
        and message.options is _NO_OPTIONS
        and message.send_at is None
        and message.validity is None
        and message.fallback is None
        and message.priority is None
    )


def _check_forgery(message: Message) -> None:
    """Raise InvalidMessage for a control character: it could forge a header, a line or a cell."""
    for field in ("to", "sender", "ref"):
        text: str | None = getattr(message, field)
        if text is not None and (not text.strip() or re.search(_UNFIT, text)):
            raise InvalidMessage(
                field, "must not be blank or hold control characters", ref=message.ref
            )


E = TypeVar("E", bound=enum.StrEnum)


def _enum(kind: type[E], field: str, value: str) -> E:
    try:
        return kind(value)
    except ValueError:
        raise InvalidMessage(field, f"must be one of {', '.join(kind)}, not {value!r}") from None
