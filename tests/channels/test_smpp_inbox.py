"""Whatever can be read becomes an event, or is a part that is acknowledged."""

from __future__ import annotations

import asyncio
import struct
from typing import cast

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from devino_codecs import DecodeError, smpp
from devino_codecs.smpp import DeliverSm, Pdu, ReceiptStyle
from devino_core.push import Correlator
from devino_core.testing import ManualClock
from devino_plugins.smpp import SmppSession
from devino_plugins.smpp._inbox import Inbox

ANY = st.binary(max_size=20).map(lambda octets: octets.replace(b"\0", b"") + b"\0")
OCTET = st.integers(0, 255).map(lambda number: bytes([number]))
TIME = st.sampled_from([b"\0", b"0\0", b"000000000000000R\0", b"2601311200\0"]) | ANY
SHORT = st.binary(max_size=60) | st.sampled_from(
    [b"\5\0\3\1\2\1hi", b"id:1 stat:DELIVRD err:" + b"1" * 60, b"id:1 done date:00010101000000"]
)
TLV = st.tuples(st.sampled_from([0x0424, 0x020C, 0x020E, 0x1403, 0x0427]), SHORT)
BODIES = st.builds(
    lambda *fields: b"".join(fields),
    *(ANY, OCTET, OCTET, ANY, OCTET, OCTET, ANY, OCTET, OCTET, OCTET, TIME, TIME),
    *(OCTET, OCTET, OCTET, OCTET, SHORT.map(lambda text: bytes([len(text)]) + text)),
    st.lists(TLV, max_size=3).map(
        lambda tlvs: b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in tlvs)
    ),
)


class Session:
    """Notes what is answered."""

    def __init__(self) -> None:
        self.replied: list[Pdu] = []

    def reply(self, pdu: Pdu) -> bool:
        self.replied.append(pdu)
        return True


@settings(max_examples=150, deadline=None)
@given(body=BODIES)
def test_any_delivery_that_can_be_read_is_an_event_or_an_acknowledged_part(body: bytes) -> None:
    head = struct.pack(">4I", 16 + len(body), smpp.CommandId.DELIVER_SM, 0, 7)
    try:
        pdu = smpp.decode(head + body)
    except DecodeError:
        assume(False)
    assert isinstance(pdu, DeliverSm)
    asyncio.run(check(pdu))


async def check(pdu: DeliverSm) -> None:
    inbox = Inbox(
        channel="smpp",
        clock=ManualClock(),
        style=ReceiptStyle(),
        correlator=Correlator(10),
        limit=10,
    )
    session = Session()
    inbox.take(cast("SmppSession", session), pdu)
    if session.replied:
        assert session.replied == [pdu]
        assert smpp.user_data(pdu, lenient=True).segment is not None
    else:
        held = await asyncio.wait_for(inbox.next(), 1)
        assert held is not None
        inbox.acknowledge(held)
        assert session.replied == [pdu]
    inbox.close()
