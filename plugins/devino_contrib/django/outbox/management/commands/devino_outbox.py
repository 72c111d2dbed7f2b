"""``manage.py devino_outbox``: ``devino outbox`` with the project's database."""

from __future__ import annotations

from devino_contrib._needs import needs
from devino_contrib.django._cli import PassedOn

with needs("django"):
    from django.core.management import execute_from_command_line

__all__ = ["Command"]


class Command(PassedOn):
    """``run`` is ``devino_worker``, which tells the signals, too."""

    help = "Look at the outbox and decide: list, show, resolve, retry, cancel, stats, ... (--help)"
    passed_to = ("outbox",)

    def run_from_argv(self, argv: list[str]) -> None:
        """Run one of the commands."""
        if argv[2:3] == ["run"]:
            execute_from_command_line([argv[0], "devino_worker", *argv[3:]])
        else:
            super().run_from_argv(argv)
