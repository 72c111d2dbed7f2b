"""What became of the messages, and what customers answer. Both may come twice."""

from __future__ import annotations

from django.dispatch import receiver

from devino_contrib.django.signals import incoming, status_changed
from devino_core import Incoming, StatusChanged

from .models import Order


@receiver(status_changed)
def update(sender: object, event: StatusChanged, **_: object) -> None:
    if event.ref and event.ref.startswith("order-"):
        number = event.ref.removeprefix("order-")
        Order.objects.filter(pk=number).update(sms=event.status.state.value)


@receiver(incoming)
def answered(sender: object, event: Incoming, **_: object) -> str | None:
    last = Order.objects.filter(phone=event.sender).order_by("pk").last()
    if last is None:
        return None
    last.answer = event.text
    last.save()
    return f"Thank you, order {last.pk}"
