"""What only the SOAP channels do, against the sandbox, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

import pytest

from devino_codecs.soap import Fault as SoapFault
from devino_codecs.soap import Version, encode_fault
from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    ConfigurationError,
    InvalidArgument,
    Medium,
    Message,
    OutcomeUnknown,
    State,
    Unavailable,
)
from devino_plugins.soap._channel import SoapChannel
from devino_sandbox import AnswerError, AnswerHttp, Fault, RawRequest
from devino_sandbox.services.soap import SoapService
from tests.channels._sandboxed import PASSWORD, Wired
from tests.channels._services import assert_ends, reached

KINDS = ("soap", "soap-v2")
TO, OTHER = "79031234567", "79031234568"


@pytest.fixture(params=KINDS)
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wired]:
    async with reached(request.param) as wire:
        yield wire


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("kind", KINDS)
async def test_either_version_carries_a_message_and_its_state(kind: str, version: str) -> None:
    async with reached(kind, soap_version=version) as wire:
        (receipt,) = await wire.channel.send([Message(TO, "Hello <&>")])
        assert receipt.status.state is State.ACCEPTED
        seen = [(await wire.channel.status(receipt.ids))[0].state]
        for _ in range(2):
            await wire.clock.tick(0.5)
            seen.append((await wire.channel.status(receipt.ids))[0].state)
        assert seen == [State.ACCEPTED, State.ENROUTE, State.DELIVERED]
        assert [message.submission.text for message in wire.world.messages()] == ["Hello <&>"]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_the_version_of_the_setting_is_spoken(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[RawRequest] = []
    handle = SoapService.handle

    def remembering(self: SoapService, request: RawRequest) -> object:
        asked.append(request)
        return handle(self, request)

    monkeypatch.setattr(SoapService, "handle", remembering)
    async with reached("soap-v2", soap_version=version) as wire:
        await wire.channel.balance()
    (request,) = asked
    headers = dict(request.headers)
    assert headers[b"content-type"].decode() == Version(version).content_type
    action = b'"http://ws.devinosms.com/GetBalance"' if version == "1.1" else None
    assert headers.get(b"soapaction") == action
    assert Version(version).namespace.encode() in request.body


async def test_a_session_that_expires_again_and_again_is_not_asked_for_in_a_loop() -> None:
    async with reached("soap") as wire:
        refusal = AnswerError("SessionID expired")
        wire.world.faults.add(Fault(operation="SendMessage", times=None, action=refusal))
        with pytest.raises(AuthenticationFailed):
            await wire.channel.send([Message(TO, "a")])
        assert list(wire.world.messages()) == []


def envelope(reason: str, code: str, version: Version = Version.SOAP_12) -> AnswerHttp:
    """A fault in words that the sandbox would not choose."""
    body = encode_fault(SoapFault(reason=reason, code=code), version=version)
    return AnswerHttp(500, body.decode(), version.content_type)


@pytest.mark.parametrize(
    "action",
    [
        AnswerError("Timeout expired."),
        AnswerError("Invalid operation. The connection is closed."),
        AnswerError("Value cannot be null.\r\nParameter name: source"),
        AnswerError("Sent to 3 of 9, then: invalid argument"),
        AnswerError("Internal Server Error: can not be null or empty"),
        envelope("Deadlock", "Receiver", Version.SOAP_11),
    ],
)
async def test_a_fault_in_unknown_words_leaves_the_end_of_a_send_unknown(
    wire: Wired, action: AnswerError | AnswerHttp
) -> None:
    await assert_ends(wire, "SendMessage", action, OutcomeUnknown)


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (AnswerError("Invalid argument: too many"), 2),
        (AnswerError(7), 7),
        (envelope("Server was unable to read request.", "Sender"), "Sender"),
        (envelope("What?", "VersionMismatch", Version.SOAP_11), "VersionMismatch"),
    ],
)
async def test_a_fault_that_says_no_is_a_refusal(
    wire: Wired, action: AnswerError, code: object
) -> None:
    wire.world.faults.add(Fault(operation="SendMessage", action=action))
    (receipt,) = await wire.channel.send([Message(TO, "a")])
    assert (receipt.status.state, receipt.status.code) == (State.REJECTED, code)


async def test_a_question_answered_by_a_fault_in_unknown_words_can_be_asked_again(
    wire: Wired,
) -> None:
    wire.world.faults.add(Fault(operation="GetBalance", action=AnswerError("?")))
    with pytest.raises(Unavailable):
        await wire.channel.balance()
    assert await wire.channel.balance() > 0


async def test_the_inbox_holds_what_subscribers_wrote(wire: Wired) -> None:
    since = wire.clock.now() - timedelta(minutes=1)
    for text in ("Да", "Да", "Нет"):
        written = wire.world.receive(sender=TO, to="2435", text=text)
    await wire.clock.tick(60)
    arrived = await wire.channel.inbox(since, wire.clock.now())
    assert [(event.sender, event.to, event.text, event.at) for event in arrived] == [
        (TO, "2435", text, written.at) for text in ("Да", "Да", "Нет")
    ]
    # Told again, they are the same: an id that a set can de-duplicate by.
    again = await wire.channel.inbox(since, wire.clock.now())
    assert [event.id for event in again] == [event.id for event in arrived]
    assert len({event.id for event in arrived}) == 3


async def test_the_inbox_loses_nothing_to_the_wires_whole_seconds(wire: Wired) -> None:
    wire.clock.advance(0.4)
    since = wire.clock.now()
    wire.clock.advance(0.3)
    wire.world.receive(sender=TO, to="2435", text="in time")
    wire.clock.advance(2)
    until = wire.clock.now()
    wire.clock.advance(1)
    wire.world.receive(sender=TO, to="2435", text="too late")
    assert [event.text for event in await wire.channel.inbox(since, until)] == ["in time"]


async def test_statistics_count_what_was_sent(wire: Wired) -> None:
    since = wire.clock.now() - timedelta(days=1)
    await wire.channel.send([Message(TO, "a"), Message("79990000046", "a")])
    await wire.clock.tick(5)
    counted = await cast("SoapChannel", wire.channel).statistics(since, wire.clock.now())
    assert (counted.delivered, counted.expired, counted.sent) == (1, 1, 0)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_password_that_xml_cannot_say_is_a_wrong_setting_and_does_not_show(
    kind: str,
) -> None:
    with pytest.raises(ConfigurationError, match="password") as caught:
        async with reached(kind, password=f"{PASSWORD}\0"):
            pass
    assert PASSWORD not in f"{caught.value!r} {caught.value.__context__!r}"


async def test_an_id_that_xml_cannot_say_is_refused(wire: Wired) -> None:
    for medium in (Medium.SMS, Medium.VIBER):
        with pytest.raises(InvalidArgument, match="messageID"):
            await wire.channel.status(["\0"], medium=medium)


async def test_calls_are_spaced_by_the_rate_and_the_login_counts() -> None:
    async with reached("soap", requests_per_second=50) as wire:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*[wire.channel.balance() for _ in range(5)])
        # Six calls with the login: the first at once, each other a fiftieth of a second later.
        assert loop.time() - began >= 5 / 50


@pytest.mark.parametrize("rate", [5e-324, 1e-300, 0.0009, 1000.1, float("inf"), float("nan"), -1.0])
def test_a_rate_that_no_limit_can_keep_is_a_wrong_setting(rate: float) -> None:
    settings = {"login": "demo", "password": PASSWORD, "sender": "DEVINO"}
    with pytest.raises(ConfigurationError, match="requests_per_second"):
        AsyncClient({"soap": {"kind": "soap", **settings, "requests_per_second": rate}})


@pytest.mark.parametrize("rate", [0, 0.001, 0.5, 1000])
async def test_any_sane_rate_opens(rate: float) -> None:
    async with reached("soap", requests_per_second=rate) as wire:
        assert wire.channel.settings.requests_per_second == rate  # type: ignore[attr-defined]
