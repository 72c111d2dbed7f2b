"""What runs, for those who ask the sandbox over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from ._world import World

__all__ = ["Running", "seen_from"]


class Running:
    """A book of the World: the services that serve it, and where they are."""

    def __init__(self, world: World) -> None:
        self.services: dict[str, str] = {}
        """``ok`` or ``starting``, by name."""
        self.endpoints: Mapping[str, str] = {}

    @property
    def is_up(self) -> bool:
        """All of them serve."""
        return all(state == "ok" for state in self.services.values())

    def reset(self) -> None:
        """They run on when the World is reset."""


def seen_from(endpoints: Mapping[str, str], host: str) -> Mapping[str, str]:
    """The same under the name by which a client came, as its ``Host`` tells: a container's, say.

    URLs get the port of ``Host``, too: that is the one which leads here from outside.
    """
    name = _name(host)
    if not name:
        return endpoints
    return {key: _under(endpoint, host, name) for key, endpoint in endpoints.items()}


def _under(endpoint: str, host: str, name: str) -> str:
    scheme, is_url, _ = endpoint.partition("://")
    if is_url:
        return f"{scheme}://{host}{urlsplit(endpoint).path}"
    _, colon, port = endpoint.rpartition(":")
    return f"{name}{colon}{port}"


def _name(host: str) -> str:
    """A Host header without the port; empty for one that is none."""
    try:
        return urlsplit(f"//{host}").netloc and _without_port(host)
    except ValueError:
        return ""


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
