"""The campaigns of a World: their states, and what they send on its clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import msgspec

from devino_codecs.addressbook import StoredContact
from devino_codecs.email import Mailbox, TaskDraft, TaskState, TaskType
from devino_core import State
from devino_sandbox._accounts import Account
from devino_sandbox._mail import Links, MailText, filled
from devino_sandbox._messages import Refused, StoredMessage, Submission
from devino_sandbox._world import World

from ._people import Audience, audience_of, has_birthday, values_of

__all__ = ["PROTOCOL", "START", "MailTask", "Tasks"]

PROTOCOL = "email-task"
"""The protocol of faults that let a campaign fail."""
START = "Start"
"""Its operation."""

_FIRST_TASK = 133875  # of the manual's examples
_DAY = timedelta(days=1)
_OPENED = frozenset({State.READ, State.CLICKED})

_NEXT: Mapping[TaskState, frozenset[TaskState]] = {
    TaskState.NEW: frozenset(
        {TaskState.CREATED, TaskState.STARTED, TaskState.CANCELED, TaskState.DELETED}
    ),
    TaskState.CREATED: frozenset({TaskState.STARTED, TaskState.CANCELED, TaskState.DELETED}),
    TaskState.STARTED: frozenset({TaskState.STOPPED, TaskState.CANCELED}),
    TaskState.STOPPED: frozenset({TaskState.STARTED, TaskState.CANCELED, TaskState.DELETED}),
    TaskState.CANCELED: frozenset({TaskState.DELETED}),
    TaskState.FINISHED: frozenset({TaskState.DELETED}),
    TaskState.FAILED: frozenset({TaskState.DELETED}),
    TaskState.DELETED: frozenset(),
}
"""What a client may make of a state. All else happens by itself."""


class MailTask(msgspec.Struct, kw_only=True, eq=False):
    """A campaign."""

    id: int
    account: Account
    draft: TaskDraft
    said: MailText
    starts_at: datetime
    state: TaskState = TaskState.NEW
    audience: Audience
    """As it was counted last."""
    handed_on: int = 0
    """How many mails it has sent."""
    waiting: deque[StoredContact] = msgspec.field(default_factory=deque)
    """Who is still to get it."""
    sent: list[tuple[StoredMessage, StoredContact]] = []
    """For the SMS that follow."""
    turn: int = 0
    """What was put on the timeline in an earlier turn counts no more."""

    def allows(self, state: TaskState) -> bool:
        """Whether a client may set this state."""
        return state in _NEXT[self.state]

    @property
    def is_birthday(self) -> bool:
        """It goes to each contact on the birthday."""
        return self.draft.type is TaskType.BIRTHDAY


class Tasks:
    """A book of the World: the campaigns of all accounts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._next_id = _FIRST_TASK
        self._tasks: dict[int, MailTask] = {}

    def of(self, account: Account) -> Sequence[MailTask]:
        """Those of an account, the oldest first."""
        self._world.advance()
        return [task for task in self._tasks.values() if task.account is account]

    def find(self, account: Account, task_id: int) -> MailTask | None:
        """One of an account's."""
        self._world.advance()
        task = self._tasks.get(task_id)
        return task if task is not None and task.account is account else None

    def add(
        self, account: Account, draft: TaskDraft, said: MailText, audience: Audience
    ) -> MailTask:
        """A new campaign."""
        task = MailTask(
            id=self._next_id,
            account=account,
            draft=draft,
            said=said,
            starts_at=draft.start_date_time or self._world.clock.now(),
            audience=audience,
        )
        self._next_id += 1
        self._tasks[task.id] = task
        return task

    def replace(self, task: MailTask, draft: TaskDraft, said: MailText, audience: Audience) -> None:
        """Make a new campaign anew."""
        task.draft, task.said, task.audience = draft, said, audience
        task.starts_at = draft.start_date_time or self._world.clock.now()

    def set_state(self, task: MailTask, state: TaskState) -> bool:
        """Do what a client wants; False if that cannot be. The same state again changes nothing."""
        self._world.advance()
        if state is task.state:
            return True
        if not task.allows(state):
            return False
        was, now = task.state, self._world.clock.now()
        task.turn += 1
        task.state = state
        match state:
            case TaskState.CREATED:
                self._at(task, max(now, task.starts_at), self._start)
            case TaskState.STARTED if was is TaskState.STOPPED:
                self._resume(task, now)
            case TaskState.STARTED:
                self._start(task, now)
            case TaskState.DELETED:
                del self._tasks[task.id]
        self._world.advance()
        return True

    def _at(
        self, task: MailTask, due: datetime, action: Callable[[MailTask, datetime], None]
    ) -> None:
        """Put this on the timeline, for as long as nobody sets another state."""
        self._world.timeline.at(due, partial(self._act, task, task.turn, action))

    def _act(
        self,
        task: MailTask,
        turn: int,
        action: Callable[[MailTask, datetime], None],
        due: datetime,
    ) -> None:
        if task.turn == turn:
            action(task, due)

    def _start(self, task: MailTask, due: datetime) -> None:
        if self._world.faults and self._world.faults.strike(PROTOCOL, START) is not None:
            task.state = TaskState.FAILED
            return
        task.state = TaskState.STARTED
        if task.is_birthday:
            if task.starts_at < due:
                # The next time that the clock shows its time of day.
                task.starts_at += _DAY * -((task.starts_at - due) // _DAY)
            self._at(task, task.starts_at, self._congratulate)
            return
        task.audience = audience_of(self._world, task.account, task.draft)
        task.waiting = deque(task.audience.recipients)
        self._resume(task, due)

    def _resume(self, task: MailTask, due: datetime) -> None:
        if task.is_birthday:
            self._start(task, due)
            return
        self._hand_on(task, due)

    def _hand_on(self, task: MailTask, due: datetime) -> None:
        """Send the next mail; all, unless they are spread until the campaign's end."""
        end, waiting = task.draft.end_date_time, task.waiting
        while waiting:
            contact = waiting.popleft()
            self._send(task, contact)
            if waiting and end is not None and end > due:
                self._at(task, due + (end - due) / len(waiting), self._hand_on)
                return
        task.state = TaskState.FINISHED
        self._text_later(task, due)

    def _congratulate(self, task: MailTask, due: datetime) -> None:
        """Send to those whose birthday it is, and again tomorrow."""
        task.audience = audience_of(self._world, task.account, task.draft)
        for contact in task.audience.recipients:
            if has_birthday(contact, due):
                self._send(task, contact)
        self._text_later(task, due)
        task.starts_at = due + _DAY
        self._at(task, task.starts_at, self._congratulate)

    def _send(self, task: MailTask, contact: StoredContact) -> None:
        draft, name = task.draft, contact.first_name
        try:
            message = self._world.of(Links).send(
                task.account,
                "email",
                task.said,
                sender=Mailbox(draft.sender.address or "", draft.sender.name or ""),
                to=Mailbox(str(contact.email), name if isinstance(name, str) else ""),
                values=values_of(contact),
                task_id=task.id,
                campaign=draft.user_campaign_id,
            )
        except Refused:
            return  # It is on record.
        task.handed_on += 1
        if draft.sms_resend_task is not None:
            task.sent.append((message, contact))

    def _text_later(self, task: MailTask, due: datetime) -> None:
        """Have an SMS sent to those who will not have opened their mail by then."""
        order = task.draft.sms_resend_task
        sent, task.sent = task.sent, []
        if order is None or not sent:
            return
        self._world.timeline.at(due + order.start_delay, lambda due: self._text(task, sent))

    def _text(self, task: MailTask, sent: Sequence[tuple[StoredMessage, StoredContact]]) -> None:
        order = task.draft.sms_resend_task
        if order is None:
            return
        for message, contact in sent:
            if message.state in _OPENED or not contact.phone_number:
                continue
            if order.contact_group_id not in (None, contact.contact_group_id):
                continue
            text = filled(MailText(text=order.text), values_of(contact)).text
            sms = Submission(
                account=task.account,
                via="email",
                sender=order.sender_address,
                text=text,
                task_id=task.id,
            )
            try:
                self._world.submit(sms, [str(contact.phone_number)])
            except Refused:
                continue  # It is on record.
