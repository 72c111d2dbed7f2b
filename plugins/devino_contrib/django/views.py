"""Views that receive what the platform posts: :func:`receive` for WSGI, :func:`areceive` for ASGI.

:mod:`devino_contrib.django.urls` and :mod:`devino_contrib.django.async_urls` have their paths.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from devino_contrib._needs import needs
from devino_core import AsyncClient, Client
from devino_core.callbacks import CallbackAnswer, CallbackRequest

from ._project import callback_settings
from ._sending import aclient, client
from ._telling import tell

with needs("django"):
    from django.db import transaction
    from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from devino_core.callbacks import Callbacks

__all__ = ["areceive", "receive"]

View = TypeVar("View", bound=Callable[..., Any])


def _for_machines(view: View) -> View:
    """No cookie lets the platform in, no page of the project posts here, and no transaction may
    span the waiting for the receivers, which have their own."""
    # Not by Django's decorators: before Django 5.0 a view that they wrap does not await any more.
    view.csrf_exempt = True  # type: ignore[attr-defined]
    view.login_required = False  # type: ignore[attr-defined]
    transaction.non_atomic_requests(view)
    return view


@_for_machines
def receive(request: HttpRequest, source: str, secret: str = "") -> HttpResponse:
    """Answer 200 once the receivers of the signals have returned for every event; else another
    status, and the platform repeats. Receivers run in threads of their own."""
    chosen = client()
    _receiver_of(chosen)
    return _response(chosen.handle_callback(_request(request)))


@_for_machines
async def areceive(request: HttpRequest, source: str, secret: str = "") -> HttpResponse:
    """As :func:`receive`; waiting takes no thread of the server's."""
    receiver = _receiver_of(await aclient())
    return _response(await receiver.handle(_request(request)))


_lock = threading.Lock()
_receivers: WeakKeyDictionary[Client | AsyncClient, Callbacks] = WeakKeyDictionary()


def _receiver_of(chosen: Client | AsyncClient) -> Callbacks:
    with _lock:
        found = _receivers.get(chosen)
        if found is None:
            found = _receivers[chosen] = chosen.callbacks(tell, **callback_settings())
        return found


def _request(request: HttpRequest) -> CallbackRequest:
    return CallbackRequest(
        method=request.method,
        path=request.path,
        query=request.META.get("QUERY_STRING", "").encode("latin-1"),
        headers=dict(request.headers),
        body=request.body,
        peer=request.META.get("REMOTE_ADDR") or None,
    )


def _response(answer: CallbackAnswer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status)
    del response["Content-Type"]
    for name, text in answer.headers.items():
        response[name] = text
    # Django would log the path of what is no success, and the path holds the secret.
    response._has_been_logged = True  # noqa: SLF001 - there is no other way
    return response
