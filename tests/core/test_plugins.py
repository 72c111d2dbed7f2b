"""Finding plugins, and reporting what is wrong with them."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from devino_core import (
    ChannelSpec,
    ConfigurationError,
    PluginError,
    Plugins,
    ServiceSettings,
    ServiceSpec,
    hookimpl,
)
from devino_core.hookspecs import commands_at
from devino_core.plugins import PluginWarning
from tests.core._fake import LOOKUP, SHELF, FakeLookup, FakeSettings, fake_plugins, plugin, spec

pytestmark = pytest.mark.pythons


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory on sys.path to install distributions into."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("acme_"):
            del sys.modules[name]


def install(site: Path, dist: str, module: str, source: str) -> None:
    """Write the files that pip writes for a distribution with one module and one entry point."""
    (site / f"{module}.py").write_text(source)
    info = site / f"{dist}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[devino]\n{module} = {module}\n")


CHANNEL = """
from devino_core import ChannelSettings, ChannelSpec, Medium, hookimpl

@hookimpl
def devino_channels():
    return [ChannelSpec(name="acme", summary="Acme.", media=frozenset({Medium.SMS}),
                        settings=ChannelSettings, load="acme:Acme")]
"""

SERVICE = """
from devino_core import ServiceSettings, ServiceSpec, hookimpl

@hookimpl
def devino_services():
    return [ServiceSpec(name="acme", summary="Acme.", settings=ServiceSettings, load="acme:Acme")]
"""


def test_an_installed_distribution_brings_its_channels(site: Path) -> None:
    install(site, "acme_one", "acme_one_plugin", CHANNEL)
    assert "acme" in Plugins(environ={}).channels()


def test_what_is_installed_while_the_program_runs_is_found_by_the_next_client(site: Path) -> None:
    assert "acme" not in Plugins(environ={}).channels()
    install(site, "acme_one", "acme_one_plugin", CHANNEL)
    assert "acme" in Plugins(environ={}).channels()


def test_installed_distributions_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Plugins(environ={}).listing()

    def read(**_: object) -> NoReturn:
        raise AssertionError("they are read again")

    monkeypatch.setattr(importlib.metadata, "entry_points", read)
    assert Plugins(environ={}).listing() == found


def test_two_distributions_with_one_channel_name_are_both_named(site: Path) -> None:
    install(site, "acme_one", "acme_one_plugin", CHANNEL)
    install(site, "acme_two", "acme_two_plugin", CHANNEL)
    with pytest.raises(PluginError, match=r"acme_(one|two) 1\.2 and acme_(one|two) 1\.2"):
        Plugins(environ={}).channels()


def test_a_plugin_that_does_not_import_is_a_warning_with_its_distribution(site: Path) -> None:
    install(site, "acme_broken", "acme_broken_plugin", "import nonexistent_thing")
    with pytest.warns(PluginWarning, match=r"acme_broken 1\.2.*nonexistent_thing"):
        plugins = Plugins(environ={})
    assert len(plugins.problems) == 1
    assert "acme" not in plugins.channels()


def test_a_plugin_that_does_not_import_is_an_error_when_asked_for(site: Path) -> None:
    install(site, "acme_broken", "acme_broken_plugin", "1/0")
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        Plugins(environ={}, strict=True)


def test_a_plugin_can_be_disabled_by_the_environment(site: Path) -> None:
    install(site, "acme_broken", "acme_broken_plugin", "1/0")
    plugins = Plugins(environ={"DEVINO_DISABLED_PLUGINS": "other, acme_broken_plugin"})
    assert plugins.problems == []


def test_a_module_can_be_added_by_the_environment(site: Path) -> None:
    (site / "acme_loose.py").write_text(CHANNEL)
    assert "acme" in Plugins(environ={"DEVINO_PLUGINS": "acme_loose"}).channels()


def test_what_is_loaded_already_is_told_in_a_line() -> None:
    plugins, module = Plugins(discover=False), plugin()
    plugins.register(module, "one", origin="acme 1.0")
    for twice, name in ((module, "two"), (plugin(), "one")):
        with pytest.raises(PluginError) as error:
            plugins.register(twice, name, origin="DEVINO_PLUGINS")
        assert str(error.value) == (
            f"plugin {name!r} (DEVINO_PLUGINS): it is loaded already, as 'one' (acme 1.0)"
        )


def test_a_misspelt_hook_is_an_error() -> None:
    @hookimpl
    def devino_chanels() -> list[ChannelSpec]:
        return []

    with pytest.raises(PluginError, match="devino_chanels"):
        Plugins(discover=False).register(SimpleNamespace(devino_chanels=devino_chanels), "typo")


def devino_channels() -> list[ChannelSpec]:
    raise ImportError("no click here")


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (plugin("rest"), "gave a str, expected ChannelSpec"),  # type: ignore[arg-type]
        (SimpleNamespace(devino_channels=hookimpl(devino_channels)), "ImportError: no click here"),
    ],
)
def test_a_hook_that_fails_is_left_out_and_an_error_when_asked_for(
    broken: object, says: str
) -> None:
    plugins = fake_plugins()
    plugins.register(broken, "broken", origin="acme 1.2")
    with pytest.warns(PluginWarning, match=rf"'broken' of acme 1\.2 is left out: {says}"):
        assert "fake" in plugins.channels()
    strict = Plugins(discover=False, strict=True)
    strict.register(broken, "broken")
    with pytest.raises(PluginError, match=says):
        strict.channels()


def test_commands_are_imported_when_they_are_asked_for(site: Path) -> None:
    brought = commands_at("acme_asking:ask", "acme_asking:tell")
    plugins = Plugins(discover=False)
    plugins.register(SimpleNamespace(devino_commands=brought), "acme")
    with pytest.warns(PluginWarning, match="No module named 'acme_asking'"):
        assert plugins.commands() == {}
    (site / "acme_asking.py").write_text(
        "import click\nask, tell = (click.Command(name) for name in ('ask', 'tell'))\n"
    )
    importlib.invalidate_caches()
    assert sorted(plugins.commands()) == ["ask", "tell"]


def test_a_missing_extra_says_what_to_install(site: Path) -> None:
    (site / "acme_lacking.py").write_text("import nonexistent_thing")
    plugins = Plugins(discover=False)
    lacking = ChannelSpec(
        name="x", summary="X", media=frozenset(), settings=FakeSettings,
        load="acme_lacking:Acme", extra="devino[smpp]",
    )  # fmt: skip
    with pytest.raises(
        ConfigurationError, match=r'needs nonexistent_thing: pip install "devino\[smpp\]"'
    ):
        plugins.load(lacking)


def test_a_missing_module_of_the_plugin_itself_is_not_a_missing_extra(site: Path) -> None:
    (site / "acme_lacking.py").write_text("import devino_core.nothing")
    broken = ChannelSpec(
        name="x", summary="X", media=frozenset(), settings=FakeSettings,
        load="acme_lacking:Acme", extra="devino[http]",
    )  # fmt: skip
    with pytest.raises(PluginError, match=r"cannot be imported: .*devino_core\.nothing"):
        Plugins(discover=False).load(broken)


def test_hooks_are_asked_once_for_each_client() -> None:
    asked = 0

    @hookimpl
    def devino_channels() -> list[ChannelSpec]:
        nonlocal asked
        asked += 1
        return [spec("counted")]

    plugins = Plugins(discover=False)
    plugins.register(SimpleNamespace(devino_channels=devino_channels), "counted")
    for _ in range(3):
        plugins.channel_spec("counted")
    assert asked == 1


def test_an_unknown_kind_suggests_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"'fak'.*did you mean 'fake'\?"):
        fake_plugins().channel_spec("fak")


def test_listing_channels_loads_none() -> None:
    def load() -> type:
        raise AssertionError("loaded")

    reference = SHELF.put(load)
    lazy = ChannelSpec(
        name="lazy", summary="", media=frozenset(), settings=FakeSettings, load=reference
    )
    plugins = Plugins(discover=False)
    plugins.register(plugin(lazy), "lazy")
    assert list(plugins.channels()) == ["lazy"]
    with pytest.raises(AssertionError, match="loaded"):
        plugins.load(lazy)


def test_a_channel_and_a_service_cannot_share_a_kind(site: Path) -> None:
    install(site, "acme_one", "acme_one_plugin", CHANNEL)
    install(site, "acme_two", "acme_two_plugin", SERVICE)
    with pytest.raises(PluginError, match=r"'acme': acme_one 1\.2 and acme_two 1\.2"):
        Plugins(environ={}).services()


def test_an_installed_distribution_brings_its_services(site: Path) -> None:
    install(site, "acme_two", "acme_two_plugin", SERVICE)
    plugins = Plugins(environ={})
    assert plugins.service_spec("acme").summary == "Acme."
    assert "acme" not in plugins.channels()


def test_a_channel_among_services_is_left_out() -> None:
    plugins = Plugins(discover=False)
    plugins.register(plugin(services=[spec("fake")]), "confused")
    with pytest.warns(PluginWarning, match="gave a ChannelSpec, expected ServiceSpec"):
        assert plugins.services() == {}


@pytest.mark.parametrize(
    ("load", "says"),
    [
        ("tests.core._fake.FakeLookup", "must be of the form 'package.module:name'"),
        ("tests.core._fake:FakeLockup", "'tests.core._fake:FakeLockup'.*no attribute 'FakeLockup'"),
        ("tests.core._fake:SHELF", "is no subclass of Service"),
        ("tests.core._fake:FakeSettings", "is no subclass of Service"),
        ("tests.core._fake:", "is no subclass of Service"),
        ("tests.nowhere:FakeLookup", r"cannot be imported: No module named 'tests\.nowhere'"),
        ("nonexistent_thing:Acme", "cannot be imported: No module named 'nonexistent_thing'"),
    ],
)
def test_a_manifest_that_names_no_class_is_found_out(load: str, says: str) -> None:
    wrong = ServiceSpec(
        name="wrong", summary="", settings=ServiceSettings, load=load, extra="devino[http]"
    )
    with pytest.raises(PluginError, match=f"service 'wrong'.*{says}"):
        Plugins(discover=False).load(wrong)


def test_a_service_is_not_loaded_as_a_channel() -> None:
    wrong = ChannelSpec(
        name="wrong", summary="", media=frozenset(), settings=FakeSettings, load=LOOKUP.load
    )
    assert Plugins(discover=False).load(LOOKUP) is FakeLookup
    with pytest.raises(PluginError, match=r"channel 'wrong'.*no subclass of Channel"):
        Plugins(discover=False).load(wrong)
