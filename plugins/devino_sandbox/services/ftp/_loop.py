"""pyftpdlib in the running event loop, with the standard library's TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any

from pyftpdlib.exceptions import _RetryError
from pyftpdlib.ioloop import AsyncChat, _IOLoop

__all__ = ["AsyncioLoop", "Encrypted"]

_RECORD = 1 << 14
"""What one read must be able to take: the rest of a TLS record wakes nobody."""


class AsyncioLoop(_IOLoop):
    """pyftpdlib's loop on asyncio's: made in a coroutine, it needs no thread and no polling."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def register(self, fd: int, instance: Any, events: int) -> None:
        """Serve a socket."""
        self.socket_map[fd] = instance
        self.modify(fd, events)

    def unregister(self, fd: int) -> None:
        """Serve it no more."""
        if self.socket_map.pop(fd, None) is not None:
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)

    def modify(self, fd: int, events: int) -> None:
        """Serve it when it can be read, or written, or both."""
        if events & self.READ:
            self._loop.add_reader(fd, self._serve, fd, False)
        else:
            self._loop.remove_reader(fd)
        if events & self.WRITE:
            self._loop.add_writer(fd, self._serve, fd, True)
        else:
            self._loop.remove_writer(fd)

    def call_later(self, seconds: float, target: Any, *args: Any, **kwargs: Any) -> Any:
        """Call something once."""
        call = super().call_later(seconds, target, *args, **kwargs)
        self._wake()
        return call

    def call_every(self, seconds: float, target: Any, *args: Any, **kwargs: Any) -> Any:
        """Call something again and again."""
        call = super().call_every(seconds, target, *args, **kwargs)
        self._wake()
        return call

    def close(self) -> None:
        """End all connections."""
        if self._timer is not None:
            self._timer.cancel()
        super().close()

    def _serve(self, fd: int, writable: bool) -> None:
        instance = self.socket_map.get(fd)
        if instance is None or not (instance.writable() if writable else instance.readable()):
            return
        try:
            if writable:
                instance.handle_write_event()
            else:
                instance.handle_read_event()
        except Exception:  # noqa: BLE001 - pyftpdlib's own way: it closes the connection
            instance.handle_error()

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wait = self.sched.poll()
        if wait is not None:
            self._timer = self._loop.call_later(max(wait, 0.01), self._wake)


class Encrypted(AsyncChat):
    """A connection of pyftpdlib that can begin TLS. Mix it in before pyftpdlib's class.

    ``pyftpdlib.handlers.TLS_FTPHandler`` wants a context of pyOpenSSL, made from files.
    """

    # pyftpdlib has no types.
    socket: Any
    ac_in_buffer_size: int
    _tls: Any = None
    _shaking = False

    def begin_tls(self, context: ssl.SSLContext) -> None:
        """Take the client's handshake next; then :meth:`encrypted` is called."""
        self._tls = self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self._fileno = self._tls.fileno()
        self.ac_in_buffer_size = max(self.ac_in_buffer_size, _RECORD)
        self._shaking = True

    def encrypted(self) -> None:
        """The handshake is done."""

    def not_encrypted(self) -> None:
        """The handshake failed."""
        self.close()

    def readable(self) -> bool:
        return self._shaking or bool(super().readable())

    def writable(self) -> bool:
        return self._shaking or bool(super().writable())

    def handle_read_event(self) -> None:
        if self._shaking:
            self._shake_hands()
        else:
            super().handle_read_event()

    def handle_write_event(self) -> None:
        if self._shaking:
            self._shake_hands()
        else:
            super().handle_write_event()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self.modify_ioloop_events(self.ioloop.READ)
        except ssl.SSLWantWriteError:
            self.modify_ioloop_events(self.ioloop.READ | self.ioloop.WRITE)
        except OSError:
            self._shaking = False
            self.not_encrypted()
        else:
            self._shaking = False
            self.modify_ioloop_events(self._wanted_io_events)
            self.encrypted()

    def recv(self, buffer_size: int) -> bytes:
        if self._tls is None:
            return bytes(super().recv(buffer_size))
        try:
            data: bytes = self._tls.recv(buffer_size)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise _RetryError from error
        except OSError:
            data = b""
        if not data:
            self.handle_close()
        return data

    def send(self, data: Any) -> int:
        if self._tls is None:
            return int(super().send(data))
        try:
            return int(self._tls.send(data))
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except OSError:
            self.handle_close()
            return 0

    def say_goodbye(self) -> None:
        """Say that no more comes, as TLS wants it."""
        with contextlib.suppress(OSError, ValueError):
            self._tls.unwrap()

    def close(self) -> None:
        if self._tls is not None and not self._closed and not self._shaking:
            self.say_goodbye()
        super().close()
