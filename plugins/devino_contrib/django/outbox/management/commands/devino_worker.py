"""``manage.py devino_worker``: a process that sends what the outbox holds."""

from __future__ import annotations

import asyncio
import logging
from argparse import ArgumentParser
from typing import Any

from devino_contrib._needs import needs
from devino_contrib.django._project import project_config
from devino_contrib.django._telling import is_heard, tell
from devino_contrib.django.outbox._enqueue import on_enqueued
from devino_contrib.django.outbox._place import outbox_of_project
from devino_core import AsyncClient, DevinoError, Event, Medium, StatusChanged
from devino_core.outbox import OutboxEvent, Worker

with needs("django"):
    from asgiref.sync import sync_to_async
    from django.core.management.base import BaseCommand, CommandError

__all__ = ["Command"]

_log = logging.getLogger("devino.django")
_CONSUMER = "devino_contrib.django"


class Command(BaseCommand):
    """Sends until SIGTERM or Ctrl-C, and tells ``status_changed`` and ``incoming``."""

    help = "Send what the outbox holds, until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--once`` and ``--channel``."""
        parser.add_argument("--once", action="store_true", help="end when nothing is due any more")
        parser.add_argument(
            "--channel", action="append", metavar="NAME", help="serve only this one; repeatable"
        )

    def handle(self, *_: Any, once: bool, channel: list[str] | None, **__: Any) -> None:
        """Work. Raises CommandError."""
        try:
            asyncio.run(_work(once, channel))
        except DevinoError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stderr.write("interrupted")


async def _work(once: bool, channels: list[str] | None) -> None:
    async with AsyncClient(project_config()) as client, outbox_of_project() as outbox:
        outbox.client = client
        loop = asyncio.get_running_loop()
        # A receiver of a signal may add messages; it runs in a thread.
        end = on_enqueued(lambda: loop.call_soon_threadsafe(outbox.wake, None))
        worker = Worker(
            outbox,
            client,
            channels=channels,
            # Those of one run are told after it, so that none is told twice.
            on_event=None if once else _tell_change,
            take=_tell,
            consumer=_CONSUMER,
        )
        try:
            if once:
                async with worker:
                    await worker.drain()
                    async for event in outbox.events(_CONSUMER, follow=False):
                        await _tell_change(event)
            else:
                await worker.run()
        finally:
            end()


async def _tell(event: Event) -> None:
    if is_heard(event):
        await sync_to_async(tell)(event)
    else:
        _log.warning("a %s is dropped: no receiver is connected", type(event).__name__)


async def _tell_change(event: OutboxEvent) -> None:
    changed = _changed(event)
    if changed is not None and is_heard(changed):
        await sync_to_async(tell)(changed)


def _changed(event: OutboxEvent) -> StatusChanged | None:
    status = event.status
    if status is None:
        return None
    return StatusChanged(
        id=f"outbox {event.cursor}",
        at=event.at,
        channel=event.channel,
        message_id=status.id or "",
        status=status,
        medium=status.medium or Medium.SMS,
        ref=event.ref,
    )
