"""Services beside channels: they are configured, typed, opened and closed in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import assert_type

import pytest
from click.testing import CliRunner

from devino_core import AsyncClient, Channel, ChannelSettings, Client, ConfigurationError
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_core.settings import read_config
from tests.core._cli import objects
from tests.core._fake import FakeChannel, FakeLookup, FakeViberChannel, fake_plugins

CHANNELS = {"promo": {"kind": "fake", "token": "t"}}
SERVICES = {"numbers": {"kind": "fake-lookup", "key": "k"}}
FILE = """
[channels.promo]
kind = "fake"
token = "t"

[services.numbers]
kind = "fake-lookup"
key = "from-file"
country = "KZ"

[outbox]
url = "sqlite:outbox.db"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "devino.toml"
    path.write_text(FILE)
    return path


def configured(environ: Mapping[str, str], file: Path | None = None) -> AsyncClient:
    return AsyncClient(read_config(file, environ=environ), plugins=fake_plugins())


async def test_a_service_is_configured_in_code_beside_channels() -> None:
    async with AsyncClient(CHANNELS, services=SERVICES, plugins=fake_plugins()) as client:
        assert (list(client.channels), list(client.services)) == (["promo"], ["numbers"])
        service = client.service("numbers", FakeLookup)
        assert await service.country_of("7") == "RU 7"


def test_the_blocking_client_calls_a_service() -> None:
    with Client(services=SERVICES, plugins=fake_plugins()) as client:
        assert list(client.services) == ["numbers"]
        assert client.call(client.service("numbers", FakeLookup).country_of, "7") == "RU 7"


def test_a_file_has_tables_of_services_and_the_environment_is_laid_over_them(file: Path) -> None:
    environ = {"DEVINO__NUMBERS__KEY": "from-environ"}
    settings = configured(environ, file).service("numbers", FakeLookup).settings
    assert (settings.key.reveal(), settings.country) == ("from-environ", "KZ")


def test_a_kind_in_the_environment_says_what_is_a_service() -> None:
    client = configured(
        {
            "DEVINO__NUMBERS__KIND": "fake-lookup",
            "DEVINO__NUMBERS__KEY": "k",
            "DEVINO__PROMO__KIND": "fake",
            "DEVINO__PROMO__TOKEN": "t",
        }
    )
    assert (list(client.channels), list(client.services)) == (["promo"], ["numbers"])


def test_without_a_kind_the_name_says_what_is_a_service() -> None:
    client = configured({"DEVINO__FAKE_LOOKUP__KEY": "k", "DEVINO__FAKE__TOKEN": "t"})
    assert (list(client.channels), list(client.services)) == (["fake"], ["fake-lookup"])


def test_only_the_plugins_kinds_sort_the_names_of_the_environment() -> None:
    config = read_config(environ={"DEVINO__FAKE_LOOKUP__KEY": "k", "DEVINO__FAKE__TOKEN": "t"})
    assert config.unsorted == {"fake", "fake-lookup"}
    config = config.sort(fake_plugins().services())
    assert config.channels == {"fake": {"token": "t"}}
    assert config.services == {"fake-lookup": {"key": "k"}}
    assert not config.unsorted


def test_code_adds_to_a_file(file: Path) -> None:
    more = {"numbers": {"kind": "fake-lookup", "key": "from-code"}, "fake-lookup": {"key": "k"}}
    client = AsyncClient(file, services=more, plugins=fake_plugins())
    assert list(client.services) == ["numbers", "fake-lookup"]
    settings = client.service("numbers", FakeLookup).settings
    assert (settings.key.reveal(), settings.country) == ("from-code", "RU")


def test_code_wins_over_the_environment() -> None:
    config = read_config(environ={"DEVINO__NUMBERS__KEY": "k", "DEVINO__FAKE__TOKEN": "t"})
    client = AsyncClient(config, services=SERVICES, plugins=fake_plugins())
    assert (list(client.channels), list(client.services)) == (["fake"], ["numbers"])


def test_services_in_code_are_all_there_is(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVINO_CONFIG", str(file))
    client = AsyncClient(services=SERVICES, plugins=fake_plugins())
    assert (list(client.channels), list(client.services)) == ([], ["numbers"])


@pytest.mark.parametrize(
    ("channels", "services", "says"),
    [
        ({}, {"a": {"kind": "fake-lookup", "kee": "k"}}, r"service 'a' has no .* mean 'key'\?"),
        (
            {},
            {"a": {"kind": "fake-lookup"}},
            r"service 'a' needs .*\[services\.a\].*DEVINO__A__KEY",
        ),
        ({}, {"a": {"kind": 7}}, "service 'a': `kind` must be a string"),
        ({"a": {"kind": 7}}, {}, "channel 'a': `kind` must be a string"),
        ({}, {"a": {"kind": "fake"}}, r"'fake' is a kind of channel.*\[channels\]"),
        ({"fake-lookup": {}}, {}, r"'fake-lookup' is a kind of service.*\[services\]"),
        ({}, {"a": {"kind": "fake-lockup"}}, r"service kind 'fake-lockup'.*mean 'fake-lookup'\?"),
        ({"a-b": {}}, {"A_b": {}}, "'a-b' names a channel and 'A_b' a service"),
        ({"Outbox": {}}, {}, r"no channel can be named 'Outbox': \[outbox\] .*DEVINO__OUTBOX__"),
        ({}, {"client": {}}, r"no service can be named 'client': \[client\]"),
        ({"@SMS": {}}, {}, r"no channel can be named '@SMS': for the outbox"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(
    channels: dict[str, dict[str, object]], services: dict[str, dict[str, object]], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        AsyncClient(channels, services=services, plugins=fake_plugins())


def test_a_file_with_a_reserved_channel_name_is_named(tmp_path: Path) -> None:
    file = tmp_path / "devino.toml"
    file.write_text('[channels.outbox]\nkind = "fake"')
    with pytest.raises(ConfigurationError, match=r"devino\.toml: no channel can be named 'outbox'"):
        read_config(file, environ={})


def test_reserved_tables_are_kept_as_they_are(file: Path) -> None:
    environ = {"DEVINO__OUTBOX__KEEP": "7d", "DEVINO__CLIENT__RETRIES": "2"}
    config = read_config(file, environ=environ).sort(())
    assert config.reserved == {
        "outbox": {"url": "sqlite:outbox.db", "keep": "7d"},
        "client": {"retries": "2"},
    }
    client = AsyncClient(config, plugins=fake_plugins())
    assert client.settings.retries == 2
    assert (list(client.channels), list(client.services)) == (["promo"], ["numbers"])


def test_a_service_asked_for_by_its_class_has_that_type() -> None:
    for client in (
        AsyncClient(CHANNELS, services=SERVICES, plugins=fake_plugins()),
        Client(CHANNELS, services=SERVICES, plugins=fake_plugins()),
    ):
        assert_type(client.channel("promo"), Channel[ChannelSettings])
        assert_type(client.channel("promo", FakeChannel), FakeChannel)
        assert_type(client.service("numbers", FakeLookup), FakeLookup)
        with pytest.raises(ConfigurationError, match="is a FakeChannel, not a FakeViberChannel"):
            client.channel("promo", FakeViberChannel)
        with pytest.raises(ConfigurationError, match=r"no service is named 'promo'.*are numbers"):
            client.service("promo")


def test_a_service_is_found_by_its_class() -> None:
    more = {**SERVICES, "second": {"kind": "fake-lookup", "key": "k"}}
    for client in (
        AsyncClient(CHANNELS, services=more, plugins=fake_plugins()),
        Client(CHANNELS, services=more, plugins=fake_plugins()),
    ):
        assert_type(client.service_for(FakeLookup), FakeLookup)
        assert client.service_for(FakeLookup).name == "numbers"
        assert client.service_for(FakeLookup, service="second").name == "second"
        with pytest.raises(ConfigurationError, match="did you mean 'second'"):
            client.service_for(FakeLookup, service="secnod")
        with pytest.raises(ConfigurationError, match="'second' is a FakeLookup, not a Other"):
            client.service_for(Other, service="second")


class Other(FakeLookup):
    pass


def test_a_class_that_no_service_is_of_is_named_with_the_kinds_of_it() -> None:
    client = AsyncClient(CHANNELS, services={}, plugins=fake_plugins())
    known = r"no FakeLookup is configured: .*\[services\.<name>\].*; kinds of it: fake-lookup$"
    with pytest.raises(ConfigurationError, match=known):
        client.service_for(FakeLookup)
    with pytest.raises(ConfigurationError, match=r"no Other .*: none that is installed$"):
        client.service_for(Other)


def test_the_command_line_lists_services_beside_channels() -> None:
    environ = {
        "DEVINO_CONFIG": "",
        "DEVINO__FAKE__TOKEN": "t0ken",
        "DEVINO__NUMBERS__KIND": "fake-lookup",
        "DEVINO__NUMBERS__KEE": "k3y",
    }
    devino, runner = Devino(App(plugins=fake_plugins())), CliRunner(env=environ)
    (shown,) = objects(runner.invoke(devino, ["channels", "--json"]).stdout)
    (kind,) = shown["service_kinds"]
    assert (kind["kind"], kind["settings"][0]) == ("fake-lookup", {"name": "key", "required": True})
    assert kind["operations"] == [{"name": "country_of", "summary": "Where it lives."}]
    (service,) = shown["services"]
    assert (service["name"], service["kind"]) == ("numbers", "fake-lookup")
    output = runner.invoke(Devino(App(plugins=fake_plugins())), ["channels"]).stdout
    assert "fake-lookup: A service without a wire.\n  settings    key, country?\n" in output
    assert "  numbers: kind fake-lookup\n    not usable: service 'numbers' has no setting" in output
    assert "k3y" not in output


async def test_services_are_opened_and_closed_with_the_client() -> None:
    client = AsyncClient(CHANNELS, services=SERVICES, plugins=fake_plugins())
    service = client.service("numbers", FakeLookup)
    async with client:
        assert service.is_open
    assert not service.is_open


async def test_a_service_that_cannot_be_opened_leaves_nothing_open() -> None:
    services = {**SERVICES, "more": {"kind": "fake-lookup", "key": "k"}}
    client = AsyncClient(CHANNELS, services=services, plugins=fake_plugins())
    client.service("more", FakeLookup).fails_to_open = True
    with pytest.raises(ConfigurationError, match="no socket"):
        await client.open()
    assert not client.channel("promo", FakeChannel).is_open
    assert not client.service("numbers", FakeLookup).is_open
    client.service("more", FakeLookup).fails_to_open = False
    async with client:
        assert client.channel("promo", FakeChannel).is_open


def test_a_blocking_client_that_cannot_be_opened_leaves_nothing_open() -> None:
    client = Client(CHANNELS, services=SERVICES, plugins=fake_plugins())
    client.service("numbers", FakeLookup).fails_to_open = True
    with pytest.raises(ConfigurationError, match="no socket"):
        client.open()
    assert not client.channel("promo", FakeChannel).is_open
