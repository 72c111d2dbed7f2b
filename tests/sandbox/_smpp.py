"""An ESME that obeys a test, PDU by PDU, and an SMSC without the rest of the sandbox."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TypeVar, cast

from devino_codecs import smpp
from devino_codecs.smpp import Pdu
from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import StoredMessage, World
from devino_sandbox.services.smpp import SmppService, SmppSettings
from devino_sandbox.services.smpp._connection import Connection

__all__ = [
    "ENQUIRIES",
    "LONG",
    "OTHER",
    "PASSWORD",
    "PRICE",
    "SENDER",
    "TO",
    "Esme",
    "Smsc",
    "only",
    "running",
    "submit",
]

P = TypeVar("P", bound=Pdu)

PASSWORD = "cnry-7b1"
PRICE = Decimal("1.5")
"""The price of a segment."""
SENDER, TO, OTHER = "DEVINO", "79161234567", "79160000002"
LONG = "Съешь ещё этих мягких французских булок, да выпей же чаю. " * 4
ENQUIRIES = 10_000
"""More answers than fit into the buffers of :meth:`Smsc.clogged`."""
PATIENCE = 10.0
"""For how many seconds a test waits for octets before it fails."""


def submit(text: str = "test", /, **fields: object) -> smpp.SubmitSm:
    """One SMS, with addresses as the manual wants them."""
    usual: dict[str, object] = {
        "source_addr_ton": 5,
        "source_addr_npi": 1,
        "source_addr": SENDER,
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": TO,
        "short_message": text.encode("ascii"),
    }
    return smpp.SubmitSm(**{**usual, **fields})  # type: ignore[arg-type]


class Esme:
    """One connection. Sequence numbers count from 1. It reads only when a test asks for a PDU."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.transport = cast("asyncio.Transport", writer.transport)
        self._number = 0

    def write(self, octets: bytes) -> None:
        """Write octets as they are."""
        self.writer.write(octets)

    def send(self, *pdus: Pdu) -> list[int]:
        """Send requests in one write. Gives their numbers."""
        numbers = [self._number + count for count, _ in enumerate(pdus, 1)]
        self._number += len(pdus)
        self.write(b"".join(map(smpp.encode, pdus, numbers)))
        return numbers

    def answer(self, request: Pdu, answer: Pdu) -> None:
        """Answer a request of the SMSC."""
        self.write(smpp.encode(answer, request.sequence_number))

    async def receive(self, kind: type[P]) -> P:
        """The next PDU, which must be of this class."""
        async with asyncio.timeout(PATIENCE):
            header = await self.reader.readexactly(16)
            rest = await self.reader.readexactly(int.from_bytes(header[:4], "big") - 16)
        pdu = smpp.decode(header + rest)
        assert isinstance(pdu, kind), pdu
        return pdu

    async def request(self, pdu: Pdu, kind: type[P]) -> P:
        """Send a request. The next PDU that comes is its answer."""
        (number,) = self.send(pdu)
        answer = await self.receive(kind)
        assert answer.sequence_number == number
        return answer

    async def submit(self, pdu: Pdu) -> str:
        """Send a submit that is taken. Gives its id."""
        answer = await self.request(pdu, smpp.SubmitSmResp)
        assert answer.command_status == 0
        assert answer.message_id
        return answer.message_id

    async def refused(self, pdu: Pdu) -> int:
        """Send a submit that is refused. Gives the status."""
        answer = await self.request(pdu, Pdu)
        assert answer.command_status
        return answer.command_status

    async def delivered(self, status: int = 0) -> smpp.DeliverSm:
        """The next ``deliver_sm``. This answers it."""
        pdu = await self.receive(smpp.DeliverSm)
        self.answer(pdu, smpp.DeliverSmResp(command_status=status))
        return pdu

    async def receipt(self) -> smpp.DeliveryReceipt:
        """The next receipt."""
        receipt = smpp.receipt_of(await self.delivered())
        assert receipt is not None
        return receipt

    async def quiet(self) -> None:
        """Check that nothing comes but the answer to an enquiry."""
        await self.request(smpp.EnquireLink(), smpp.EnquireLinkResp)

    async def closed(self) -> bytes:
        """All that comes until the SMSC closes."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


class Smsc:
    """The service, and the way to connect to it. Time passes only by :meth:`wait`."""

    def __init__(self, service: SmppService, world: World, host: str, port: int) -> None:
        self.service = service
        self.world = world
        self.host = host
        self.port = port
        self._esmes: list[Esme] = []

    async def connect(self) -> Esme:
        """A connection that is not bound."""
        esme = Esme(*await asyncio.open_connection(self.host, self.port))
        self._esmes.append(esme)
        return esme

    async def bind(self, request: type[smpp.BindRequest] = smpp.BindTransceiver) -> Esme:
        """A bound session of the account."""
        esme = await self.connect()
        answer = await esme.request(request(system_id="demo", password=PASSWORD), smpp.BindResponse)
        assert answer.command_status == 0
        return esme

    async def clogged(self) -> Esme:
        """A session whose client does not read, over sockets with small buffers."""
        esme = await self.bind()
        size = socket.SO_RCVBUF, 4096
        esme.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, *size)
        (theirs,) = self.service._centre.connections
        assert isinstance(theirs, Connection)
        transport = theirs._transport
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        esme.transport.pause_reading()
        esme.write(smpp.encode(smpp.EnquireLink(), 1) * ENQUIRIES)
        async with asyncio.timeout(PATIENCE):
            while transport.is_reading():  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0)
        return esme

    def wait(self, seconds: float) -> None:
        """Let time pass, and let happen what is due."""
        clock = self.world.clock
        assert isinstance(clock, ManualClock)
        clock.advance(seconds)
        self.world.advance()

    def close(self) -> None:
        for esme in self._esmes:
            esme.writer.close()


def only(smsc: Smsc) -> StoredMessage:
    """The one message of its World."""
    [message] = smsc.world.messages()
    return message


@asynccontextmanager
async def running(world: World, settings: SmppSettings | None = None) -> AsyncIterator[Smsc]:
    """An SMSC on this world, whose accounts get a password that SMPP can carry."""
    for account in world.accounts.values():
        account.password = Secret(PASSWORD)
    service = SmppService(world, settings)
    await service.start()
    endpoint = (await service.listen("127.0.0.1", 0))["smpp"]
    host, _, port = endpoint.rpartition(":")
    smsc = Smsc(service, world, host, int(port))
    try:
        yield smsc
    finally:
        await service.close()
        await service.stop()
        smsc.close()
