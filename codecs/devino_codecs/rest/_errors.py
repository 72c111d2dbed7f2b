"""What :func:`decode_request` raises: the three ways in which a request cannot be read."""

from typing import TYPE_CHECKING

from devino_codecs.errors import DecodeError

if TYPE_CHECKING:
    from ._requests import Request

__all__ = [
    "ArgumentError",
    "InvalidArgumentError",
    "MissingArgumentError",
    "UnknownResourceError",
]


class UnknownResourceError(DecodeError):
    """The path names no operation of this version."""


class ArgumentError(DecodeError):
    """An argument of a known operation cannot be read.

    ``path`` is the argument's name in the manual's spelling, ``request`` the type of the request
    that was being read.
    """

    def __init__(self, reason: str, *, path: str, request: "type[Request[object]]") -> None:
        super().__init__(reason, path=path)
        self.request = request


class MissingArgumentError(ArgumentError):
    """A required argument is absent or empty."""


class InvalidArgumentError(ArgumentError):
    """An argument is there but is not of its type."""
