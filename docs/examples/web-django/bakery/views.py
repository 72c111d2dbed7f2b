"""Orders come in."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from devino_contrib.django import send
from devino_core import InvalidMessage

from .models import Order


@csrf_exempt
@require_POST
def order(request: HttpRequest) -> JsonResponse:
    try:
        # The message is in the outbox if the order is stored, and only then.
        with transaction.atomic():
            placed = Order.objects.create(phone=request.POST["phone"])
            send(placed.phone, f"Order {placed.pk} is in the oven", ref=f"order-{placed.pk}")
    except InvalidMessage as error:
        return JsonResponse({error.field: error.reason}, status=422)
    return JsonResponse({"order": placed.pk}, status=201)


def state(request: HttpRequest, number: int) -> JsonResponse:
    placed = Order.objects.get(pk=number)
    return JsonResponse({"sms": placed.sms, "answer": placed.answer})
