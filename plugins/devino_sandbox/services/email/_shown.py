"""What the inspection API shows of campaigns."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime

import msgspec

from devino_codecs.email import TaskState
from devino_core import Medium, State
from devino_sandbox._world import World

from ._tasks import Tasks

__all__ = ["CampaignView", "campaigns"]


class CampaignView(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign as ``GET /_sandbox/campaigns`` shows it."""

    id: int
    login: str
    name: str
    sender: str | None
    subject: str
    state: TaskState
    starts_at: datetime
    total: int
    """Who was to get it, as it was counted last."""
    sent: int
    states: Mapping[State, int]
    """How many of its mails are where."""


def campaigns(world: World, to: str | None) -> list[CampaignView]:
    """All campaigns, the oldest first; with ``to`` those with a mail to this address."""
    tasks = [task for one in world.accounts.values() for task in world.of(Tasks).of(one)]
    states: defaultdict[int, Counter[State]] = defaultdict(Counter)
    reached: set[int] = set()
    # Few sandboxes have campaigns, and many have a hundred thousand messages.
    for message in world.messages() if tasks else ():
        task_id = message.submission.task_id
        if task_id and message.submission.medium is Medium.EMAIL:
            states[task_id][message.state] += 1
            if message.to == to:
                reached.add(task_id)
    return [
        CampaignView(
            id=task.id,
            login=task.account.login,
            name=task.draft.name,
            sender=task.draft.sender.address,
            subject=task.said.subject,
            state=task.state,
            starts_at=task.starts_at,
            total=len(task.audience.recipients),
            sent=task.handed_on,
            states=states[task.id],
        )
        for task in tasks
        if to is None or task.id in reached
    ]
