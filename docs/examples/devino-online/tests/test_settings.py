"""Tests what the settings take, and that the plugin is found."""

import devino_online
import pytest

import devino_core as devino
from devino_core import AsyncClient, Plugins


def refused(**wrong: object) -> None:
    config = {"online-sms": {"base_url": "https://platform.example", **wrong}}
    with pytest.raises(devino.ConfigurationError):
        AsyncClient(config, plugins=Plugins(environ={"DEVINO_PLUGINS": "devino_online"}))


def test_who_asks_is_a_key_or_a_login_with_its_password() -> None:
    refused()
    refused(key="k", login="me", password="p")
    refused(login="me")
    refused(password="p")
    refused(key="ключ")
    refused(key="")
    refused(login="a:b", password="p")
    refused(key="k", callback_url="ftp://hooks.example")
    refused(key="k", chunk=32_001)


def test_the_plugin_is_found() -> None:
    found = Plugins(strict=True)
    assert found.channels()["online-sms"].settings is devino_online.OnlineSettings
