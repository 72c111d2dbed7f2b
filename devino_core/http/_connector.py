"""Connections for a session of aiohttp's own."""

from __future__ import annotations

import ssl

import aiohttp

from ._pool import Pool
from ._resolver import Resolver

__all__ = ["connector"]


def connector() -> aiohttp.BaseConnector:
    """Connections of which each serves one request, for an :class:`aiohttp.ClientSession`.

    They are closed without waiting for the other end, also where a request is cancelled, so none
    stays open when the event loop ends. A name server that does not answer holds no program at its
    end. TLS is verified by the authorities that the machine has now. Call it in the event loop.
    """
    return Pool(keep_alive=0, resolver=Resolver(), ssl=ssl.create_default_context())
