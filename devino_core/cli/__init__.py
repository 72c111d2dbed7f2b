"""The command line ``devino``.

Plugins add commands through the hook ``devino_commands``. They build them with
:mod:`devino_core.cli.toolkit`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from devino_core.lazy import without_collector

if TYPE_CHECKING:
    from .toolkit import App

__all__ = ["command_line", "main"]


def main() -> None:
    """Run ``devino`` with the process's arguments, and exit with an :class:`ExitCode`."""
    try:
        with without_collector():
            from ._app import Devino
            from ._stop import interruptible
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich_click"}:
            raise
        sys.stderr.write(
            f'devino: the command line needs {error.name}: pip install "devino[cli]"\n'
        )
        sys.exit(2)
    interruptible()
    # Pass the list on: otherwise click expands `*` and `~` in texts on Windows.
    Devino().main(sys.argv[1:])


def command_line(app: App, arguments: Sequence[str]) -> NoReturn:
    """The same within another program, whose :class:`~devino_core.cli.toolkit.App` says where the
    settings are."""
    from ._app import Devino

    Devino(app).main(arguments)
