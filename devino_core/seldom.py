"""Log lines that a peer can cause at any rate: one a second, with a count."""

from __future__ import annotations

import logging
from math import inf

from .clock import Clock

__all__ = ["Seldom"]


class Seldom:
    """Logs a warning at most once a second. The next line says how many were left out.

    What a peer sends decides how often some lines are logged. A peer that sends nonsense would fill
    the log and take all the time of the program.
    """

    def __init__(self, log: logging.Logger, clock: Clock, *, level: int = logging.WARNING) -> None:
        self._log = log
        self._clock = clock
        self._level = level
        self._next = -inf
        self._left_out = 0

    def __call__(self, message: str, *args: object) -> None:
        """Log this, or count it."""
        now = self._clock.monotonic()
        if now < self._next:
            self._left_out += 1
            return
        self._next = now + 1
        self.tell()
        self._log.log(self._level, message, *args)

    def tell(self) -> None:
        """Log how many lines were left out, if any. Call it at the end, too."""
        left_out, self._left_out = self._left_out, 0
        if left_out:
            self._log.log(self._level, "%s more like the last line", left_out)
