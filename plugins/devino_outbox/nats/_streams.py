"""The streams: made if there are none, and looked at if there are."""

from __future__ import annotations

from typing import Any

from devino_core.errors import ConfigurationError, Unavailable
from devino_outbox._settings import NatsSettings

from ._link import Link
from ._names import Names

__all__ = ["check_durability", "open_streams"]

_OLDEST = (2, 12)
_IN_USE = 10058
_NO_PEERS = 10005
"""Why is said by the description alone: a server is away, or none has the tags."""


def check_durability(settings: NatsSettings) -> None:
    """Raises ConfigurationError where what is declared cannot be so."""
    if settings.durability == "disk" and settings.replicas == 1 and not settings.sync_always:
        raise ConfigurationError(
            'durability = "disk": one server acknowledges before its disk has a message, unless '
            "its jetstream block says `sync_interval: always`. If it does, set sync_always = true; "
            'else set replicas = 3, or durability = "process" if a power failure may lose messages'
        )


async def open_streams(link: Link, names: Names, settings: NatsSettings) -> None:
    """Make or check the streams. Raises ConfigurationError and Unavailable."""
    version = link.client.connected_server_version
    if (version.major, version.minor) < _OLDEST:
        raise ConfigurationError(
            f"the NATS server is {version}: atomic batches and schedules need 2.12 or newer"
        )
    for config in _configs(names, settings):
        await _open(link, config, settings)
    link.is_replicated = settings.replicas > 1


def _configs(names: Names, settings: NatsSettings) -> list[dict[str, Any]]:
    common: dict[str, Any] = {
        "storage": "file",
        "retention": "limits",
        "discard": "new",
        "num_replicas": settings.replicas,
        "allow_direct": True,
        "allow_rollup_hdrs": True,
    }
    if settings.placement:
        common["placement"] = {"tags": list(settings.placement)}
    configs: list[dict[str, Any]] = [
        {
            **common,
            "name": names.tune,
            "subjects": [f"{names.prefix}.tune.>"],
            "max_msgs_per_subject": 1,
            "discard": "old",
            "allow_atomic": True,
        }
    ]
    for shard in range(names.shards):
        start = f"{names.prefix}.{shard}"
        kinds = ("entry.*", "due.*.*", "wait.*", "event.*", "id.*")
        configs += [
            {
                **common,
                "name": names.entries(shard),
                "subjects": [f"{start}.{kind}" for kind in kinds],
                "allow_atomic": True,
            },
            {
                **common,
                "name": names.later(shard),
                "subjects": [f"{start}.later.*.*", f"{start}.ripe.*"],
                # The server has no schedules beside "new"; without a limit it discards nothing.
                "discard": "old",
                "allow_msg_schedules": True,
                "allow_msg_ttl": True,
            },
        ]
    return configs


def _is_a_server_away(error: dict[str, Any]) -> bool:
    return error.get("err_code") == _NO_PEERS and "peer offline" in str(error.get("description"))


async def _open(link: Link, config: dict[str, Any], settings: NatsSettings) -> None:
    name = config["name"]
    info = await link.api(f"STREAM.INFO.{name}")
    if "error" in info:
        info = await link.api(f"STREAM.CREATE.{name}", config)
    error = info.get("error")
    if error is not None and error.get("err_code") == _IN_USE:
        # Another process has made it meanwhile.
        info = await link.api(f"STREAM.INFO.{name}")
        error = info.get("error")
    if error is not None:
        said = f"the stream {name!r} cannot be made: {error.get('description')}"
        if error.get("code") in (408, 503) or _is_a_server_away(error):
            raise Unavailable(said)
        raise ConfigurationError(f"{said}. JetStream must be on, and replicas need a cluster")
    found = info["config"]
    wrong = [
        f"{key} is {found.get(key)!r} and must be {config[key]!r}"
        for key in config
        if key.startswith(("allow_", "num_", "storage", "retention", "max_msgs_per", "discard"))
        and found.get(key) != config[key]
    ]
    if found.get("max_age"):
        wrong.append("it has a max_age, which deletes messages that were not sent")
    if found["discard"] == "old" and max(found["max_bytes"], found["max_msgs"]) > 0:
        wrong.append("it has a limit at which it deletes the oldest")
    if wrong:
        raise ConfigurationError(f"the stream {name!r} is not the outbox's: {'; '.join(wrong)}")
