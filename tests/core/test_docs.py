"""The documentation cannot fall behind: anything public without documentation fails here."""

from __future__ import annotations

import ast
import doctest
import importlib.util
import inspect
import re
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from devino_codecs import CodecError
from devino_core import DevinoError, Plugins, Retry, ServiceSettings, errors
from devino_core.cli._app import Devino
from devino_sandbox import Sandbox
from tests._django import configure
from tests.check_docs_types import program

configure()

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = "\n".join(page.read_text("utf-8") for page in (DOCS / "reference").glob("*.md"))
SOURCES = {
    ".".join(path.relative_to(ROOT / folder).with_suffix("").parts).removesuffix(".__init__"): path
    for folder, package in (
        ("", "devino_core"),
        ("codecs", "devino_codecs"),
        ("plugins", "devino_plugins"),
        ("plugins", "devino_outbox"),
        ("plugins", "devino_contrib"),
        ("plugins", "devino_sandbox"),
    )
    for path in (ROOT / folder / package).rglob("*.py")
    if path.name != "__main__.py"
}
MODULES = sorted(SOURCES)
# Django, and not a person, imports these by their names.
FOUND_BY_DJANGO = {"admin", "apps", "async_urls", "management", "migrations", "urls"}
PUBLIC = [
    name
    for name in MODULES
    if not any(part.startswith("_") or part in FOUND_BY_DJANGO for part in name.split("."))
]
WITH_EXAMPLES = [name for name in MODULES if ">>> " in SOURCES[name].read_text("utf-8")]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    module = importlib.import_module(name)
    # Readers see a private module's docstrings in the package that exports its names.
    package = importlib.import_module(name.partition("._")[0])
    shown = {found: getattr(package, found) for found in getattr(package, "__all__", ())}
    outcome = doctest.testmod(module, extraglobs=shown)
    assert outcome.attempted
    assert not outcome.failed


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_module_says_what_it_is_for_and_lists_its_names(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    for exported in getattr(module, "__all__", ()):
        assert hasattr(module, exported), f"{name}.__all__ names {exported}, which is not there"


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_module_is_in_the_reference(name: str) -> None:
    module = importlib.import_module(name)
    exported = [getattr(module, found) for found in getattr(module, "__all__", ())]
    # A module that only implements hooks is for the plugin manager.
    if not all(hasattr(found, "devino_impl") for found in exported):
        assert re.search(rf"automodule:: {re.escape(name)}$", REFERENCE, re.MULTILINE)


def test_the_reference_names_only_what_is_there() -> None:
    named = re.findall(r"automodule:: (\S+)", REFERENCE)
    assert sorted(set(named)) == sorted(named), "a module is in the reference twice"
    assert set(named) <= set(PUBLIC)


def _errors(root: type[BaseException]) -> Iterator[type[BaseException]]:
    for kind in root.__subclasses__():
        yield kind
        yield from _errors(kind)


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_no_section_and_no_row_stands_twice(page: Path) -> None:
    lines = page.read_text("utf-8").splitlines()
    found = [line for line in lines if line.startswith("## ")]
    found += [line.split("|")[1] for line in lines if re.match(r"\| [A-Z]+\d+\b", line)]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_the_settings_that_a_page_shows_stand_where_a_client_reads_them(page: Path) -> None:
    known = {"default", "channels", "services", "client", "outbox"}
    blocks = re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    for shown in map(tomllib.loads, blocks):
        # The sandbox has a file of its own, with accounts.
        assert shown.keys() <= known or "account" in shown, shown


def test_every_error_is_documented_and_can_be_imported() -> None:
    loaded = {name: importlib.import_module(name) for name in MODULES}
    exported = [
        getattr(loaded[name], found)
        for name in PUBLIC
        for found in getattr(loaded[name], "__all__", ())
    ]
    for error in {DevinoError, CodecError, *_errors(DevinoError), *_errors(CodecError)}:
        # Errors that a command raises for itself never reach a program.
        if error.__module__ in loaded and not error.__module__.startswith("devino_core.cli."):
            assert error.__doc__, f"{error} says nothing about itself"
            assert error in exported, f"{error} can be raised and not imported"


def test_the_errors_page_lists_every_error_of_the_kernel() -> None:
    assert "```{errors}" in (DOCS / "errors.md").read_text("utf-8")


def test_the_tree_of_errors_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn: list[tuple[int, str, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        row = re.match(r"    ([│ ├└─]*)([A-Z]\w+) *([A-Z_]*)", line)
        if row:
            drawn.append((len(row[1]) // 4, row[2], row[3]))
    parents: list[str] = []
    seen = set()
    for depth, name, retry in drawn:
        kind = getattr(errors, name)
        del parents[depth:]
        assert kind.__base__.__name__ == (parents[-1] if parents else "Exception")
        made = kind(*("", "") if issubclass(kind, errors.InvalidArgument) else ("",))
        assert retry in ("", made.retry.name)
        parents.append(name)
        seen.add(name)
    assert seen == set(errors.__all__) - {Retry.__name__}


PLUGINS = Plugins(strict=True)
KINDS = {**PLUGINS.channels(), **PLUGINS.services()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_channel_and_service_is_configured_in_the_docs(kind: str) -> None:
    assert f"```{{settings}} {kind}\n```" in (DOCS / "configuration.md").read_text("utf-8")


def _carried() -> ModuleType:
    spec = importlib.util.spec_from_file_location("carried", DOCS / "_ext" / "carried.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_what_is_carried_has_every_medium_of_every_kind() -> None:
    page = (DOCS / "configuration.md").read_text("utf-8")
    assert "```{carried}\n```" in page
    assert "```{options}\n```" in page
    rows = list(_carried().rows())
    assert [(kind, medium) for kind, medium, *_ in rows] == [
        (f"`{kind}`", medium)
        for kind, spec in PLUGINS.channels().items()
        for medium in sorted(spec.media)
        # What it takes depends on the others, as the page says.
        if not spec.needs_siblings
    ]
    assert "`failover` takes what all of its channels take" in page
    assert {len(row) for row in rows} == {len(_carried().HEADER)}
    by_viber = next(row for row in rows if row[:2] == ("`rest`", "VIBER"))
    assert by_viber == ("`rest`", "VIBER", "text", "", "yes", "", "yes")


def test_every_option_says_what_it_means() -> None:
    structs = list(_carried().options())
    assert structs
    for _, _, struct in structs:
        assert set(struct.__struct_fields__) == _documented_fields(struct)


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_says_what_it_means(kind: str) -> None:
    told: set[str] = set()
    for owner in KINDS[kind].settings.__mro__:
        if issubclass(owner, ServiceSettings):
            told |= _documented_fields(owner)
    unsaid = set(KINDS[kind].settings.__struct_fields__) - told
    assert not unsaid, f"settings without a docstring: {', '.join(sorted(unsaid))}"


def _documented_fields(owner: type) -> set[str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    assert isinstance(definition, ast.ClassDef)
    return {
        field.target.id
        for field, text in zip(definition.body, definition.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


@pytest.mark.parametrize("name", [name for name in PUBLIC if name.endswith(".hookspecs")])
def test_every_hook_is_in_the_plugin_docs(name: str) -> None:
    hooks = [
        hook
        for hook in vars(importlib.import_module(name)).values()
        if hasattr(hook, "devino_spec")
    ]
    assert hooks
    for hook in hooks:
        assert f"autofunction:: {name}.{hook.__name__}\n" in (DOCS / "plugins.md").read_text(
            "utf-8"
        )


async def test_every_endpoint_of_the_sandbox_is_in_the_docs() -> None:
    page = (DOCS / "sandbox.md").read_text("utf-8")
    async with Sandbox(discover=False) as sandbox:
        assert not [endpoint for endpoint in sandbox.endpoints if f"`{endpoint}`" not in page]


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


@pytest.mark.parametrize(
    "command", [pytest.param(found, id=path) for path, found in _commands(Devino(), "devino")]
)
def test_every_command_and_option_explains_itself(command: click.Command) -> None:
    assert command.get_short_help_str()
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, parameter.opts


def test_the_command_line_page_shows_every_command() -> None:
    page = (DOCS / "cli.md").read_text("utf-8")
    assert ".. click:: devino_docs:command\n   :prog: devino\n   :nested: full\n" in page


def test_every_environment_variable_is_in_the_docs() -> None:
    code = "\n".join(path.read_text("utf-8") for path in SOURCES.values())
    read = set(re.findall(r'"(DEVINO_[A-Z]+)"', code))
    page = (DOCS / "configuration.md").read_text("utf-8")
    assert read
    assert not {variable for variable in read if f"`{variable}`" not in page}


@pytest.mark.parametrize("page", ["README.md", "README.ru.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text("utf-8"))
    local = [link for link in links if "://" not in link]
    assert not [link for link in local if not (ROOT / link).exists()]


def test_every_page_is_reached_from_the_index() -> None:
    named = set()
    for index in (DOCS / "index.md", DOCS / "reference" / "index.md"):
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", index.read_text("utf-8"), re.DOTALL):
            named |= {
                (index.parent / line).relative_to(DOCS).as_posix()
                for line in tree.splitlines()
                if line and not line.startswith(":")
            }
    pages = {
        page.relative_to(DOCS).with_suffix("").as_posix()
        for page in DOCS.rglob("*.md")
        if "examples" not in page.parts and "_build" not in page.parts
    }
    assert pages - {"index"} == named


def test_the_blocks_of_a_page_are_one_program_with_the_lines_of_the_page() -> None:
    page = "Text\n```python\nimport this\n```\n- a\n\n  ```{doctest}\n  >>> this.i\n  1\n  ```\n"
    assert program(page).rstrip().split("\n") == ["", "", "import this", *[""] * 4, "this.i"]


def test_a_whole_plugin_fits_in_forty_lines_of_code() -> None:
    assert _lines_of_code(DOCS / "examples" / "devino-acme" / "devino_acme.py") <= 40


def test_a_gateway_with_callbacks_and_its_sandbox_fits_in_a_hundred_and_seventy_lines() -> None:
    package = DOCS / "examples" / "devino-pigeon" / "devino_pigeon"
    assert sum(map(_lines_of_code, package.rglob("*.py"))) <= 170


def test_the_examples_of_plugins_need_no_private_name() -> None:
    for plugin in (DOCS / "examples").glob("devino-*"):
        for path in plugin.rglob("*.py"):
            text = path.read_text("utf-8")
            assert not re.search(r"^\s*(from|import) .*[ .]_[a-z]", text, re.MULTILINE), path


def _lines_of_code(path: Path) -> int:
    return len([line for line in path.read_text("utf-8").splitlines() if line.strip()])
