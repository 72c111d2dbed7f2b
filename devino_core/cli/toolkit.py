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
import os
import re
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, TypeVar

import msgspec
import rich_click as click
from click.exceptions import Exit
from click.shell_completion import CompletionItem

from devino_core import AsyncClient, Medium, Secret
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.errors import DevinoError
from devino_core.plugins import Plugins
from devino_core.settings import Config, read_config

from ._csv import Row, read_rows
from ._exit import ExitCode, Interrupted, OutputFailed, advice, describe, words_of
from ._given import given_text, not_empty
from ._noting import noting
from ._shown import cell, one_line
from ._stop import Stop
from ._table import InvalidRow, Line, Table, is_read_once
from ._times import moment, parse_duration, parse_past, parse_send_at, parsed, period_options
from ._widths import column_widths, table_width

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
    "Row",
    "Stop",
    "Table",
    "cell",
    "channel_option",
    "column_option",
    "complete_services",
    "config_option",
    "given_text",
    "is_read_once",
    "json_option",
    "medium_option",
    "moment",
    "not_empty",
    "one_line",
    "parse_duration",
    "parse_past",
    "parse_send_at",
    "parsed",
    "pass_app",
    "period_options",
    "read_rows",
    "settings_of_user",
    "verbose_option",
]

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
        """The file that ``--config`` names; :attr:`config_file` says which is read without one."""
        self.clock = clock
        self._plugins = plugins
        self._noted: set[str] = set()

    @property
    def plugins(self) -> Plugins:
        """The installed plugins. Those that cannot be loaded are told on stderr."""
        if self._plugins is None:
            with self.noting():
                self._plugins = Plugins()
        return self._plugins

    def noting(self) -> contextlib.AbstractContextManager[None]:
        """Meanwhile each PluginWarning is a line on stderr, once."""
        return noting(self.note, self._noted)

    @property
    def config_file(self) -> str | None:
        """The file of the configuration: ``--config``, else ``DEVINO_CONFIG``, else ``devino.toml``
        in this folder, else the user's; None: there is none.

        The last two are the command line's alone: a program reads no file that nobody named.
        """
        named = self.config or os.environ.get("DEVINO_CONFIG")
        if named:
            return named
        found = (Path("devino.toml"), settings_of_user(os.environ))
        return next((str(path) for path in found if path.is_file()), None)

    def settings(self) -> Config:
        """The configuration. Raises ConfigurationError."""
        return read_config(self.config_file).sort(self.plugins.services())

    def client(self) -> AsyncClient:
        """A client with this configuration. Raises ConfigurationError."""
        return AsyncClient(self.settings(), plugins=self.plugins, clock=self.clock)

    def medium(self, given: Medium | None, channel: str | None) -> Medium:
        """What ``--medium`` says. Without it: SMS, unless ``--channel`` names one that carries
        something else alone. Raises ConfigurationError for a channel that there is not."""
        if given is None and channel is not None:
            media = self.client().channel(channel).media
            if len(media) == 1:
                return next(iter(media))
        return given or Medium.SMS

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
        """Print one line for the user, on stderr. It is lost if stderr cannot be written, and
        while a shell completes a word."""
        if "_DEVINO_COMPLETE" in os.environ:
            return
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
            call = "" if error.call_id is None else f" [call {error.call_id}]"
            self.note(where + "; ".join(filter(None, (error.said, advice(error)))) + call)
        else:
            context = error.ctx if isinstance(error, click.UsageError) else None
            path = context.command_path if context is not None else "devino"
            said = words_of(error).rstrip(".")
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

    def head(self, columns: Sequence[str]) -> None:
        """Name the columns for a pipe, before rows that are printed one by one."""
        if not self.json and not sys.stdout.isatty():
            self.line("\t".join(columns))

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
        console = self.console()
        widths = column_widths(columns, cells, console.width)
        for column, width in zip(columns, widths, strict=True):
            table.add_column(column, width=width)
        for line in cells:
            # Text, not str: a subscriber's "[red]" is not markup.
            table.add_row(*map(Text, line))
        # Lines that are too long are broken by the terminal; rich would cut them.
        console.width = max(console.width, table_width(widths))
        console.print(table)

    def console(self, *, stderr: bool = False) -> Console:
        """rich's console on stdout (or stderr), for output that only a terminal can show."""
        from rich.console import Console

        return Console(stderr=stderr, highlight=False)

    @contextlib.contextmanager
    def progress(self, total: int | None, *, what: str = "") -> Iterator[Bar]:
        """A bar on stderr while a terminal is there to show it; ``total`` None: nobody knows it.

        ``what`` says what is going on. A bar that has it goes away at the end.
        """
        if not sys.stderr.isatty() or (sys.stdout.isatty() and self.json):
            yield Bar(self)
            return
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        console = self.console(stderr=True)
        if what and console.is_dumb_terminal:
            yield Bar(self)
            return
        # What stands beside the bar takes up to 40 columns, and a broken line is no bar.
        bar = BarColumn(bar_width=max(4, min(40, console.width - 40)))
        named = (TextColumn("{task.description}"),) if what else ()
        columns = (*named, bar, MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(
            *columns, console=console, redirect_stdout=False, transient=bool(what)
        ) as shown:
            shown.add_task(what, total=total)
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

    def note(self, text: str) -> None:
        """One line for the user, on stderr."""
        if self._shown is None:
            self._app.note(text)
            return
        said = f"devino: {one_line(text)}"
        self._shown.console.print(said, markup=False, highlight=False, soft_wrap=True)

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
    """``--config FILE``: sets :attr:`App.config`; and ``-v``, as :func:`verbose_option` has it."""

    def remember(context: click.Context, _: click.Parameter, path: str | None) -> None:
        if path is not None:
            context.ensure_object(App).config = path

    option = click.option(
        "--config",
        metavar="FILE",
        type=click.Path(dir_okay=False),
        expose_value=False,
        is_eager=True,
        callback=remember,
        help="TOML file with the settings; otherwise $DEVINO_CONFIG, ./devino.toml or the user's.",
    )
    return option(verbose_option(command))


def verbose_option(command: F) -> F:
    """``-v``: shows the log of calls on stderr, and ``-vv`` what went over the wire, masked."""

    def show(_: click.Context, __: click.Parameter, times: int) -> None:
        if times:
            # Only who asks pays for the import.
            from devino_core.observe import log_to_stderr

            log_to_stderr("info" if times == 1 else "debug")

    return click.option(
        "-v",
        "--verbose",
        count=True,
        metavar="",
        expose_value=False,
        is_eager=True,
        callback=show,
        help="Log each call on stderr; -vv: what went over the wire too, masked.",
    )(command)


_FIRST = "Configured channel to use; otherwise the default, else the first that can."


def channel_option(command: F, *, told: str = _FIRST) -> F:
    """``--channel NAME``: the command gets it as ``channel``. ``told`` is its help."""
    return click.option("--channel", metavar="NAME", shell_complete=_complete_channels, help=told)(
        command
    )


def _complete_channels(
    context: click.Context, _: click.Parameter, begun: str
) -> list[CompletionItem]:
    return _names(context, begun, lambda config: config.channels)


def complete_services(
    context: click.Context, _: click.Parameter, begun: str
) -> list[CompletionItem]:
    """The ``shell_complete`` of an option that names a configured service."""
    return _names(context, begun, lambda config: config.services)


def _names(
    context: click.Context, begun: str, tables: Callable[[Config], Mapping[str, object]]
) -> list[CompletionItem]:
    try:
        names = tables(context.ensure_object(App).settings())
    except DevinoError:
        # Who completes a word cannot be told.
        return []
    return [CompletionItem(name) for name in names if name.startswith(begun)]


def settings_of_user(environ: Mapping[str, str]) -> Path:
    """The file of settings that holds in every folder: ``$XDG_CONFIG_HOME/devino/config.toml``."""
    home = environ.get("XDG_CONFIG_HOME") or ""
    # As the specification has it: a relative path is invalid.
    base = Path(home) if Path(home).is_absolute() else Path.home() / ".config"
    return base / "devino" / "config.toml"


def column_option(command: F) -> F:
    """``--column NAME=COLUMN``, repeatable: the command gets the column of each name as
    ``columns``."""

    def convert(
        context: click.Context, option: click.Parameter, given: tuple[str, ...]
    ) -> dict[str, str]:
        columns: dict[str, str] = {}
        for text in given:
            name, equals, column = (part.strip() for part in text.partition("="))
            if not (equals and name and column):
                raise click.BadParameter(
                    f"{text!r} is not NAME=COLUMN, as to=Phone", context, option
                )
            if name in columns:
                raise click.BadParameter(f"{name!r} is given twice", context, option)
            columns[name] = column
        return columns

    return click.option(
        "--column",
        "columns",
        metavar="NAME=COLUMN",
        multiple=True,
        callback=convert,
        help="Where the numbers stand, as to=Phone, or the values for a field, as name=Customer.",
    )(command)


def medium_option(command: F) -> F:
    """``--medium``: the command gets it as a :class:`Medium`, or None: :meth:`App.medium` says what
    that means."""

    def convert(_: click.Context, __: click.Parameter, name: str | None) -> Medium | None:
        return None if name is None else Medium(name.upper())

    return click.option(
        "--medium",
        type=click.Choice([medium.value.lower() for medium in Medium], case_sensitive=False),
        callback=convert,
        help="How the message reaches its recipient. Default: what --channel carries, else sms.",
    )(command)


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


def _encode(value: object) -> object:
    if isinstance(value, DevinoError):
        return describe(value)
    if isinstance(value, Secret):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be shown as JSON")


_JSON = msgspec.json.Encoder(enc_hook=_encode, decimal_format="number")
