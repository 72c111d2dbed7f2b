"""What subscribers wrote, as events."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

from devino_codecs.http import Unread
from devino_core import Incoming, Medium, ProtocolViolation

__all__ = ["ReceivedSms", "incoming_events"]

_log = logging.getLogger(__name__)


class ReceivedSms(NamedTuple):
    """An SMS as the platform tells it."""

    id: int | None
    """The same over every protocol; None if the answer lacks it."""
    at: datetime | None
    """Aware; None if the answer lacks it."""
    sender: str
    to: str
    text: str
    raw: object


def incoming_events(
    messages: Iterable[ReceivedSms | Unread | None],
    *,
    channel: str,
    since: datetime,
    until: datetime,
    now: datetime,
) -> list[Incoming]:
    """The events of those that came within a period, bounds included.

    One without a time is given too, with ``now``: it would be lost otherwise. One without an id
    gets one that is made of all that it says. None is an empty entry. Of one that cannot be read,
    the log tells; raises ProtocolViolation if that is true of all.
    """
    seen: Counter[str] = Counter()
    events: list[Incoming] = []
    unread: list[str] = []
    readable = 0
    for place, sms in enumerate(messages):
        if isinstance(sms, Unread):
            unread.append(f"[{place}].{sms}" if sms.path else f"[{place}]: {sms}")
            continue
        if sms is None:
            continue
        readable += 1
        if sms.at is not None and not since <= sms.at <= until:
            continue
        events.append(
            Incoming(
                id=_made_id(sms, seen) if sms.id is None else str(sms.id),
                at=now if sms.at is None else sms.at,
                channel=channel,
                raw=sms.raw,
                sender=sms.sender,
                to=sms.to,
                text=sms.text,
                medium=Medium.SMS,
            )
        )
    if unread and not readable:
        raise ProtocolViolation(
            f"no SMS in the platform's answer can be read: {unread[0]}", changes=False
        )
    for why in unread:
        _log.warning("%s: an incoming SMS cannot be read: %s", channel, why)
    return events


def _made_id(sms: ReceivedSms, seen: Counter[str]) -> str:
    said = (sms.sender, sms.to, "" if sms.at is None else sms.at.isoformat(), sms.text)
    digest = blake2b("\0".join(said).encode(errors="replace"), digest_size=16).hexdigest()
    seen[digest] += 1
    # The same words twice in one second, from one number, are still two messages.
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
