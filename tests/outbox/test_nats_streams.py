"""What the servers say as an outbox in NATS makes its streams."""

from __future__ import annotations

from typing import Any, cast

import pytest

from devino_core import ConfigurationError, DevinoError, Unavailable
from devino_outbox._settings import NatsSettings
from devino_outbox.nats._link import Link
from devino_outbox.nats._names import Names
from devino_outbox.nats._streams import open_streams

AWAY = "no suitable peers for placement, peer offline"
TAGS = "no suitable peers for placement, tags not matched ['ssd']"


class Version:
    major, minor = 2, 12


class Refusing:
    """A link to a cluster that makes no stream."""

    client = cast("Any", type("Client", (), {"connected_server_version": Version}))

    def __init__(self, error: dict[str, Any]) -> None:
        self._error = error

    async def api(self, call: str, _: object = None) -> dict[str, Any]:
        if call.startswith("STREAM.INFO"):
            return {"error": {"code": 404, "err_code": 10059, "description": "stream not found"}}
        return {"error": self._error}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 400, "err_code": 10005, "description": AWAY}, Unavailable),
        ({"code": 400, "err_code": 10005, "description": TAGS}, ConfigurationError),
        ({"code": 503, "err_code": 10008, "description": "no leader"}, Unavailable),
        ({"code": 500, "err_code": 10074, "description": "replicas > 1"}, ConfigurationError),
    ],
    ids=["a server is away", "no server has the tag", "no leader", "one server"],
)
async def test_a_stream_that_cannot_be_made_now_is_no_wrong_setting(
    error: dict[str, Any], expected: type[DevinoError]
) -> None:
    settings = NatsSettings(url="nats://127.0.0.1:4222", durability="process")
    names = Names("test", settings.shards)
    with pytest.raises(expected, match=error["description"].partition("[")[0]):
        await open_streams(cast("Link", Refusing(error)), names, settings)
