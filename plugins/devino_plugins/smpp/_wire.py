"""What asyncio calls, in place of a session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

__all__ = ["Wire"]


class Wire(asyncio.Protocol):
    """A connection's protocol. Whoever holds a session does not see it."""

    def __init__(
        self,
        made: Callable[[asyncio.Transport], None],
        received: Callable[[bytes], None],
        lost: Callable[[], None],
    ) -> None:
        self._transport: asyncio.Transport | None = None
        self._early = b""
        """What came before :meth:`connection_made`, as TLS that is started later lets it."""
        self._made = made
        self._received = received
        self._lost = lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._made(self._transport)
        if self._early:
            self._received(self._early)

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            self._early += data
        else:
            self._received(data)

    def pause_writing(self) -> None:
        # Everything that is read gets an answer, and the answers would pile up.
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost()
