"""No operation, error or log of two-factor codes shows the key, a code or a SIM."""

from __future__ import annotations

import asyncio
import logging
import pickle
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from devino_core import Client, DevinoError, Secret
from devino_plugins.verification import Verification
from tests.channels._canary import reported
from tests.channels._verification import KEY, NUMBER, Asked, breaks, said, settings, wired
from tests.core._peer import Peer, answer, answering, hang

CODE, IMSI = "canary-7c02", "canary-1m51"
SECRETS = (KEY, CODE, IMSI)

Operation = Callable[[Verification], Awaitable[object]]

OPERATIONS: list[Operation] = [
    lambda service: service.generate(NUMBER),
    lambda service: service.generate(NUMBER, imsi=Secret(IMSI)),
    lambda service: service.generate("no number", imsi=Secret(IMSI)),
    lambda service: service.check(NUMBER, CODE),
    lambda service: service.check("no number", CODE),
    lambda service: service.check(NUMBER, f"{CODE}\n"),
    lambda service: service.check(NUMBER, f"{CODE}{CODE}"),
]

PEERS: dict[str, Callable[[str], Peer]] = {
    # What each repeats of the secrets that it was sent.
    **{f"code {code}": partial(said, code) for code in (0, 1, 2, 3, 4, 5, 6, 7, 99)},
    "a page": lambda told: answer("200 OK", f"<html>{told}".encode()),
    "a proxy's page": lambda told: answer("502 Bad Gateway", f"<html>{told}".encode()),
    "a refusal by HTTP": lambda told: said(2, told, "403 Forbidden"),
    "a code that is a word": said,
    "a redirect": lambda told: answer(f"302 Found\r\nLocation: /{told}"),
    "a rate limit": lambda told: answer("429 Too Many", told.encode()),
    "no HTTP": lambda told: answering(f"{told}\r\n\r\n".encode()),
    "no answer": lambda _: breaks,
}


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    return caplog


def assert_hidden(shown: list[str], logged: pytest.LogCaptureFixture) -> None:
    shown += [record.getMessage() for record in logged.records]
    shown += [str(record.exc_info) for record in logged.records]
    for text in shown:
        for secret in SECRETS:
            assert secret not in text, text


@pytest.mark.parametrize("peer", PEERS)
async def test_no_secret_shows(peer: str, logged: pytest.LogCaptureFixture) -> None:
    shown: list[str] = []

    def answered(asked: Asked) -> Peer:
        return PEERS[peer](" ".join((KEY, *asked[1].values())))

    async with wired(answered, resend_after=0, max_attempts=2) as (service, _, _):
        for operation in [*OPERATIONS, *OPERATIONS]:
            try:
                shown.append(repr(await operation(service)))
            except DevinoError as error:
                shown += reported(error)
        shown.append(f"{service!r} {service.settings!r} {vars(service)!r}")
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(service.settings)
    assert_hidden(shown, logged)


async def test_no_secret_shows_without_a_connection(logged: pytest.LogCaptureFixture) -> None:
    shown: list[str] = []
    async with Verification(settings(), name="codes") as service:
        for operation in OPERATIONS:
            with pytest.raises(DevinoError) as caught:
                await operation(service)
            shown += reported(caught.value)
    for operation in OPERATIONS:
        with pytest.raises(DevinoError) as caught:
            await operation(service)
        shown += reported(caught.value)
    assert_hidden(shown, logged)


@pytest.mark.parametrize("operation", [OPERATIONS[1], OPERATIONS[3]])
@pytest.mark.parametrize("is_waiting", [False, True])
async def test_no_secret_shows_of_a_call_that_is_cancelled(
    operation: Operation, is_waiting: bool, logged: pytest.LogCaptureFixture
) -> None:
    arrived = asyncio.Event()

    def answered(_: Asked) -> Peer:
        arrived.set()
        return hang

    async with wired(answered, resend_after=0) as (service, _, _):
        first = asyncio.ensure_future(operation(service))
        await arrived.wait()
        second = asyncio.ensure_future(operation(service))
        await asyncio.sleep(0)
        shown: list[str] = []
        for call in (second, first) if is_waiting else (first, second):
            shown += [repr(call), str(call.get_stack())]
            call.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await call
            shown += reported(caught.value)
    assert_hidden(shown, logged)


@pytest.mark.parametrize("code", [CODE, f"{CODE}\n"])
def test_no_secret_shows_in_the_blocking_client(
    code: str, logged: pytest.LogCaptureFixture
) -> None:
    given: dict[str, Any] = {"api_key": KEY, "base_url": "http://127.0.0.1:1"}
    with Client(services={"2fa": given}) as client:
        service = client.service_for(Verification)
        with pytest.raises(DevinoError) as caught:
            client.call(service.check, NUMBER, code)
    assert_hidden(reported(caught.value), logged)
