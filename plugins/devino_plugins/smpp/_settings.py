"""Settings of the SMPP channel."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from devino_core import ChannelSettings, Secret
from devino_plugins.kit.settings import Positive, Seconds

__all__ = ["SmppSettings"]

Octet = Annotated[int, Meta(ge=0, le=255)]


class SmppSettings(ChannelSettings, frozen=True, kw_only=True):
    """Settings of channel kind ``smpp``."""

    login: str
    """The account's login: the ``system_id``, at most 15 characters."""
    password: Secret
    """The account's password; SMPP has room for 8 characters."""
    hosts: str | tuple[str, ...] = "smpp01.integrationapi.net, smpp02.integrationapi.net"
    """Where to connect, the main one first, each as ``host`` or ``host:port``; a list, or separated
    by commas. The default is for advertising; transactional messages go to
    ``smpp03.integrationapi.net, smpp04.integrationapi.net``."""
    port: Annotated[int, Meta(ge=1, le=65535)] = 2775
    """The port of hosts that name none."""
    tls: bool = True
    """Encrypt, and verify the host's name. ``false`` is plain SMPP: everyone on the way can read
    the password and the messages."""
    system_type: str = ""
    """Part of the login at some centres; the platform wants it empty."""
    bind: Literal["separate", "transceiver", "transmitter", "receiver"] = "separate"
    """``separate``: sessions that send, and one that receives while events are iterated; what the
    centre delivers over the former is an event too. ``transceiver``: both in the same sessions, and
    events are to be iterated all the time, for the centre waits for their acknowledgement. Parts of
    a longer text are acknowledged as they come in either, all but the last, also while nobody
    iterates. ``transmitter``, ``receiver``: only the one; what is delivered to a ``transmitter``
    nevertheless stays unacknowledged, for the centre to deliver elsewhere."""
    sessions: Positive = 1
    """How many sessions are used at once; ``separate`` needs one more to receive. The platform
    allows an account 4."""
    window: Positive = 10
    """How many requests of a session may be unanswered."""
    concatenation: Literal["udh", "sar", "payload"] = "udh"
    """How a long text is sent: in parts with a header of 6 octets, in parts with SAR parameters, or
    whole in ``message_payload``, which gives one id and a receipt for the first part only."""
    receipts: bool = True
    """Ask for a delivery receipt of every message."""
    times: Literal["natural", "absolute", "relative"] = "natural"
    """How times are written: ``natural`` a ``send_at`` as an instant and a ``validity`` as a span,
    ``absolute`` both as instants, ``relative`` both as spans from the centre's now, below 100
    days."""
    source_ton: Octet | None = None
    """The type of number of all senders. Unless given: 5 for a name, 1 for a number, 3 for a short
    code of up to 6 digits."""
    receipt_ids: Literal["verbatim", "hex", "decimal"] = "verbatim"
    """How receipts write the ids of answers: as they are, or in hex what answers have in decimal,
    or in decimal what they have in hex."""
    receipt_dates: Literal["minutes", "seconds", "year_minutes", "year_seconds"] = "minutes"
    """What 12 digits of a date in a receipt are, where they could be two things:
    ``year_minutes`` YYYYMMDDhhmm, the others YYMMDDhhmmss."""
    receipt_zone: str | None = None
    """The time zone of dates in receipts, such as ``Europe/Moscow``; without it they are only in an
    event's ``raw``."""
    remembered: Positive = 100_000
    """How many of the last sent ids are remembered, for ``ref`` in events and the sender that
    ``query_sm`` names."""
    incoming: Positive = 1000
    """How many events may wait to be iterated; more are left to the centre, unacknowledged."""
    wait_for_session: Annotated[float, Meta(ge=0)] = 0.0
    """Seconds that a call waits while no new session may be made, which is for 60 after one broke
    and 90 after a try failed; after that ConnectFailed."""
    throttle_timeout: Seconds = 60.0
    """Seconds for which a message is sent again that is refused with a throttling error; after that
    Throttled."""
    connect_timeout: Seconds = 10.0
    """Seconds to get a connection."""
    response_timeout: Seconds = 30.0
    """Seconds for each answer; a message without one is OutcomeUnknown."""
