"""The two modules for Bitrix: the requests that they put on the wire, over a socket.

One speaks SOAP by curl, with the header ``Content-length``, a bare SOAPAction and, in some
envelopes, a line break inside the URI of a namespace that nothing uses. The other speaks REST.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from lxml import etree

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, Sandbox, World

TO = "79031234567"
NAMESPACE = "http://ws.devinosms.com"

ENVELOPE = """<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="{xsd}" \
xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
  <soap:Body>
{body}
  </soap:Body>
</soap:Envelope>"""
WHOLE, BROKEN = "http://www.w3.org/2001/XMLSchema", "http://\nwww.w3.org/2001/XMLSchema"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    account = Account(login="demo", password=Secret("demo"))
    async with Sandbox(World([account], clock=ManualClock()), discover=False) as sandbox:
        yield sandbox


async def exchange(endpoint: str, path: str, headers: str, body: str) -> str:
    url = urlsplit(endpoint)
    data = body.encode()
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = f"POST {url.path}{path} HTTP/1.1\r\nHost: {url.netloc}\r\nAccept: */*\r\n{headers}"
    writer.write(head.format(length=len(data)).encode() + b"Connection: close\r\n\r\n" + data)
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, content = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200"), answer
    return content


async def soap(sandbox: Sandbox, operation: str, body: str, xsd: str, length: str) -> list[str]:
    """The texts of the answer's elements."""
    content = await exchange(
        sandbox.endpoints["soap_sms"],
        "",
        f"Content-Type: text/xml; charset=utf-8\r\n{length}: {{length}}\r\n"
        f"SOAPAction: {NAMESPACE}/{operation}\r\n",
        ENVELOPE.format(xsd=xsd, body=f'<{operation} xmlns="{NAMESPACE}">{body}</{operation}>'),
    )
    return [element.text for element in etree.fromstring(content.encode()).iter() if element.text]


async def test_the_module_for_the_shop_that_speaks_soap(sandbox: Sandbox) -> None:
    (session,) = await soap(
        sandbox, "GetSessionID", "<login>demo</login><password>demo</password>",
        WHOLE, "Content-length",
    )  # fmt: skip
    known = f"<sessionID>{session}</sessionID>"
    (balance,) = await soap(sandbox, "GetBalance", known, BROKEN, "Content-length")
    assert float(balance) > 0
    message = (
        "<message><Data>Заказ 5 на сумму 100</Data><DelayUntilUtc>0001-01-01T00:00:00"
        f"</DelayUntilUtc><DestinationAddresses><string>{TO}</string></DestinationAddresses>"
        "<SourceAddress>DEVINO</SourceAddress><ReceiptRequested>true</ReceiptRequested></message>"
    )
    (message_id,) = await soap(sandbox, "SendMessage", known + message, WHOLE, "Content-Length")
    state = await soap(
        sandbox, "GetMessageState", f"{known}<messageID>{message_id}</messageID>",
        BROKEN, "Content-length",
    )  # fmt: skip
    assert state
    (stored,) = sandbox.world.messages()
    assert (stored.to, stored.submission.text) == (TO, "Заказ 5 на сумму 100")


async def test_the_module_that_speaks_rest_says_a_validity_of_nothing(sandbox: Sandbox) -> None:
    async def post(resource: str, form: str) -> object:
        return json.loads(
            await exchange(
                sandbox.endpoints["rest"],
                f"/{resource}",
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n",
                form,
            )
        )

    session = await post("User/SessionId", "Login=demo&Password=demo")
    sent = await post(
        "Sms/Send",
        f"SessionID={session}&SourceAddress=DEVINO&DestinationAddress={TO}&Data=Hello&Validity=0",
    )
    assert isinstance(sent, list)
    assert len(sent) == 1
    (stored,) = sandbox.world.messages()
    assert stored.reason is None
