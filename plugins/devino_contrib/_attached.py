"""Observers of every client that a process makes, for tools that are switched on once."""

from __future__ import annotations

from devino_core.observe import Observer

__all__ = ["attach", "attached", "detach"]

_attached: tuple[Observer, ...] = ()


def attach(observer: Observer) -> None:
    """From now on each new client tells this observer."""
    global _attached
    _attached = (*_attached, observer)


def detach(observer: Observer) -> None:
    """No new client tells it. Those that were made meanwhile still do."""
    global _attached
    _attached = tuple(one for one in _attached if one is not observer)


def attached() -> tuple[Observer, ...]:
    """Those who are told."""
    return _attached
