"""Values that carry credentials and do not show them."""

from __future__ import annotations

from typing import ClassVar

import msgspec

__all__ = ["Masked"]


class Masked(msgspec.Struct, frozen=True, kw_only=True):
    """A struct whose ``repr`` prints the fields named in ``masked`` as ``***``."""

    masked: ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    # msgspec's own hands every field to rich's console and tracebacks.
    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [
            (name, "***" if name in self.masked else getattr(self, name))
            for name in self.__struct_fields__
        ]
