"""Messages that were sent."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from devino_contrib._needs import needs
from devino_core import Medium, State, Status

with needs("django"):
    from django.db import models

__all__ = ["EarlyReport", "SentMessage", "SentPart"]


_MEDIA = [(one.value, one.value) for one in Medium]
_STATES = [(one.value, one.value) for one in State]


class SentMessage(models.Model):
    """A message that was sent. It holds no text."""

    ref: str = models.CharField(max_length=255, unique=True)
    """:attr:`devino_core.Message.ref`"""
    to: str = models.CharField(max_length=320)
    medium: str = models.CharField(max_length=16, choices=_MEDIA)
    channel: str = models.CharField(max_length=255, blank=True)
    ids: list[str] = models.JSONField(default=list)
    """The platform's ids, one for each part."""
    state: str = models.CharField(max_length=16, choices=_STATES)
    code: str = models.CharField(max_length=64, blank=True)
    """The wire's code, as it came; of what was not sent, the class of the error."""
    price: Decimal | None = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    created: datetime = models.DateTimeField(auto_now_add=True, db_index=True)
    updated: datetime = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-created", "-id")
        verbose_name = "sent message"
        default_permissions = ("view",)
        permissions = (("see_content", "Can see numbers"),)

    def __str__(self) -> str:
        return str(self.ref)

    def take(self, status: Status) -> None:
        """Set the columns that a status tells."""
        self.state = status.state.value
        self.code = "" if status.code is None else str(status.code)[:64]
        self.price = status.price


class SentPart(models.Model):
    """One part of a message, by the platform's id of it: reports find their message."""

    message: SentMessage = models.ForeignKey(SentMessage, models.CASCADE, related_name="parts")
    channel: str = models.CharField(max_length=255)
    platform_id: str = models.CharField(max_length=255, db_index=True)
    status: dict[str, object] = models.JSONField()
    """:meth:`devino_core.Status.to_dict`"""

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.platform_id)

    @property
    def parsed(self) -> Status:
        """The status."""
        return Status.from_dict(self.status)


class EarlyReport(models.Model):
    """A report whose message has no row yet: the platform may be faster than a commit."""

    channel: str = models.CharField(max_length=255)
    platform_id: str = models.CharField(max_length=255, db_index=True)
    status: dict[str, object] = models.JSONField()
    """:meth:`devino_core.Status.to_dict`"""
    created: datetime = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.platform_id)
