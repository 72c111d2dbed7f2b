"""What the sandbox adds to ``devino``: the commands ``sandbox`` and ``demo``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import hookimpl

if TYPE_CHECKING:
    import click

__all__ = ["devino_commands"]


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``sandbox`` and ``demo``."""
    # Only the command line needs them, and the hook is asked only there.
    from ._commands import demo, sandbox

    return [sandbox, demo]
