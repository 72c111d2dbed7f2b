"""No small input keeps a decoder busy: it would stop everything else in the process meanwhile."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devino_codecs import (
    addressbook,
    email,
    email2sms,
    incoming,
    onec,
    rest,
    smpp,
    soap,
    text,
    verification,
    viber,
    vk,
)
from devino_codecs import xmlpackage as xml
from devino_codecs.email import v1
from devino_codecs.errors import DecodeError
from devino_codecs.http import Api, HttpAnswer, HttpRequest, read_json
from devino_codecs.masking import masked_body
from tests._quick import SIZE, assert_quick

pytestmark = pytest.mark.attack

Decoder = Callable[[bytes], object]


def form(path: str, data: bytes) -> object:
    return rest.decode_request(HttpRequest.of("POST", path, body=data), split_lists=True)


def query(path: str, data: bytes) -> object:
    return rest.decode_request(HttpRequest.of("GET", path, data), split_lists=True)


def path(data: bytes) -> object:
    return rest.decode_request(HttpRequest.of("GET", data.decode("latin-1")))


def json_request(data: bytes) -> object:
    http = HttpRequest.of("POST", "/CheckCode", headers={"X-ApiKey": "a"}, body=data)
    return verification.API.decode_request(http)


def answer(request: Any, data: bytes) -> object:
    return rest.V1.decode_answer(request, HttpAnswer(200, data))


def verified(data: bytes) -> object:
    return verification.API.decode_answer(verification.CheckCode, HttpAnswer(200, data))


def called(api: Api, method: str, path: str, data: bytes) -> object:
    """A request with this body, or, with GET, with this query."""
    if method == "GET":
        return api.decode_request(HttpRequest.of(method, path, data))
    return api.decode_request(HttpRequest.of(method, path, body=data))


def told(api: Api, request: Any, data: bytes) -> object:
    return api.decode_answer(request, HttpAnswer(200, data))


def deliver(data: bytes) -> smpp.DeliverSm:
    return smpp.DeliverSm(esm_class=0x40, data_coding=8, short_message=data[:255])


def pdu(data: bytes) -> object:
    head = len(data) + 16
    frame = head.to_bytes(4, "big") + b"\0\0\0\x05" + bytes(4) + b"\0\0\0\x01" + data
    return smpp.decode(frame)


def described(data: bytes) -> object:
    return smpp.describe(pdu(data))  # type: ignore[arg-type]


def streamed(data: bytes) -> object:
    return smpp.SessionMachine(smpp.Role.SMSC, 0.0).receive(data, 0.0)


def reassembled(data: bytes) -> object:
    reassembler = smpp.Reassembler()
    pieces = [data[at : at + 140] for at in range(0, len(data), 140)]
    return [reassembler.add(deliver(piece), 0.0) for piece in pieces]


def read_xml(reader: Any, data: bytes) -> object:
    return reader.feed(data) + reader.close()


def to_mailboxes(data: bytes) -> object:
    """A mail whose list of recipients this is."""
    return email.decode_mail(b"From: a@b.ru\nTo: " + data.replace(b"\n", b" ") + b"\n\nx")


MESSENGERS = (viber.API, viber.WHATSAPP_API, vk.API)
TABLES: list[tuple[Api, Sequence[Any]]] = [
    *[(api, [row.request for row in api.operations]) for api in MESSENGERS],
    # What is in lists, and what has forms of its own: the others are read by the same.
    (email.API, (email.Send, email.CreateTask, email.ListTasks, email.GetStatus)),
    (v1.API, (v1.Send,)),
    (addressbook.API, (addressbook.ImportContacts, addressbook.FindContacts)),
]
ROWS = [(api, api.row(request)) for api, requests in TABLES for request in requests]
DECODERS: dict[str, Decoder] = {
    "email2sms": email2sms.decode,
    **{
        f"email2sms body {charset}": partial(email2sms.decode_body, charset=charset)
        for charset in ("windows-1251", "", "utf-16", "utf-7")
    },
    **{
        f"email2sms {kind.__name__}": partial(email2sms.decode_body, kind=kind)
        for kind in (email2sms.Template, email2sms.Semicolon, email2sms.Base64)
    },
    "rest form": partial(form, "/rest/Sms/SendBulk"),
    "rest v2 form": partial(form, "/rest/v2/Sms/SendBulk"),
    "rest viber form": partial(form, "/rest/v2/Viber/SendWithResendBulk"),
    "rest query": partial(query, "/rest/Sms/Send"),
    "rest path": path,
    **{
        f"rest answer {request.__name__}": partial(answer, request)
        for request in (
            rest.GetSession,
            rest.GetBalance,
            rest.SendSms,
            rest.GetSmsState,
            rest.GetIncoming,
            rest.GetStatistics,
            rest.GetViberState,
            rest.SendViberBulk,
            rest.HlrGetState,
        )
    },
    "callback": partial(read_json, rest.SmsState),
    **{
        f"{api.name} request {row.method} {row.path}": partial(
            called, api, row.method, f"/{row.path}".replace("{", "").replace("}", "")
        )
        for api, row in ROWS
    },
    **{
        f"{api.name} answer {row.method} {row.path}": partial(told, api, row.request)
        for api, row in ROWS
    },
    "email": email.decode_mail,
    "email to": to_mailboxes,
    "email mailbox": lambda data: email.decode_mailbox(data.decode("latin-1")),
    "email addresses": lambda data: email.are_addresses(data.decode("latin-1").split("\n")),
    "email callback": email.decode_callback,
    "onec": lambda data: onec.decode(data.decode("latin-1")),
    "viber callback": viber.decode_callback,
    "vk callback": vk.decode_callback,
    "incoming push": incoming.decode_push,
    "incoming reply": incoming.decode_reply,
    "2fa request": json_request,
    "2fa answer": verified,
    "soap request": partial(soap.decode_request, soap.SMS),
    "soap viber request": partial(soap.decode_request, soap.VIBER),
    "soap answer": partial(soap.decode_answer, soap.GetMessageState),
    "soap inbox": partial(soap.decode_answer, soap.GetIncomingMessages),
    "soap version": soap.guess_version,
    "xml request": xml.decode_request,
    "masked JSON or XML": partial(masked_body, kinds=rest.V1.kinds()[0]),
    "masked form": partial(
        masked_body,
        kinds=rest.V1.kinds()[0],
        content_type="application/x-www-form-urlencoded",
    ),
    "xml answer": xml.decode_answer,
    "xml request reader": lambda data: read_xml(xml.RequestReader(), data),
    "xml answer reader": lambda data: read_xml(xml.AnswerReader(), data),
    "smpp pdu": pdu,
    "smpp dump": described,
    "smpp stream": streamed,
    "smpp user data": lambda data: smpp.user_data(deliver(data)),
    "smpp reassembly": reassembled,
    "smpp receipt": smpp.parse_receipt,
    "smpp receipt of": lambda data: smpp.receipt_of(
        smpp.DeliverSm(esm_class=4, short_message=data[:255])
    ),
    **{
        f"smpp text {coding}": partial(smpp.decode_text, data_coding=coding, errors="replace")
        for coding in (0, 1, 3, 8)
    },
    "gsm7": lambda data: text.gsm7_decode(data, errors="replace"),
    "gsm7 packed": text.gsm7_unpack,
    "ucs2": text.ucs2_decode,
    "parts": lambda data: text.count_parts(data.decode("latin-1")),
    "segments": lambda data: text.segment(data.decode("latin-1")),
}


def _mails() -> Iterator[tuple[str, bytes]]:
    mixed = b"Content-Type: multipart/mixed; boundary=x\n\n"
    for size, parts in ((4000, 15), (950, 60), (400, 150)):
        part = b"--x\nContent-Type: image/p" + b'"' * size + b"\n\n"
        yield f"{parts} headers of {size} quotation marks", mixed + part * parts
    yield "parameters", b"Content-Type: text/plain" + b';a="' * 1000 + b"\n\n"
    yield "continued parameters", b"Content-Type: text/plain" + b";a*9*=''%41" * 350 + b"\n\n"
    yield "headers", b"a:\n" * 20_000
    yield "folds", b"Subject: a\n" + b" \n" * 30_000
    yield "delimiters", mixed + b"--x\n" * 999 + b"x" * 60_000
    yield "false delimiters", mixed + b"--x\n" + b"\n--xy" * 900 + b"x" * 60_000
    yield "runs of boundaries", mixed + b"--x\n" + b"--xy" * 15_000
    nested = (b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (i, i) for i in range(19))
    yield "nested", b"".join(nested) + b"x\n" * 30_000
    yield "nested alike", mixed[:-1] + b"\n--x\n" + mixed * 18 + b"x\n" * 30_000
    yield "encoded words", b"Subject: " + b"=?a?q?" * 600 + b"\n\n"
    yield "flowed", b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 20_000
    yield "semicolons", b"StartWithPoint;a;b;c;d;" + b"; " * 30_000
    yield "lines", b"UserLogin=a\nPassword=b\nSourceAddress=c\nPhoneNumber=" + b"+7,\n" * 15_000
    for name in ("utf-7", "hz", "iso2022_jp_ext", "big5hkscs", "utf-16", "punycode", "idna"):
        head = f"Content-Type: text/plain; charset={name}\n\n".encode()
        yield f"in {name}", head + b"+AAA-~{\x1b$B" * 6000


PIECES: dict[str, bytes] = {
    "quotation marks": b'"',
    "brackets": b"[",
    "braces": b'{"a":',
    "angle brackets": b"<a>",
    "elements": b"<a/>",
    "attributes": b' a="b"',
    "ampersands": b"&",
    "pairs": b"a=b&",
    "known pairs": b"Data=b&",
    "numbers": b"DestinationAddresses=79161234567&",
    "lists": b"DestinationAddresses=7,7;7,&",
    "escapes": b"%41",
    "half escapes": b"%",
    "indexed": b"DestinationAddress[1]=7&",
    "dots": b".",
    "slashes": b"/",
    "digits": b"9",
    "floats": b"1.5,",
    "exponents": b"1e9",
    "blanks": b" ",
    "line ends": b"\n",
    "CR": b"\r",
    "colons": b":",
    "receipt fields": b"id:1 ",
    "words": b"a:b ",
    "backslashes": b"\\",
    "escaped quotation marks": b'\\"',
    "addresses": b"a@b.ru,",
    "addresses with names": b'"a" <a@b.ru>,',
    "groups": b"a:;",
    "brackets that nothing closes": b"<",
    "unicode escapes": b"\\ud83d",
    "zeros": b"\0",
    "escape septets": b"\x1b",
    "ones": b"\xff",
    "tlvs": b"\x14\x00\x00\x00",
    "pdus": b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x01",
    "broken pdus": b"\0\0\0\x11\0\0\0\x04\0\0\0\0\0\0\0\x01\x05",
    "user data headers": b"\x03\x00\x01\xff",
    "emoji": "😀".encode(),
    "Cyrillic": "Я".encode("cp1251"),
    "dates": b"\\/Date(1)\\/",
    "objects": b"{},",
    "ids": b'{"id":1},',
    "messages": b'{"providerId":1,"code":"ok"},',
    "parts of an SMS": b'{"id":1,"status":"sent"},',
}
OPENINGS: list[bytes] = [
    b"",
    b"[",
    b'["',
    b"{",
    b'{"a":"',
    b"[1",
    b'[{"Data":"a"},',
    b"<package><message>",
    b'<package login="a" password="b" ',
    b'<?xml version="1.0"?><package ',
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>',
    b"login=a&Data=",
    b'{"messages":[',
    b'{"status":"ok","messages":[',
    b'{"code":"ok","result":{"smsStates":[',
    b"number=1&messageId=2&sourcePhone=3&text=",
    b"{sms=",
    b"StartWithPoint;",
    b"UserLogin=a\nPassword=b\n",
    b"id:",
    b"\0\0\0\0",
    b'{"messageEventDtos":[',
    b"<messageEventDtos>",
    b"From: a@b.ru\nTo: ",
    b"Result:",
]


@pytest.mark.parametrize("name", DECODERS)
def test_no_heap_of_one_piece_keeps_a_decoder_busy(name: str) -> None:
    for what, piece in PIECES.items():
        for opening in OPENINGS:
            data = (opening + piece * (SIZE // len(piece)))[:SIZE]
            assert_quick(partial(DECODERS[name], data), data, f"{name}: {what} after {opening!r}")


@pytest.mark.parametrize("what", dict(_mails()))
@pytest.mark.parametrize("decode", [email2sms.decode, email.decode_mail])
def test_no_mail_keeps_a_decoder_busy(decode: Decoder, what: str) -> None:
    data = dict(_mails())[what][:SIZE]
    assert_quick(partial(decode, data), data, what)


def test_no_names_without_end_keep_the_decoder_of_forms_busy() -> None:
    data = "&".join(f"a{n}=b" for n in range(9000)).encode()[:SIZE]
    assert_quick(partial(DECODERS["rest form"], data), data, "names")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(DECODERS)),
    st.lists(
        st.tuples(
            st.sampled_from([*PIECES.values(), *OPENINGS[1:]]) | st.binary(min_size=1, max_size=6),
            st.integers(1, SIZE),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_no_mixture_of_pieces_keeps_a_decoder_busy(
    name: str, heaps: list[tuple[bytes, int]]
) -> None:
    data = b"".join(piece * min(times, SIZE // len(piece)) for piece, times in heaps)[:SIZE]
    assert_quick(partial(DECODERS[name], data), data, name)


def _api_request(data: bytes, **options: Any) -> object:
    return rest.decode_request(HttpRequest.of("POST", "/rest/Sms/Send", body=data), **options)


def _api_query(data: bytes, **options: Any) -> object:
    return rest.decode_request(HttpRequest.of("GET", "/rest/Sms/Send", data), **options)


def _api_answer(data: bytes, **options: Any) -> object:
    return rest.V1.decode_answer(rest.SendSms, HttpAnswer(200, data), **options)


@pytest.mark.parametrize(
    ("decode", "most"),
    [
        (email2sms.decode, 2**20),
        (email2sms.decode_body, 2**20),
        (email.decode_mail, email.MAX_SIZE),
        (_api_request, 4 * 2**20),
        (_api_query, 4 * 2**20),
        (_api_answer, 16 * 2**20),
        (partial(read_json, tuple[str, ...]), 16 * 2**20),
        (partial(soap.decode_request, soap.SMS), 16 * 2**20),
        (partial(soap.decode_answer, soap.SendMessage), 16 * 2**20),
        (xml.decode_request, 16 * 2**20),
        (xml.decode_answer, 16 * 2**20),
    ],
)
def test_a_decoder_does_not_look_at_more_than_it_takes(
    decode: Callable[..., object], most: int
) -> None:
    for data, options in ((b" " * 101, {"max_size": 100}), (b" " * (most + 1), {})):
        told = f"larger than {len(data) - 1} bytes|at most {len(data) - 1} are taken"
        with pytest.raises(DecodeError, match=told):
            decode(data, **options)
    with pytest.raises(DecodeError) as caught:
        decode(b" " * 100, max_size=100)
    assert not re.search("larger|at most", str(caught.value))


def test_a_form_has_no_more_idle_pairs_than_any_client_sends() -> None:
    numbers = "&".join(["DestinationAddresses=79161234567"] * 20_000)
    head = f"SessionID=a&SourceAddress=b&Data=c&{numbers}"
    call = form("/rest/Sms/SendBulk", f"{head}{'&a=b' * 10_000}".encode())
    assert isinstance(call, rest.Call)
    assert len(call.request.destination_addresses) == 20_000
    for idle in ("&a=b", "&", "&Data=", "&b[1]=7"):
        with pytest.raises(rest.InvalidArgumentError, match="more than 10000 arguments"):
            form("/rest/Sms/SendBulk", f"{head}{idle * 10_001}".encode())


def test_references_that_are_long_are_not_remembered() -> None:
    def read(code: int) -> None:
        long = b"&#%b%d;" % (b"0" * 60_000, code)
        with suppress(DecodeError):
            xml.decode_answer(b"<package><error>%b&#1;</error></package>" % long)

    read(99_999)
    tracemalloc.start()
    try:
        for code in range(100_000, 100_020):
            read(code)
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()
