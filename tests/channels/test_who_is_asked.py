"""What the settings of real channels leave, and who is asked because of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devino_core import AsyncClient, Capability, Medium, Unsupported
from devino_plugins.rest import RestChannel
from devino_plugins.smpp import SmppChannel
from devino_plugins.xml import XmlChannel

LOGIN = {"login": "me", "password": "secret"}


def smpp(bind: str) -> dict[str, object]:
    return {**LOGIN, "kind": "smpp", "bind": bind}


@pytest.mark.parametrize(
    ("bind", "media", "capabilities"),
    [
        ("separate", {Medium.SMS}, {Capability.STATUS, Capability.EVENTS}),
        ("transceiver", {Medium.SMS}, {Capability.STATUS, Capability.EVENTS}),
        ("transmitter", {Medium.SMS}, {Capability.STATUS}),
        ("receiver", set(), {Capability.EVENTS}),
    ],
)
def test_a_bind_says_what_an_smpp_channel_can(
    bind: str, media: set[Medium], capabilities: set[Capability]
) -> None:
    channel = AsyncClient({"smpp": smpp(bind)}).channel("smpp", SmppChannel)
    assert (set(channel.media), set(channel.capabilities)) == (media, capabilities)


@pytest.mark.parametrize("default", [None, "hears", "sends"])
def test_receivers_are_not_sent_through_and_transmitters_not_listened_to(
    default: str | None,
) -> None:
    client = AsyncClient({"hears": smpp("receiver"), "sends": smpp("transmitter")}, default=default)
    assert client.channel_for().name == "sends"
    assert client.channel_for(medium=Medium.SMS).name == "sends"
    assert client.channel_for(Capability.STATUS, medium=Medium.SMS).name == "sends"
    assert client.channel_for(Capability.EVENTS).name == "hears"


def test_a_transmitter_alone_leaves_nobody_to_listen_to() -> None:
    client = AsyncClient({"sends": smpp("transmitter")})
    with pytest.raises(
        Unsupported, match=r"pushes events; kinds that could, .*settings.*: failover, smpp$"
    ):
        client.channel_for(Capability.EVENTS)


def test_the_balance_is_asked_of_who_can_tell_it_whatever_the_default() -> None:
    client = AsyncClient({"smpp": smpp("separate"), "rest": LOGIN}, default="smpp")
    assert client.channel_for(Capability.BALANCE) is client.channel("rest", RestChannel)


def test_xml_packages_are_remembered_longer_than_others() -> None:
    client = AsyncClient({"xml": LOGIN, "rest": LOGIN})
    assert client.channel("xml", XmlChannel).remembers == timedelta(days=3)
    assert client.channel("rest", RestChannel).remembers == timedelta(hours=48)
