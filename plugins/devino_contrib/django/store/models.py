"""Messages that were sent."""

from __future__ import annotations

from devino_contrib._needs import needs
from devino_core import Medium, State, Status

with needs("django"):
    from django.db import models

__all__ = ["SentMessage", "SentPart"]


class SentMessage(models.Model):
    """A message that was sent. It holds no text."""

    ref = models.CharField(max_length=255, unique=True)
    """:attr:`devino_core.Message.ref`"""
    to = models.CharField(max_length=320)
    medium = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Medium])
    channel = models.CharField(max_length=255, blank=True)
    ids = models.JSONField(default=list)
    """The platform's ids, one for each part."""
    state = models.CharField(max_length=16, choices=[(one.value, one.value) for one in State])
    code = models.CharField(max_length=64, blank=True)
    """The wire's code, as it came; of what was not sent, the class of the error."""
    price = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    created = models.DateTimeField(auto_now_add=True, db_index=True)
    updated = models.DateTimeField(auto_now=True)

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

    message = models.ForeignKey(SentMessage, models.CASCADE, related_name="parts")
    channel = models.CharField(max_length=255)
    platform_id = models.CharField(max_length=255, db_index=True)
    status = models.JSONField()
    """:meth:`devino_core.Status.to_dict`"""

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.platform_id)

    @property
    def parsed(self) -> Status:
        """The status."""
        return Status.from_dict(self.status)
