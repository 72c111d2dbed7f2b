"""A transport that sends together what is written together."""

from __future__ import annotations

import asyncio

__all__ = ["CorkedTransport"]


class CorkedTransport(asyncio.Transport):
    """Sends what is written in one turn of the loop at once.

    uvicorn writes the head and the body of an answer separately: two system calls, two packets and
    two wake-ups of the client, which is half of what a small answer costs.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        keep: int,
    ) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._keep = keep
        self.answer = b""
        """What was written of the answer that is under way, its first ``keep`` octets at least."""
        self.size = 0
        """Octets of all that was."""
        self._written: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._written:
            self._loop.call_soon(self.flush)
        self._written.append(data)
        self.size += len(data)
        # An answer may be a stream that goes on for days.
        if len(self.answer) < self._keep:
            self.answer += data[: self._keep]

    def begin(self) -> None:
        """Another answer is written from now on."""
        self.answer, self.size = b"", 0

    def send(self, data: bytes) -> None:
        """Send a whole answer now."""
        if self._written:
            self.flush()
        self._transport.write(data)

    def write_eof(self) -> None:
        """Say that nothing follows, where the transport can (TLS cannot)."""
        self.flush()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._written.clear()
        self._transport.abort()

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def flush(self) -> None:
        """Send what was written."""
        if self._written:
            data = b"".join(self._written)
            self._written.clear()
            self._transport.write(data)
