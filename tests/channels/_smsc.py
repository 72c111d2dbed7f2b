"""A message centre that obeys a test: the machine in its other role, on a real socket."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar, cast

from devino_codecs import smpp
from devino_codecs.smpp import Pdu, Role, SessionMachine, SessionSettings
from devino_sandbox._listening import stop_listening

__all__ = ["Connection", "Smsc", "smsc"]

P = TypeVar("P", bound=Pdu)

_BINDS: dict[type[Pdu], type[smpp.BindResponse]] = {
    smpp.BindTransceiver: smpp.BindTransceiverResp,
    smpp.BindTransmitter: smpp.BindTransmitterResp,
    smpp.BindReceiver: smpp.BindReceiverResp,
}
PATIENCE = 10.0
"""For how many seconds a test waits for a PDU before it fails."""


class Connection(asyncio.Protocol):
    """One ESME at the centre. Binds get :attr:`Smsc.bind_status`; tests answer the rest."""

    def __init__(self, centre: Smsc) -> None:
        self._centre = centre
        # The clock of a test is for the ESME, so the centre is patient.
        settings = SessionSettings(
            window=1000, response_timeout=1e6, enquire_after=None, unbind_grace=0, max_nonsense=None
        )
        self.machine: SessionMachine[Pdu] = SessionMachine(Role.SMSC, 0.0, settings)
        self.bind: smpp.BindRequest | None = None
        self.octets = b""
        """All octets that were received."""
        self.answers: asyncio.Queue[Pdu] = asyncio.Queue()
        """The answers to what the centre sent."""
        self.received: list[Pdu] = []
        """The requests, except binds."""
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._centre.connections.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed.set()

    def data_received(self, data: bytes) -> None:
        self.octets += data
        for event in self.machine.receive(data, 0.0):
            match event:
                case smpp.Received(pdu):
                    self._take(pdu)
                case smpp.Answered(_, answer):
                    self.answers.put_nowait(answer)
                case smpp.Closed():
                    self.flush()
                    self.transport.close()
        self.flush()

    def _take(self, pdu: Pdu) -> None:
        kind = _BINDS.get(type(pdu))
        if kind is None:
            self.received.append(pdu)
            self._centre.requests.put_nowait((self, pdu))
            return
        self.bind = cast("smpp.BindRequest", pdu)
        self._centre.bound.set()
        status = self._centre.bind_status
        if status is not None:
            answer = kind(command_status=status, system_id="" if status else "centre")
            self.machine.reply(pdu, answer)

    def reply(self, request: Pdu, answer: Pdu) -> None:
        self.machine.reply(request, answer)
        self.flush()

    def send(self, pdu: Pdu) -> None:
        """Send a request of the centre."""
        self.machine.send(pdu, 0.0, pdu)
        self.flush()

    def write(self, octets: bytes) -> None:
        """Send octets that no machine would send."""
        self.transport.write(octets)

    def forget(self, request: Pdu) -> None:
        """Never answer this, and let no ``unbind`` wait for that."""
        self.machine.forget(request)
        self.flush()

    def forget_all(self) -> None:
        """Never answer what is not answered by now."""
        for request in self.received:
            with suppress(smpp.StateError):
                self.machine.forget(request)
        self.flush()

    def unbind(self) -> None:
        self.machine.unbind(0.0)
        self.flush()

    def close(self) -> None:
        self.transport.abort()

    def flush(self) -> None:
        self.transport.write(self.machine.data_to_send())

    async def answer(self) -> Pdu:
        """The next answer to what the centre sent."""
        return await asyncio.wait_for(self.answers.get(), PATIENCE)


class Smsc:
    """What the test holds: where to connect, and what came."""

    def __init__(self) -> None:
        self.port = 0
        self.bind_status: int | None = 0
        """The status that answers binds. None: no answer."""
        self.connections: list[Connection] = []
        self.requests: asyncio.Queue[tuple[Connection, Pdu]] = asyncio.Queue()
        self.bound = asyncio.Event()
        """Set by every bind."""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def connection(self) -> Connection:
        """The latest connection."""
        return self.connections[-1]

    async def request(self, kind: type[P]) -> tuple[Connection, P]:
        """The next request, which must be of this class."""
        connection, pdu = await asyncio.wait_for(self.requests.get(), PATIENCE)
        assert isinstance(pdu, kind)
        return connection, pdu

    async def serve(self, answer: Callable[[Pdu], Pdu | None]) -> None:
        """Answer all requests with this function. Where it gives None, the request stays open."""
        while True:
            connection, pdu = await self.requests.get()
            answered = answer(pdu)
            if answered is not None:
                connection.reply(pdu, answered)


@asynccontextmanager
async def smsc(tls: ssl.SSLContext | None = None) -> AsyncIterator[Smsc]:
    """Run a centre."""
    centre = Smsc()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(centre), "127.0.0.1", 0, ssl=tls
    )
    centre.port = server.sockets[0].getsockname()[1]
    try:
        yield centre
    finally:
        await stop_listening(server)
        for connection in centre.connections:
            connection.close()
        await server.wait_closed()
