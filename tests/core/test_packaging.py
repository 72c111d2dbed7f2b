"""The packaging files agree with each other. `tox -e package` tests the built package itself."""

from __future__ import annotations

import configparser
import importlib
import re
import subprocess
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import devino_core

pytestmark = pytest.mark.pythons

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]


def test_the_version_is_said_once() -> None:
    """`tox -e package` tests the package's version; test_cli tests that of the command line."""
    assert "version" not in PROJECT
    assert PROJECT["dynamic"] == ["version"]
    said = (ROOT / PYPROJECT["tool"]["hatch"]["version"]["path"]).read_text("utf-8")
    assert re.findall(r'^__version__ = "(.+)"$', said, re.MULTILINE) == [devino_core.__version__]


def test_all_brings_every_extra_that_a_user_may_want() -> None:
    (everything,) = EXTRAS["all"]
    named = set(everything.removeprefix("devino[").removesuffix("]").split(","))
    # What only some programs need is asked for by its name.
    integrations = {"celery", "django", "fastapi", "flask", "otel", "prometheus", "sentry"}
    assert named == set(EXTRAS) - {"all", "phone", "test", "docs", "dev"} - integrations


@pytest.mark.parametrize("name", PROJECT["entry-points"]["devino"])
def test_every_own_plugin_can_be_imported_and_is_installed(name: str) -> None:
    target = PROJECT["entry-points"]["devino"][name]
    importlib.import_module(target)
    (installed,) = entry_points(group="devino", name=name)
    assert installed.value == target


def test_tools_have_one_version_range() -> None:
    """tox installs tools one by one, `pip install -e .[dev]` installs all: they must agree."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    for env in ("lint", "types", "imports", "package"):
        wanted = tox[f"testenv:{env}"]["deps"].split("\n")
        assert {need for need in wanted if need} <= set(EXTRAS["dev"])


@pytest.mark.parametrize(
    "package", PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
)
def test_every_package_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


@pytest.mark.parametrize("folder", ["codecs", "plugins"])
def test_folders_above_packages_are_not_packages(folder: str) -> None:
    """`codecs` is the standard library's name: an `__init__.py` would hide it."""
    assert not (ROOT / folder / "__init__.py").exists()


def test_ci_runs_the_command_that_the_readme_gives() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    cut = script[script.index("command=$(awk") : script.index("[ -n")]
    command = subprocess.run(
        ["bash", "-c", f'{cut}\nprintf %s "$command"'],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert command in (ROOT / "README.md").read_text("utf-8")
    assert command.startswith("python3 -m venv ")
    assert command.endswith("bin/tox")
