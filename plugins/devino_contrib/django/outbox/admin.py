"""The outbox in the admin: to look at, and to decide about what waits for a person.

Numbers are masked and texts hidden, but for users with the permission ``see_content``; the actions
need ``decide_entry``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from devino_contrib._needs import needs
from devino_contrib.django._admin import LookingAdmin
from devino_core import DevinoError
from devino_core.observe import discreet
from devino_core.outbox import BlockingOutbox, Leg, Resolution

from ._place import blocking_outbox
from .models import Entry

with needs("django"):
    from django.contrib import admin, messages
    from django.db import transaction
    from django.http import HttpRequest, HttpResponse
    from django.utils.html import format_html_join

__all__ = ["EntryAdmin"]

Decide = Callable[[BlockingOutbox, str], bool]


@admin.register(Entry)
class EntryAdmin(LookingAdmin):
    """Lists messages by phase, and decides about them."""

    list_display = ("ref", "channel", "recipient", "phase", "state", "due_at", "attempt")
    list_filter = ("phase",)
    search_fields = ("ref",)
    search_help_text = "The ref of a message"
    actions = ("resolve_sent", "resolve_not_sent", "resolve_give_up", "retry", "cancel")
    fields = (
        "ref",
        "channel",
        "priority",
        "tenant",
        "recipient",
        "text",
        "phase",
        "state",
        "due_at",
        "attempt",
        "crashes",
        "doubts",
        "failures",
        "history",
    )
    unmasked = {"recipient": "number"}  # noqa: RUF012 - Django's attributes are like this
    hidden = frozenset({"text"})
    private = frozenset({"body", "hash", "lane", "legs", "to_hash"})

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whether this user may decide what becomes of messages."""
        return bool(request.user.has_perm("devino_outbox.decide_entry"))

    # The outbox has its own connection to the database: this request's must hold no lock meanwhile.
    @transaction.non_atomic_requests
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, and the actions."""
        return super().changelist_view(request, extra_context)

    @admin.display(description="channel")
    def channel(self, entry: Entry) -> str:
        """A name, or ``@SMS``: whichever channel the worker has."""
        return entry.parsed_lane.channel

    @admin.display(description="priority")
    def priority(self, entry: Entry) -> str:
        """Of the lane."""
        return entry.parsed_lane.priority.value

    @admin.display(description="tenant")
    def tenant(self, entry: Entry) -> str:
        """Of the lane."""
        return entry.parsed_lane.tenant

    @admin.display(description="recipient")
    def recipient(self, entry: Entry) -> str:
        """Masked."""
        return ", ".join(discreet("recipient", to) for to, _ in entry.contents())

    @admin.display(description="recipient")
    def number(self, entry: Entry) -> str:
        """In full."""
        return ", ".join(to for to, _ in entry.contents())

    @admin.display(description="text")
    def text(self, entry: Entry) -> str:
        """Of each leg."""
        return "\n".join(text for _, text in entry.contents())

    @admin.display(description="state")
    def state(self, entry: Entry) -> str | None:
        """What is known of it."""
        return None if entry.state is None else entry.state.value

    @admin.display(description="due", ordering="due")
    def due_at(self, entry: Entry) -> datetime | None:
        """When something is to happen next."""
        return entry.due_at

    @admin.display(description="history")
    def history(self, entry: Entry) -> str:
        """What became of each leg, without people."""
        lines = [(line,) for leg in entry.parsed_legs for line in _told(leg)]
        return str(format_html_join("\n", "<div>{}</div>", lines))

    @admin.action(permissions=["decide"], description="In doubt: the platform took it")
    def resolve_sent(self, request: HttpRequest, entries: Iterable[Entry]) -> None:
        """It is SENT."""
        self._decide(request, entries, lambda box, ref: box.resolve(ref, Resolution.SENT))

    @admin.action(permissions=["decide"], description="In doubt: it was not taken, send it (again)")
    def resolve_not_sent(self, request: HttpRequest, entries: Iterable[Entry]) -> None:
        """It is queued."""
        self._decide(request, entries, lambda box, ref: box.resolve(ref, Resolution.NOT_SENT))

    @admin.action(permissions=["decide"], description="In doubt: nobody will know, give it up")
    def resolve_give_up(self, request: HttpRequest, entries: Iterable[Entry]) -> None:
        """It ends as UNKNOWN."""
        self._decide(request, entries, lambda box, ref: box.resolve(ref, Resolution.GIVE_UP))

    @admin.action(permissions=["decide"], description="Dead: send it after all")
    def retry(self, request: HttpRequest, entries: Iterable[Entry]) -> None:
        """It is queued."""
        self._decide(request, entries, lambda box, ref: box.retry(ref))

    @admin.action(permissions=["decide"], description="Queued or dead: do not send it")
    def cancel(self, request: HttpRequest, entries: Iterable[Entry]) -> None:
        """It is over."""
        self._decide(request, entries, lambda box, ref: box.cancel(ref))

    def _decide(self, request: HttpRequest, entries: Iterable[Entry], decide: Decide) -> None:
        chosen = list(entries)
        done: list[Entry] = []
        try:
            with blocking_outbox() as outbox:
                done += [entry for entry in chosen if decide(outbox, entry.ref)]
        except DevinoError as error:
            self.message_user(request, discreet("words", error.said), messages.ERROR)
        for entry in done:
            self.log_change(request, entry, str(request.POST.get("action", "")))
        if done:
            self.message_user(request, f"{len(done)} changed.", messages.SUCCESS)
        if others := len(chosen) - len(done):
            said = f"{others} were left alone: they are in another phase, or it was too late."
            self.message_user(request, said, messages.WARNING)


def _told(leg: Leg) -> Iterator[str]:
    status = leg.status
    ids = "" if leg.receipt is None else " ".join(discreet("shown", one) for one in leg.receipt.ids)
    words = discreet("words", status.description)
    yield " ".join(filter(None, (leg.channel, leg.medium.value, status.state.value, words, ids)))
    for error in filter(None, (leg.error, status.error)):
        yield f"{type(error).__name__}: {discreet('words', error.said)}"
