"""``manage.py devino_follow``: asks the platform what became of messages."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from devino_contrib._needs import needs
from devino_contrib.django._sending import client
from devino_contrib.django._telling import log_failure, tell
from devino_contrib.django.store.models import SentPart
from devino_core import DevinoError, Medium, State, StatusChanged, Unsupported

with needs("django"):
    from django.core.management.base import BaseCommand

__all__ = ["Command"]

_BATCH = 100
_FINAL = [state.value for state in State if state.is_final]


class Command(BaseCommand):
    """Polls for each message without a final state, and tells ``status_changed``."""

    help = "Ask what became of the messages that were sent, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How often, and for how long."""
        parser.add_argument("--once", action="store_true", help="ask once, and end")
        parser.add_argument("--interval", type=float, default=10.0, metavar="SECONDS")
        parser.add_argument(
            "--hours", type=float, default=48.0, help="how old a message may be (48)"
        )

    def handle(self, *_: Any, once: bool, interval: float, hours: float, **__: Any) -> None:
        """Ask."""
        try:
            while True:
                changed = sum(ask(timedelta(hours=hours)))
                if once:
                    self.stdout.write(f"{changed} changed")
                    return
                time.sleep(interval)
        except KeyboardInterrupt:
            self.stderr.write("interrupted")


def ask(age: timedelta) -> Iterator[int]:
    """How many states changed, for each call of the platform."""
    since = datetime.now(UTC) - age
    parts = SentPart.objects.filter(message__created__gte=since).exclude(message__state__in=_FINAL)
    kinds = parts.order_by().values_list("channel", "message__medium").distinct()
    for channel, medium in list(kinds):
        of_kind = parts.filter(channel=channel, message__medium=medium).order_by("id")
        last = 0
        # Batch by batch, for the connection may be closed in between.
        while batch := list(of_kind.filter(id__gt=last).select_related("message")[:_BATCH]):
            last = batch[-1].id
            try:
                yield _asked(channel, Medium(medium), batch)
            except Unsupported:
                # This channel cannot be asked; callbacks tell of its messages.
                break
            except DevinoError as error:
                log_failure(error)
                break


def _asked(channel: str, medium: Medium, parts: Sequence[SentPart]) -> int:
    chosen = client()
    ids = [part.platform_id for part in parts]
    told = chosen.call(chosen.channel(channel).status, ids, medium=medium)
    changed = 0
    for part, status in zip(parts, told, strict=True):
        before = part.parsed
        after = before.advanced_by(status)
        if after.state is before.state:
            continue
        changed += 1
        tell(
            StatusChanged(
                id=f"{part.platform_id}:{after.state}",
                at=after.reported_at or datetime.now(UTC),
                channel=channel,
                message_id=part.platform_id,
                status=after,
                medium=medium,
                ref=part.message.ref,
            )
        )
    return changed
