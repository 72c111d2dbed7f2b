"""The site: an order is confirmed by SMS."""

from __future__ import annotations

import os

from django.http import HttpRequest, JsonResponse
from django.urls import path

from devino import Client, DevinoError, InvalidMessage, Message, Retry

_clients: dict[int, Client] = {}


def client() -> Client:
    """One client for each process, opened at its first use."""
    pid = os.getpid()
    if pid not in _clients:
        _clients[pid] = Client()
        _clients[pid].open()
    return _clients[pid]


def confirm(request: HttpRequest, number: int) -> JsonResponse:
    message = Message(
        request.POST["phone"],
        f"Order {number} is on its way",
        sender="SHOP",
        ref=f"order-{number}",
    )
    try:
        receipt = client().send(message)
    except InvalidMessage as error:
        return JsonResponse({error.field: error.reason}, status=422)
    except DevinoError as error:
        # 503 says that the same request may come again.
        return JsonResponse({"error": str(error)}, status=503 if error.retry is Retry.SAFE else 502)
    return JsonResponse({"state": receipt.status.state}, status=422 if receipt.refused else 200)


urlpatterns = [path("orders/<int:number>/confirm", confirm)]
