"""The sandbox: a World and its services, running."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from ssl import SSLContext
from types import TracebackType
from typing import Any, Self

from devino_core import ConfigurationError, Medium, PluginError
from devino_core.lazy import without_collector

from ._callbacks import CallbackKind
from ._driver import Driver
from ._faults import CALLBACK, RESENDING
from ._listening import reachable
from ._loading import explained_if_missing, load_services
from ._running import Running
from ._service import HttpService, PortService, Service
from ._views import Views
from ._world import World

__all__ = ["Sandbox"]

_PORT_ERRORS = frozenset({errno.EADDRINUSE, errno.EACCES})
_HOST_ERRORS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


class Sandbox:
    """The platform on this machine::

        async with Sandbox() as sandbox:
            print(sandbox.endpoints["rest"])  # http://127.0.0.1:49153/rest

    ``world``: by default a new one with the account ``demo``, password ``demo``. ``host``: loopback
    unless told otherwise; nothing asks who connects. ``http_port`` and ``ports``, by service name:
    0 takes a free one. ``tls``: a server's context with its certificate; HTTP and SMPP are
    encrypted by it from the start and mail after STARTTLS, and nothing is taken in the clear.
    ``allow_hosts``: further names under which the inspection API answers, see
    :attr:`HttpService.known_hosts_only`. ``max_body``: bytes of a request over HTTP; more is
    answered 413. ``services``: classes, or functions that make a service of the World, in place of
    those with their names. ``discover``: load the services of installed plugins too.

    It runs in the caller's event loop, and leaving the block ends every connection at once. Raises
    ConfigurationError when a port is in use or cannot be had, the host is not this machine, or an
    account has callbacks that no service makes.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        host: str = "127.0.0.1",
        http_port: int = 0,
        ports: Mapping[str, int] | None = None,
        tls: SSLContext | None = None,
        allow_hosts: Collection[str] = (),
        max_body: int = 4 * 1024 * 1024,
        services: Iterable[Callable[[World], Service]] = (),
        discover: bool = True,
    ) -> None:
        self.world: World = world if world is not None else World()
        self.endpoints: Mapping[str, str] = {}
        """Where the services are, by protocol: ``rest``, ``rest_v2``, ``inspect``, ..."""
        self.services: Sequence[Service] = ()
        """What it runs."""
        self._host = host
        self._http_port = http_port
        self._ports = dict(ports or {})
        self._tls = tls
        self._allow_hosts = allow_hosts
        self._max_body = max_body
        self._made = tuple(services)
        self._discover = discover
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        # What serves the protocols is imported on the way.
        with without_collector():
            await self._start()
        return self

    async def _start(self) -> None:
        found = load_services(self.world, discover=self._discover)
        found |= {service.name: service for service in [make(self.world) for make in self._made]}
        offered = list(found.values())
        for service in offered:
            self.world.of(Views).add_of(service)
        unknown = self._ports.keys() - {s.name for s in offered if isinstance(s, PortService)}
        if unknown:
            raise ConfigurationError(
                f"no service has a port of its own by the name {unknown.pop()!r}"
            )
        async with AsyncExitStack() as stack:
            for service in offered:
                stack.push_async_callback(service.stop)
                await service.start()
            running = self.world.of(Running)
            running.services = dict.fromkeys(found, "starting")
            kinds = _callback_kinds(offered)
            if any(account.callbacks for account in self.world.accounts.values()):
                with explained_if_missing():
                    from ._poster import Poster
                await stack.enter_async_context(Poster(self.world, kinds))
            endpoints = await self._serve_http(stack, offered)
            for service in offered:
                if isinstance(service, PortService):
                    endpoints |= await self._serve_port(stack, service)
            await stack.enter_async_context(Driver(self.world))
            self.world.faults.operations = {
                protocol: operations
                for service in offered
                for protocol, operations in _operations(service).items()
            }
            self.world.faults.operations |= {
                f"{name}{CALLBACK}": (kind.verb,) for name, kind in kinds.items()
            } | {RESENDING: tuple(Medium)}
            self.endpoints = running.endpoints = endpoints
            running.services = dict.fromkeys(found, "ok")
            self.services = offered
            self._running = stack.pop_all()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._running.aclose()

    async def _serve_http(
        self, stack: AsyncExitStack, offered: Iterable[Service]
    ) -> dict[str, str]:
        with explained_if_missing():
            from ._gate import Gate
            from ._server import HttpServer, Router, Served
        http = [service for service in offered if isinstance(service, HttpService)]
        endpoints: dict[str, str] = {}
        apps: dict[str, Served] = {}
        for service in http:
            for prefix in map(str.lower, service.prefixes):
                if prefix in apps:
                    raise PluginError(f"service {service.name!r}: {prefix} is another's already")
                apps[prefix] = Served(
                    service.app, service.known_hosts_only, service.name, service.in_journal
                )
        gate = Gate(self._host, self._allow_hosts)
        server = HttpServer(
            Router(apps, endpoints, gate), max_body=self._max_body, journal=self.world.journal
        )
        stack.push_async_callback(server.stop)
        try:
            port = await server.start(self._host, self._http_port, self._tls)
        except OSError as error:
            raise _unavailable("HTTP", self._host, self._http_port, error) from error
        scheme = "http" if self._tls is None else "https"
        base_url = f"{scheme}://{reachable(self._host)}:{port}"
        for service in http:
            endpoints |= service.endpoints(base_url)
        return endpoints

    async def _serve_port(self, stack: AsyncExitStack, service: PortService) -> Mapping[str, str]:
        port = self._ports.get(service.name, 0)
        stack.push_async_callback(service.close)
        try:
            return await service.listen(self._host, port, self._tls)
        except OSError as error:
            raise _unavailable(service.name, self._host, port, error) from error


def _callback_kinds(offered: Iterable[Service]) -> dict[str, CallbackKind[Any]]:
    found: dict[str, CallbackKind[Any]] = {}
    for service in offered:
        for name, kind in service.callback_kinds.items():
            if name in found:
                raise PluginError(
                    f"service {service.name!r}: callback {name!r} is another's already"
                )
            found[name] = kind
    return found


def _operations(service: Service) -> Mapping[str, Collection[str]]:
    return {service.name: ()} if service.operations is None else service.operations


def _unavailable(what: str, host: str, port: int, error: OSError) -> ConfigurationError:
    # asyncio repeats the address in its own words, so the reason is taken from the number. The
    # resolver has numbers of its own; where asyncio itself found no address there is none.
    number = error.errno or 0
    reason = os.strerror(number) if number > 0 else error.strerror or str(error)
    if number in _PORT_ERRORS:
        reason += "; choose another port, or 0 for a free one"
    elif isinstance(error, socket.gaierror) or not number or number in _HOST_ERRORS:
        reason += "; choose an address of this machine, such as 127.0.0.1"
    return ConfigurationError(f"{what}: cannot listen on {host} port {port}: {reason}")
