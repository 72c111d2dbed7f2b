"""The group ``devino outbox``."""

from __future__ import annotations

import rich_click as click

__all__ = ["outbox"]


class _Outbox(click.RichGroup):
    """Its commands import the whole outbox, so they are looked up when one is asked for."""

    _is_complete = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._look_up()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        self._look_up()
        return super().get_command(ctx, cmd_name)

    def _look_up(self) -> None:
        # A plugin may have put commands of its own into the group.
        if not self._is_complete:
            from ._all import COMMANDS

            for command in COMMANDS:
                self.add_command(command)
            self._is_complete = True


@click.group(cls=_Outbox)
def outbox() -> None:
    """Keep messages on disk until they are sent, and see what became of them.

    The store is set as DEVINO__OUTBOX__URL, or in the file:

    \b
        [outbox]
        url = "sqlite:///var/lib/app/outbox.db"
    """
