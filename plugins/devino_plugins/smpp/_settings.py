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
    """The account's login, which is the ``system_id``: at most 15 characters."""
    password: Secret
    """The account's password; SMPP has room for 8 characters."""
    hosts: str | tuple[str, ...] = "smpp01.integrationapi.net, smpp02.integrationapi.net"
    """Where to connect, the main host first: a list, or separated by commas. Each is ``host`` or
    ``host:port``. The default is for advertising. Transactional messages go to
    ``smpp03.integrationapi.net, smpp04.integrationapi.net``."""
    port: Annotated[int, Meta(ge=1, le=65535)] = 2775
    """The port of hosts that are written without one."""
    tls: bool = True
    """Encrypt, and verify the host's name. ``false`` is plain SMPP: everyone on the way can read
    the password and the messages."""
    system_type: str = ""
    """Part of the login at some centres. The platform wants it empty."""
    bind: Literal["separate", "transceiver", "transmitter", "receiver"] = "separate"
    """``separate``: some sessions send, and one receives while events are iterated. What the centre
    delivers over the former is an event too. ``transceiver``: the same sessions send and receive.
    Then iterate events all the time, because the centre waits for their acknowledgement. With both,
    the parts of a longer text are acknowledged as they come, except the last one, even while nobody
    iterates. ``transmitter`` only sends, ``receiver`` only receives. What the centre delivers to a
    ``transmitter`` stays unacknowledged, so that the centre delivers it elsewhere."""
    sessions: Positive = 1
    """How many sessions are used at once. ``separate`` needs one more to receive. The platform
    allows an account 4."""
    window: Positive = 10
    """How many requests of a session may be unanswered."""
    concatenation: Literal["udh", "sar", "payload"] = "udh"
    """How a long text is sent. ``udh``: in parts with a header of 6 octets. ``sar``: in parts with
    SAR parameters. ``payload``: whole in ``message_payload``, which gives one id, and a receipt for
    the first part only."""
    alphabet: Literal["gsm7", "latin-1", "ascii"] = "gsm7"
    """What ``data_coding`` 0 means at the centre, in both directions. ``gsm7``: GSM 7 bit with one
    septet in each octet. With ``latin-1`` or ``ascii``, a text of GSM 7 bit that has a character
    beyond that alphabet goes in UCS-2."""
    receipts: bool = True
    """Ask for a delivery receipt of every message."""
    times: Literal["natural", "absolute", "relative"] = "natural"
    """How times are written. ``natural``: ``send_at`` as an instant, ``validity`` as a span.
    ``absolute``: both as instants. ``relative``: both as spans from the centre's now, which are
    below 100 days."""
    source_ton: Octet | None = None
    """The type of number of all senders. If it is not given: 5 for a name, 1 for a number, 3 for a
    short code of up to 6 digits."""
    receipt_ids: Literal["verbatim", "hex", "decimal"] = "verbatim"
    """How receipts write the ids that answers gave. ``verbatim``: as they are. ``hex``: in hex,
    while answers had them in decimal. ``decimal``: the reverse. Letter case and leading zeros make
    no difference."""
    receipt_dates: Literal["minutes", "seconds", "year_minutes", "year_seconds"] = "minutes"
    """How to read a date of 12 digits in a receipt if it could be two: ``year_minutes`` reads
    YYYYMMDDhhmm, the others read YYMMDDhhmmss."""
    receipt_zone: str | None = None
    """The time zone of dates in receipts, such as ``Europe/Moscow``. Without it, the dates are only
    in the ``raw`` of an event."""
    remembered: Positive = 100_000
    """How many ids of sent messages are remembered. Events need them for ``ref``, and ``query_sm``
    for the sender."""
    incoming: Positive = 1000
    """How many events may wait to be iterated. More are left to the centre, unacknowledged."""
    parts_timeout: Seconds = 3600.0
    """For how many seconds the parts of a subscriber's long text may be missing. After that
    those that came are an event, which has a text with gaps."""
    pauses: Literal["account", "host"] = "account"
    """What rests after a session broke, or a try to connect failed. ``account``: no session is made
    to any host, and the next try goes to the next host. ``host``: that host alone, and the next one
    is tried at once. The manual does not say which it means, and a platform that means the account
    would refuse each of these tries, and begin the pause anew."""
    wait_for_session: Annotated[float, Meta(ge=0)] = 0.0
    """How many seconds a call waits while no new session may be made, before it is ConnectFailed.
    The platform wants 60 seconds after a session broke, and 90 after a try failed."""
    throttle_timeout: Seconds = 60.0
    """For how many seconds a throttled message is sent again, before it is Throttled."""
    connect_timeout: Seconds = 10.0
    """Seconds to get a connection."""
    response_timeout: Seconds = 30.0
    """Seconds for each answer. A message without an answer is OutcomeUnknown."""
