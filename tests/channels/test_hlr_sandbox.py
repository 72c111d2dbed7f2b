"""HLR end to end: the channels, the command and the sandbox."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest

from devino_plugins.rest import Reachability, RestChannel
from tests.channels._services import reached

FATES = {
    "79990004001": Reachability.REACHABLE,
    "79990004002": Reachability.UNREACHABLE,
    "79990004003": Reachability.NONEXISTENT,
    "79990004004": Reachability.FAILED,
    "79990004099": Reachability.UNKNOWN,
    "79990004000": Reachability.PENDING,
    "79031234567": Reachability.REACHABLE,
}


@pytest.mark.parametrize("kind", ["rest", "rest-v2"])
async def test_every_number_ends_as_its_fate_says(kind: str) -> None:
    async with reached(kind) as wire:
        wire.clock.auto_advance = True
        channel = cast("RestChannel", wire.channel)
        lookup = channel.lookup(FATES, validity=timedelta(minutes=1))
        found = {one.number: one.reachability async for one in lookup}
        assert found == FATES


@pytest.mark.parametrize("kind", ["rest", "rest-v2"])
async def test_an_id_that_nobody_gave_is_unknown(kind: str) -> None:
    async with reached(kind) as wire:
        (found,) = await cast("RestChannel", wire.channel).hlr_state(["703112828852109999"])
        assert (found.reachability, found.code) == (Reachability.UNKNOWN, 99)
