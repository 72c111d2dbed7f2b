"""What messengers' messages are called on their wires, and what their fields may hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from devino_codecs.http import Unread
from devino_codecs.viber import Content, ContentType, DeliveryStatus, Reason, SmsPart, SmsStatus
from devino_core import Button, Card, Medium, State
from devino_sandbox._accounts import Account
from devino_sandbox._admission import plain_number
from devino_sandbox._dotnet import length
from devino_sandbox._fates import Step
from devino_sandbox._messages import StoredMessage

__all__ = [
    "MEMORY",
    "MOST_SMS",
    "delivery_status",
    "fits_account",
    "is_url",
    "leg",
    "legs",
    "number_of",
    "polled_reason",
    "posted_reason",
    "shown",
    "since",
    "sms_parts",
    "span",
    "text_of",
    "within",
]

MEMORY = timedelta(days=5)
"""How long after its sending time a message can be asked after."""
MOST_SMS = 2000
"""Characters of an SMS that goes instead."""

_STATUSES: Mapping[State, DeliveryStatus] = {
    State.SCHEDULED: DeliveryStatus.ENQUEUED,
    State.ACCEPTED: DeliveryStatus.ENQUEUED,
    State.ENROUTE: DeliveryStatus.SENT,
    State.DELIVERED: DeliveryStatus.DELIVERED,
    State.READ: DeliveryStatus.READ,
    State.CLICKED: DeliveryStatus.VISITED,
    State.UNDELIVERABLE: DeliveryStatus.UNDELIVERED,
    State.BOUNCED: DeliveryStatus.UNDELIVERED,
    State.EXPIRED: DeliveryStatus.VP_EXPIRED,
    State.REJECTED: DeliveryStatus.FAILED,
    State.DELETED: DeliveryStatus.CANCELLED,
    # The wire has no such word.
    State.UNKNOWN: DeliveryStatus.SENT,
}
_FAILED = frozenset({"ERROR", "LIMIT"})
"""The reasons of a step that the platform calls failed, and not undelivered."""

_SMS: Mapping[DeliveryStatus, SmsStatus] = {
    DeliveryStatus.ENQUEUED: SmsStatus.ENQUEUED,
    DeliveryStatus.SENT: SmsStatus.SENT,
    DeliveryStatus.DELIVERED: SmsStatus.DELIVERED,
    DeliveryStatus.READ: SmsStatus.DELIVERED,
    DeliveryStatus.VISITED: SmsStatus.DELIVERED,
}

_REASONS = {reason.upper().replace("-", "_"): reason for reason in Reason}
_POLLED = frozenset({Reason.USER_BLOCKED, Reason.NOT_VIBER_USER, Reason.NOT_TEMPLATE_MATCH})


def delivery_status(step: Step) -> DeliveryStatus:
    """A messenger's word for where a message is."""
    return DeliveryStatus.FAILED if step.reason in _FAILED else _STATUSES[step.state]


def posted_reason(step: Step) -> Reason | None:
    """Why a message was not delivered, as callbacks say it."""
    if step.state is State.EXPIRED:
        return Reason.VP_EXPIRED
    return _REASONS.get(step.reason) if step.failed else None


def polled_reason(step: Step) -> Reason | None:
    """The same as an answer says it, which has few words."""
    reason = posted_reason(step)
    if reason in _POLLED or reason in (None, Reason.VP_EXPIRED):
        return None if reason is Reason.VP_EXPIRED else reason
    return Reason.UNKNOWN_ERROR


def since(message: StoredMessage) -> datetime:
    """When a message got into its state."""
    return message.reported_at or message.submitted_at or message.created_at


def legs(message: StoredMessage) -> Iterator[StoredMessage]:
    """The message, and what went in its place, in order."""
    found: StoredMessage | None = message
    while found is not None:
        yield found
        found = found.resent


def leg(message: StoredMessage, medium: Medium) -> StoredMessage | None:
    """What went by this medium."""
    return next((one for one in legs(message) if one.submission.medium is medium), None)


def sms_parts(message: StoredMessage) -> tuple[SmsPart, ...] | None:
    """The segments of the SMS that went in a message's place; None: none went."""
    sms = leg(message, Medium.SMS)
    if sms is None:
        return None
    status = _SMS.get(delivery_status(sms.step), SmsStatus.UNDELIVERED)
    return tuple([SmsPart(id=number, status=status) for number in sms.ids])


def span(seconds: int | Unread | None) -> timedelta | None:
    """A validity; None for what is none."""
    try:
        return timedelta(seconds=seconds) if isinstance(seconds, int) else None
    except OverflowError:
        # Of a message that was refused it may be any number.
        return None


def text_of(value: str | Unread | None) -> str:
    """A field as the record has it; "" for what was not there or cannot be read."""
    return value if isinstance(value, str) else ""


def number_of(address: str | Unread | None) -> str | None:
    """A phone number in the form in which messages have it; None if it is none."""
    return plain_number(text_of(address))


def is_url(text: str | None) -> bool:
    """It is an absolute URL of the web."""
    try:
        parts = urlsplit(text or "")
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def within(value: str | None, most: int, least: int = 1) -> bool:
    """A text of so many characters, as the platform counts them."""
    return least <= length(value or "") <= most


def fits_account(account: Account, sender: str) -> bool:
    """The account may use this sender."""
    return account.senders is None or sender in account.senders


def shown(content_type: ContentType, content: Content) -> object:
    """What a message holds beside its text, in the kernel's words where it has some."""
    match content_type:
        case ContentType.TEXT:
            return None
        case ContentType.IMAGE if content.image_url:
            return Card(image=content.image_url)
        case ContentType.BUTTON if content.text and _is_button(content):
            button = Button(content.caption or "", content.action or "")
            return Card(text=content.text, image=content.image_url, button=button)
    # What has no word there, or was refused.
    return {name: said for name, said in _fields(content) if said is not None}


def _is_button(content: Content) -> bool:
    return bool((content.caption or "").strip() and (content.action or "").strip())


def _fields(content: Content) -> Iterator[tuple[str, object]]:
    return ((name, getattr(content, name)) for name in content.__struct_fields__)
