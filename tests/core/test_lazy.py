"""Names of a package that are imported at first use."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from devino_core import Plugins
from devino_core.lazy import without_collector

PACKAGE = """
from devino_core.lazy import lazy
__getattr__ = lazy(__name__, {"Swift": "_bird", "Slow": "_nowhere"})
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "acme_birds").mkdir()
    (tmp_path / "acme_birds" / "__init__.py").write_text(PACKAGE)
    (tmp_path / "acme_birds" / "_bird.py").write_text("class Swift: ...")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield "acme_birds"
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_name_is_imported_when_it_is_asked_for_and_once(package: str) -> None:
    birds = importlib.import_module(package)
    assert "acme_birds._bird" not in sys.modules
    swift = birds.Swift
    assert swift.__module__ == "acme_birds._bird"
    assert vars(birds)["Swift"] is swift


def test_an_unknown_name_is_an_attribute_error(package: str) -> None:
    birds = importlib.import_module(package)
    with pytest.raises(AttributeError, match="module 'acme_birds' has no attribute 'Swallow'"):
        _ = birds.Swallow
    assert not hasattr(birds, "__path_of_nothing__")


def test_a_failed_import_raises_its_own_error(package: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"acme_birds\._nowhere"):
        _ = importlib.import_module(package).Slow


@pytest.mark.parametrize(
    "name", ["devino_core", "devino_codecs.http", "devino_codecs.rest", "devino_codecs.smpp"]
)
def test_what_a_package_loads_late_is_there_and_nothing_else(name: str) -> None:
    late = (
        f"import sys, {name} as package; before = set(vars(package))\n"
        "missing = set(package.__all__) - before\n"
        "assert missing, 'nothing is loaded late'\n"
        "assert missing <= set(dir(package)), 'nobody is shown them'\n"
        "for each in missing: assert getattr(package, each) is vars(package)[each]\n"
        "try: package.Swallow\n"
        "except AttributeError as error: assert 'Swallow' in str(error)\n"
        "else: raise SystemExit(1)\n"
        f"exec('from {name} import *')"
    )
    subprocess.run([sys.executable, "-c", late], check=True)


def loaded_by(program: str) -> set[str]:
    """The modules that it loads beside those of the kernel's libraries."""
    watched = f"""
import sys, msgspec, pluggy
before = set(sys.modules)
{program}
print(*set(sys.modules) - before)
"""
    shown = subprocess.run(
        [sys.executable, "-c", watched], capture_output=True, text=True, check=True, timeout=60
    )
    return set(shown.stdout.split())


def test_the_kernel_alone_loads_its_words() -> None:
    loaded = loaded_by("import devino_core")
    working = {"_client", "_blocking", "dispatch", "phone", "plugins", "settings", "zones"}
    assert not loaded & {f"devino_core.{name}" for name in working}
    # A module of the standard library that lies in a shared object takes longest of all.
    assert {name for name in loaded if not name.startswith("devino_core")} <= {"gc"}


def test_a_client_loads_nothing_that_few_programs_use() -> None:
    loaded = loaded_by("from devino_core import AsyncClient")
    seldom = {
        *("_batches", "_blocking", "_brake", "_following", "_store_spec", "dispatch", "files"),
        *("misfit", "phone", "portal"),
    }
    assert not loaded & {f"devino_core.{name}" for name in seldom}
    assert {name for name in loaded if not name.startswith("devino_core")} <= {"gc"}


@pytest.mark.parametrize("kind", Plugins(strict=True).channels())
def test_a_channels_package_exports_its_class(kind: str) -> None:
    plugins = Plugins(strict=True)
    spec = plugins.channel_spec(kind)
    module, _, name = spec.load.partition(":")
    package = importlib.import_module(module)
    assert name in package.__all__
    assert getattr(package, name) is plugins.load(spec)


def test_listing_plugins_imports_no_transport() -> None:
    source = """
import sys
from devino_core import Plugins
plugins = Plugins(strict=True)
packages = {spec.load.partition(":")[0] for spec in plugins.channels().values()}
print(sorted(name for name in sys.modules if name.removesuffix("._channel") in packages))
"""
    shown = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert "devino_plugins.rest" in shown.stdout
    assert "._channel" not in shown.stdout


def test_a_plugin_that_brings_stores_imports_no_outbox() -> None:
    code = "import sys, devino_outbox; print([m for m in sys.modules if '.outbox._' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_collector_rests_and_then_works_as_before() -> None:
    assert gc.isenabled()
    with suppress(ValueError), without_collector():
        assert not gc.isenabled()
        with without_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise ValueError("mine")
    assert gc.isenabled()
    gc.disable()
    try:
        with without_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
