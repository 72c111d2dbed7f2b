"""The channel over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar

from devino_codecs import email
from devino_codecs.http import Api, Unread
from devino_core import (
    Channel,
    InvalidArgument,
    Mail,
    Medium,
    Message,
    NotFound,
    Receipt,
    Status,
    Takes,
    Template,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import check_ids, dispatch, statuses_in_batches
from devino_plugins.kit.periods import whole_seconds
from devino_plugins.kit.service_stack import ServiceStackClient

from ._answers import not_known, receipts, status_of
from ._campaigns import Senders, Tasks, Templates
from ._mailboxes import check_is_mail
from ._plan import Planned, plan
from ._settings import EmailOptions, EmailSettings

__all__ = ["EmailChannel"]


class EmailChannel(ServiceStackClient[EmailSettings], Channel[EmailSettings]):
    """E-mail over HTTP (chapter 14, version 2)."""

    interface: ClassVar[Api] = email.API
    takes: Mapping[Medium, Takes] = {
        Medium.EMAIL: Takes(contents=frozenset({Mail, Template}), options=EmailOptions)
    }

    def __init__(self, settings: EmailSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self.senders: Senders = Senders(self)
        self.tasks: Tasks = Tasks(self)
        self.templates: Templates = Templates(self)

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send mails. Those that share sender and texts go in one call, each with its own values.

        A :class:`~devino_core.Mail`, whose ``values`` the platform puts in, or a
        :class:`~devino_core.Template` with the platform's id or one of your own. Recipient and
        sender are ``ivan@example.com`` or ``Ivan <ivan@example.com>``. ``options``:
        :class:`~devino_plugins.email.EmailOptions`. A ``ref`` of at most 32 characters comes back
        in callbacks.

        A mail whose values hold markup, brackets or control characters is filled here, escaped in
        HTML, and goes in a call of its own: nothing says what the platform escapes. Those of a
        Template go as they are. In a text ``[Unsubscribe]`` and ``[WebVersion]`` become links.
        """
        return await dispatch(
            messages,
            [
                (planned.positions, partial(self._send_planned, planned, messages))
                for planned in self._plan(messages)
            ],
            channel=self.name,
            concurrency=self.settings.concurrency,
        )

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what keeps one of these from being sent."""
        self._plan(messages)

    def check_takes(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if type(message.content) is not Mail and message.medium is Medium.EMAIL:
                check_is_mail(message, self.name)
        super().check_takes(messages)

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.EMAIL) -> list[Status]:
        """The state of each id, up to 150 a call, each asked once.

        An id that the platform leaves out is UNKNOWN with the error NotFound.
        """
        self.require_medium(medium)
        check_ids(ids)
        asked = [each for each in dict.fromkeys(ids) if _is_id(each)]
        told = await statuses_in_batches(
            asked,
            self._told,
            size=email.MOST_IDS,
            concurrency=self.settings.concurrency,
            medium=Medium.EMAIL,
        )
        found = dict(zip(asked, told, strict=True))
        return [found.get(each) or not_known(each) for each in ids]

    async def try_login(self) -> None:
        """Ask for the addresses of senders."""
        await self.senders.list()

    async def statistics(
        self,
        task_id: int | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> email.Statistics:
        """How many mails of a campaign, or of a time, are in each state.

        Give ``task_id``, or the aware times ``since`` and ``until`` between which the mails were
        made. Raises InvalidArgument for neither.
        """
        since, until = _span(task_id, since, until)
        return await self.ask(
            email.GetStatistics(task_id=task_id, start_date_time=since, end_date_time=until)
        )

    def details(
        self,
        task_id: int | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        state: email.MessageState | None = None,
    ) -> AsyncIterator[email.MessageDetail]:
        """The mails themselves, all or those in one state; a call for every hundred."""
        since, until = _span(task_id, since, until)
        return self.pages(
            lambda items: email.ListDetails(
                task_id=task_id,
                start_date_time=since,
                end_date_time=until,
                state=state,
                items=items,
            )
        )

    def _plan(self, messages: Sequence[Message]) -> list[Planned]:
        self.check_takes(messages)
        return plan(messages, self.sender_of, size=self.settings.batch_size)

    def id_in(self, answer: Sequence[email.Taken | Unread]) -> str | None:
        (first, *_) = (*answer, None)
        return None if first is None or isinstance(first, Unread) else first.message_id

    async def _send_planned(self, planned: Planned, messages: Sequence[Message]) -> list[Receipt]:
        taken = await self.ask(planned.request, messages=len(planned.positions))
        sent = list(map(messages.__getitem__, planned.positions))
        return receipts(sent, taken, channel=self.name, hide=self.hide)

    async def _told(self, ids: Sequence[str]) -> list[Status]:
        try:
            answer = await self.ask(email.GetStatus(tuple(ids)))
        except NotFound:
            answer = ()
        told = {each.message_id: each for each in answer if not isinstance(each, Unread)}
        return [status_of(told.get(each), each, self.hide) for each in ids]


def _is_id(text: str) -> bool:
    """Whether it can stand in a path among others."""
    return bool(text.strip(". ")) and text.isprintable() and not {",", "/", " "} & set(text)


def _span(
    task_id: int | None, since: datetime | None, until: datetime | None
) -> tuple[datetime | None, datetime | None]:
    if since is not None and until is not None:
        return whole_seconds(since, until)
    if task_id is None:
        raise InvalidArgument("since", "give a `task_id`, or both `since` and `until`")
    return None, None
