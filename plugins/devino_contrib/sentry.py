"""Sentry: breadcrumbs of calls, spans of sends, one issue for each kind of failure of a channel.

::

    sentry_sdk.init(..., integrations=[DevinoIntegration()])

Start Sentry before you make the clients. An error of this library is grouped by the channel and the
class of the error. Its text loses numbers and mail addresses, and the frames of this library lose
their variables. What Sentry itself tells of the HTTP below loses all of the URL but the host. Your
own frames are as Sentry takes them. Needs the extra ``sentry``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from devino_core import DevinoError
from devino_core.observe import Call, Observer, Outcome, discreet

from ._attached import attach
from ._needs import needs
from ._words import failure_of

with needs("sentry"):
    import sentry_sdk
    from sentry_sdk.integrations import Integration
    from sentry_sdk.scope import add_global_event_processor

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

__all__ = ["DevinoIntegration"]

_OURS = ("devino_core", "devino_codecs", "devino_plugins", "devino_outbox", "devino_contrib")


_TASKS = "devino_contrib.celery"


class DevinoIntegration(Integration):
    """Give it to ``sentry_sdk.init``."""

    identifier = "devino"
    origin = "auto.queue.devino"

    @staticmethod
    def setup_once() -> None:
        """Sentry calls it once in a process."""
        crumbs = _Crumbs()
        attach(crumbs)

        def processor(event: Event, hint: Hint) -> Event:
            if _is_on():
                _tidy(event, hint, crumbs)
            return event

        add_global_event_processor(processor)


class _Crumbs(Observer):
    def __init__(self) -> None:
        self._failed: OrderedDict[str, str] = OrderedDict()
        self._peers: set[str] = set()

    def channel_of(self, error: DevinoError) -> str:
        """The channel of the call that failed; empty if no call was made or it was long ago."""
        return self._failed.get(error.call_id or "", "")

    def is_platform(self, url: str) -> bool:
        """Whether calls went there."""
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            # What others tell of HTTP is as they write it.
            return False
        return f"{parts.hostname}:{port}" in self._peers

    def call_started(self, call: Call) -> Callable[[Outcome], None] | None:
        if not _is_on():
            return None
        if len(self._peers) < _REMEMBERED:
            self._peers.add(call.peer)
        parent = sentry_sdk.get_current_span() if call.messages else None
        span = parent and parent.start_child(
            op="message.send", name=f"send {call.channel}", origin=DevinoIntegration.origin
        )

        def ended(outcome: Outcome) -> None:
            failure = failure_of(outcome)
            if outcome.error is not None:
                self._failed[call.id] = call.channel
                if len(self._failed) > _REMEMBERED:
                    self._failed.popitem(last=False)
            sentry_sdk.add_breadcrumb(
                category="devino",
                message=f"{call.channel} {call.operation}",
                level="info" if failure is None else "warning",
                data={
                    "call": call.id,
                    "peer": call.peer,
                    "messages": call.messages,
                    "outcome": failure or "ok",
                    "seconds": round(outcome.seconds, 3),
                    "http_status": outcome.http_status,
                },
            )
            if span is not None:
                span.set_data("messaging.destination.name", call.channel)
                span.set_data("messaging.batch.message_count", call.messages)
                span.set_status("ok" if failure is None else "internal_error")
                span.finish()

        return ended


_REMEMBERED = 1000
"""How many failed calls are known by their channel, and how many peers."""


def _is_on() -> bool:
    return sentry_sdk.get_client().get_integration(DevinoIntegration) is not None


def _tidy(event: Event, hint: Hint, crumbs: _Crumbs) -> None:
    for raised in _values(event, "exception"):
        ours = str(raised.get("module") or "").startswith(_OURS)
        if ours and isinstance(raised.get("value"), str):
            raised["value"] = discreet("words", raised["value"])
        frames = list((raised.get("stacktrace") or {}).get("frames") or ())
        # Around a task of this library its arguments are variables of Celery's and of Sentry's own.
        is_task = any(frame.get("module") == _TASKS for frame in frames)
        for frame in frames:
            if is_task or str(frame.get("module") or "").startswith(_OURS):
                frame.pop("vars", None)
    spans: Any = event.get("spans") or ()
    for one in (*_values(event, "breadcrumbs"), *spans):
        # Sentry watches the HTTP library, too, and a URL may hold a session or a number.
        data: dict[str, Any] = one.get("data") or {}
        if "http.query" in data and crumbs.is_platform(str(data.get("url"))):
            data["http.query"] = ""
            data["url"] = _origin(str(data["url"]))
            if "description" in one:
                one["description"] = f"{data.get('http.method', 'HTTP')} {data['url']}"
    error = (hint.get("exc_info") or (None, None, None))[1]
    if isinstance(error, DevinoError) and "fingerprint" not in event:
        event["fingerprint"] = ["devino", crumbs.channel_of(error), type(error).__name__]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    # Before the "@" there may be a password.
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _values(event: Event, key: Literal["exception", "breadcrumbs"]) -> list[dict[str, Any]]:
    found: Any = event.get(key) or {}
    return list(found.get("values") or ())
