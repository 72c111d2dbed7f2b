"""Mutated octets for every decoder: a value or its own error, soon, and nothing is kept."""

from __future__ import annotations

import io
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import pytest

from devino_codecs import (
    DecodeError,
    addressbook,
    email,
    email2sms,
    ftp,
    incoming,
    onec,
    rest,
    smpp,
    soap,
    text,
    verification,
    viber,
    vk,
    xmlpackage,
)
from devino_codecs.email import v1 as email_v1
from devino_codecs.http import Api, HttpAnswer, HttpRequest
from tests._quick import SIZE, assert_quick
from tests._vectors import ROOT, vectors
from tests.attack._memory import resident

INPUTS, SECONDS = 300, 20.0
"""Of a sample; of all."""
GROWTH = 40
"""MB: what decoders may keep is bounded, such as tables of names."""

Attack: TypeAlias = Callable[[bytes, random.Random], object]


class Target(NamedTuple):
    attack: Attack
    seeds: Callable[[], Sequence[bytes]]
    tokens: Sequence[bytes]


def _of(*protocols: str, direction: str | None = None) -> Callable[[], Sequence[bytes]]:
    return lambda: [vector.data for vector in vectors(*protocols, direction=direction)]


JSON = (
    *(
        b"null",
        b"NaN",
        b"-0",
        b"1e999999999",
        b"9" * 5000,
        b"[",
        b"{",
        b'{"a":',
        b"\\ud800",
        b"true",
    ),
    *(b'"\\/Date(99999999999999999999999)\\/"', b'"\\/Date(-62135596800001+9999)\\/"', b"\xff\xfe"),
    *(b"\0", b'"Code":', b"0." + b"0" * 400 + b"1", b"&a=b", b"%", b"%ff", b"[999999999]=", b"&&"),
)
XML = (
    *(
        b'<!DOCTYPE a [<!ENTITY x "y">]>',
        b"&x;",
        b"&#0;",
        b"&#xD800;",
        b"<![CDATA[",
        b"]]>",
        b"<!--",
    ),
    *(b'<?xml version="1.0" encoding="utf-7"?>', b"<a>" * 50, b"</a>", b'xsi:nil="true"', b"NaN"),
    *(b'xmlns:x="y"', b'xmlns:b="a b"', b"<x:y/>", b"\xff", b"9" * 4400, b"0001-01-01T00:00:00"),
    *(b"9999-12-31T23:59:59.9999999+14:00", b'encoding="utf-16"', b"\x98", b"\xef\xbf\xbe"),
)
ZIP = (
    *(b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"sms/"),
    *(
        b"template.csv",
        b"\xff\xff\xff\xff",
        bytes(4),
        b";",
        b"\r\n",
        b'"',
        b"#attr1#",
        b"\xef\xbb\xbf",
    ),
)
LINES = (
    b"Result:",
    b"SMS_Time: 2008-06-02 13:31:24\n",
    b":",
    b"\n",
    b"Balance: 1e9\n",
    b"NaN",
    b".",
)
SMPP = (
    *(b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x04\x24\xff\xff", b"\x04\x24\0\0", b"\x02\x24\0"),
    *(b"\x02\x0c\0\x02\0\x01", b"\0\x1e\0\x05abc\0\0", b"\x80\0\0\0", b"\x7f", b"\0" * 21, b"id:"),
    *(b"stat:", b"done date:9999999999", b" " * 50, b":" * 50, b"\x05\x00\x03\x01\x02\x01"),
)
MIME = (
    *(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", b"charset=unicode_escape"),
    *(b"charset=idna", b"charset=punycode", b"charset=utf-7", b'charset="hex"', b"charset=rot13"),
    *(b"Content-Transfer-Encoding: uuencode", b"begin 666 x\n", b"=?utf-8?q?=ZZ?=", b"\r\n\r\n"),
    *(
        b";" * 100,
        b"=\r\n",
        b"message/rfc822",
        b"charset*0*=''x",
        b"UserLogin=",
        b"(nested(",
        b"\\",
    ),
    *(b'"' * 900, b"StartWithPoint;", b"--b\r\nContent-Type: image/p" + b'"' * 900 + b"\r\n\r\n"),
)

_APIS: Sequence[Api] = (
    rest.V1,
    rest.V2,
    verification.API,
    viber.API,
    viber.WHATSAPP_API,
    vk.API,
    addressbook.API,
    email.API,
    email_v1.API,
)
_TABLED = ("rest-v1", "rest-v2", "rest-viber", "hlr", "2fa", "viber", "vk", "addressbook", "email")
"""The protocols whose examples these read."""


def _api_request(data: bytes, dice: random.Random) -> None:
    api = dice.choice(_APIS)
    row = dice.choice(api.operations)
    target = f"/{row.path}"
    query = data.decode("latin-1") if dice.random() < 0.5 else ""
    kind = dice.choice(["application/json", "application/x-www-form-urlencoded", "text/plain"])
    headers = {"content-type": kind, "x-apikey": "key"}
    api.decode_request(HttpRequest.of(row.method, target, query, headers, b"" if query else data))


def _api_answer(data: bytes, dice: random.Random) -> None:
    api = dice.choice(_APIS)
    status = dice.choice((200, 200, 200, 201, 400, 401, 500, 502, 999))
    api.decode_answer(dice.choice(api.operations).request, HttpAnswer(status, data))


def _pdu(data: bytes, dice: random.Random) -> None:
    if dice.random() < 0.7 and len(data) >= 4:
        data = len(data).to_bytes(4, "big") + data[4:]
    pdu = smpp.decode(data)
    smpp.describe(data)
    repr(pdu)
    if not isinstance(pdu, smpp.UnknownPdu):
        assert smpp.decode(smpp.encode(pdu)) == pdu
    if isinstance(pdu, smpp.DeliverSm | smpp.DataSm):
        read = smpp.user_data(pdu)
        smpp.decode_text(read.octets, pdu.data_coding, errors=dice.choice(("strict", "replace")))
        smpp.receipt_of(pdu)


@cache
def _reassembler() -> smpp.Reassembler:
    return smpp.Reassembler(max_octets=200_000, max_texts=50)


def _header(data: bytes, dice: random.Random) -> None:
    pdu = smpp.DeliverSm(
        source_addr="a",
        destination_addr="b",
        esm_class=dice.choice((0, 0x40, 0x44, 4)),
        data_coding=dice.randrange(256),
        short_message=data[:254],
        sequence_number=1,
    )
    for one in _reassembler().add(pdu, time.monotonic()):
        if isinstance(one, smpp.Whole):
            one.text(errors=dice.choice(("strict", "replace")))


def _pieces(data: bytes, dice: random.Random) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        length = dice.choice((1, 2, 3, 7, 50, 1000, 10_000))
        yield data[at : at + length]
        at += length


def _session(data: bytes, dice: random.Random) -> None:
    machine: smpp.SessionMachine[object] = smpp.SessionMachine(dice.choice(list(smpp.Role)), 0.0)
    now = 0.0
    for piece in _pieces(data, dice):
        now += dice.choice((0.0, 0.0, 1.0, 40.0))
        machine.receive(piece, now)
        machine.data_to_send()
        deadline = machine.deadline()
        if deadline is not None and deadline <= now:
            machine.handle_deadline(now)
    machine.eof()


def _reader(make: Callable[[], Any]) -> Attack:
    def attack(data: bytes, dice: random.Random) -> None:
        reader = make()
        for piece in _pieces(data, dice):
            list(reader.feed(piece))
        reader.close()

    return attack


def _sms(data: bytes, dice: random.Random) -> None:
    read = dice.choice((text.gsm7_decode, text.ucs2_decode))
    read(data, errors=dice.choice(("strict", "replace")))
    said = data.decode(dice.choice(("utf-8", "utf-16-le", "latin-1")), "replace")
    said += dice.choice(("", "\ud800", "\U0001f600"))
    text.count_parts(said)


def _archive(data: bytes, _: random.Random) -> None:
    with ftp.decode(io.BytesIO(data)) as opened:
        for row in islice(opened.rows, 100):
            with suppress(DecodeError):
                opened.archive.sms(row)


def _archives() -> Sequence[bytes]:
    made: list[bytes] = []
    template = ftp.TemplateArchive(text="a #attr1#", sender="X", columns=("phone", "attr1"))
    for archive in (template, ftp.PlainArchive()):
        file = io.BytesIO()
        ftp.encode(archive, [("79031234567", "Ann")] * 5, file)
        made.append(file.getvalue())
    return made


def _mails() -> Sequence[bytes]:
    mail = email.Mail(
        sender=email.Mailbox("a@b.ru", "Иван, И."),
        to=(email.Mailbox("c@d.ru", "Ann"),),
        subject="Привет",
        text="Hello",
        html="<p>Привет</p>",
        headers=(("List-Unsubscribe", "<https://example.org>"),),
    )
    listed = b'To: Friends: a@b.ru, "C" <c@d.ru>;, e@f.ru\r\n'
    return [email.encode_mail(mail), b"From: a@b.ru\r\n" + listed + b"\r\nHello\r\n"]


def _pdus() -> Sequence[bytes]:
    cells = (ROOT / "smpp" / "pdus.tsv").read_text().replace(" ", "").split()
    return [
        bytes.fromhex(cell)
        for cell in cells
        if len(cell) >= 32 and not len(cell) % 2 and re.fullmatch("[0-9a-fA-F]+", cell)
    ]


_SOAP = [request for service in soap.SERVICES for request in service.requests]
_RECEIPTS = (
    b"id:123 sub:001 dlvrd:001 submit date:2101010101 done date:2101010101 stat:DELIVRD err:000",
    b"id:AF12 stat:UNDELIV done date:210101010101 err:41 text:hello",
)
TARGETS: Mapping[str, Target] = {
    "answers of a table": Target(_api_answer, _of(*_TABLED), JSON),
    "requests of a table": Target(_api_request, _of(*_TABLED), JSON),
    "viber callbacks": Target(
        lambda data, _: viber.decode_callback(data), _of("viber", direction="callback"), JSON
    ),
    "vk callbacks": Target(
        lambda data, _: vk.decode_callback(data), _of("vk", direction="callback"), JSON
    ),
    "email callbacks": Target(
        lambda data, _: email.decode_callback(data),
        _of("email", direction="callback"),
        (*JSON, *XML),
    ),
    "mails": Target(lambda data, _: email.decode_mail(data), _mails, MIME),
    "mailboxes": Target(
        lambda data, _: email.decode_mailbox(data.decode("latin-1")),
        lambda: [
            b"ivan@example.com",
            b'"Ivan, I." <ivan@example.com>',
            b"=?utf-8?b?0Jg=?= <a@b.ru>",
        ],
        MIME,
    ),
    "incoming pushes": Target(
        lambda data, _: incoming.decode_push(data), _of("incoming-http", direction="callback"), JSON
    ),
    "incoming replies": Target(
        lambda data, _: incoming.decode_reply(data),
        _of("incoming-http", direction="callback-response"),
        JSON,
    ),
    "smpp": Target(_pdu, _pdus, SMPP),
    "smpp decoding alone": Target(lambda data, _: smpp.decode(data), _pdus, SMPP),
    "smpp headers of texts": Target(
        _header,
        lambda: [b"\x05\x00\x03\x01\x02\x01Hi", b"\x06\x08\x04\x00\x01\x02\x02a", b"Hi"],
        SMPP,
    ),
    "smpp sessions": Target(_session, lambda: [*_pdus(), b"".join(_pdus()[:5])], SMPP),
    "smpp receipts": Target(lambda data, _: smpp.parse_receipt(data), lambda: _RECEIPTS, SMPP),
    "smpp times": Target(
        lambda data, _: smpp.parse_time(data.decode("latin-1")),
        lambda: [b"210101010101000+", b"000001000000000R", b""],
        SMPP,
    ),
    "soap answers": Target(
        lambda data, dice: soap.decode_answer(dice.choice(_SOAP), data),
        _of("soap-v1", "soap-v2", direction="response"),
        XML,
    ),
    "soap requests": Target(
        lambda data, dice: soap.decode_request(dice.choice(list(soap.SERVICES)), data),
        _of("soap-v1", "soap-v2", direction="request"),
        XML,
    ),
    "xml requests": Target(
        lambda data, _: xmlpackage.decode_request(data), _of("xml", direction="request"), XML
    ),
    "xml answers": Target(
        lambda data, _: xmlpackage.decode_answer(data), _of("xml", direction="response"), XML
    ),
    "xml requests in pieces": Target(
        _reader(xmlpackage.RequestReader), _of("xml", direction="request"), XML
    ),
    "xml answers in pieces": Target(
        _reader(xmlpackage.AnswerReader), _of("xml", direction="response"), XML
    ),
    "email2sms": Target(lambda data, _: email2sms.decode(data), _of("email2sms"), MIME),
    "archives": Target(_archive, _archives, ZIP),
    "answers of the bridge": Target(
        lambda data, _: onec.decode(data.decode(errors="replace")), _of("onec"), LINES
    ),
    "texts": Target(_sms, lambda: [b"hello", bytes(range(128)), "Привет €[]".encode()], SMPP),
}


_REPEATED = (b"[", b'{"a":', b"<a>", b"(", b"--b\r\n", b";", b"a=b&", b'"')


def mutated(
    data: bytes, seeds: Sequence[bytes], tokens: Sequence[bytes], dice: random.Random
) -> bytes:
    found = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 5, 8))):
        at = dice.randrange(len(found) + 1)
        end = min(len(found), at + dice.choice((1, 2, 4, 16, 64, 256)))
        match dice.randrange(11):
            case 0 if found:
                found[at % len(found)] ^= 1 << dice.randrange(8)
            case 1 if found:
                found[at % len(found)] = dice.randrange(256)
            case 2:
                del found[at:]
            case 3:
                del found[:at]
            case 4:
                del found[at:end]
            case 5:
                found[at:at] = found[at:end] * dice.choice((1, 2, 10, 50))
            case 6:
                other = dice.choice(seeds)
                found[at:] = other[dice.randrange(len(other) + 1) :]
            case 7:
                found[at:at] = dice.choice(tokens)
            case 8:
                found[at:end] = dice.choice((b"0", b"-1", b"9" * 20, b"4294967296", b"1_0", b""))
            case 9:
                words = list(re.finditer(rb"[A-Za-z]+", found))
                if words:
                    word = dice.choice(words)
                    found[word.start() : word.end()] = dice.choice(tokens)
            case _:
                if not dice.randrange(20):
                    found[at:at] = dice.choice(_REPEATED) * dice.choice((100, 2000, 20_000))
    return bytes(found[:SIZE])


def attacked(target: Target, data: bytes, seed: int) -> None:
    """What is no error of the codecs leaves this, and what takes long."""
    assert_quick(lambda: target.attack(data, random.Random(seed)), data)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_escapes_takes_long_or_stays(name: str, is_full: bool) -> None:
    target = TARGETS[name]
    seeds = [seed for seed in target.seeds() if seed] or [b""]
    assert seeds != [b""]
    dice = random.Random(name)
    ends = time.monotonic() + SECONDS
    count = 0
    grown_from = 0.0
    while count < INPUTS or (is_full and time.monotonic() < ends):
        data, seed = mutated(dice.choice(seeds), seeds, target.tokens, dice), dice.getrandbits(32)
        attacked(target, data, seed)
        count += 1
        if count == INPUTS:
            grown_from = resident()
    assert resident() - grown_from < GROWTH


def _parts(count: int, header: bytes) -> bytes:
    """A mail of so many parts, each with this header."""
    start = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    return start + b"".join(b"--b\r\n%s\r\n\r\nx\r\n" % header for _ in range(count)) + b"--b--\r\n"


def _filled(start: bytes, piece: bytes, end: bytes = b"") -> bytes:
    return start + piece * ((SIZE - len(start) - len(end)) // len(piece)) + end


# Each piece is cheap, and the product of all of them was not.
BOMBS: Mapping[str, tuple[str, bytes]] = {
    "quotes in few parts": ("email2sms", _parts(15, b"Content-Type: image/p" + b'"' * 4000)),
    "quotes in many parts": ("email2sms", _parts(60, b"Content-Type: image/p" + b'"' * 950)),
    "many parts": ("email2sms", _parts(3000, b"X: y")),
    "nested comments": ("email2sms", b"Content-Type: text/plain " + b"(" * 60_000),
    "parameters in pieces": (
        "email2sms",
        b"Content-Type: text/plain"
        + b"".join(b"; charset*%d=a" % n for n in range(3000))
        + b"\r\n\r\nx",
    ),
    "encoded words": ("email2sms", _filled(b"Subject:", b" =?utf-8?q?=41?=", b"\r\n\r\nx")),
    "headers": ("email2sms", _filled(b"", b"X: y\r\n", b"\r\nx")),
    "folded lines": ("email2sms", _filled(b"Subject: a", b"\r\n b", b"\r\n\r\nx")),
    "items": ("viber callbacks", _filled(b"[", b'{"id":1},', b"{}]")),
    "items of ids that are none": ("vk callbacks", _filled(b"[", b'{"messageId":1.5},', b"{}]")),
    "pieces of a reply": ("incoming replies", _filled(b"", b"{sms=", b"}")),
    "names of a push": ("incoming pushes", b"".join(b"%x=1&" % n for n in range(9000))),
    "pairs": ("requests of a table", _filled(b"", b"a=b&")),
    "empty pairs": ("requests of a table", _filled(b"", b"&")),
    "pairs of new names": (
        "requests of a table",
        b"".join(b"%x=1&" % n for n in range(9000)),
    ),
    "numbered values": (
        "requests of a table",
        b"".join(b"X[%d]=1&" % n for n in range(6000)),
    ),
    "escapes": ("requests of a table", _filled(b"a=", b"%41")),
    "arrays": ("answers of a table", b"[" * SIZE),
    "digits": ("answers of a table", b"9" * SIZE),
    "objects": ("answers of a table", _filled(b"[", b"{},", b"{}]")),
    "elements within elements": ("xml requests", _filled(b"", b"<a>")),
    "attributes": (
        "xml requests",
        b"<package" + b"".join(b' a%d="1"' % n for n in range(6000)) + b"/>",
    ),
    "namespaces": (
        "soap requests",
        b"<a" + b"".join(b' xmlns:a%d="u%d"' % (n, n) for n in range(2800)) + b"/>",
    ),
    "references": ("soap answers", _filled(b"<a>", b"&#65;", b"</a>")),
    "parameters of a PDU": (
        "smpp decoding alone",
        _filled(b"\0\0\xff\xf0\0\0\0\5" + bytes(25), b"\x14\0\0\0"),
    ),
    "frames": ("smpp sessions", _filled(b"", b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\1")),
    "blanks in a receipt": ("smpp receipts", _filled(b"id:1", b" ", b"stat:DELIVRD")),
    "colons in a receipt": ("smpp receipts", _filled(b"id:1 ", b":a ", b"stat:DELIVRD")),
    "an escape that never comes": ("texts", b"\x1b" * SIZE),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_bomb_of_64_kb_takes_long(bomb: str) -> None:
    name, data = BOMBS[bomb]
    assert len(data) <= SIZE
    for seed in range(8):
        attacked(TARGETS[name], data, seed)
