"""What stands in the place of an input that is closed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NoReturn

from devino_core.errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["ClosedInput"]


class ClosedInput(io.TextIOWrapper):
    """For ``sys.stdin``, where Python has None: whoever reads it, however, gets an error of the
    settings. A question is at the end of its answers."""

    def __init__(self) -> None:
        super().__init__(io.BufferedReader(_Closed()), encoding="utf-8")

    def readline(self, *_: object) -> NoReturn:
        """What ``input`` calls."""
        raise EOFError


class _Closed(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> NoReturn:
        raise ConfigurationError("cannot read -: standard input is closed")
