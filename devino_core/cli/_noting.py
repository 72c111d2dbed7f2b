"""Plugins that are left out, told in a line each."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from devino_core.plugins import PluginWarning

__all__ = ["noting"]


@contextlib.contextmanager
def noting(note: Callable[[str], None], noted: set[str]) -> Iterator[None]:
    """Meanwhile each PluginWarning that is not among those ``noted`` is handed to ``note``."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", PluginWarning)
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if not issubclass(category, PluginWarning):
                others(message, category, *where, **more)
            elif str(message) not in noted:
                noted.add(str(message))
                note(f"warning: {message}")

        warnings.showwarning = show
        yield
