"""Tries a channel or a service step by step, for ``devino doctor``."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from devino_core import (
    AsyncClient,
    Capability,
    Channel,
    ChannelSpec,
    Machine,
    Service,
    ServiceSettings,
)
from devino_core.clock import Clock
from devino_core.errors import DevinoError, Unsupported
from devino_core.plugins import Plugins
from devino_core.resolving import resolve
from devino_core.settings import Config, convert_settings, kind_of
from devino_core.tls import hang_up

from ._exit import advice, describe
from .toolkit import one_line

__all__ = ["Finding", "examine"]

_PATIENCE = 10.0
"""Seconds for a name server, and for a connection."""
_SOON = 14
"""Days before its end from which a certificate is worth a word."""


class Finding(NamedTuple):
    """What came of one step."""

    name: str
    """The channel or service; ``""`` for what concerns all."""
    step: str
    is_well: bool | None
    """None: it could not be tried, which is no fault."""
    said: str
    error: DevinoError | None = None

    def line(self, width: int) -> str:
        """For people; ``width`` is that of the longest name."""
        mark = {True: "ok", False: "FAILED", None: "-"}[self.is_well]
        return f"{mark:7} {self.name:{width}}  {self.step:9} {one_line(self.said)}"

    def as_json(self) -> Mapping[str, object]:
        shown: dict[str, object] = {
            "name": self.name or None,
            "step": self.step,
            "ok": self.is_well,
            "said": self.said,
        }
        return shown if self.error is None else shown | {"error": describe(self.error)}


async def examine(
    plugins: Plugins, clock: Clock, config: Config, name: str
) -> AsyncIterator[Finding]:
    """What comes of each step with this channel or service, up to the first that fails."""
    step = "settings"
    what = "service" if name in config.services else "channel"
    values = (config.services if what == "service" else config.channels)[name]
    try:
        kind = kind_of(name, values, what=what)
        find = plugins.service_spec if what == "service" else plugins.channel_spec
        spec = find(kind)
        settings = convert_settings(values, spec.settings, name=name)
        given = ", ".join(sorted(key for key in values if key != "kind"))
        yield Finding(name, step, True, f"{kind}: {given or 'all by default'}")
        step = "extra"
        loaded = plugins.load(spec)
        yield Finding(name, step, True, spec.extra or "none is needed")
        step = "settings"
        if isinstance(spec, ChannelSpec) and spec.needs_siblings:
            # A client introduces its channels to each other.
            AsyncClient(config, plugins=plugins, clock=clock)
            yield Finding(name, "login", None, "its channels log in: see what is said of each")
            return
        service = loaded(settings, name=name, clock=clock)
        machines = service.machines()
        lost = 0
        for machine in machines:
            async for finding in _reached(name, machine, clock):
                lost += finding.is_well is False
                yield finding
        # Of several machines, one is enough.
        if machines and lost == len(machines):
            return
        step = "login"
        async with service:
            async for finding in _let_in(service):
                yield finding
    except DevinoError as error:
        said = "; ".join(filter(None, (str(error), advice(error))))
        yield Finding(name, step, False, said, error)


async def _reached(name: str, machine: Machine, clock: Clock) -> AsyncIterator[Finding]:
    where = f"{machine.host}:{machine.port}"
    place = f"the proxy {where}" if machine.is_proxy else where
    step = "dns"
    try:
        yield Finding(name, step, True, await _address(machine))
        step = "tls" if machine.tls == "at once" else "connect"
        yield Finding(name, step, True, f"{place}: {await _connection(machine, clock)}")
    except _UnreachableError as error:
        yield Finding(name, step, False, str(error))


async def _let_in(service: Service[ServiceSettings]) -> AsyncIterator[Finding]:
    name = service.name
    if isinstance(service, Channel) and Capability.BALANCE in service.capabilities:
        balance = await service.balance()
        yield Finding(name, "login", True, "accepted")
        yield Finding(name, "balance", True, str(balance))
        return
    try:
        await service.try_login()
    except Unsupported as error:
        yield Finding(name, "login", None, str(error))
    else:
        yield Finding(name, "login", True, "accepted")


class _UnreachableError(Exception):
    """A machine cannot be reached; the text says why."""


async def _address(machine: Machine) -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            addresses = await resolve(machine.host, machine.port)
    except TimeoutError:
        raise _UnreachableError(
            f"the name server told no address of {machine.host} within {_PATIENCE:g} s"
        ) from None
    except socket.gaierror as error:
        raise _UnreachableError(
            f"the name server told no address of {machine.host} ({error.strerror}): check the "
            "name, or this machine's network"
        ) from None
    found = list(dict.fromkeys(str(address.sockaddr[0]) for address in addresses))
    if found == [machine.host]:
        return f"{machine.host} is an address"
    return f"{machine.host} is {', '.join(found)}"


async def _connection(machine: Machine, clock: Clock) -> str:
    """What a connection shows."""
    where = f"{machine.host}:{machine.port}"
    context = ssl.create_default_context() if machine.tls == "at once" else None
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(machine.host, machine.port, ssl=context)
    except TimeoutError:
        raise _UnreachableError(f"{where}: no connection within {_PATIENCE:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise _UnreachableError(
            f"{where} showed a certificate that does not verify: {error.verify_message}; if an "
            "authority of your own issued it, name that authority's file in SSL_CERT_FILE"
        ) from None
    except ssl.SSLError as error:
        raise _UnreachableError(
            f"{where}: no TLS could be agreed ({(error.reason or 'SSL').replace('_', ' ').lower()})"
            ": does it speak TLS on this port, or is it http://, or tls = false?"
        ) from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
        raise _UnreachableError(f"{where}: no connection: {reason}") from None
    try:
        if context is None:
            later = machine.tls == "later"
            return "connected; " + ("TLS begins with the login" if later else "not encrypted")
        return _told_of(writer.get_extra_info("ssl_object"), clock)
    finally:
        hang_up(writer.transport)
        with suppress(OSError):
            await writer.wait_closed()


def _told_of(connection: ssl.SSLObject, clock: Clock) -> str:
    shown = connection.getpeercert() or {}
    said = f"{connection.version()}, the certificate verifies"
    until = shown.get("notAfter")
    if not isinstance(until, str):
        return said
    end = datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC)
    days = (end - clock.now()).days
    return f"{said}, until {end:%Y-%m-%d}" + (f": in {days} days" if days < _SOON else "")
