"""Sessions bound to a centre that does what the test says."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from devino_codecs.smpp import Pdu, SubmitSm, SubmitSmResp
from devino_core.testing import ManualClock
from devino_plugins.smpp import SmppSession, connect
from tests.channels._smsc import Smsc

__all__ = ["session", "submit", "taken"]


def session(
    centre: Smsc, clock: ManualClock | None = None, **settings: object
) -> AbstractAsyncContextManager[SmppSession]:
    given = {"system_id": "me", "password": "secret", "tls": False, **settings}
    return connect("127.0.0.1", centre.port, clock=clock or ManualClock(), **given)  # type: ignore[arg-type]


def submit(number: int = 0) -> SubmitSm:
    return SubmitSm(source_addr="DEVINO", destination_addr=f"7903{number:07}", short_message=b"Hi")


def taken(pdu: Pdu) -> SubmitSmResp:
    assert isinstance(pdu, SubmitSm)
    return SubmitSmResp(message_id=pdu.destination_addr)
