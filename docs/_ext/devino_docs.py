"""Tables of the documentation that are made from the code."""

from __future__ import annotations

import copy
import enum
import importlib
import json
import re
import sys
import textwrap
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import carried
import click
import msgspec
from docutils import nodes
from msgspec import inspect
from msgspec.inspect import Field
from sphinx import addnodes
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

from devino_codecs import rest, soap, viber, vk, xmlpackage
from devino_codecs.http import CodedInt, CodedStr
from devino_core import Capability, Plugins, State, errors
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import ExitCode
from devino_core.settings import ClientSettings

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def _command() -> click.Command:
    devino = Devino()
    with click.Context(devino) as context:
        for name in devino.list_commands(context):
            found = devino.get_command(context, name)
            if found is None:
                continue
            if isinstance(found, click.Group):
                # The directive reads `name`, and `decode smpp` is one command of `decode`.
                for own, each in found.commands.items():
                    found.commands[own] = copy.copy(each)
                    found.commands[own].name = own
                continue
            # The directive reads `params`, and options of plugins are there only when asked for.
            options = [
                option
                for option in found.get_params(click.Context(found))
                if "--help" not in option.opts
            ]
            devino.add_command(click.Command(name, params=options, help=found.help))
    return devino


command = _command()
"""For the directive ``click``, which wants an object."""


class Table(SphinxDirective):
    """A directive whose content is a Markdown table, which may hold references."""

    has_content = False

    def run(self) -> list[nodes.Node]:
        header, *rows = self.rows()
        lines = [_line(header), _line("---" for _ in header), *map(_line, rows)]
        # The page is their source, and so gettext finds the cells.
        return self.parse_text_to_nodes("\n".join(lines))

    @abstractmethod
    def rows(self) -> Iterator[Iterable[str]]:
        """The header, then the rows; their cells are Markdown."""


class SettingsTable(Table):
    """``{settings} rest``: the keys of a kind of channel or service; ``client``: of the client."""

    required_arguments = 1

    def rows(self) -> Iterator[Iterable[str]]:
        yield "key", "type", "default", "meaning"
        plugins = Plugins(strict=True)
        kinds = {**plugins.channels(), **plugins.services()}
        structs = {name: spec.settings for name, spec in kinds.items()}
        for field, meaning in settings_of({**structs, "client": ClientSettings}[self.arguments[0]]):
            yield f"`{field.name}`", _type(field.type), _default(field), _markdown(meaning)


class ChannelsTable(Table):
    """``{channels}``: the kinds that this distribution brings, and what each can do."""

    def rows(self) -> Iterator[Iterable[str]]:
        yield "kind", "what it is", "media", "can do beside sending"
        plugins = Plugins(strict=True)
        for spec in plugins.channels().values():
            can = plugins.load(spec).offers()
            media, able = sorted(spec.media), [each for each in Capability if each in can]
            yield f"`{spec.name}`", spec.summary, ", ".join(media), ", ".join(able) or "nothing"


class CarriedTable(Table):
    """``{carried}``: what each kind of channel takes of a message, by medium."""

    def rows(self) -> Iterator[Iterable[str]]:
        yield carried.HEADER
        yield from carried.rows()


class OptionsTable(Table):
    """``{options}``: the ``options`` of a message that a kind of channel knows."""

    def rows(self) -> Iterator[Iterable[str]]:
        yield carried.OPTIONS_HEADER
        for kind, medium, struct in carried.options():
            for field, meaning in settings_of(struct):
                about = _type(field.type), _markdown(meaning)
                yield f"`{kind}`", medium, f"`{field.encode_name}`", *about


class StatesTable(Table):
    """``{states}``: the words of each wire that mean each state."""

    def rows(self) -> Iterator[Iterable[str]]:
        yield "state", *_WIRES
        for state in State:
            cells = [
                ", ".join(f"`{code.value}`" for code in table if code.means == state.name)
                for table in _WIRES.values()
            ]
            yield f"`{state.name}`", *cells


_WIRES: dict[str, Iterable[CodedStr] | Iterable[CodedInt]] = {
    "Viber, WhatsApp": viber.DeliveryStatus,
    "VK": vk.VkStatus,
    "the SMS instead": viber.SmsStatus,
    "REST, SMS": rest.SmsStateCode,
    "REST, Viber": rest.ViberStateCode,
    "SOAP, SMS": soap.SmsStateCode,
    "SOAP, Viber": soap.ViberStateCode,
    "XML": xmlpackage.MessageStatus,
}


class ErrorsTable(Table):
    """``{errors}``: every error, whether its call may be repeated, and what it says."""

    def rows(self) -> Iterator[Iterable[str]]:
        yield "error", "may the call be repeated?", "what happened"
        for name in errors.__all__:
            kind = getattr(errors, name)
            if issubclass(kind, errors.DevinoError) and kind is not errors.DevinoError:
                yield f"`{name}`", _REPEAT[_retry(kind)], _markdown(kind.__doc__ or "", whole=True)


class ExitCodeTable(Table):
    """``{exit-codes}``: the exit codes of ``devino``."""

    def rows(self) -> Iterator[Iterable[str]]:
        yield "code", "meaning"
        for code in ExitCode:
            yield str(int(code)), code.meaning


_REPEAT = {
    errors.Retry.NEVER: "no",
    errors.Retry.SAFE: "yes",
    errors.Retry.MAY_DUPLICATE: "it may reach the recipient twice",
}


def _retry(kind: type[errors.DevinoError]) -> errors.Retry:
    """The ``retry`` of an error that is made with only a text."""
    return kind(*("", "") if issubclass(kind, errors.InvalidArgument) else ("",)).retry


def settings_of(settings: type[msgspec.Struct]) -> Iterator[tuple[Field, str]]:
    """Every field of a struct, with its docstring."""
    meanings: dict[str, str] = {}
    for owner in reversed(settings.__mro__):
        if not issubclass(owner, msgspec.Struct) or owner is msgspec.Struct:
            continue
        documented = ModuleAnalyzer.for_module(owner.__module__).find_attr_docs()
        for (name, attribute), lines in documented.items():
            if name == owner.__name__:
                meanings[attribute] = " ".join(lines).strip()
    described = inspect.type_info(settings)
    assert isinstance(described, inspect.StructType)
    for field in described.fields:
        yield field, meanings.get(field.name, "")


def _default(field: Field) -> str:
    if field.required:
        return "*required*"
    if field.default is None or field.default is msgspec.NODEFAULT:
        return ""
    value = field.default
    if value == "" or isinstance(value, bool | tuple):
        # As a settings file has it.
        return f"`{json.dumps(value)}`"
    return f"`{value}`"


def _type(kind: inspect.Type) -> str:
    match kind:
        case inspect.UnionType(types=types):
            return " or ".join(
                _type(each) for each in types if not isinstance(each, inspect.NoneType)
            )
        case inspect.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in values)
        case inspect.EnumType(cls=cls):
            return " or ".join(f"`{member.value}`" for member in cls)
        case inspect.IntType() | inspect.FloatType():
            return _number(kind)
        case inspect.CustomType(cls=cls):
            return cls.__name__.lower()
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return f"list of {_type(item)}"
    return _NAMES[type(kind)]


_NAMES: dict[type[inspect.Type], str] = {
    inspect.StrType: "text",
    inspect.BoolType: "`true` or `false`",
    inspect.DictType: "table",
}


def _number(kind: inspect.IntType | inspect.FloatType) -> str:
    limits = [
        f"{word} {limit}"
        for word, limit in (
            ("above", kind.gt),
            ("from", kind.ge),
            ("below", kind.lt),
            ("to", kind.le),
        )
        if limit is not None
    ]
    return " ".join(["whole number" if isinstance(kind, inspect.IntType) else "number", *limits])


def _markdown(docstring: str, *, whole: bool = False) -> str:
    """A docstring, or its first paragraph, in a form that a cell can hold."""
    text = textwrap.dedent(docstring).strip()
    words = " ".join((text if whole else text.partition("\n\n")[0]).split())
    plain = re.sub(r":\w+(?::\w+)?:`(?:[^`<]*<)?~?([^`>]*)>?`", r"`\1`", words)
    return plain.replace("|", r"\|")


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _list_codes(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """List a code table's members with their meanings."""
    if isinstance(obj, type) and issubclass(obj, enum.Enum):
        coded = [member for member in obj if _has_meaning(member)]
        lines += [f"- ``{code.name}`` ({code.value}): {code.meaning}" for code in coded]


def _skip_codes(
    app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object
) -> bool | None:
    return True if _has_meaning(obj) else None


def _has_meaning(obj: object) -> bool:
    return isinstance(obj, enum.Enum) and isinstance(getattr(obj, "meaning", None), str)


def _show_reexports(app: Sphinx, page: str, source: list[str]) -> None:
    """Let autodoc see what a package has from its own modules.

    What is imported at first use is not there before. The docstring of a constant stands in the
    module that defines it, and autodoc looks for it in the package alone.
    """
    for name in re.findall(r"automodule:: (\S+)", source[0]):
        package = importlib.import_module(name)
        shown = {public: getattr(package, public) for public in getattr(package, "__all__", ())}
        documented = ModuleAnalyzer.for_module(name)
        documented.analyze()
        for public, value in shown.items():
            if not isinstance(value, type) and not callable(value):
                documented.attr_docs.setdefault(("", public), _docstring(name, public, value))


def _docstring(package: str, public: str, value: object) -> list[str]:
    """What stands below a constant where it is defined."""
    ours = f"{package.partition('.')[0]}."
    for name in sorted(sys.modules):
        if name.startswith(ours) and vars(sys.modules[name]).get(public) is value:
            lines = ModuleAnalyzer.for_module(name).find_attr_docs().get(("", public))
            if lines:
                return lines
    return [""]


_SHORT = 22
"""A word of code with more letters may break: it would take too much of a line."""


def _mark_code(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Say of code within a text whether its words may break: see content.css."""
    for code in doctree.findall(nodes.literal):
        longest = max(map(len, code.astext().split()), default=0)
        code["classes"].append("short" if longest <= _SHORT else "long")


def _write_factories(
    app: Sphinx, what: str, name: str, obj: object, options: object, signature: str, returned: str
) -> tuple[str, str]:
    """Write a default that is made anew as `...`.

    `<factory>` is no Python, and Sphinx then shows the types of the signature as it got them.
    """
    return signature and signature.replace("<factory>", "..."), returned


def _hide_values(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Hide the value of a constant that is no Python, such as `<function f at 0x7f>`."""
    for note in [*doctree.findall(addnodes.desc_annotation)]:
        if re.match(r"\s*=.*<[\w.]+[ :]", note.astext()):
            note.parent.remove(note)


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("source-read", _show_reexports)
    app.connect("doctree-resolved", _mark_code)
    app.connect("doctree-resolved", _hide_values)
    app.connect("autodoc-process-signature", _write_factories)
    app.connect("autodoc-process-docstring", _list_codes)
    app.connect("autodoc-skip-member", _skip_codes)
    app.add_directive("channels", ChannelsTable)
    app.add_directive("settings", SettingsTable)
    app.add_directive("carried", CarriedTable)
    app.add_directive("options", OptionsTable)
    app.add_directive("states", StatesTable)
    app.add_directive("errors", ErrorsTable)
    app.add_directive("exit-codes", ExitCodeTable)
    return {"parallel_read_safe": True}
