"""The plugin: it brings the observers that OpenTelemetry and Sentry have switched on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import hookimpl

if TYPE_CHECKING:
    from devino_core.observe import Observer

__all__: list[str] = []


@hookimpl
def devino_observers() -> Iterable[Observer]:
    """Whoever is attached now."""
    from ._attached import attached

    return attached()
