"""What the platform takes, when it is to be sent, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal

from devino_codecs import EncodeError
from devino_codecs.email import decode_mailbox
from devino_codecs.text import count_parts
from devino_core import Medium, phone

from ._accounts import Account
from ._messages import RefusalReason, Refused, Submission

__all__ = [
    "SENDERS",
    "charge",
    "check_sender",
    "destination",
    "mail_address",
    "plain_number",
    "readable",
    "same_address",
    "segments",
    "sending_at",
    "wall_clock_of",
]

_DIGITS = re.compile(r"\+?[0-9]+")
_NAME = r"[!-~](?:[ -~]{0,9}[!-~])?"
SENDERS: Mapping[Medium, re.Pattern[str]] = {
    Medium.SMS: re.compile(rf"\+?[0-9]{{1,15}}|{_NAME}"),
    Medium.VIBER: re.compile(_NAME),
}
"""What a sender looks like; other media take any."""


def destination(medium: Medium, address: str) -> str:
    """The address in the form in which messages have it. Raises Refused."""
    if medium is Medium.EMAIL:
        try:
            return mail_address(address)
        except ValueError as error:
            raise Refused(RefusalReason.DESTINATION, f"recipient address: {error}") from None
    try:
        return phone.normalize(address)
    except ValueError as error:
        raise Refused(RefusalReason.DESTINATION, f"destination address: {error}") from None


def readable(address: str) -> str:
    """The same for an address that may be none: it stays as it came then."""
    try:
        return mail_address(address) if "@" in address else phone.normalize(address)
    except ValueError:
        return address


def plain_number(written: str) -> str | None:
    """The same for a number in digits, with ``+`` or without; None for anything else."""
    if _DIGITS.fullmatch(written) is None:
        return None
    try:
        return phone.normalize(written)
    except ValueError:
        return None


def mail_address(text: str) -> str:
    """The address of a mailbox, with its host in small letters. Raises ValueError."""
    return same_address(decode_mailbox(text).address)


def same_address(email: str) -> str:
    """An e-mail address as it is compared: the case of its domain does not count."""
    local, at, domain = email.strip().rpartition("@")
    return f"{local}{at}{domain.lower()}"


def check_sender(submission: Submission) -> None:
    """Raise Refused for a sender that is malformed, or not the account's."""
    if submission.sender_checked:
        return
    if submission.medium is Medium.EMAIL:
        _check_mail_sender(submission)
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


def _check_mail_sender(submission: Submission) -> None:
    try:
        address = mail_address(submission.sender)
    except ValueError as error:
        raise Refused(RefusalReason.SENDER_MALFORMED, f"source address: {error}") from None
    approved = submission.account.mail_senders
    if approved is not None and address not in approved:
        raise Refused(
            RefusalReason.SENDER_UNKNOWN, "source address: not among the account's approved ones"
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
