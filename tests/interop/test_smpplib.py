"""The published client smpplib, unmodified, against the sandbox's SMSC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import pytest

from devino_core import Secret, State
from devino_core.testing import ManualClock
from devino_sandbox import Account, AnswerError, Fault, Sandbox, World

pytestmark = pytest.mark.pythons

smpplib = pytest.importorskip("smpplib")
client_module = pytest.importorskip("smpplib.client")
consts = pytest.importorskip("smpplib.consts")
gsm = pytest.importorskip("smpplib.gsm")

T = TypeVar("T")

TO = "79161234567"
LONG = "Съешь ещё этих мягких французских булок, да выпей же чаю. " * 4


class Client:
    """smpplib in a thread, one call after the other."""

    def __init__(self, endpoint: str) -> None:
        host, _, port = endpoint.rpartition(":")
        self.smpp = client_module.Client(host, port, timeout=10, allow_unknown_opt_params=True)
        self.sent: list[str] = []
        self.received: list[Any] = []
        self.queried: list[Any] = []
        self.smpp.set_message_sent_handler(lambda pdu: self.sent.append(pdu.message_id.decode()))
        self.smpp.set_message_received_handler(lambda pdu: self.received.append(pdu))
        self.smpp.set_query_resp_handler(self.queried.append)

    async def call(self, function: Callable[..., T], **fields: object) -> T:
        return await asyncio.to_thread(function, **fields)

    async def bind(self, mode: str = "bind_transceiver", password: str = "secret") -> None:
        await self.call(self.smpp.connect)
        await self.call(getattr(self.smpp, mode), system_id="tester", password=password)

    async def send(self, text: str, to: str = TO) -> None:
        """All parts, and the answer to each."""
        parts, encoding, message_type = gsm.make_parts(text)
        for part in parts:
            await self.call(
                self.smpp.send_message,
                source_addr_ton=consts.SMPP_TON_ALNUM,
                source_addr_npi=consts.SMPP_NPI_ISDN,
                source_addr="DEVINO",
                dest_addr_ton=consts.SMPP_TON_INTL,
                dest_addr_npi=consts.SMPP_NPI_ISDN,
                destination_addr=to,
                short_message=part,
                data_coding=encoding,
                esm_class=message_type,
                registered_delivery=True,
            )
            await self.call(self.smpp.read_once)

    async def query(self, message_id: str) -> Any:
        await self.call(
            self.smpp.query_message,
            message_id=message_id,
            source_addr_ton=consts.SMPP_TON_ALNUM,
            source_addr_npi=consts.SMPP_NPI_ISDN,
            source_addr="DEVINO",
        )
        await self.call(self.smpp.read_once)
        return self.queried[-1]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    account = Account(login="tester", password=Secret("secret"))
    async with Sandbox(World([account], clock=clock, strict=True), discover=False) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    client = Client(sandbox.endpoints["smpp"])
    yield client
    if client.smpp._socket is not None:
        client.smpp._socket.close()
        client.smpp._socket = None


@pytest.mark.parametrize("mode", ["bind_transmitter", "bind_receiver", "bind_transceiver"])
async def test_it_binds_and_unbinds(client: Client, mode: str) -> None:
    await client.bind(mode)
    answer = await client.call(client.smpp.unbind)
    assert answer.command == "unbind_resp"


async def test_a_wrong_password_is_told(client: Client) -> None:
    with pytest.raises(smpplib.exceptions.PDUError) as refused:
        await client.bind(password="wrong")
    assert refused.value.args[1] == consts.SMPP_ESME_RINVPASWD


@pytest.mark.parametrize("text", ["Hello, €", "Привет", LONG, "x" * 400])
async def test_a_text_arrives_and_every_part_is_reported(
    client: Client, sandbox: Sandbox, clock: ManualClock, text: str
) -> None:
    await client.bind()
    await client.send(text)
    [message] = sandbox.world.messages()
    assert message.submission.text == text
    assert message.ids == tuple(client.sent)
    await clock.tick(1)
    for _ in client.sent:
        await client.call(client.smpp.read_once)
    told = [pdu.receipted_message_id.decode() for pdu in client.received]
    assert told == client.sent
    for pdu in client.received:
        assert b"stat:DELIVRD" in pdu.short_message
        assert pdu.message_state == consts.SMPP_MESSAGE_STATE_DELIVERED
        assert pdu.destination_addr == b"DEVINO"


async def test_it_asks_what_became_of_a_message(client: Client, clock: ManualClock) -> None:
    # smpplib does not ask for that as a transmitter.
    await client.bind()
    await client.send("Hello", to="79990000046")
    assert (await client.query(client.sent[0])).message_state == 6  # ACCEPTED
    await clock.tick(1)
    await client.call(client.smpp.read_once)
    answer = await client.query(client.sent[0])
    assert answer.message_state == consts.SMPP_MESSAGE_STATE_EXPIRED
    assert answer.message_id.decode() == client.sent[0]
    assert answer.final_date == b"260101120001000+"


async def test_it_is_told_to_wait(client: Client, sandbox: Sandbox) -> None:
    await client.bind()
    for _ in range(2):
        with pytest.raises(smpplib.exceptions.PDUError) as refused:
            await client.send("Hello", to="79990001088")
        assert refused.value.args[1] == consts.SMPP_ESME_RTHROTTLED
    await client.send("Hello", to="79990001088")
    sandbox.world.faults.add(Fault(protocol="smpp", action=AnswerError(8)))
    with pytest.raises(smpplib.exceptions.PDUError) as refused:
        await client.send("Hello")
    assert refused.value.args[1] == consts.SMPP_ESME_RSYSERR


async def test_a_subscriber_writes(client: Client, sandbox: Sandbox) -> None:
    await client.bind("bind_receiver")
    for text in ("Hello", "Привет"):
        sandbox.world.receive(sender=TO, to="1234", text=text)
        await client.call(client.smpp.read_once)
    latin, cyrillic = client.received
    assert (latin.source_addr, latin.destination_addr) == (TO.encode(), b"1234")
    assert (latin.data_coding, latin.short_message) == (0, b"Hello")
    assert (cyrillic.data_coding, cyrillic.short_message.decode("utf-16-be")) == (8, "Привет")


async def test_it_answers_when_it_is_asked_whether_it_is_there(
    client: Client, sandbox: Sandbox, clock: ManualClock
) -> None:
    await client.bind()
    for _ in range(3):
        await clock.tick(120)
        await client.call(client.smpp.read_once)
    await client.send("Hello")
    assert next(sandbox.world.messages()).state is State.ACCEPTED
