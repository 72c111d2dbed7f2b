"""Building blocks of commands, for the kernel's own and for those that plugins add.

::

    import rich_click as click
    from devino_core.cli.toolkit import App, json_option, pass_app

    @click.command()
    @json_option
    @pass_app
    def hello(app: App) -> None:
        \"""Greet the platform.\"""
        app.show({"hello": "platform"})

A command raises the errors of :mod:`devino_core.errors`, and ``devino`` turns them into one line
(or one JSON object) and an :class:`ExitCode`. A command whose name holds a blank, such as
``decode smpp``, goes into the group of the first word.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import warnings
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, TypeVar

import msgspec
import rich_click as click
from click.exceptions import Exit

from devino_core import AsyncClient, Medium, Secret
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.errors import DevinoError
from devino_core.plugins import Plugins, PluginWarning
from devino_core.settings import Config, read_config

from ._exit import ExitCode, Interrupted, OutputFailed, advice, describe
from ._stop import Stop
from ._table import InvalidRow, Line, Table, is_read_once
from ._times import parse_duration, parse_send_at, parsed

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = [
    "App",
    "Bar",
    "ExitCode",
    "Interrupted",
    "InvalidRow",
    "Line",
    "Stop",
    "Table",
    "cell",
    "channel_option",
    "config_option",
    "given_text",
    "is_read_once",
    "json_option",
    "medium_option",
    "one_line",
    "parse_duration",
    "parse_send_at",
    "parsed",
    "pass_app",
]

# Columns that may take several lines on a narrow terminal.
_PROSE = frozenset({"description", "text"})

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])


class App:
    """What the commands of one run share: settings, plugins and the output to the user."""

    def __init__(self, *, plugins: Plugins | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self.json = False
        """Whether programs read the output (``--json``)."""
        self.config: str | None = None
        """The file that ``--config`` names; None: ``DEVINO_CONFIG`` and the environment."""
        self.clock = clock
        self._plugins = plugins

    @property
    def plugins(self) -> Plugins:
        """The installed plugins. It reports those that cannot be loaded once, on stderr."""
        if self._plugins is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PluginWarning)
                self._plugins = Plugins()
            for problem in self._plugins.problems:
                self.note(f"warning: {problem}")
        return self._plugins

    def settings(self) -> Config:
        """The configuration. Raises ConfigurationError."""
        return read_config(self.config).sort(self.plugins.services())

    def client(self) -> AsyncClient:
        """A client with this configuration. Raises ConfigurationError."""
        return AsyncClient(self.settings(), plugins=self.plugins, clock=self.clock)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it in an event loop of its own; Ctrl-C cancels it."""
        try:
            # The import takes 40 ms, which `--help` does not need.
            import asyncio

            return asyncio.run(work)
        finally:
            # Ctrl-C may come before it has begun, and Python would warn of that.
            work.close()

    def line(self, text: str = "") -> None:
        """Print one line of the result."""
        _print(text)

    def note(self, text: str) -> None:
        """Print one line for the user, on stderr. It is lost if stderr cannot be written."""
        with contextlib.suppress(OSError):
            click.echo(f"devino: {one_line(text)}", err=True)

    def tell(
        self,
        error: DevinoError | click.ClickException,
        *,
        where: str = "",
        **facts: object,
    ) -> None:
        """Print an error: one line with what to do, or with ``--json`` an object.

        ``where`` goes before the line; ``facts`` are added to the object.
        """
        if self.json and not isinstance(error, OutputFailed):
            self.show({"error": describe(error) | facts})
        elif isinstance(error, DevinoError):
            self.note(where + "; ".join(filter(None, (str(error), advice(error)))))
        else:
            context = error.ctx if isinstance(error, click.UsageError) else None
            path = context.command_path if context is not None else "devino"
            said = error.format_message().rstrip(".")
            if isinstance(error, click.NoSuchOption) and not error.possibilities:
                said += "; write -- before what begins with a dash and is no option"
            self.note(f"{said}; see `{path} --help`")

    def show(self, value: object) -> None:
        """Print the result for programs: a line of JSON, in UTF-8 even if the terminal differs."""
        _print(self.encoded(value))

    def encoded(self, value: object) -> bytes:
        """The line of JSON that :meth:`show` prints, with escapes for characters that would act on
        a terminal or stay invisible."""
        line = _JSON.encode(value)
        text = line.decode()
        return line if text.isprintable() else _UNPRINTABLE.sub(_escaped, text).encode()

    def table(self, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
        """Print rows: a list for ``--json``, a table on a terminal, tab-separated to a pipe.

        ``columns`` are the keys that people see; JSON shows all keys of a row.
        """
        if self.json:
            self.show(list(rows))
            return
        cells = [[cell(row.get(column)) for column in columns] for row in rows]
        if not sys.stdout.isatty():
            for line in (columns, *cells):
                self.line("\t".join(line))
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, no_wrap=column not in _PROSE)
        for line in cells:
            # Text, not str: a subscriber's "[red]" is not markup.
            table.add_row(*map(Text, line))
        self.console().print(table)

    def console(self, *, stderr: bool = False) -> Console:
        """rich's console on stdout (or stderr), for output that only a terminal can show."""
        from rich.console import Console

        return Console(stderr=stderr, highlight=False)

    @contextlib.contextmanager
    def progress(self, total: int | None) -> Iterator[Bar]:
        """A bar on stderr while a terminal is there to show it; ``total`` None: nobody knows it."""
        if not sys.stderr.isatty() or (sys.stdout.isatty() and self.json):
            yield Bar(self)
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.console(stderr=True), redirect_stdout=False) as shown:
            shown.add_task("", total=total)
            yield Bar(self, shown)

    def finish(self, code: ExitCode) -> NoReturn:
        """End the command with this code. The command has reported everything itself."""
        raise Exit(int(code))


class Bar:
    """How far a command is, and its lines, which a terminal shows above the bar."""

    def __init__(self, app: App, shown: Progress | None = None) -> None:
        self._app = app
        self._shown = shown

    def advance(self, count: int = 1) -> None:
        """So many more are done."""
        if self._shown is not None:
            self._shown.advance(self._shown.task_ids[0], count)

    def reach(self, done: int, total: int) -> None:
        """So much of all is done."""
        if self._shown is not None:
            self._shown.update(self._shown.task_ids[0], completed=done, total=total)

    def line(self, text: str) -> None:
        """One line of the result."""
        if self._shown is not None and sys.stdout.isatty():
            self._shown.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            self._app.line(text)


def pass_app(command: Callable[Concatenate[App, P], R]) -> Callable[P, R]:
    """Give a command the :class:`App` as its first argument, even outside ``devino``."""
    return click.make_pass_decorator(App, ensure=True)(command)


def json_option(command: F) -> F:
    """``--json``: sets :attr:`App.json`."""

    def remember(context: click.Context, _: click.Parameter, given: bool) -> None:
        if given:
            context.ensure_object(App).json = True

    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=remember,
        help="Print JSON for programs to read; errors too.",
    )(command)


def config_option(command: F) -> F:
    """``--config FILE``: sets :attr:`App.config`."""

    def remember(context: click.Context, _: click.Parameter, path: str | None) -> None:
        if path is not None:
            context.ensure_object(App).config = path

    return click.option(
        "--config",
        metavar="FILE",
        type=click.Path(dir_okay=False),
        expose_value=False,
        is_eager=True,
        callback=remember,
        help="TOML file with the settings; otherwise $DEVINO_CONFIG and the environment.",
    )(command)


def channel_option(command: F) -> F:
    """``--channel NAME``: the command gets it as ``channel``."""
    return click.option(
        "--channel",
        metavar="NAME",
        help="Configured channel to use; otherwise the default, else the first that can.",
    )(command)


def medium_option(command: F) -> F:
    """``--medium``: the command gets it as a :class:`Medium`; SMS is the default."""

    def convert(_: click.Context, __: click.Parameter, name: str) -> Medium:
        return Medium(name.upper())

    return click.option(
        "--medium",
        type=click.Choice([medium.value.lower() for medium in Medium], case_sensitive=False),
        default=Medium.SMS.value.lower(),
        show_default=True,
        callback=convert,
        help="How the message reaches its recipient.",
    )(command)


def one_line(text: str) -> str:
    """Foreign text without control characters, so a terminal or a table can show it."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def cell(value: object) -> str:
    """A value as a table shows it to people. A time is in this computer's zone."""
    if value is None:
        return ""
    if isinstance(value, list | tuple | set | frozenset):
        return " ".join(map(cell, value))
    if isinstance(value, datetime):
        return value.astimezone().isoformat(sep=" ", timespec="seconds")
    return one_line(str(value))


def _print(text: str | bytes) -> None:
    try:
        click.echo(text)
    except OSError as error:
        # Otherwise Python would write the rest when it ends, fail again, and exit with its own
        # code.
        sys.stdout = io.TextIOWrapper(io.BytesIO())
        raise OutputFailed(f"the output cannot be written: {error.strerror}") from error


# The categories Cc, Cf, Zl and Zp. Blanks of other widths are as harmless as an unassigned emoji.
_UNPRINTABLE = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0001\U000e0020-\U000e007f]"
)


def _escaped(char: re.Match[str]) -> str:
    units = char[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def given_text(value: str) -> str:
    """The ``type`` of an argument or option that is text: it refuses another encoding."""
    # Python keeps so what its encoding of the command line could not read.
    if _UNREAD.search(value):
        raise click.BadParameter(f"not in {sys.getfilesystemencoding()}, this terminal's encoding")
    return value


_UNREAD = re.compile("[\udc80-\udcff]")


def _encode(value: object) -> object:
    if isinstance(value, DevinoError):
        return describe(value)
    if isinstance(value, Secret):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be shown as JSON")


_JSON = msgspec.json.Encoder(enc_hook=_encode, decimal_format="number")
