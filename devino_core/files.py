"""Files that are read whole, or line by line, without trusting that they end."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import IO

__all__ = ["MOST", "lines_of", "read_whole"]

MOST = 16 * 1024 * 1024
"""Bytes. A file of settings or of a protocol's bytes is far below it, and a device has no end."""


def read_whole(file: IO[bytes], most: int = MOST) -> bytes:
    """All that is in it. Raises OSError for more than ``most`` bytes."""
    data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes")
    return data


def lines_of(file: IO[bytes], most: int = MOST) -> Iterator[bytes]:
    """Its lines. Raises OSError for one of more than ``most`` bytes."""
    while line := file.readline(most + 1):
        if len(line) > most:
            raise OSError(errno.EFBIG, f"a line is longer than {most:,} bytes")
        yield line
