"""Tests of an application that sends codes: pytest"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

import pytest

from devino import Client, Message, State
from devino_sandbox import LocalSandbox, MessageView


def send_code(to: str) -> None:
    """The application. It finds its channels in the environment."""
    with Client() as client:
        client.send(Message(to, "Your code is 1234", sender="SHOP"))


@pytest.mark.usefixtures("devino_environ")
def test_a_code_goes_to_the_phone(devino_sent: Sequence[MessageView]) -> None:
    send_code("+7 903 123-45-67")
    (message,) = devino_sent
    assert re.fullmatch(r"Your code is \d{4}", message.text)
    assert (message.to, message.sender) == ("79031234567", "SHOP")


def test_a_code_arrives_within_a_second(
    devino_sandbox: LocalSandbox, devino_client: Client
) -> None:
    receipt = devino_client.send(Message("79031234567", "1234", sender="SHOP"))
    devino_sandbox.advance(timedelta(seconds=1))
    assert devino_client.status(receipt).state is State.DELIVERED


@pytest.mark.devino(senders=["SHOP"], kinds=["smpp"])
@pytest.mark.usefixtures("devino_environ")
def test_over_smpp_it_is_the_same(devino_sandbox: LocalSandbox) -> None:
    send_code("79031234567")
    (message,) = devino_sandbox.assert_sent(text="code")
    assert message.via == "smpp"
