"""``completion``: what a shell needs to complete words of ``devino``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import rich_click as click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from .toolkit import App, pass_app

__all__ = ["completion"]

_VARIABLE = "_DEVINO_COMPLETE"
_SHELLS: Mapping[str, type[ShellComplete]] = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
}


@click.command()
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
@pass_app
def completion(app: App, context: click.Context, /, shell: Literal["bash", "zsh", "fish"]) -> None:
    """Print the script by which a shell completes commands, options, and names of channels.

    \b
    Examples:
      echo 'eval "$(devino completion bash)"' >> ~/.bashrc
      echo 'eval "$(devino completion zsh)"' >> ~/.zshrc
      devino completion fish > ~/.config/fish/completions/devino.fish
    """
    root = context.find_root().command
    app.line(_SHELLS[shell](root, {}, "devino", _VARIABLE).source().strip())
