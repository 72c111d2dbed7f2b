"""The command line ``devino`` with the project's settings."""

from __future__ import annotations

from argparse import REMAINDER, ArgumentParser
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from devino_contrib._needs import needs
from devino_core.cli import command_line
from devino_core.settings import Config

from ._project import project_config, uses_outbox

with needs("django"):
    from django.core.management.base import BaseCommand, CommandError

if TYPE_CHECKING:
    from devino_core.cli.toolkit import App

__all__ = ["PassedOn"]


class PassedOn(BaseCommand):
    """A command of ``manage.py`` that hands its arguments on to one of ``devino``."""

    passed_to: Sequence[str] = ()
    requires_system_checks: Sequence[str] = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """Run it; Django's own options are not known here."""
        run([*self.passed_to, *argv[2:]])

    def add_arguments(self, parser: ArgumentParser) -> None:
        """All, for ``call_command``."""
        parser.add_argument("arguments", nargs=REMAINDER)

    def handle(self, *_: Any, arguments: Sequence[str], **__: Any) -> None:
        """For ``call_command``."""
        run([*self.passed_to, *arguments])


def run(arguments: Sequence[str]) -> NoReturn:
    """Run ``devino`` with the project's settings, and exit. Raises CommandError."""
    try:
        app = _app()
    except ModuleNotFoundError as error:
        raise CommandError(f'{error}: pip install "devino[cli]"') from error
    command_line(app, list(arguments))


def _app() -> App:
    from devino_core.cli.toolkit import App

    class ProjectApp(App):
        @property
        def config_file(self) -> str | None:
            return self.config or "the settings of the project"

        def settings(self) -> Config:
            if self.config is not None:
                return super().settings()
            config = project_config()
            if uses_outbox():
                from .outbox import _place

                config.reserved["outbox"] = {**_place.settings(), "url": _place.url()}
            return config.sort(self.plugins.services())

    return ProjectApp()
