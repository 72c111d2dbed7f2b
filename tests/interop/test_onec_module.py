"""The module for 1C that the platform ships: the requests that it puts on the wire, over a socket.

They are written by hand, as the module writes them: a POST with a question mark at the end of its
path, forms in raw UTF-8, 200 numbers a call, and mass sends for later through SendByTimeZone.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, Sandbox, World

TO, OTHER = "79031234567", "79031234568"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    account = Account(login="demo", password=Secret("demo"))
    async with Sandbox(World([account], clock=ManualClock()), discover=False) as sandbox:
        yield sandbox


async def post(sandbox: Sandbox, resource: str, form: str) -> tuple[int, str]:
    """One request of the module, and the status and body of its answer."""
    url = urlsplit(sandbox.endpoints["rest"])
    body = form.encode()
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(
        f"POST {url.path}/{resource} HTTP/1.1\r\n"
        f"Host: {url.netloc}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n".encode()
        + body
    )
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, content = answer.partition("\r\n\r\n")
    return int(head.split()[1]), content


async def test_the_modules_whole_sequence(sandbox: Sandbox) -> None:
    status, session = await post(sandbox, "User/SessionId?", "login=demo&password=demo")
    assert status == 200
    # The module cuts the quotes off by their places.
    assert re.fullmatch(r'"[A-Za-z0-9_]{36}"', session)
    session = session[1:-1]
    status, balance = await post(sandbox, "User/Balance?", f"SessionID={session}")
    assert status == 200
    assert re.fullmatch(r"[0-9]+(\.[0-9]+)?", balance)

    one = f"SessionID={session}&SourceAddress=DEVINO&DestinationAddress={TO}&Data=Привет, мир"
    status, sent = await post(sandbox, "Sms/Send?", one)
    assert status == 200
    assert re.fullmatch(r'\["[0-9]+"\]', sent)

    many = f"SessionID={session}&SourceAddress=DEVINO&Data=Привет" + "".join(
        f"&DestinationAddresses=7903{nth:07d}" for nth in range(200)
    )
    status, sent_many = await post(sandbox, "Sms/SendBulk?", many)
    assert status == 200
    assert " " not in sent_many
    assert len(json.loads(sent_many)) == 200

    later = f"{one}&SendDate=2026-01-02T10:00:00"
    status, delayed = await post(sandbox, "Sms/SendByTimeZone?", later)
    assert (status, len(json.loads(delayed))) == (200, 1)

    (message_id,) = json.loads(sent)
    status, state = await post(sandbox, "Sms/State?", f"SessionID={session}&MessageId={message_id}")
    assert status == 200
    assert state.startswith('{"State":')
    assert re.search(r'"CreationDateUtc":"\\/Date\([0-9]+\)\\/"', state)

    texts = [stored.submission.text for stored in sandbox.world.messages()]
    assert texts == ["Привет, мир", *["Привет"] * 200, "Привет, мир"]


async def test_a_mass_send_for_later_repeats_the_numbers_name(sandbox: Sandbox) -> None:
    _, session = await post(sandbox, "User/SessionId?", "login=demo&password=demo")
    form = (
        f"SessionID={session[1:-1]}&SourceAddress=DEVINO&Data=Привет&SendDate=2026-01-02T10:00:00"
        f"&destinationAddresses={TO}&destinationAddresses={OTHER}"
    )
    status, sent = await post(sandbox, "Sms/SendByTimeZone?", form)
    assert status == 200
    # One id a segment, for both numbers.
    assert len(json.loads(sent)) == 2
    assert [stored.to for stored in sandbox.world.messages()] == [TO, OTHER]


async def test_a_refusal_begins_as_the_module_looks_for_it(sandbox: Sandbox) -> None:
    _, answer = await post(sandbox, "User/SessionId?", "login=demo&password=wrong")
    assert answer.startswith('{"Code":')
