"""Values that do not show themselves."""

from __future__ import annotations

from typing import ClassVar, NoReturn, SupportsIndex

__all__ = ["Body", "Secret"]


class Body(bytes):
    """A request, an answer or a mail with a repr that hides it: on this platform these hold
    passwords.

    Slices and sums are plain bytes: wrap them again.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Body(*** {len(self)} bytes)"

    # str(bytes) gives the repr too, but is an error under `python -bb`.
    __str__ = __repr__


class Secret:
    """A password or token. It prints as ``***``, cannot be pickled, and tells its value on request.

    >>> password = Secret("hunter2")
    >>> password, f"{password}", password.reveal()
    (Secret('***'), '***', 'hunter2')
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the place where it goes on the wire."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self._value == other._value

    # A hashable secret could be a cache key, and would show up in a dump of the cache.
    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Secret is not pickled: pass reveal() on purpose, or load it again")
