"""Where the command line finds its settings, and ``init``, which writes a file to fill in."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import get_args

import msgspec
import rich_click as click
from click.shell_completion import CompletionItem

from devino_core import ChannelSpec, Secret, ServiceSpec
from devino_core.suggest import did_you_mean

from .toolkit import App, json_option, pass_app, settings_of_user

__all__ = ["init"]

_HEAD = """\
# Settings of devino. `devino doctor` tries them, `devino channels` shows what each kind can do.
# A variable wins over a line here: DEVINO__REST__LOGIN is `login` of [channels.rest].
"""


def _kinds(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    plugins = context.ensure_object(App).plugins
    specs = {**plugins.channels(), **plugins.services()}
    return [CompletionItem(name) for name in sorted(specs) if name.startswith(begun)]


@click.command()
@click.argument("kinds", metavar="[KIND]...", nargs=-1, shell_complete=_kinds)
@click.option(
    "--file",
    type=click.Path(dir_okay=False),
    help="Where to write; - is standard output. Default: devino.toml in this folder.",
)
@click.option("--user", is_flag=True, help="Write the file that holds in every folder.")
@json_option
@pass_app
def init(app: App, kinds: tuple[str, ...], file: str | None, user: bool) -> None:
    """Write a file of settings for these kinds of channel or service, to be filled in.

    KIND is rest unless given; `devino channels` lists them. The file is readable for you alone. One
    that is there is never overwritten. The command line finds ./devino.toml by itself, and else
    $XDG_CONFIG_HOME/devino/config.toml (--user).

    \b
    Examples:
      devino init
      devino init smpp rest 2fa
      devino init smpp --file - >> devino.toml
    """
    if file and user:
        raise click.UsageError("give --file or --user")
    specs = _specs(app, kinds or ("rest",))
    if file == "-":
        app.line("\n".join(_tables(specs)))
        return
    path = settings_of_user(os.environ) if user else Path(file or "devino.toml")
    text = "\n".join([_HEAD, *_tables(specs), ""])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Nobody else may read it, and "x" goes neither through a link nor over what is there.
        opened = open(path, "x", encoding="utf-8", opener=_for_me)  # noqa: SIM115 - closed first
        try:
            with opened:
                opened.write(text)
        except BaseException:
            # A file that is there is never overwritten, so half a one must not be.
            path.unlink()
            raise
    except FileExistsError:
        raise click.UsageError(
            f"{path} is there already: add to it what `devino init --file -` shows"
        ) from None
    except OSError as error:
        raise click.UsageError(f"cannot write {path}: {error.strerror}") from None
    if app.json:
        app.show({"file": str(path)})
    else:
        app.line(f"wrote {path}: fill it in, then try it with `devino doctor`")


def _for_me(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _specs(app: App, kinds: Iterable[str]) -> Mapping[str, ServiceSpec]:
    known = {**app.plugins.channels(), **app.plugins.services()}
    for kind in kinds:
        if kind not in known:
            hint = did_you_mean(kind, known) or f"known are {', '.join(known)}"
            raise click.BadParameter(f"no plugin brings a kind {kind!r}: {hint}", param_hint="KIND")
    return {kind: known[kind] for kind in kinds}


def _tables(specs: Mapping[str, ServiceSpec]) -> Iterator[str]:
    for kind, spec in specs.items():
        what = "channels" if isinstance(spec, ChannelSpec) else "services"
        yield f"[{what}.{_key(kind)}]"
        yield f"# {spec.summary}"
        fields = msgspec.structs.fields(spec.settings)
        for field in sorted(fields, key=lambda field: not field.required):
            yield _line(field)
        yield ""


def _line(field: msgspec.structs.FieldInfo) -> str:
    """A setting that says what it is while it is not set: an empty one would be taken for said."""
    if _holds(field.type, Secret):
        value = f'"/run/secrets/{field.name}"'
        name = f"{field.name}_file"
    elif field.required or field.default is None:
        name, value = field.name, '"..."' if _holds(field.type, str) else "..."
    else:
        name, value = field.name, _written(field.default)
    return f"# {name} = {value}{'  # needed' if field.required else ''}"


def _holds(hint: object, kind: type) -> bool:
    """Whether a setting of this type may be a ``kind``."""
    return hint is kind or any(_holds(one, kind) for one in get_args(hint))


def _written(value: object) -> str:
    """A default as TOML has it."""
    if isinstance(value, Enum):
        value = value.value
    # TOML's texts, numbers, truths and lists are JSON's.
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    """A name as TOML has it."""
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else json.dumps(name)
