"""Our session against message centres that others wrote, if they are installed.

``npm install smpp`` somewhere on ``NODE_PATH``, and ``pip install smpp34``.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import CommandStatus, DeliverSm, SubmitSm
from devino_core import AuthenticationFailed, ConnectFailed
from devino_plugins.smpp import SmppSession, connect

TEXT = "Длинное сообщение. " * 10
TEMPLATE = SubmitSm(
    source_addr_ton=5,
    source_addr_npi=1,
    source_addr="DEVINO",
    dest_addr_ton=1,
    dest_addr_npi=1,
    destination_addr="79031234567",
    registered_delivery=1,
    validity_period=smpp.format_time(None),
)


def session(port: int, **settings: Any) -> Any:
    given = {"system_id": "me", "password": "secret", "tls": False, **settings}
    return connect("127.0.0.1", port, **given)


async def receipt(bound: SmppSession) -> smpp.DeliveryReceipt | None:
    delivered = await asyncio.wait_for(anext(bound), 10)
    assert isinstance(delivered, DeliverSm)
    return smpp.receipt_of(delivered)


_NODE_CENTRE = """
const smpp = require('smpp');
let count = 0;
const server = smpp.createServer({}, (session) => {
  const tell = (pdu) => console.log(JSON.stringify({
    command: pdu.command, source: pdu.source_addr, ton: pdu.source_addr_ton,
    coding: pdu.data_coding, reference: pdu.sar_msg_ref_num,
    text: pdu.short_message && pdu.short_message.message && pdu.short_message.message.toString(),
    parts: pdu.short_message && pdu.short_message.udh && [...pdu.short_message.udh[0]],
  }));
  session.on('bind_transceiver', (pdu) => {
    const right = pdu.password === 'secret';
    session.send(pdu.response(right ? {system_id: 'node'} : {command_status: 0x0E}));
  });
  session.on('submit_sm', (pdu) => {
    tell(pdu);
    if (pdu.destination_addr === '79990001088') {
      session.send(pdu.response({command_status: smpp.ESME_RTHROTTLED}));
      return;
    }
    const id = String(++count);
    session.send(pdu.response({message_id: id}));
    session.deliver_sm({
      esm_class: 4, source_addr: pdu.destination_addr, destination_addr: pdu.source_addr,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2601311200 done date:2601311201 ` +
        'stat:DELIVRD err:000 text:', receipted_message_id: id, message_state: 2,
    }, tell);
  });
  session.on('query_sm', (pdu) => session.send(pdu.response({
    message_id: pdu.message_id, final_date: '', message_state: 2, error_code: 0,
  })));
  session.on('data_sm', (pdu) => session.send(pdu.response({command_status: 0x03})));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
  session.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit());
"""


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    asked = subprocess.run([found, "-e", "require('smpp')"], capture_output=True, check=False)
    if asked.returncode:
        pytest.skip("node has no package smpp")
    return found


class Node:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._kept: list[Any] = []
        self.port = 0

    async def told(self, command: str) -> Any:
        """The next PDU of this kind that the centre got."""
        while True:
            for pdu in self._kept:
                if pdu["command"] == command:
                    self._kept.remove(pdu)
                    return pdu
            self._kept.append(await self.line())

    async def line(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(await asyncio.wait_for(self._process.stdout.readline(), 10))


@pytest.fixture
async def centre(node: str) -> AsyncIterator[Node]:
    process = await asyncio.create_subprocess_exec(
        node, "-e", _NODE_CENTRE, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    running = Node(process)
    running.port = await running.line()
    yield running
    assert process.stdin is not None
    process.stdin.close()
    await asyncio.wait_for(process.wait(), 10)


async def test_node_takes_texts_in_parts_and_sends_receipts(centre: Node) -> None:
    async with session(centre.port) as bound:
        parts = smpp.compose(TEMPLATE, TEXT, reference=7)
        for number, part in enumerate(parts, 1):
            answer = await bound.request(part)
            assert (answer.command_status, answer.message_id) == (0, str(number))
            told = await receipt(bound)
            assert told is not None
            assert (told.id, told.message_state, told.stat) == (answer.message_id, 2, "DELIVRD")
            seen = await centre.told("submit_sm")
            assert (seen["source"], seen["ton"], seen["coding"]) == ("DEVINO", 5, 8)
            assert seen["parts"] == [0, 3, 7, 3, number]
            assert seen["text"] == TEXT[67 * (number - 1) : 67 * number]
        # The last one is acknowledged when another is asked for.
        waiting = asyncio.create_task(anext(bound, None))
        for _ in parts:
            await centre.told("deliver_sm_resp")
        waiting.cancel()


async def test_node_reads_sar_parameters_and_payloads(centre: Node) -> None:
    async with session(centre.port) as bound:
        for concatenation in (smpp.Concatenation.SAR, smpp.Concatenation.PAYLOAD):
            for part in smpp.compose(TEMPLATE, TEXT, concatenation=concatenation, reference=300):
                assert (await bound.request(part)).message_id
                seen = await centre.told("submit_sm")
                expected = 300 if concatenation is smpp.Concatenation.SAR else None
                assert seen.get("reference") == expected


async def test_node_is_asked_and_refuses(centre: Node) -> None:
    async with session(centre.port) as bound:
        asked = await bound.request(smpp.QuerySm(message_id="17", source_addr="DEVINO"))
        assert (asked.message_id, asked.message_state) == ("17", 2)
        throttled = smpp.SubmitSm(destination_addr="79990001088")
        assert (await bound.request(throttled)).command_status == CommandStatus.ESME_RTHROTTLED
        refused = await bound.request(smpp.DataSm(tlvs={"message_payload": b"Hi"}))
        assert refused.command_status == CommandStatus.ESME_RINVCMDID
        assert (await bound.request(smpp.EnquireLink())).command_status == 0


async def test_node_refuses_a_login(centre: Node) -> None:
    with pytest.raises(AuthenticationFailed, match="ESME_RINVPASWD"):
        async with session(centre.port, password="wrong"):
            pass


async def test_many_requests_to_node_at_once(centre: Node) -> None:
    async with session(centre.port, window=20) as bound:
        answers = await asyncio.gather(*[bound.request(TEMPLATE) for _ in range(200)])
        assert {answer.message_id for answer in answers} == {str(n) for n in range(1, 201)}


@asynccontextmanager
async def rust_centre() -> AsyncIterator[tuple[Any, int]]:
    smpp34 = pytest.importorskip("smpp34")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = smpp34.Server("127.0.0.1", port, system_id="rust")
    await server.start()
    try:
        yield server, port
    finally:
        await server.stop()


async def test_smpp34_takes_messages_and_sends_receipts() -> None:
    smpp34 = pytest.importorskip("smpp34")
    async with rust_centre() as (server, port), session(port) as bound:
        esme = await server.next()
        sending = asyncio.create_task(bound.request(smpp.compose(TEMPLATE, "Привет")[0]))
        event = await asyncio.wait_for(server.next(), 10)
        assert (event.source_addr, event.data_coding) == ("DEVINO", 8)
        assert bytes(event.short_message).decode("utf-16-be") == "Привет"
        event.accept(message_id="17")
        assert (await sending).message_id == "17"
        delivering = asyncio.ensure_future(
            esme.deliver_sm(
                source_addr="79031234567",
                destination_addr="DEVINO",
                esm_class=4,
                short_message=b"id:17 stat:DELIVRD",
            )
        )
        told = await receipt(bound)
        assert told is not None
        assert (told.id, told.stat) == ("17", "DELIVRD")
        waiting = asyncio.create_task(anext(bound, None))
        assert (await asyncio.wait_for(delivering, 10)).is_success
        waiting.cancel()
        refusing = asyncio.create_task(bound.request(TEMPLATE))
        event = await asyncio.wait_for(server.next(), 10)
        event.reject(smpp34.ESME_RMSGQFUL)
        assert (await refusing).command_status == CommandStatus.ESME_RMSGQFUL


async def test_smpp34_that_goes_away_ends_the_session() -> None:
    async with rust_centre() as (server, port), session(port) as bound:
        esme = await server.next()
        await esme.unbind()
        await asyncio.wait_for(bound.wait_ended(), 10)
        with pytest.raises(ConnectFailed):
            await bound.request(TEMPLATE)
