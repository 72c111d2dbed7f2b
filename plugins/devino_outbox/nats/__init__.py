"""The store in NATS JetStream, and a sink of the outbox's events to NATS subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devino_core.lazy import lazy

if TYPE_CHECKING:
    from ._sink import NatsSink
    from ._store import NatsStore
else:
    __getattr__ = lazy(__name__, {"NatsSink": "_sink", "NatsStore": "_store"})

__all__ = ["NatsSink", "NatsStore"]
