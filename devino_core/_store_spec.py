"""The manifest of a kind of store, in which the outbox keeps its messages."""

from __future__ import annotations

import msgspec

__all__ = ["StoreSettings", "StoreSpec"]


class StoreSettings(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Base of a store's settings: keys of the table ``[outbox]`` beside those of the outbox."""

    url: str
    """Where it is. The scheme is the name of the kind: ``sqlite:///var/lib/app/outbox.db``."""

    def __repr__(self) -> str:
        # A URL may hold a password.
        return f"{type(self).__name__}({self.url.partition(':')[0]}:...)"


class StoreSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of a kind: cheap to make, so that listing plugins imports no driver."""

    name: str
    """The kind, which is the scheme of its URLs."""
    summary: str
    """One line for people."""
    settings: type[StoreSettings]
    load: str
    """Where the class is, as ``"package.module:Class"``. It is made as ``Class(settings,
    clock=clock)`` and is a :class:`devino_core.outbox.Store`."""
    extra: str | None = None
    """What to install if that import fails, such as ``"devino[postgres]"``."""
