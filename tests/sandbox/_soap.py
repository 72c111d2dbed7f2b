"""SOAP by hand, and plain HTTP to a sandbox: no client of ours."""

from __future__ import annotations

from lxml import etree

from tests.sandbox._http import LOGIN, PASSWORD, Answer, Http

TO, OTHER = "79161234567", "79161234568"
NAMESPACES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
TYPES = {
    "1.1": "text/xml; charset=utf-8",
    "1.2": "application/soap+xml; charset=utf-8",
}
SMS, SMS_V2 = "/SmsService.asmx", "/SmsServicev2.asmx"
VIBER, VIBER_V2 = "/ViberService.asmx", "/ViberServiceV2.asmx"
SIGNED = f"<login>{LOGIN}</login><password>{PASSWORD}</password>"


def envelope(body: str, version: str = "1.2") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{NAMESPACES[version]}"><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def call(operation: str, content: str = "", version: str = "1.2") -> bytes:
    return envelope(
        f'<{operation} xmlns="http://ws.devinosms.com">{content}</{operation}>', version
    )


def signed(operation: str, content: str = "", version: str = "1.2") -> bytes:
    return call(operation, SIGNED + content, version)


def message(
    *to: str, data: str = "test", sender: str = "DEVINO", more: str = "<Validity>60</Validity>"
) -> str:
    addresses = "".join(f"<string>{number}</string>" for number in to or (TO,))
    return (
        f"<message><Data>{data}</Data><DestinationAddresses>{addresses}</DestinationAddresses>"
        f"<SourceAddress>{sender}</SourceAddress>{more}</message>"
    )


async def post(http: Http, path: str, body: bytes, **headers: str) -> Answer:
    return await http.raw("POST", path, body, headers)


def texts(document: bytes, name: str) -> list[str | None]:
    return [element.text for element in etree.fromstring(document).iter(f"{{*}}{name}")]


def fault(answer: Answer) -> str:
    """The sentence of a fault, by which clients know it."""
    assert answer.status == 500
    (said,) = texts(answer.body, "Text") or texts(answer.body, "faultstring")
    assert said is not None
    start, arrow, sentence = said.partition(" ---> ")
    assert (start, arrow) == ("Server was unable to process request.", " ---> ")
    return sentence
