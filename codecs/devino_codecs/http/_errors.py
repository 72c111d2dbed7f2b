"""What reading a request raises: the three ways in which it cannot be read."""

from __future__ import annotations

from typing import Any

from devino_codecs._request import Request
from devino_codecs.errors import DecodeError

__all__ = [
    "ArgumentError",
    "InvalidArgumentError",
    "MissingArgumentError",
    "UnknownResourceError",
]


class UnknownResourceError(DecodeError):
    """The path names no operation.

    ``methods`` are the verbs that it has, where only the verb is wrong: HTTP says 405 to that, and
    404 where there are none.
    """

    def __init__(self, reason: str, *, methods: frozenset[str] = frozenset()) -> None:
        super().__init__(reason)
        self.methods = methods


class ArgumentError(DecodeError):
    """An argument of a known operation cannot be read.

    ``path`` is the argument's name in the wire's spelling, ``request`` the type of the request
    that was being read.
    """

    def __init__(self, reason: str, *, path: str, request: type[Request[Any]]) -> None:
        super().__init__(reason, path=path)
        self.request = request


class MissingArgumentError(ArgumentError):
    """A required argument is absent or empty."""


class InvalidArgumentError(ArgumentError):
    """An argument is there but is not of its type."""
