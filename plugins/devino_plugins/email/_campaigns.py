"""What the platform does with mails besides sending them one by one: an object for each sort."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from devino_codecs import email
from devino_plugins.kit.service_stack import ServiceStackClient

__all__ = ["Senders", "Tasks", "Templates"]


class _Sort:
    def __init__(self, client: ServiceStackClient[Any]) -> None:
        self._client = client


class Senders(_Sort):
    """The addresses that the account may send from."""

    async def list(self) -> tuple[email.SenderAddress, ...]:
        """Those that are confirmed, or asked for."""
        return self._client.readable(await self._client.ask(email.ListSenders()))

    async def add(self, address: str) -> None:
        """Ask for another. Its domain must have been confirmed in the cabinet, else Rejected."""
        await self._client.ask(email.AddSender(address))

    async def remove(self, address: str) -> None:
        """Give one back. Raises NotFound."""
        await self._client.ask(email.DeleteSender(address))


class Tasks(_Sort):
    """Campaigns: a mail to groups of contacts of the address book.

    A campaign that was made is in state New, and can be changed. It is sent after
    ``set_state(id, TaskState.CREATED)``, at its time.
    """

    def list(self, creator: str | None = None) -> AsyncIterator[email.TaskSummary]:
        """All campaigns, or those that a sub-login made; a call for every hundred."""
        return self._client.pages(lambda items: email.ListTasks(creator_login=creator, items=items))

    async def get(self, task_id: int) -> email.Task:
        """A campaign. Raises NotFound."""
        return await self._client.ask(email.GetTask(task_id))

    async def create(self, draft: email.TaskDraft) -> email.TaskCounters:
        """Make one. The answer has its id, and says how many contacts it reaches."""
        return await self._client.ask(email.CreateTask(**_fields(draft)))

    async def replace(self, task_id: int, draft: email.TaskDraft) -> email.TaskCounters:
        """Make one anew that is in state New. What the draft lacks is cleared."""
        return await self._client.ask(email.ReplaceTask(task_id=task_id, **_fields(draft)))

    async def set_state(self, task_id: int, state: email.TaskState) -> None:
        """Start, stop, resume, cancel or delete one. Rejected where its state forbids that."""
        await self._client.ask(email.SetTaskState(task_id, state))


class Templates(_Sort):
    """Mails that the platform holds; a message names one with ``Template(id)``."""

    async def list(self) -> tuple[email.Template, ...]:
        """All of them, without the names that may be filled."""
        return self._client.readable(await self._client.ask(email.ListTemplates()))

    async def get(self, template_id: int) -> email.Template:
        """One, with the names that may be filled. Raises NotFound."""
        return await self._client.ask(email.GetTemplate(template_id))

    async def create(self, draft: email.TemplateDraft) -> int:
        """Make one; the answer is its id."""
        return await self._client.ask(email.CreateTemplate(**_fields(draft)))

    async def replace(self, template_id: int, draft: email.TemplateDraft) -> email.Template:
        """Make one anew. What the draft lacks is cleared."""
        return await self._client.ask(
            email.ReplaceTemplate(template_id=template_id, **_fields(draft))
        )

    async def delete(self, template_id: int) -> None:
        """Delete one. Raises NotFound."""
        await self._client.ask(email.DeleteTemplate(template_id))


def _fields(draft: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in draft.__struct_fields__}
