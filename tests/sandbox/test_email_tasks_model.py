"""Campaigns against a model: whatever is done to them, and however time passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from devino_codecs.email import ContactRef, EmailAddress, TaskDraft, TaskState
from devino_core.testing import ManualClock
from devino_sandbox import World
from devino_sandbox._mail import MailText
from devino_sandbox.services.email._people import audience_of
from devino_sandbox.services.email._tasks import MailTask, Tasks
from tests.sandbox._email import FROM, add_contact

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BY_HAND = {
    TaskState.NEW: {TaskState.CREATED, TaskState.STARTED, TaskState.CANCELED, TaskState.DELETED},
    TaskState.CREATED: {TaskState.STARTED, TaskState.CANCELED, TaskState.DELETED},
    TaskState.STARTED: {TaskState.STOPPED, TaskState.CANCELED},
    TaskState.STOPPED: {TaskState.STARTED, TaskState.CANCELED, TaskState.DELETED},
    TaskState.CANCELED: {TaskState.DELETED},
    TaskState.FINISHED: {TaskState.DELETED},
    TaskState.DELETED: set[TaskState](),
}


class Campaigns(RuleBasedStateMachine):
    """Tasks of one account to a few contacts."""

    tasks = Bundle[MailTask]("tasks")

    @initialize(contacts=st.integers(0, 4))
    def begin(self, contacts: int) -> None:
        self.clock = ManualClock(START)
        self.world = World(clock=self.clock)
        [self.account] = self.world.accounts.values()
        self.book = self.world.of(Tasks)
        self.contacts = contacts
        for number in range(contacts):
            add_contact(self.world, f"{number}@b.ru")
        self.known: list[MailTask] = []
        self.silent: dict[int, int] = {}
        """How many mails a task had sent when it came to rest."""

    @rule(target=tasks, delay=st.integers(-5, 20), spread=st.none() | st.integers(0, 30))
    def make(self, delay: int, spread: int | None) -> MailTask:
        starts = self.clock.now() + delay * MINUTE
        draft = TaskDraft(
            name="x",
            sender=EmailAddress(address=FROM),
            start_date_time=starts,
            end_date_time=None if spread is None else starts + spread * MINUTE,
            contact_groups=(ContactRef(252, included=True),),
        )
        said = MailText(subject="x", text="x")
        audience = audience_of(self.world, self.account, draft)
        task = self.book.add(self.account, draft, said, audience)
        self.known.append(task)
        assert task.state is TaskState.NEW
        return task

    @rule(task=tasks, state=st.sampled_from(TaskState))
    def set_state(self, task: MailTask, state: TaskState) -> None:
        self.world.advance()
        before = task.state
        can_be = state in BY_HAND[before] or state is before
        assert self.book.set_state(task, state) is can_be
        if not can_be or state is before:
            assert task.state is before
        elif state is TaskState.CREATED:
            is_due = task.starts_at <= self.clock.now()
            assert (task.state is TaskState.CREATED) is not is_due
        elif state is TaskState.STARTED:
            assert task.state in (TaskState.STARTED, TaskState.FINISHED)
        else:
            assert task.state is state
        if task.state not in (TaskState.CREATED, TaskState.STARTED):
            self.silent[task.id] = self.sent(task)
        else:
            self.silent.pop(task.id, None)

    @rule(minutes=st.integers(0, 30))
    def pass_by(self, minutes: int) -> None:
        self.clock.advance(minutes * 60)
        self.world.advance()
        for task in self.known:
            if task.state is TaskState.FINISHED:
                self.silent[task.id] = self.contacts

    @invariant()
    def nobody_gets_a_mail_twice(self) -> None:
        for task in self.known:
            to = [m.to for m in self.world.messages() if m.submission.task_id == task.id]
            assert len(set(to)) == len(to)
            assert len(to) == task.handed_on <= self.contacts
            if task.state is TaskState.FINISHED:
                assert len(to) == self.contacts
            if task.state is TaskState.NEW:
                assert not to

    @invariant()
    def what_rests_sends_nothing(self) -> None:
        for task in self.known:
            if task.id in self.silent:
                assert self.sent(task) == self.silent[task.id]

    @invariant()
    def the_deleted_are_gone(self) -> None:
        there = {task.id for task in self.book.of(self.account)}
        assert there == {task.id for task in self.known if task.state is not TaskState.DELETED}

    def sent(self, task: MailTask) -> int:
        return sum(m.submission.task_id == task.id for m in self.world.messages())


TestCampaigns = Campaigns.TestCase
TestCampaigns.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
