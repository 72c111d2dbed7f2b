"""Messages as the inspection API shows them, and which of them are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from devino_codecs import EncodeError
from devino_codecs.text import segment
from devino_core import Medium, State

from ._admission import readable
from ._messages import IncomingMessage, StoredMessage, Submission
from .services._codes import code_of, step_code

__all__ = ["Filter", "IncomingView", "LifeView", "MessageView"]


class LifeView(msgspec.Struct, frozen=True, kw_only=True):
    """A state of a message, and since when it was in it."""

    state: State
    code: int | None
    """The platform's number of the state, where the medium has numbers."""
    reason: str
    """What tells it from other ways into this state; mostly empty."""
    at: datetime


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message as ``GET /_sandbox/messages`` shows it.

    Times are aware, in UTC. What a refused message did not say is empty.
    """

    id: str
    """Tells it from all others, refused ones too. Of a taken one it is its first platform id."""
    login: str
    """The account's; empty if a refused call does not say whose it is."""
    to: str
    sender: str
    text: str
    texts: tuple[str, ...]
    """The text as it is cut into parts, of an SMS; the one text elsewhere."""
    alphabet: str | None
    """``GSM7`` or ``UCS2``, of an SMS."""
    units_left: int | None
    """Septets or UTF-16 units that still fit into the last part, of an SMS."""
    content: Annotated[object, Meta(extra_json_schema={"description": "as its protocol has it"})]
    """What it holds beside its text."""
    medium: Medium
    priority: str | None
    """If the client gave one."""
    ref: str | None
    """The client's own id, where the wire has one."""
    via: str
    """The protocol."""
    state: State
    code: int | None
    """The platform's number of the state, where the medium has numbers."""
    parts: int
    """How many ids it has, and how often it was paid."""
    price: Decimal
    """Of all parts."""
    ids: tuple[str, ...]
    created_at: datetime
    send_at: datetime | None
    """If it was scheduled."""
    validity: float | None
    """Seconds."""
    submitted_at: datetime | None
    reported_at: datetime | None
    reason: str | None
    """Why it was refused."""
    life: tuple[LifeView, ...]
    """Where it has been; the last is where it is."""
    call: int | None
    """The call of the journal that brought it."""
    resent: str | None
    """The message that went in its place."""
    instead_of: str | None
    """The message in whose place it went."""

    @classmethod
    def of(cls, message: StoredMessage) -> MessageView:
        """What is to be shown of a message now."""
        said, is_refused = message.submission, message.reason is not None
        texts, alphabet, left = _cut(message)
        return cls(
            id=message.handle,
            login=said.account.login,
            to=message.to,
            sender=said.sender,
            text=said.text,
            texts=texts,
            alphabet=alphabet,
            units_left=left,
            content=said.content,
            medium=said.medium,
            priority=said.priority,
            ref=said.ref,
            via=said.via,
            state=message.state,
            code=code_of(message),
            parts=len(message.ids),
            price=sum((part.cost for part in message.further), message.cost),
            ids=message.ids,
            created_at=message.created_at,
            send_at=message.send_at,
            validity=None if said.validity is None else said.validity.total_seconds(),
            submitted_at=message.submitted_at,
            reported_at=message.reported_at,
            reason=message.reason,
            life=tuple(
                [
                    LifeView(
                        state=step.state,
                        code=None if is_refused else step_code(said.medium, step),
                        reason=step.reason,
                        at=at,
                    )
                    for step, at in message.life
                ]
            ),
            call=message.call or None,
            resent=None if message.resent is None else message.resent.handle,
            instead_of=str(message.instead_of) if message.instead_of else None,
        )


class IncomingView(msgspec.Struct, frozen=True, kw_only=True):
    """A message from a subscriber as ``GET /_sandbox/incoming`` shows it."""

    id: str
    login: str
    sender: str
    to: str
    text: str
    """Without the prefix."""
    at: datetime
    prefix: str
    medium: Medium
    in_reply_to: str | None

    @classmethod
    def of(cls, message: IncomingMessage) -> IncomingView:
        """What is to be shown of it."""
        return cls(
            id=str(message.id),
            login=message.account.login,
            sender=message.sender,
            to=message.to,
            text=message.text,
            at=message.at,
            prefix=message.prefix,
            medium=message.medium,
            in_reply_to=message.in_reply_to,
        )


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages are asked for. What is None fits every one."""

    to: str | None = None
    """The number, in any notation."""
    text: str | None = None
    """Stands in the text, in any case."""
    sender: str | None = None
    """In any case."""
    state: State | None = None
    via: str | None = None
    """The protocol."""
    q: str | None = None
    """What a person types: stands in the number, the sender or the text, in any case."""

    def chosen(self, messages: Sequence[StoredMessage]) -> Sequence[StoredMessage]:
        """Those that are asked for, in the order in which they are given."""
        # A hundred thousand messages are looked through while others wait for the sandbox; so what
        # they share, their submission, is looked at once.
        if self.to is not None:
            to = readable(self.to)
            messages = [m for m in messages if m.to == to]
        if self.state is not None:
            state = self.state
            messages = [m for m in messages if m.step.state is state]
        if (self.via, self.sender, self.text, self.q) == (None, None, None, None):
            return messages
        found, last, fits, said_it = [], None, False, False
        q = "" if self.q is None else self.q.strip().casefold()
        for message in messages:
            said = message.submission
            if said is not last:
                last, fits = said, self._fits(said)
                said_it = fits and (q in said.text.casefold() or q in said.sender.casefold())
            if fits and (said_it or q in message.to):
                found.append(message)
        return found

    def _fits(self, said: Submission) -> bool:
        """Whether messages of this submission may be asked for, whomever they go to."""
        return (
            (self.via is None or said.via == self.via)
            and (self.sender is None or said.sender.casefold() == self.sender.casefold())
            and (self.text is None or self.text.casefold() in said.text.casefold())
        )

    def fits(self) -> Callable[[StoredMessage], bool]:
        """Tells whether one message is asked for."""
        return lambda message: bool(self.chosen((message,)))


def _cut(message: StoredMessage) -> tuple[tuple[str, ...], str | None, int | None]:
    text = message.submission.text
    if message.submission.medium is not Medium.SMS:
        return (text,), None, None
    try:
        found = segment(text)
    except EncodeError:
        # It was refused for that.
        return (text,), None, None
    return found.parts, found.alphabet.name, found.units_left
