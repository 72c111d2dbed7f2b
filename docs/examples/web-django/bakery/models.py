"""Orders."""

from __future__ import annotations

from django.db import models


class Order(models.Model):
    """An order, and how far its SMS is."""

    phone = models.CharField(max_length=20)
    sms = models.CharField(max_length=16, default="QUEUED")
    answer = models.TextField(blank=True)
