"""What happens to messages from the moment when they are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

import msgspec

from devino_core import State

from ._admission import readable
from ._archive import Archive
from ._fates import QUEUED, SCHEDULED, WITHDRAWN, Fate, Pace, Step, Way, plan
from ._messages import StoredMessage, Submission
from ._subscribers import Subscribers
from ._timeline import Timeline

__all__ = ["Lives", "TakenRecipient"]

# The first id of the manual's examples.
_FIRST_ID = 579700854169272358

_REFUSED = Step(State.REJECTED)
# Looked up once: until Python 3.12 finding a member of an enum takes longer than comparing it.
_ENROUTE, _ACCEPTED = State.ENROUTE, State.ACCEPTED
_STEP = itemgetter(1)


class TakenRecipient(NamedTuple):
    """A recipient of a submission that was taken."""

    to: str
    send_at: datetime | None
    fate: Fate


class _Way(msgspec.Struct, eq=False):
    """Messages that live alike, on their way: one entry of the timeline after the other.

    It is all that there is of a way, for there is one for each message that is sent alone.
    """

    take: Callable[[_Way, datetime], None]
    messages: Sequence[StoredMessage]
    steps: Way
    taken: int
    """How many of the steps are."""
    began: datetime
    """The time from which the steps count."""

    def __call__(self, due: datetime) -> None:
        self.take(self, due)


class Lives:
    """The messages of a World, each on its way along a timeline.

    ``resend``: called for a message that has failed and has a fallback. ``settle``: called for a
    message whose step says something of its recipient, too.
    """

    def __init__(
        self,
        timeline: Timeline,
        keep: int,
        subscribers: Subscribers,
        resend: Callable[[StoredMessage, Submission, datetime], None],
        settle: Callable[[StoredMessage, datetime], None],
    ) -> None:
        self._timeline = timeline
        self._archive = Archive(keep)
        self._subscribers = subscribers
        self._resend = resend
        self._settle = settle
        self._next_id = _FIRST_ID
        self._take = self._take_step
        # Since the last that was taken.
        self._refusals = 0

    def __iter__(self) -> Iterator[StoredMessage]:
        return iter(self._archive)

    def snapshot(self) -> Sequence[StoredMessage]:
        """Those that are listed, as they are now."""
        return self._archive.snapshot()

    def find(self, number: int) -> StoredMessage | None:
        """The message that has a segment with this id."""
        return self._archive.find(number)

    def refused(self, number: int, refusal: int) -> StoredMessage | None:
        """The refused message with this ``first_id``, that is this one of them."""
        return self._archive.at((number, refusal))

    def begin(
        self,
        submission: Submission,
        recipients: Sequence[TakenRecipient],
        *,
        parts: int,
        price: Decimal,
        pace: Pace,
        now: datetime,
        call: int = 0,
    ) -> list[StoredMessage]:
        """One message for each recipient, in order. ``call``: of the journal, that brings them."""
        begun: list[StoredMessage] = []
        groups: dict[tuple[datetime | None, Fate], list[StoredMessage]] = {}
        for to, send_at, fate in recipients:
            message = StoredMessage(
                submission=submission,
                to=to,
                first_id=self._next_id,
                parts=parts,
                price=price,
                created_at=now,
                step=QUEUED if send_at is None else SCHEDULED,
                send_at=send_at,
                found=fate.found,
                before=() if send_at is None else ((SCHEDULED, now),),
                call=call,
            )
            self._next_id += parts
            self._refusals = 0
            begun.append(message)
            groups.setdefault((send_at, fate), []).append(message)
        if submission.part_of is not None:
            submission.part_of.further += tuple(begun)
        for (send_at, fate), messages in groups.items():
            self._send_off(messages, fate, pace, send_at or now, now)
        self._record(begun)
        return begun

    def refuse(
        self, submission: Submission, to: Sequence[str], reason: str, now: datetime, call: int = 0
    ) -> list[StoredMessage]:
        """Put on record that this was refused."""
        life = ((_REFUSED, now),)
        refused = [
            StoredMessage(
                submission=submission,
                to=readable(address),
                # No id of its own: the next to be given away keeps the order.
                first_id=self._next_id,
                refusal=number,
                parts=0,
                price=Decimal(0),
                created_at=now,
                step=_REFUSED,
                found=False,
                reason=reason,
                before=life,
                call=call,
            )
            for number, address in enumerate(to, self._refusals + 1)
        ]
        self._refusals += len(refused)
        self._record(refused)
        self._archive.ended(len(refused))
        return refused

    def replace(
        self,
        message: StoredMessage,
        submission: Submission,
        recipient: TakenRecipient,
        pace: Pace,
        now: datetime,
    ) -> None:
        """Let a message begin anew, as another submission."""
        message.send_at = recipient.send_at
        message.submission = submission
        message.step = QUEUED if recipient.send_at is None else SCHEDULED
        if recipient.send_at is not None:
            message.before += ((SCHEDULED, now),)
        self._send_off([message], recipient.fate, pace, recipient.send_at or now, now)

    def withdraw(self, message: StoredMessage, now: datetime) -> None:
        """End a message that its sender takes back."""
        self._end([message])
        message.step = WITHDRAWN
        message.after += ((WITHDRAWN, now),)
        message.reported_at = now
        self._subscribers.changed.tell(message)

    def force(self, message: StoredMessage, state: State, now: datetime) -> None:
        """Put a message into a state, in which it stays."""
        self._end([message])
        self._arrive([message], Step(state), now, before=[step for step, _ in message.life])

    def forget(self, message: StoredMessage) -> None:
        """Remember it no more, with its further segments; nothing more becomes of them."""
        for one in (message, *message.further):
            self._archive.remove(one)

    def clear(self) -> None:
        """Remember none. The ids go on, so that an old one never means a new message."""
        self._archive.clear()

    def _send_off(
        self,
        messages: Sequence[StoredMessage],
        fate: Fate,
        pace: Pace,
        began: datetime,
        now: datetime,
    ) -> None:
        """Set messages of one submission and one fate on their way."""
        planned = plan(fate, pace, messages[0].submission.validity)
        # A message that goes now is queued already; that is the first step.
        taken = 1 if began == now else 0
        way = _Way(self._take, messages, planned, taken, began)
        for message in messages:
            message.way = way
            message.plan, message.began, message.taken = planned, began, taken
        self._follow(way)

    def _follow(self, way: _Way) -> None:
        """Put the next step of messages that live alike on the timeline."""
        if way.taken == len(way.steps):
            self._end(way.messages)
            return
        try:
            due = way.began + way.steps[way.taken][0]
        except OverflowError:
            return  # beyond the year 9999
        self._timeline.at(due, way)

    def _take_step(self, way: _Way, due: datetime) -> None:
        # A message that was withdrawn or replaced meanwhile has another way.
        way.messages = messages = [message for message in way.messages if message.way is way]
        if not messages:
            return
        before, step = way.steps[: way.taken], way.steps[way.taken][1]
        way.taken += 1
        self._follow(way)
        self._arrive(messages, step, due, before=map(_STEP, before), taken=len(before) + 1)

    def _arrive(
        self,
        messages: Sequence[StoredMessage],
        step: Step,
        due: datetime,
        *,
        before: Iterable[Step],
        taken: int | None = None,
    ) -> None:
        """Messages of one submission that have lived alike are somewhere now.

        ``before``: the steps that they took before. ``taken``: so many steps of their plan they
        have taken then; None: it is none of the plan.
        """
        for message in messages:
            message.step = step
            if taken is None:
                message.after += ((step, due),)
            else:
                message.taken = taken
            if step.state is _ENROUTE:
                message.submitted_at = due
            elif step.state is not _ACCEPTED:
                message.reported_at = due
        fallback = messages[0].submission.fallback
        if fallback is not None and _is_lost(step) and not any(step.failed for step in before):
            self._fall_back(messages, fallback, due, step.resend_after)
        if self._subscribers.changed:
            for message in messages:
                self._subscribers.changed.tell(message)
        if step.consent is not None or step.is_hard:
            for message in messages:
                self._settle(message, due)

    def _fall_back(
        self,
        messages: Sequence[StoredMessage],
        fallback: Submission,
        failed_at: datetime,
        pause: timedelta,
    ) -> None:
        """Send what goes in place of messages that have failed."""

        def resend(due: datetime) -> None:
            for message in messages:
                self._resend(message, fallback, due)

        if pause:
            self._timeline.at(failed_at + pause, resend)
        else:
            resend(failed_at)

    def _end(self, messages: Sequence[StoredMessage]) -> None:
        """No step is left to these messages."""
        ending = [message for message in messages if message.way is not None]
        for message in ending:
            message.way = None
        self._archive.ended(len(ending))

    def _record(self, messages: Sequence[StoredMessage]) -> None:
        self._archive.add(messages)
        if self._subscribers.recorded:
            for message in messages:
                self._subscribers.recorded.tell(message)


def _is_lost(step: Step) -> bool:
    """Whether another message goes in the place of one that ends so."""
    # Who takes a message back wants no other in its place.
    return step.failed and step.state is not State.DELETED
