"""What the store does with the signals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from devino_contrib._needs import needs
from devino_core import DevinoError, Message, Receipt, State, Status, StatusChanged

from .models import EarlyReport, SentMessage, SentPart

with needs("django"):
    from django.db import transaction

__all__ = ["remember", "remember_failure", "update"]

_KEPT = timedelta(days=1)


def remember(sender: object, message: Message, receipt: Receipt, **_: object) -> None:
    """Keep what was sent."""
    row = SentMessage(ref=receipt.ref, to=receipt.to, medium=receipt.medium.value)
    row.channel = receipt.channel
    row.ids = list(receipt.ids)
    row.take(receipt.status)
    status = receipt.status.to_dict()

    def catch_up() -> None:
        _catch_up(receipt.ids)

    with transaction.atomic():
        _put(row)
        SentPart.objects.bulk_create(
            SentPart(message=row, channel=receipt.channel, platform_id=one, status=status)
            for one in receipt.ids
        )
        # The commit is the project's, and is over by then: what fails is logged.
        transaction.on_commit(catch_up, robust=True)


def remember_failure(sender: object, message: Message, error: DevinoError, **_: object) -> None:
    """Keep what was perhaps sent, or was not, unless the ref is that of a message that was."""
    row = SentMessage(ref=message.ref, to=message.to, medium=message.medium.value)
    row.state = State.UNKNOWN.value
    row.code = type(error).__name__
    # In a transaction of the project's this must break nothing but itself.
    with transaction.atomic():
        if not SentPart.objects.filter(message__ref=row.ref).exists():
            _put(row)


def update(sender: object, event: StatusChanged, **_: object) -> None:
    """Bring a message to a new state. What is not known here is kept for a day, unless the event
    names its message, which then is the outbox's: its row may be on its way."""
    if _take(event.channel, event.message_id, event.status) or event.ref:
        return
    EarlyReport.objects.filter(created__lt=datetime.now(UTC) - _KEPT).delete()
    EarlyReport.objects.create(
        channel=event.channel, platform_id=event.message_id, status=event.status.to_dict()
    )
    # The row may have been committed since, and whoever did that has not seen the report.
    _catch_up([event.message_id])


def _catch_up(ids: Sequence[str]) -> None:
    """Take the reports that came before their rows."""
    for report in EarlyReport.objects.filter(platform_id__in=ids).order_by("id"):
        if _take(report.channel, report.platform_id, Status.from_dict(report.status)):
            report.delete()


def _take(channel: str, platform_id: str, status: Status) -> bool:
    """Bring a message to a new state. Gives whether there is one with this id."""
    with transaction.atomic():
        found = SentPart.objects.filter(platform_id=platform_id).values_list(
            "message_id", "channel"
        )
        # A callback is of a source, which is no channel of the project.
        numbers = {one for one, known in found if known == channel}
        numbers = numbers or {one for one, _ in found}
        if len(numbers) != 1:
            return bool(numbers)
        # Reports of two parts may come at once.
        row = SentMessage.objects.select_for_update().get(pk=numbers.pop())
        parts = list(row.parts.order_by("id"))
        for part in parts:
            if part.platform_id == platform_id:
                part.status = part.parsed.advanced_by(status).to_dict()
                part.save(update_fields=["status"])
        row.take(Status.combined(part.parsed for part in parts))
        row.save()
    return True


def _put(row: SentMessage) -> None:
    """Insert a row, in place of one of an earlier try."""
    SentMessage.objects.filter(ref=row.ref).delete()
    row.save(force_insert=True)
