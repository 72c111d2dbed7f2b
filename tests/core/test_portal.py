"""The thread of a blocking client, and an interrupt as it begins."""

from __future__ import annotations

import threading

import pytest

from devino_core import portal
from devino_core.portal import LoopThread


class Opened:
    def __init__(self) -> None:
        self.opened = 0

    async def open(self) -> None:
        self.opened += 1

    async def aclose(self) -> None: ...


class Never(threading.Thread):
    """The interrupt comes before the system has made the thread."""

    def start(self) -> None:
        raise KeyboardInterrupt


class Late(threading.Thread):
    """The thread takes its first step long after the interrupt."""

    def start(self) -> None:
        self.first = threading.Timer(0.05, super().start)
        self.first.start()
        raise KeyboardInterrupt


class AtOnce(threading.Thread):
    """The thread runs as the interrupt comes."""

    def start(self) -> None:
        super().start()
        raise KeyboardInterrupt


@pytest.mark.parametrize("kind", [Never, Late, AtOnce])
def test_an_interrupt_as_the_thread_begins_neither_hangs_nor_leaves_it(
    kind: type[threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal, "Thread", kind)
    known = set(threading.enumerate())
    opened = Opened()
    ended: list[type[BaseException]] = []

    def work() -> None:
        try:
            LoopThread(opened)
        except KeyboardInterrupt as error:
            ended.append(type(error))

    # Not in this thread, which a hang would stop.
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(10)
    assert ended == [KeyboardInterrupt]
    while left := set(threading.enumerate()) - known:
        for thread in left:
            thread.join(10)
            assert not thread.is_alive()
    assert opened.opened == 0
