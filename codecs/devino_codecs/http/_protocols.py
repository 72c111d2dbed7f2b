"""What the table takes from others, by its attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

__all__ = ["Answered", "Credentials"]


class Credentials(Protocol):
    """Who asks: :class:`Session`, :class:`Login`, :class:`ApiKey`, or a struct of your own."""

    @property
    def secret(self) -> str:
        """The part that must not be shown."""
        ...


class Answered(Protocol):
    """What an answer is read from: :class:`HttpAnswer`, or an HTTP library's own."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
