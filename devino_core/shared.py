"""One client for a whole program, opened at its first use.

Most programs want one client a process, and have no place of their own for it::

    from devino_core import Message, shared

    shared.client().send(Message("79031234567", "Hello"))

:func:`client` is safe under threads and forks: a child gets a client of its own. :func:`aclient` is
the same for code that awaits, one in each event loop. Tests put their own client there with
:func:`override`. A framework with a place for objects that live as long as the application, such as
a lifespan, needs none of this.
"""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ._blocking import Client
from ._client import AsyncClient
from ._configured import Given
from .settings import Config

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Lock

__all__ = ["Source", "aclient", "aclose", "client", "close", "override"]

Source: TypeAlias = Given | Config | str | os.PathLike[str] | None
"""Where a client's channels come from: the first argument of :class:`~devino_core.Client`."""

C = TypeVar("C", Client, AsyncClient)


def client(config: Source = None) -> Client:
    """This process's client, open.

    ``config`` counts at the first call; with None that is the file that ``DEVINO_CONFIG`` names,
    and the environment. It is closed at the end of the interpreter, or by :func:`close`. Raises
    ConfigurationError, and RuntimeError if the client was opened with another ``config``.
    """
    chosen = _overriding(Client)
    if chosen is not None:
        return chosen
    with _lock:
        if _own.client is None:
            opened = Client(config)
            # It ends with the interpreter by itself.
            opened.open()
            _own.client, _own.config = opened, config
        _check(config, _own.config)
        return _own.client


async def aclient(config: Source = None) -> AsyncClient:
    """The client of the running event loop, open.

    ``config`` is as for :func:`client`. It is closed when the loop shuts down its asynchronous
    generators, as ``asyncio.run`` and all servers do at their end, or by :func:`aclose`.
    """
    from asyncio import get_running_loop

    chosen = _overriding(AsyncClient)
    if chosen is not None:
        return chosen
    loop = get_running_loop()
    with _lock:
        for ended in [one for one in _own.loops if one.is_closed()]:
            del _own.loops[ended]
        mine = _own.loops.get(loop)
        if mine is None:
            mine = _own.loops[loop] = _Looped()
    async with mine.turn:
        if mine.client is None:
            life = _life(config)
            mine.client = await anext(life)
            mine.life, mine.config = life, config
        _check(config, mine.config)
        return mine.client


def close() -> None:
    """Close this process's client. The next call of :func:`client` opens another one.

    A child of ``multiprocessing`` ends without the end of the interpreter, so it needs this.
    """
    with _lock:
        opened, _own.client = _own.client, None
    if opened is not None:
        opened.close()


async def aclose() -> None:
    """Close the client of the running event loop. :func:`aclient` opens another one."""
    from asyncio import get_running_loop

    with _lock:
        mine = _own.loops.get(get_running_loop())
    if mine is None:
        return
    async with mine.turn:
        life, mine.life, mine.client = mine.life, None, None
        if life is not None:
            await life.aclose()


@contextmanager
def override(instead: C) -> Iterator[C]:
    """Within the block the shared client is this one, in all threads: for tests.

    It stands for its own sort only. While it does, the other sort raises RuntimeError, so that
    no test sends by accident; override both if a program uses both. The client is not closed.
    """
    with _lock:
        _overrides.append(instead)
    try:
        yield instead
    finally:
        with _lock:
            _overrides.remove(instead)


async def _life(config: Source) -> AsyncGenerator[AsyncClient, None]:
    """A client for as long as the loop lives: a loop closes its asynchronous generators."""
    async with AsyncClient(config) as opened:
        yield opened


class _Looped:
    """The client of one event loop."""

    def __init__(self) -> None:
        from asyncio import Lock

        self.turn: Lock = Lock()
        self.client: AsyncClient | None = None
        self.config: Source = None
        self.life: AsyncGenerator[AsyncClient, None] | None = None


class _Own:
    """What one process has opened."""

    def __init__(self) -> None:
        self.client: Client | None = None
        self.config: Source = None
        self.loops: dict[AbstractEventLoop, _Looped] = {}


def _overriding(kind: type[C]) -> C | None:
    with _lock:
        for one in reversed(_overrides):
            if isinstance(one, kind):
                return one
        if _overrides:
            other = type(_overrides[-1]).__name__
            raise RuntimeError(
                f"shared.override() has a client of the other sort, {other}: override it with "
                f"a client of the class {kind.__name__}, too"
            )
    return None


def _check(wanted: Source, opened: Source) -> None:
    if wanted is not None and wanted != opened:
        raise RuntimeError("the shared client is open with other settings: give them once")


# One thread may come here twice: a plugin that is imported while the client opens may fork.
_lock = threading.RLock()
_own = _Own()
_overrides: list[Client | AsyncClient] = []
_inherited: list[_Own] = []
"""What the parents of this process opened. Were it collected here, its loops would be told."""


def _after_fork() -> None:
    global _own
    _inherited.append(_own)
    _own = _Own()
    _lock.release()


if hasattr(os, "register_at_fork"):
    # A child must not inherit a lock that another thread held.
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_after_fork
    )
