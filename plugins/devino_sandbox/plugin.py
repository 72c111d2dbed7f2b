"""What the sandbox adds to ``devino``: the commands ``sandbox`` and ``demo``."""

from __future__ import annotations

from typing import Final

from devino_core.hookspecs import commands_at

__all__: list[str] = []

devino_commands: Final = commands_at(
    "devino_sandbox._commands:sandbox", "devino_sandbox._commands:demo"
)
