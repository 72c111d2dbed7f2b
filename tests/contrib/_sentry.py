"""Sentry with a transport that keeps what would leave the machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations import Integration
from sentry_sdk.transport import Transport

from ._sandboxed import assert_discreet

__all__ = ["Kept", "sentry"]


class Kept(Transport):
    """It keeps what would leave the machine."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.items: list[dict[str, Any]] = []
        self.said: list[str] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        for item in envelope.items:
            told = item.get_bytes().decode()
            self.said.append(told)
            self.items.append(json.loads(told))

    def of(self, kind: str | None) -> list[dict[str, Any]]:
        return [item for item in self.items if item.get("type") == kind]


@contextmanager
def sentry(*integrations: Integration) -> Iterator[Kept]:
    """Within the block Sentry is on."""
    transport = Kept()
    with sentry_sdk.isolation_scope():
        sentry_sdk.init(
            dsn="http://key@127.0.0.1:9/1",
            transport=transport,
            integrations=integrations,
            traces_sample_rate=1.0,
            server_name="here",
        )
        yield transport
        # Not in the transport: Sentry would swallow what it raises.
        for said in transport.said:
            assert_discreet(said)
        sentry_sdk.get_client().close()
        sentry_sdk.get_global_scope().set_client(None)
