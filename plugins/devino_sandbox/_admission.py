"""What the platform takes, when it is to be sent, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal

from devino_codecs import EncodeError
from devino_codecs.text import count_parts
from devino_core import Medium, phone

from ._accounts import Account
from ._messages import RefusalReason, Refused, Submission

__all__ = [
    "SENDERS",
    "charge",
    "check_sender",
    "destination",
    "readable",
    "segments",
    "sending_at",
    "wall_clock_of",
]

_NAME = r"[!-~](?:[ -~]{0,9}[!-~])?"
SENDERS: Mapping[Medium, re.Pattern[str]] = {
    Medium.SMS: re.compile(rf"\+?[0-9]{{1,15}}|{_NAME}"),
    Medium.VIBER: re.compile(_NAME),
}
"""What a sender looks like; other media take any."""


def destination(medium: Medium, address: str) -> str:
    """The address in the form in which messages have it. Raises Refused."""
    if medium is Medium.EMAIL:
        return address.strip()
    try:
        return phone.normalize(address)
    except ValueError as error:
        raise Refused(RefusalReason.DESTINATION, f"destination address: {error}") from None


def readable(address: str) -> str:
    """The same for an address that may be none: it stays as it came then."""
    try:
        return phone.normalize(address)
    except ValueError:
        return address


def check_sender(submission: Submission) -> None:
    """Raise Refused for a sender that is malformed, or not the account's."""
    if submission.sender_checked:
        return
    pattern = SENDERS.get(submission.medium)
    if pattern is not None and pattern.fullmatch(submission.sender) is None:
        raise Refused(
            RefusalReason.SENDER_MALFORMED,
            "source address: up to 11 Latin characters"
            + (" or 15 digits" if submission.medium is Medium.SMS else ""),
        )
    approved = submission.account.senders
    if approved is not None and submission.sender not in approved:
        raise Refused(
            RefusalReason.SENDER_UNKNOWN, "source address: not among the account's approved senders"
        )


def wall_clock_of(address: str) -> tzinfo:
    """The zone of a recipient. Mail has none, and is sent by Moscow's clock."""
    # The table of zones is built on first use: few messages are for a recipient's wall clock.
    from devino_core.zones import MOSCOW, zone_of

    try:
        return zone_of(address)
    except ValueError:
        return MOSCOW


def sending_at(
    submission: Submission, address: str, now: datetime, zone_of: Callable[[str], tzinfo]
) -> datetime | None:
    """The instant for which it is scheduled; None: it goes now. Raises Refused."""
    at = submission.send_at
    if at is None:
        return None
    try:
        if at.utcoffset() is None:
            at = at.replace(tzinfo=zone_of(address))
        at = at.astimezone(now.tzinfo)
    except OverflowError:
        raise Refused(RefusalReason.SEND_AT, "the sending time is out of range") from None
    return at if at > now else None


def segments(submission: Submission) -> int:
    """How many segments the account pays for. Raises Refused."""
    if submission.parts is not None:
        return submission.parts
    if submission.medium is not Medium.SMS:
        return 1
    try:
        return count_parts(submission.text)
    except EncodeError as error:
        raise Refused(RefusalReason.TEXT, f"text: {error}") from None


def charge(account: Account, cost: Decimal) -> None:
    """Take it from the balance. Raises Refused if that does not suffice."""
    if cost > account.balance:
        raise Refused(
            RefusalReason.BALANCE, f"not enough credits: {cost} needed, {account.balance} left"
        )
    account.balance -= cost
