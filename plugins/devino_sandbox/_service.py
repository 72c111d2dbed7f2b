"""What a protocol brings to the sandbox."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from ssl import SSLContext
from typing import ClassVar

from ._http import ASGIApp

__all__ = ["HttpService", "PortService", "Service"]


class Service(ABC):
    """One protocol on one World. Inherit :class:`HttpService` or :class:`PortService`."""

    name: str
    """Unique; a port service's key in the sandbox's ``ports``."""
    operations: ClassVar[Mapping[str, Collection[str]] | None] = None
    """By protocol: what faults can be about. None: any operation of the protocol ``name``."""

    async def start(self) -> None:  # noqa: B027 - most have nothing to begin
        """Before anything is served, in the event loop: subscribe to the World here."""

    async def stop(self) -> None:  # noqa: B027
        """After the last request; end what :meth:`start` began. Called if :meth:`start` was."""


class HttpService(Service):
    """A service on the sandbox's one HTTP port, under paths of its own."""

    prefixes: tuple[str, ...]
    """Paths, each with all that is below it. In any case; of nested ones the longest wins."""

    @property
    @abstractmethod
    def app(self) -> ASGIApp:
        """Serves the paths, unstripped; :func:`answering` makes one of a plain function."""

    @abstractmethod
    def endpoints(self, base_url: str) -> Mapping[str, str]:
        """What clients are told, by key; ``base_url`` is ``http://127.0.0.1:8080``, or https."""


class PortService(Service):
    """A service that listens on a port of its own."""

    @abstractmethod
    async def listen(
        self, host: str, port: int, tls: SSLContext | None = None
    ) -> Mapping[str, str]:
        """Accept connections (0 takes a free port) and give the endpoints by key.

        ``tls``: take nothing but what is encrypted by this, in the protocol's way. Raises OSError
        if it cannot listen.
        """

    @abstractmethod
    async def close(self) -> None:
        """End all connections now. Called before :meth:`stop`, if :meth:`listen` was."""
