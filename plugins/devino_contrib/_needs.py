"""What a module of this package needs that the base does not bring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["needs"]


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Within the block an import that fails raises ImportError which names the extra."""
    try:
        yield
    except ImportError as error:
        raise ImportError(f'{error}: pip install "devino[{extra}]"', name=error.name) from error
