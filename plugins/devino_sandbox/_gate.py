"""Which requests of browsers are let in: a page of anybody's can make one to this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from typing import cast
from urllib.parse import urlsplit

from ._http import Event

__all__ = ["Gate"]

_OF_ITS_OWN = (b"same-origin", b"none")
"""What Sec-Fetch-Site says of a page of the sandbox, and of an address that a person typed."""


class Gate:
    """Refuses what a page of somebody else's asks. Loopback alone is no protection from that.

    A browser sends requests to this machine for any page that a developer visits, and says so:
    with ``Origin`` or ``Sec-Fetch-Site``. Programs send neither, so a protocol of the platform
    takes all of theirs, under any ``Host``: they come by names of containers and through tunnels.

    What answers without credentials is stricter, since a page can give itself this machine's
    address (DNS rebinding) and then counts as the sandbox's own. It is let in only under a
    ``Host`` that cannot be such a page's: loopback, the address that the connection came to, the
    host listened on, or one that the owner has named.
    """

    def __init__(self, host: str, allowed: Collection[str] = ()) -> None:
        self._hosts = frozenset({name.lower().rstrip(".") for name in (host, *allowed)})

    def refusal(self, scope: Event, *, known_hosts_only: bool) -> str | None:
        """Why a request is refused; None if it is let in."""
        host, origin, site = b"", None, None
        for name, value in cast("list[tuple[bytes, bytes]]", scope["headers"]):
            if name == b"host":
                host = value
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
        if site is not None and site.lower() not in _OF_ITS_OWN:
            return f"a page of another site asked for this (Sec-Fetch-Site: {_shown(site)})"
        if origin is not None and not _is_same(origin, host):
            return f"a page of another site asked for this (Origin: {_shown(origin)})"
        by_browser = origin is not None or site is not None
        if (known_hosts_only or by_browser) and not self._is_known(_name(host), scope):
            return (
                f"Host: {_shown(host)} is not a name that the sandbox knows for itself; "
                "`devino sandbox --allow-host NAME` adds one"
            )
        return None

    def _is_known(self, name: str, scope: Event) -> bool:
        if name in self._hosts or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        came_to = cast("tuple[str, int | None] | None", scope.get("server"))
        return address.is_loopback or (came_to is not None and name == came_to[0])


def _is_same(origin: bytes, host: bytes) -> bool:
    # Not the scheme: a proxy in front may have taken TLS away, and no two share a port.
    try:
        return urlsplit(origin.decode("latin-1")).netloc.lower() == host.decode("latin-1").lower()
    except ValueError:
        return False


def _name(host: bytes) -> str:
    """A Host header without the port."""
    text = host.decode("latin-1").strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].rstrip(".")


def _shown(value: bytes) -> str:
    return value[:100].decode("ascii", errors="backslashreplace")
