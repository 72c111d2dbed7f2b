"""The messages of the outbox, for the admin and for queries. Nothing is written by this model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from devino_contrib._needs import needs
from devino_core import DevinoError, State
from devino_core.outbox import Body, Lane, Leg, Phase
from devino_core.outbox.kit import NEVER, decode, from_micros

from ._place import alias, table_name

with needs("django"):
    from django.db import models

__all__ = ["Entry"]


_PHASES = [(int(phase), f"{phase.name}: {phase.meaning}") for phase in Phase]


class _Entries(models.Manager):
    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().using(alias())


class Entry(models.Model):
    """A row of the outbox; :class:`devino_core.outbox.Entry` says what each column means."""

    id: int = models.BigAutoField(primary_key=True)
    ref: str = models.TextField(unique=True)
    hash: int = models.BigIntegerField()
    lane: str = models.TextField()
    phase: int = models.SmallIntegerField(choices=_PHASES)
    due: int = models.BigIntegerField()
    until: int | None = models.BigIntegerField(null=True)
    attempt: int = models.IntegerField()
    crashes: int = models.IntegerField()
    doubts: int = models.IntegerField()
    failures: int = models.IntegerField()
    leg: int = models.IntegerField()
    revision: int = models.IntegerField()
    version: int = models.IntegerField()
    to_hash: int | None = models.BigIntegerField(null=True)
    body: str | None = models.TextField(null=True)
    legs: str | None = models.TextField(null=True)

    objects: Any = _Entries()

    class Meta:
        managed = False
        db_table = table_name()
        ordering = ("-id",)
        verbose_name = "message"
        verbose_name_plural = "messages"
        default_permissions = ("view",)
        permissions = (
            ("decide_entry", "Can decide about messages that wait, or are in doubt"),
            ("see_content", "Can see numbers and texts"),
        )

    def __str__(self) -> str:
        return str(self.ref)

    @cached_property
    def parsed_lane(self) -> Lane:
        """Channel, priority and tenant."""
        return Lane.of(self.lane)

    @cached_property
    def parsed_body(self) -> Body | None:
        """What is to be done; None: it was forgotten, or is of a newer version."""
        try:
            return None if self.body is None else decode(self.body, Body)
        except (ValueError, DevinoError):
            return None

    @cached_property
    def parsed_legs(self) -> tuple[Leg, ...]:
        """What became of each leg that was begun."""
        return () if self.legs is None else decode(self.legs, tuple[Leg, ...])

    @property
    def state(self) -> State | None:
        """The state of the message; None: it was not sent yet."""
        return self.parsed_legs[-1].status.state if self.parsed_legs else None

    @property
    def due_at(self) -> datetime | None:
        """See :attr:`devino_core.outbox.Entry.due`; None: it waits for a person."""
        at = from_micros(self.due)
        return None if at >= NEVER else at

    def contents(self) -> Iterator[tuple[str, str]]:
        """Recipient and text of each leg."""
        body = self.parsed_body
        for planned in () if body is None else body.legs:
            content = planned.message.content
            shown = content if isinstance(content, str) else type(content).__name__
            yield planned.message.to, shown
