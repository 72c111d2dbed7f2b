"""What every channel promises, of the channels of messengers against the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import pytest

from devino_core import (
    AuthenticationFailed,
    Channel,
    ChannelSettings,
    ConnectFailed,
    DevinoError,
    OutcomeUnknown,
    ProtocolViolation,
    Retry,
    Throttled,
    Unavailable,
)
from devino_core.testing import Connected
from devino_sandbox import AnswerHttp, Drop, DropAnswer, Fault
from devino_sandbox._faults import Action
from tests.channels import test_viber, test_vk
from tests.channels._sandboxed import struck, wired

pytest.importorskip("devino_sandbox.services.vk", reason="the sandbox has no messengers")

ACTIONS: Sequence[tuple[Action, type[DevinoError] | Retry]] = (
    (Drop(), OutcomeUnknown),
    (DropAnswer(), Retry.MAY_DUPLICATE),
    (AnswerHttp(429, ""), Throttled),
    (AnswerHttp(502, "<html>"), OutcomeUnknown),
    (AnswerHttp(200, "<html>"), ProtocolViolation),
)


def broken(kind: str) -> Sequence[tuple[Connected, type[DevinoError] | Retry]]:
    connect = partial(wired, kind, kind)
    return [
        (struck(partial(connect, base_url="http://127.0.0.1:1")), ConnectFailed),
        (struck(partial(connect, password="wrong")), AuthenticationFailed),
        *[
            (struck(connect, Fault(protocol=kind, action=action)), expected)
            for action, expected in ACTIONS
        ],
    ]


class TestViber(test_viber.TestViber):
    faults = broken("viber")

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with wired("viber", "viber") as wire:
            yield wire.channel


class TestWhatsApp(test_viber.TestWhatsApp):
    faults = broken("whatsapp")

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with wired("whatsapp", "whatsapp") as wire:
            yield wire.channel


class TestVk(test_vk.TestVk):
    faults = broken("vk")

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with wired("vk", "vk") as wire:
            yield wire.channel


@pytest.mark.parametrize("kind", ["viber", "whatsapp", "vk"])
async def test_a_question_that_gets_no_answer_can_be_asked_again(kind: str) -> None:
    async with wired(kind, kind) as wire:
        wire.world.faults.add(Fault(protocol=kind, action=Drop(), times=None))
        (medium,) = wire.channel.media
        with pytest.raises(Unavailable) as caught:
            await wire.channel.status(["17"], medium=medium)
        assert caught.value.retry is Retry.SAFE
