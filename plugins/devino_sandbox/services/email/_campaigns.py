"""The rows of chapter 14 about campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from devino_codecs import email as codec
from devino_codecs.email import TaskState, v1
from devino_codecs.http import Items, Page
from devino_core import Medium, State
from devino_sandbox._accounts import Account
from devino_sandbox._mail import OWN_MACROS, MailText
from devino_sandbox.services._api import ApiService, Asked, answers
from devino_sandbox.services._service_stack import Denied

from ._checks import task_text
from ._people import Audience, audience_of
from ._tasks import MailTask, Tasks
from ._templates import body_of
from ._words import No

__all__ = ["Campaigns", "page"]

T = TypeVar("T")

_MOST_RECIPIENTS = 2_000_000
_EMAIL = "Email"
_LOST = frozenset({State.BOUNCED, State.REJECTED})


class Campaigns(ApiService):
    """Answers them."""

    @property
    def _tasks(self) -> Tasks:
        return self.world.of(Tasks)

    @answers(codec.ListTasks)
    def list_tasks(
        self, account: Account, asked: Asked[codec.ListTasks]
    ) -> Page[codec.TaskSummary]:
        creator = asked.request.creator_login
        found = self._tasks.of(account) if creator in (None, "", account.login) else ()
        shown = page(found, asked.request.items)
        told = tuple(self._summary(task) for task in shown.items)
        return Page(told, shown.first, shown.total)

    @answers(codec.GetTask)
    def get_task(self, account: Account, asked: Asked[codec.GetTask]) -> codec.Task:
        task = self._task(account, asked.request.task_id)
        draft, said, counts = task.draft, task.said, task.audience
        return codec.Task(
            login=account.login,
            name=draft.name,
            sender=draft.sender,
            subject=said.subject,
            text=said.html or said.text,
            body=None if asked.wire is v1.API else body_of(said),
            start_date_time=task.starts_at,
            end_date_time=draft.end_date_time,
            user_campaign_id=draft.user_campaign_id,
            state=task.state,
            price=self._price,
            counters=codec.Counters(
                total_contacts=counts.total,
                duplicates=counts.duplicates,
                unsubscribed=counts.unsubscribed,
                excluded=counts.excluded,
                over_package=0,
                spam_score=Decimal(0),
                task_id=task.id,
            ),
            type=draft.type,
            contacts=draft.contacts or (),
            contact_groups=draft.contact_groups or (),
            creator_login=account.login,
            send_duplicates=bool(draft.send_duplicates),
            sms_resend_task=draft.sms_resend_task,
            task_id=task.id,
        )

    @answers(codec.CreateTask)
    def create_task(self, account: Account, asked: Asked[codec.CreateTask]) -> codec.TaskCounters:
        said, audience = self._checked(account, asked.request)
        return _counters(self._tasks.add(account, asked.request, said, audience))

    @answers(codec.ReplaceTask)
    def replace_task(self, account: Account, asked: Asked[codec.ReplaceTask]) -> codec.TaskCounters:
        task = self._task(account, asked.request.task_id)
        if task.state is not TaskState.NEW:
            raise Denied(No.NOT_NEW)
        self._tasks.replace(task, asked.request, *self._checked(account, asked.request))
        return _counters(task)

    @answers(codec.SetTaskState)
    def set_task_state(self, account: Account, asked: Asked[codec.SetTaskState]) -> None:
        task, state = self._task(account, asked.request.task_id), asked.request.state
        if not isinstance(state, TaskState) or not self._tasks.set_state(task, state):
            raise Denied(No.STATE)

    @property
    def _price(self) -> Decimal:
        return self.world.prices[Medium.EMAIL]

    def _task(self, account: Account, task_id: int) -> MailTask:
        found = self._tasks.find(account, task_id)
        if found is None:
            raise Denied(No.NO_TASK, 404)
        return found

    def _checked(self, account: Account, draft: codec.TaskDraft) -> tuple[MailText, Audience]:
        """What a campaign says, and whom it reaches. Raises Denied for one that may not be."""
        said = task_text(self.world, account, draft)
        audience = audience_of(self.world, account, draft)
        if len(audience.recipients) > _MOST_RECIPIENTS:
            raise Denied(No.TOO_MANY)
        return said, audience

    def _summary(self, task: MailTask) -> codec.TaskSummary:
        draft, said, counts = task.draft, task.said, task.audience
        names = [name for name in said.macros if name not in OWN_MACROS]
        total = len(counts.recipients)
        lost = sum(
            message.state in _LOST
            for message in self.world.messages()
            if message.submission.task_id == task.id
        )
        return codec.TaskSummary(
            source_name=draft.sender.name,
            price=self._price,
            send_duplicates=bool(draft.send_duplicates),
            cancellable=task.allows(TaskState.CANCELED),
            deletable=task.allows(TaskState.DELETED),
            next_start_date_time=task.starts_at,
            state=task.state,
            total_contacts=counts.total,
            completed_contacts=task.handed_on,
            error_count=lost,
            is_executing=task.state is TaskState.STARTED,
            service_type=_EMAIL,
            is_smooth=draft.end_date_time is not None,
            is_personalized=bool(names),
            id=task.id,
            name=draft.name,
            owner_login=task.account.login,
            type=draft.type,
            text=said.html or said.text,
            subject=said.subject,
            message_validity=0,
            message_type=_EMAIL,
            task_message_type="11",
            do_transliterate=False,
            source_address=draft.sender.address,
            start_date_time=task.starts_at,
            period="None",
            global_state=task.state,
            global_state_info=codec.GlobalStateInfo(task.state),
            percentage_completed=task.handed_on * 100 // total if total else 100,
            message_validity_as_time_span=timedelta(days=1),
        )


def page(found: Sequence[T], items: Items) -> Page[T]:
    """The part of a list that was asked for."""
    return Page(tuple(found[items.first - 1 : items.last]), items.first, len(found))


def _counters(task: MailTask) -> codec.TaskCounters:
    counts = task.audience
    return codec.TaskCounters(
        task_id=task.id,
        total_contacts=counts.total,
        duplicates=counts.duplicates,
        unsubscribed=counts.unsubscribed,
        excluded=counts.excluded,
        over_package=0,
        spam_score=Decimal(0),
    )
