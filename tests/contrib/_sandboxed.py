"""The World of these tests, and what must never be told of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from devino_core import Client, DevinoError, Message, Secret
from devino_sandbox import Account, AnswerHttp, Fault, LocalSandbox, World

__all__ = [
    "CALLBACK_SECRET",
    "NUMBER",
    "PASSWORD",
    "TEXT",
    "assert_discreet",
    "failure",
    "message",
    "world",
]

NUMBER = "79031234567"
TEXT = "c4n4ry-text"
PASSWORD = "c4n4ry-password"
CALLBACK_SECRET = "c4n4ry-secret-of-callbacks"


def world() -> World:
    return World([Account(login="demo", password=Secret(PASSWORD), balance=Decimal("17.5"))])


def message() -> Message:
    return Message(NUMBER, TEXT)


def failure(sandbox: LocalSandbox, client: Client) -> DevinoError:
    """The error of a send that the platform throttles."""
    sandbox.fault(Fault(operation="Sms/Send", action=AnswerHttp(429)))
    with pytest.raises(DevinoError) as raised:
        client.send(message())
    return raised.value


def assert_discreet(told: str) -> None:
    """No number, no text, no secret."""
    assert told
    for canary in (NUMBER, NUMBER[1:], TEXT, PASSWORD, CALLBACK_SECRET):
        assert canary not in told
