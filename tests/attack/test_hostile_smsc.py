"""SMS centres that do what none should: the channel over SMPP survives them, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import BindRequest, EnquireLink, SubmitSm, SubmitSmResp, Unbind
from devino_core import AsyncClient, Retry
from tests.attack._channels import (
    PATIENCE,
    SMPP,
    Outcome,
    attempt,
    by_turns,
    client,
    message,
    redirected,
    target,
)
from tests.attack._memory import bounded
from tests.attack._serving import served

MEGABYTES = 100
LONG = 60.0

AnyPdu: TypeAlias = smpp.Pdu | smpp.UnknownPdu
Say: TypeAlias = Callable[[bytes], Awaitable[None]]
Respond: TypeAlias = Callable[[AnyPdu, Say], Coroutine[object, object, bool]]
"""What a centre does with a request; False: what a good one would do."""


def submitted(answer: Callable[[int], bytes]) -> Respond:
    """To a submit, these octets; its sequence number is given."""

    async def respond(pdu: AnyPdu, say: Say) -> bool:
        if not isinstance(pdu, SubmitSm):
            return False
        await say(answer(pdu.sequence_number))
        return True

    return respond


def bound(answer: Callable[[smpp.Pdu], bytes]) -> Respond:
    """To a bind, these octets."""

    async def respond(pdu: AnyPdu, say: Say) -> bool:
        if not isinstance(pdu, BindRequest):
            return False
        await say(answer(pdu))
        return True

    return respond


def flood(make: Callable[[int], bytes], count: int = 5_000) -> Respond:
    """After a good answer to the bind, so many PDUs at once."""

    async def respond(pdu: AnyPdu, say: Say) -> bool:
        if not isinstance(pdu, BindRequest):
            return False
        await say(welcome(pdu))
        for start in range(1, count, 200):
            await say(b"".join(make(number) for number in range(start, start + 200)))
        return True

    return respond


def response(number: int, **fields: object) -> bytes:
    return smpp.encode(SubmitSmResp(**fields), number)  # type: ignore[arg-type]


def welcome(pdu: smpp.Pdu, number: int | None = None) -> bytes:
    answer = smpp.BindTransceiverResp(system_id="x")
    return smpp.encode(answer, pdu.sequence_number if number is None else number)


def header(command: int, number: int, length: int = 16, status: int = 0) -> bytes:
    return b"".join(one.to_bytes(4, "big") for one in (length, command, status, number))


def _deliver(number: int, **fields: object) -> bytes:
    usual: dict[str, object] = {"source_addr": "79031234567", "destination_addr": "1"}
    return smpp.encode(smpp.DeliverSm(**{**usual, **fields}), number)  # type: ignore[arg-type]


_SUBMIT_RESP = 0x80000004
_TRUE = frozenset({Retry.MAY_DUPLICATE})
_REFUSED = frozenset({Retry.SAFE, Retry.NEVER})
_ENDED = frozenset({Retry.SAFE, Retry.MAY_DUPLICATE})
# What may be told of a message: SAFE where it never left, MAY_DUPLICATE where it may have.
ZOO: Mapping[str, tuple[Respond, frozenset[Retry]]] = {
    "a bind answered by HTTP": (bound(lambda _: b"HTTP/1.1 400 Bad\r\n\r\n" * 100), _REFUSED),
    "a bind answered by a giant": (bound(lambda _: b"\x7f\xff\xff\xff" + bytes(60_000)), _REFUSED),
    "a bind answered for another": (bound(lambda pdu: welcome(pdu, 77)), _REFUSED),
    "a bind that is never answered": (bound(lambda _: b""), _REFUSED),
    "no answer": (submitted(lambda _: b""), _TRUE),
    "an answer for another": (submitted(lambda n: response(n + 1000, message_id="1")), _TRUE),
    "a giant answer": (
        submitted(lambda n: header(_SUBMIT_RESP, n, 0x7FFFFFFF) + bytes(60_000)),
        _TRUE,
    ),
    "half an answer": (submitted(lambda n: header(_SUBMIT_RESP, n, 24) + b"12"), _TRUE),
    "an answer of another type": (
        submitted(lambda n: smpp.encode(smpp.QuerySmResp(message_id="1"), n)),
        _TRUE,
    ),
    "a length of nothing": (submitted(lambda n: header(_SUBMIT_RESP, n, 0)), _TRUE),
    "an unbind": (submitted(lambda _: smpp.encode(Unbind(), 1)), _TRUE),
    "a reserved status": (
        submitted(lambda n: header(_SUBMIT_RESP, n, status=0xFFFFFFFF)),
        _REFUSED | _TRUE,
    ),
    "throttled for ever": (
        submitted(lambda n: response(n, command_status=smpp.CommandStatus.ESME_RTHROTTLED)),
        frozenset({Retry.SAFE}),
    ),
    # Such a session is ended, before or after it has written the message.
    "questions without end": (flood(lambda n: smpp.encode(EnquireLink(), n)), _ENDED),
    "unknown requests without end": (flood(lambda n: header(0x7777, n)), _ENDED),
    "broken requests without end": (flood(lambda n: header(5, n, 20) + b"abcd"), _ENDED),
    "refusals of nothing": (flood(lambda n: header(0x80000000, n, status=3)), _ENDED),
    "answers to nothing": (flood(lambda n: response(n + 2**20, message_id="evil")), _ENDED),
}
# Centres that are odd and yet take the message.
ODD: Mapping[str, Respond] = {
    "a bind answered twice": bound(lambda pdu: welcome(pdu) * 2),
    "an answer that comes twice": submitted(lambda n: response(n, message_id="1") * 2),
    "an id of 64 characters": submitted(lambda n: response(n, message_id="x" * 64)),
    "status 0 and a body that no rule allows": submitted(
        lambda n: header(_SUBMIT_RESP, n, 19) + b"abc"
    ),
    "deliveries without end": flood(lambda n: _deliver(n, short_message=b"x" * 100)),
    "parts without end": flood(
        lambda n: _deliver(
            n,
            source_addr=str(79_000_000_000 + n),
            esm_class=0x40,
            short_message=b"\x05\x00\x03%c\x02\x01" % (n % 256) + b"x" * 100,
        )
    ),
    "an unknown element of a header without end": flood(
        lambda n: _deliver(n, esm_class=0x40, short_message=b"\x02\x24\x00Hello"), 2000
    ),
}


@asynccontextmanager
async def serving(respond: Respond) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = smpp.Framer()
        floods: set[asyncio.Task[bool]] = set()

        async def say(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        try:
            while data := await reader.read(65536):
                for frame in framer.feed(data):
                    pdu = smpp.decode(frame)
                    # A centre that floods still reads.
                    done = asyncio.create_task(respond(pdu, say))
                    floods.add(done)
                    done.add_done_callback(floods.discard)
                    await asyncio.wait({done}, timeout=0.05)
                    if not done.done() or done.result():
                        continue
                    if isinstance(pdu, BindRequest):
                        await say(welcome(pdu))
                    elif isinstance(pdu, SubmitSm):
                        await say(response(pdu.sequence_number, message_id="1"))
                    elif isinstance(pdu, EnquireLink):
                        await say(smpp.encode(smpp.EnquireLinkResp(), pdu.sequence_number))
                    elif isinstance(pdu, Unbind):
                        await say(smpp.encode(smpp.UnbindResp(), pdu.sequence_number))
        finally:
            for one in tuple(floods):
                one.cancel()
            await asyncio.gather(*floods, return_exceptions=True)

    async with served(serve) as port:
        yield port


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    by_turns(metafunc, SMPP, ZOO if "hostile" in metafunc.function.__name__ else ODD)


async def _sent(kind: str, respond: Respond, *, patience: float = PATIENCE) -> Outcome:
    began = asyncio.get_running_loop().time()
    async with target(kind) as found, serving(respond) as port:
        settings = redirected(found.settings(0), port) | {"bind": "transceiver"}
        async with (
            bounded(MEGABYTES),
            client(kind, settings, patience=patience) as opened,
            _listening(opened),
        ):
            outcome = await attempt(opened, message(kind, 1, "hello"))
    assert asyncio.get_running_loop().time() - began < LONG
    return outcome


@asynccontextmanager
async def _listening(opened: AsyncClient) -> AsyncIterator[None]:
    """Events are taken meanwhile, so that what is delivered has somewhere to go."""

    async def listen() -> None:
        async for _ in opened.events():
            pass

    listening = asyncio.create_task(listen())
    try:
        yield
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_a_hostile_centre_is_survived(kind: str, name: str) -> None:
    respond, possible = ZOO[name]
    outcome = await _sent(kind, respond)
    assert not outcome.accepted
    assert outcome.retry in possible, outcome


async def test_an_odd_centre_takes_the_message(kind: str, name: str) -> None:
    # It is taken, however long this machine needs to read all of a flood of messages.
    outcome = await _sent(kind, ODD[name], patience=40)
    assert outcome.accepted, outcome


def _broken(body: bytes, number: int) -> bytes:
    return header(5, number, 16 + len(body)) + body


_DELIVERIES: Mapping[str, Callable[[int], bytes]] = {
    "a plain text": lambda n: _deliver(n, short_message=b"Hello"),
    "an unknown empty element in its header": lambda n: _deliver(
        n, esm_class=0x40, short_message=b"\x02\x24\x00Hello"
    ),
    "a header longer than the text": lambda n: _deliver(
        n, esm_class=0x40, short_message=b"\xffHello"
    ),
    "a coding that nobody knows": lambda n: _deliver(n, data_coding=0xEE, short_message=b"Hello"),
    "a receipt of nothing": lambda n: _deliver(n, esm_class=4, short_message=b"delivered"),
    "a parameter longer than the PDU": lambda n: _broken(
        _deliver(n, short_message=b"Hello")[16:] + b"\x14\x00\x00\x06", n
    ),
    "an octet above 127 in an address": lambda n: _broken(
        _deliver(n, source_addr="7x9", short_message=b"Hello")[16:].replace(b"7x9", b"7\xf19"), n
    ),
}


@pytest.mark.parametrize("odd", _DELIVERIES)
async def test_what_is_acknowledged_reaches_the_program(odd: str) -> None:
    """An acknowledgement is a promise: the centre forgets what the program has not seen."""
    make = _DELIVERIES[odd]
    acknowledged: list[int] = []
    answered = asyncio.Event()

    async def respond(pdu: AnyPdu, say: Say) -> bool:
        if isinstance(pdu, BindRequest):
            await say(welcome(pdu) + make(7))
            return True
        if pdu.sequence_number == 7 and pdu.command_id & 0x80000000:
            if pdu.command_status == 0:
                acknowledged.append(pdu.sequence_number)
            answered.set()
            return True
        return False

    events = []
    for kind in SMPP:
        async with target(kind) as found, serving(respond) as port:
            settings = redirected(found.settings(0), port) | {"bind": "transceiver"}
            async with client(kind, settings) as opened:

                async def listen(through: AsyncClient) -> None:
                    async for event in through.events():
                        events.append(event)

                listening = asyncio.create_task(listen(opened))
                # What is left unanswered is no promise: the centre sends it again.
                with suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await answered.wait()
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
    assert len(events) >= len(acknowledged)
    if odd == "a plain text":
        assert (len(events), len(acknowledged)) == (1, 1)
