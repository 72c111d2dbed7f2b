"""Callbacks in a blocking service: a WSGI application, to mount at /devino."""

import os
import threading
from collections.abc import Callable, Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

from devino_core import Client, Event, Secret
from devino_core.callbacks import CallbackRequest

MOST = 8 * 1024 * 1024
taken: list[Event] = []


def take(event: Event) -> None:
    """Runs in a thread of its own, so it may block."""
    taken.append(event)


lock = threading.Lock()


def client() -> Client:
    """One client for each process, opened at its first use: after the server has forked."""
    with lock:
        return opened()


@cache
def opened() -> Client:
    made = Client()
    made.callbacks(take, secrets=[Secret(os.environ["CALLBACK_SECRET"])], max_body=MOST)
    made.open()
    return made


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    length = environ.get("CONTENT_LENGTH") or "0"
    answer = client().handle_callback(
        CallbackRequest(
            method=environ["REQUEST_METHOD"],
            path=environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""),
            query=environ.get("QUERY_STRING", "").encode("latin-1"),
            headers={"Authorization": environ.get("HTTP_AUTHORIZATION", "")},
            # One byte above the limit is enough to refuse the body.
            body=environ["wsgi.input"].read(min(int(length), MOST + 1)),
            peer=environ.get("REMOTE_ADDR"),
        )
    )
    status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    start_response(status, [*answer.headers.items(), ("Content-Length", str(len(answer.body)))])
    return [answer.body]
