"""What every channel of this distribution refuses before any I/O, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from devino_core import (
    Button,
    Card,
    Channel,
    ChannelSettings,
    Content,
    Expressible,
    Mail,
    Medium,
    Message,
    Plugins,
    Priority,
    Secret,
    Template,
    Unsupported,
)
from devino_core.settings import convert_settings
from devino_core.testing import ManualClock

NOBODY = "127.0.0.1"
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "email2sms": {"host": NOBODY, "port": 1, "from_addr": "a@example.org"},
    "ftp": {"host": NOBODY, "port": 1},
    "email-smtp": {"host": NOBODY, "port": 1},
    "smpp": {"hosts": f"{NOBODY}:1"},
}
RICH: tuple[Content, ...] = (
    Card("Hello"),
    Card("Sale", button=Button("Look", "https://example.org")),
    Template("welcome"),
    Mail("Hello", "Hello"),
)
PLUGINS = Plugins(environ={})


# These say nothing to nobody. Their own tests say what they take.
WIRELESS = {"console", "failover", "memory"}


def unconnected(kind: str) -> Channel[ChannelSettings]:
    """A channel whose platform nobody is: any I/O would fail, and otherwise."""
    spec = PLUGINS.channel_spec(kind)
    reached = SETTINGS.get(kind, {"base_url": f"http://{NOBODY}:1"})
    values = {"login": "me", "password": Secret("secret"), **reached}
    settings = convert_settings({**values, "sender": "DEVINO"}, spec.settings, name=kind)
    return PLUGINS.load(spec)(settings, name=kind, clock=ManualClock())


WIRED = [kind for kind in PLUGINS.channels() if kind not in WIRELESS]
TAKES = [
    (kind, medium, takes) for kind in WIRED for medium, takes in unconnected(kind).takes.items()
]
CASES = [
    pytest.param(kind, medium, content, id=f"{kind}-{medium}-{type(content).__name__}")
    for kind, medium, takes in TAKES
    for content in RICH
    if type(content) not in takes.contents
]


@pytest.mark.parametrize(("kind", "medium", "content"), CASES)
async def test_what_it_does_not_carry_is_refused(
    kind: str, medium: Medium, content: Content
) -> None:
    async with unconnected(kind) as channel:
        message = Message("79031234567", content, medium=medium)
        before = [Message("79031234567", "Hello")] if Medium.SMS in channel.media else []
        named = f"{kind}.*{type(content).__name__} by {medium}"
        with pytest.raises(Unsupported, match=named):
            channel.check([message])
        with pytest.raises(Unsupported, match=named):
            await channel.send([*before, message])


def test_vk_carries_no_plain_text() -> None:
    with pytest.raises(Unsupported, match=r"a text by VK: give a Template"):
        unconnected("vk").check([Message("79031234567", "Hello", medium=Medium.VK)])


@pytest.mark.parametrize(
    ("kind", "medium"),
    [
        (kind, medium)
        for kind, medium, takes in TAKES
        if Expressible.PRIORITY not in takes.expresses
    ],
)
async def test_a_priority_that_its_wire_has_no_word_for_is_refused(
    kind: str, medium: Medium
) -> None:
    async with unconnected(kind) as channel:
        content = Mail("Hello", "Hello") if medium is Medium.EMAIL else "Hello"
        message = Message("79031234567", content, medium=medium, priority=Priority.HIGH)
        with pytest.raises(Unsupported, match=f"`priority` by {medium}: remove it"):
            channel.check([message])
        with pytest.raises(Unsupported, match=f"`priority` by {medium}: remove it"):
            await channel.send([message])


@pytest.mark.parametrize("kind", WIRED)
def test_the_manifest_lists_the_media_that_the_channel_takes(kind: str) -> None:
    assert unconnected(kind).media == PLUGINS.channel_spec(kind).media


def test_an_smpp_channel_that_only_receives_carries_nothing() -> None:
    spec = PLUGINS.channel_spec("smpp")
    values = {"login": "me", "password": "secret", "bind": "receiver"}
    settings = convert_settings(values, spec.settings, name="smpp")
    assert PLUGINS.load(spec)(settings, name="smpp").media == frozenset()
