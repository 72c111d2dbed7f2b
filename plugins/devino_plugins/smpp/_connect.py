"""From an address and an account to a bound session."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Literal, TypeAlias

from devino_codecs import EncodeError
from devino_codecs.smpp import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CommandId,
    Pdu,
    Reason,
    SessionSettings,
    Verdict,
    describe,
    encode,
    find_status,
    status_name,
)
from devino_core import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    OutcomeUnknown,
    Retry,
    Secret,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.observe import Calls, discreet
from devino_core.resolving import resolve
from devino_core.tls import tls_failure
from devino_plugins.kit.dialing import dial

from ._rules import PLATFORM
from ._session import UNANSWERED, SmppSession

__all__ = ["Bind", "BindPdu", "bind_request", "connect", "open_session"]

Bind = Literal["transceiver", "transmitter", "receiver"]

BindPdu: TypeAlias = BindTransceiver | BindTransmitter | BindReceiver

_BINDS: Mapping[Bind, type[BindPdu]] = {
    "transceiver": BindTransceiver,
    "transmitter": BindTransmitter,
    "receiver": BindReceiver,
}


@asynccontextmanager
async def connect(
    host: str,
    port: int = 2775,
    *,
    system_id: str,
    password: str | Secret,
    bind: Bind = "transceiver",
    window: int = 10,
    tls: bool | ssl.SSLContext = True,
    system_type: str = "",
    connect_timeout: float = 10.0,
    response_timeout: float = 30.0,
    incoming: int = 1000,
    clock: Clock = SYSTEM_CLOCK,
) -> AsyncIterator[SmppSession]:
    """A bound session, while the block lasts. At the end of the block it is unbound.

    ``window`` is how many requests may be unanswered, ``incoming`` how many PDUs of the centre may
    wait to be iterated. With ``tls`` the host's name is verified. False is plain TCP, on which
    everyone on the way can read the password. Times are in seconds. The session keeps the rules of
    the platform (manual, 3.3). The caller keeps the pauses between connections.

    Raises ConnectFailed, AuthenticationFailed, and ConfigurationError for values that do not fit
    into a bind::

        async with connect("smpp01.integrationapi.net", system_id="me", password="...") as session:
            answer = await session.request(SubmitSm(...))
    """
    # It replaces the plain password, so that a traceback with the values of locals cannot show it.
    password = password if isinstance(password, Secret) else Secret(password)
    session = await open_session(
        host,
        port,
        bind_request(bind, system_id, password, system_type),
        tls=ssl.create_default_context() if tls is True else tls or None,
        settings=PLATFORM.session(window=window, response_timeout=response_timeout),
        connect_timeout=connect_timeout,
        incoming=incoming,
        clock=clock,
        calls=Calls("smpp", clock),
    )
    try:
        yield session
    finally:
        await session.aclose()


def bind_request(bind: Bind, system_id: str, password: Secret, system_type: str) -> BindPdu:
    """The PDU that logs in. Raises ConfigurationError for a value that does not fit into it."""
    request = _BINDS[bind](system_id=system_id, password=password.reveal(), system_type=system_type)
    try:
        encode(request)
    except EncodeError as error:
        raise ConfigurationError(f"SMPP cannot log in with this {error}") from None
    return request


async def open_session(
    host: str,
    port: int,
    bind: BindPdu,
    *,
    tls: ssl.SSLContext | None,
    settings: SessionSettings,
    connect_timeout: float,
    incoming: int,
    clock: Clock,
    calls: Calls,
    on_request: Callable[[SmppSession, Pdu], None] | None = None,
    on_end: Callable[[SmppSession], None] | None = None,
) -> SmppSession:
    """Connect and bind, which is one call. Raises ConnectFailed or AuthenticationFailed."""
    session = SmppSession(
        settings, clock=clock, incoming=incoming, on_request=on_request, on_end=on_end
    )
    where = f"{host}:{port}"
    with calls.begin(CommandId(bind.command_id).name.lower(), peer=where) as call:
        call.start()
        # The session's first request, which it gives this number.
        call.wire("request", lambda: describe(encode(bind, 1), mask=discreet))
        await _connect(session.protocol, host, port, tls, connect_timeout)
        try:
            answer = await session.request(bind)
        except OutcomeUnknown as error:
            session.abort()
            octets = session.foreign_octets
            if octets.startswith(_TLS_RECORDS):
                said = f"speaks TLS and not plain SMPP: {_WANTS_TLS}"
                raise ConnectFailed(f"{where} {said}", retry=Retry.NEVER) from None
            said = _not_smpp(octets) or (
                f"did not answer the bind: {error.said.removeprefix(UNANSWERED)}"
            )
            if tls is None and session.ended is Reason.PEER_CLOSED:
                said += f"; {_WANTS_TLS}"
            raise ConnectFailed(f"{where} {said}") from None
        except BaseException:
            session.abort()
            raise
        call.wire_code = status_name(answer.command_status)
        call.wire("answer", lambda: describe(answer, mask=discreet))
        if answer.command_status:
            session.abort()
            raise _refused(answer.command_status, where)
    session.observe(calls, where)
    return session


async def _connect(
    protocol: asyncio.Protocol, host: str, port: int, tls: ssl.SSLContext | None, timeout: float
) -> None:
    """Connect, and begin TLS. What fails is told apart, because the advice depends on it."""
    loop = asyncio.get_running_loop()
    where, is_connected = f"{host}:{port}", False
    try:
        async with asyncio.timeout(timeout):
            # Not by the loop alone: who gives up while it connects leaves a socket open there.
            connected = await dial(await resolve(host, port))
            # asyncio sets TCP_NODELAY on its own.
            transport, _ = await loop.create_connection(
                asyncio.Protocol if tls else lambda: protocol, sock=connected
            )
            is_connected = True
            if tls is not None:
                await _begin_tls(transport, protocol, tls, host)
    except OSError as error:
        reason, retry = _no_tls(error) if is_connected else (_reason(error), Retry.SAFE)
        raise ConnectFailed(f"cannot connect to {where}: {reason}", retry=retry) from None


async def _begin_tls(
    transport: asyncio.Transport, protocol: asyncio.Protocol, tls: ssl.SSLContext, host: str
) -> None:
    try:
        encrypted = await asyncio.get_running_loop().start_tls(
            transport, protocol, tls, server_hostname=host
        )
    except BaseException:
        transport.abort()
        raise
    if encrypted is None:
        raise ConnectionResetError
    protocol.connection_made(encrypted)


def _refused(code: int, where: str) -> DevinoError:
    name, status = status_name(code), find_status(code)
    if status is not None and status.means == Verdict.LOGIN:
        return AuthenticationFailed(f"{where} refused login and password: {name}", code=code)
    meaning = "SMPP 3.4 has no such status" if status is None else status.meaning
    return ConnectFailed(f"{where} refused the bind: {meaning}, {name}")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError) and error.errno is None:
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return f"the name server gave no address: {error.strerror}"
    # asyncio's own text names only the address.
    errno = error.errno if isinstance(error, OSError) else None
    return os.strerror(errno) if errno else str(error) or type(error).__name__


def _no_tls(error: Exception) -> tuple[str, Retry]:
    """What kept TLS from beginning. Unless it is the certificate, the centre may be plain."""
    if isinstance(error, ssl.SSLError):
        failure = tls_failure(error)
        advice = "" if isinstance(error, ssl.SSLCertVerificationError) else f"; {_MAY_BE_PLAIN}"
        return failure.reason + advice, failure.retry
    said = "no answer in time" if isinstance(error, TimeoutError) else "it hung up"
    return f"TLS failed: {said}; {_MAY_BE_PLAIN}", Retry.SAFE


_MAY_BE_PLAIN = (
    "if the centre only speaks plain SMPP, on which everyone on the way can read the password, "
    "write `tls = false`"
)
_WANTS_TLS = "if the centre wants TLS, write `tls = true`"


def _not_smpp(octets: bytes) -> str:
    """What to say of a peer that answered a bind with these octets; empty if there are none."""
    if not octets:
        return ""
    shown = octets.decode("ascii", "replace").splitlines()[0]
    if len(shown) > 2 and shown.isprintable() and shown.isascii():
        return f"does not speak SMPP: it answered {shown!r}; check host and port"
    return f"does not speak SMPP: it answered {octets.hex(' ')}; check host and port"


_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")
