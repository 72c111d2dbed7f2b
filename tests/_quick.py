"""A bound for the work that an input may cause: any of 64 KB is decoded within 50 ms of CPU."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from devino_codecs.errors import CodecError

__all__ = ["SIZE", "assert_quick", "bound"]

SIZE = 1 << 16
BOUND = 0.05


def assert_quick(decode: Callable[[], object], data: bytes, what: str = "") -> None:
    """Decode this input, which may be refused by an error of the codecs, in time."""
    assert len(data) <= SIZE
    took = _spent(decode)
    # The first time may have loaded modules, or met with the garbage collector.
    for _ in range(5):
        if took < BOUND or took < bound():
            return
        took = min(took, _spent(decode))
    raise AssertionError(f"{what}: {took:.3f} s for {len(data)} bytes: {data[:200]!r}")


def bound() -> float:
    """The CPU time of 50 ms, on this machine as it is now.

    It is never less than 50 ms. A slower machine, or one that is busy, has more: as much as some
    work takes that took 20 ms where the bound was set.
    """
    before = time.process_time()
    total = 0
    for number in range(600_000):
        total += number & 7
    assert total
    return max((time.process_time() - before) * BOUND / 0.02, BOUND)


def _spent(decode: Callable[[], object]) -> float:
    before = time.process_time()
    with contextlib.suppress(CodecError):
        decode()
    return time.process_time() - before
