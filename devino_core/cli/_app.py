"""The group ``devino``: its commands, and how their errors reach the user."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import rich_click as click

from devino_core.errors import DevinoError, PluginError
from devino_core.lazy import without_collector

from ._ask import balance, inbox, status
from ._channels import channels
from ._closed import ClosedInput
from ._completion import completion
from ._doctor import doctor
from ._exit import ExitCode, exit_code
from ._files import init
from ._follow import follow
from ._listen import listen
from ._plugins import plugins
from ._send import send
from .toolkit import App, config_option, json_option

__all__ = ["Devino"]

OWN = (
    send,
    follow,
    status,
    balance,
    inbox,
    listen,
    channels,
    init,
    doctor,
    plugins,
    completion,
)

HELP = """Send messages through the platform's protocols and know what became of them.

Channels are configured in the environment, as in DEVINO__REST__LOGIN, or in a TOML file: that
which --config or $DEVINO_CONFIG names, else ./devino.toml, else the user's
($XDG_CONFIG_HOME/devino/config.toml). `devino init` writes one, `devino doctor` tries it:

\b
    [channels.rest]
    login = "me"
    password_file = "/run/secrets/devino"
    sender = "DEVINO"

\b
Examples:
  devino demo
  devino send +79031234567 "Your code is 1234" --sender DEVINO
  devino status 575584281283682326 --json
"""

# rich-click joins the lines of an epilog, and breaks it only at blank ones.
EPILOG = "\n\n".join(["Exit codes:", *(f"{code}  {code.meaning}" for code in ExitCode)])


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Of a disk, or of what stands in its place."""


_SHOWS_HELP: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""Since click 8.2: a group was called without a command."""


class Devino(click.RichGroup):
    """``devino``: the kernel's commands and those of plugins, which it looks up at each run."""

    def __init__(self, app: App | None = None) -> None:
        super().__init__(
            name="devino",
            help=HELP,
            epilog=EPILOG,
            context_settings={"help_option_names": ["-h", "--help"]},
            params=_options(),
        )
        self._app = app if app is not None else App()
        self._complete = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        self._add_commands()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        self._add_commands()
        return super().get_command(ctx, cmd_name)

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> NoReturn:
        """Run, report errors, exit. It ignores click's arguments for its name and mode."""
        arguments = sys.argv[1:] if args is None else list(args)
        if sys.stderr is None:
            # In memory they would grow for as long as a command serves.
            sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - until the end
        if sys.stdin is None:
            sys.stdin = ClosedInput()
        if sys.stdout is None:
            self._app.note("standard output is closed: send it to /dev/null if nobody reads it")
            sys.exit(int(ExitCode.USAGE))
        # One emoji must not stop the output to a pipe with a narrow encoding.
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        extra = {**extra, "prog_name": "devino", "standalone_mode": False, "obj": self._app}
        try:
            code = self._run(arguments, extra)
        except SystemExit:
            if self._is_written():
                raise
            code = ExitCode.UNWRITTEN
        sys.exit(int((code or 0) if self._is_written() else ExitCode.UNWRITTEN))

    def _run(self, arguments: list[str], extra: Mapping[str, Any]) -> int | None:
        """Run, report errors, and give the exit code."""
        try:
            with self._app.noting():
                code: int | None = super().main(arguments, **extra)
        except (DevinoError, click.ClickException) as error:
            # If the command line could not be parsed, `--json` may not have been seen yet.
            self._app.json = self._app.json or _asks_for_json(arguments)
            self._app.tell(error)
            code = exit_code(error) if isinstance(error, DevinoError) else ExitCode.USAGE
        except (click.Abort, KeyboardInterrupt) as end:
            # Of a question click says so, too, that its input is at an end.
            if isinstance(end.__context__, EOFError):
                self._app.tell(click.UsageError("nobody answers the question: give --yes"))
                code = ExitCode.USAGE
            else:
                self._app.note("interrupted")
                code = ExitCode.INTERRUPTED
        except SystemExit as end:
            # So click ends where it writes itself, as for --help, and nobody reads any more.
            if not isinstance(end.__context__, BrokenPipeError):
                raise
            code = self._unwritten(errno.EPIPE)
        except OSError as error:
            # The help of a group without a command is printed as an error is handled.
            shows_help = isinstance(error.__context__, _SHOWS_HELP)
            if error.errno in _FULL or (shows_help and error.errno is not None):
                code = self._unwritten(error.errno)
            else:
                code = self._bug(error)
        except Exception as bug:  # noqa: BLE001 - the last resort: 1, which Python gives, would mean "not sent"
            code = self._bug(bug)
        return code

    def _is_written(self) -> bool:
        """Whether nothing is left that Python would fail to write when it ends."""
        try:
            if not sys.stdout.closed:
                sys.stdout.flush()
        except OSError as error:
            self._unwritten(error.errno or errno.EIO)
            return False
        return True

    def _unwritten(self, number: int) -> ExitCode:
        # Otherwise Python would write the rest when it ends, and fail again.
        sys.stdout = io.TextIOWrapper(io.BytesIO())
        self._app.note(f"the output cannot be written: {os.strerror(number)}")
        return ExitCode.UNWRITTEN

    def _bug(self, bug: Exception) -> ExitCode:
        sys.excepthook(type(bug), bug, bug.__traceback__)
        self._app.note("this is a bug: please report it with the lines above")
        return ExitCode.BUG

    @without_collector()
    def _add_commands(self) -> None:
        if self._complete:
            return
        found: dict[str, click.Command] = {str(command.name): command for command in OWN}
        for name, command in self._app.plugins.commands().items():
            if name in found:
                raise PluginError(f"a plugin brings a command {name!r}, which devino has itself")
            found[name] = command
        _nest(found)
        self.commands.update(found)
        self._complete = True


def _nest(commands: dict[str, click.Command]) -> None:
    """Put ``decode smpp`` into the group ``decode``; leave out groups that stay empty."""
    for name in [name for name in commands if " " in name]:
        first, _, rest = name.partition(" ")
        group = commands.get(first)
        if not isinstance(group, click.Group):
            raise PluginError(
                f"a plugin brings a command {name!r}, and no plugin brings a group {first!r}"
            )
        group.add_command(commands.pop(name), rest)
    for name in [name for name, command in commands.items() if _is_empty(command)]:
        del commands[name]


def _is_empty(command: click.Command) -> bool:
    """Whether it is a group without commands, and none that looks them up when it is asked."""
    return (
        isinstance(command, click.Group)
        and not command.commands
        and type(command).list_commands is click.Group.list_commands
    )


def _options() -> list[click.Parameter]:
    @json_option
    @config_option
    @click.version_option(package_name="devino", message="%(prog)s %(version)s")
    def options() -> None: ...

    parameters: list[click.Parameter] = options.__click_params__  # type: ignore[attr-defined]
    return parameters[::-1]


def _asks_for_json(words: list[str]) -> bool:
    end = words.index("--") if "--" in words else len(words)
    return "--json" in words[:end]
