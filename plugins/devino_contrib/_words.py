"""How dashboards call things: words of few values, which name no person."""

from __future__ import annotations

from devino_core.observe import Call, Outcome

__all__ = ["failure_of", "server_of"]


def failure_of(outcome: Outcome) -> str | None:
    """The class of the error that ended a call, ``cancelled``, or None if it did what was asked."""
    if outcome.error is not None:
        return type(outcome.error).__name__
    return "cancelled" if outcome.cancelled else None


def server_of(call: Call) -> tuple[str, int | None]:
    """Host and port."""
    host, _, port = call.peer.rpartition(":")
    if not port.isdecimal():
        return call.peer, None
    return host.strip("[]"), int(port)
