"""Mails as the interface tells of them: their states, statistics, and the events of callbacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from devino_codecs.email import (
    CallbackEvent,
    ClientInfo,
    MessageDetail,
    MessageEvent,
    MessageState,
    MessageStatus,
    Statistics,
)
from devino_core import Medium, State
from devino_sandbox._accounts import Account
from devino_sandbox._consents import ConsentGiven
from devino_sandbox._fates import Consent
from devino_sandbox._messages import StoredMessage
from devino_sandbox._world import World

from ._ids import wire_id

__all__ = [
    "changed_event",
    "consent_event",
    "counted",
    "detail_of",
    "mails",
    "since",
    "state_of",
    "status_of",
]

_STATES: Mapping[State, MessageState] = {
    State.SCHEDULED: MessageState.NOT_SENT,
    State.ACCEPTED: MessageState.NOT_SENT,
    State.ENROUTE: MessageState.SENT,
    State.DELIVERED: MessageState.DELIVERED,
    State.READ: MessageState.READ,
    State.CLICKED: MessageState.CLICKED,
    State.BOUNCED: MessageState.BOUNCED,
    State.UNDELIVERABLE: MessageState.BOUNCED,
    State.EXPIRED: MessageState.BOUNCED,
    State.REJECTED: MessageState.REJECTED,
    State.DELETED: MessageState.REJECTED,
    # The wire has no such word.
    State.UNKNOWN: MessageState.SENT,
}
_EVENTS: Mapping[MessageState, CallbackEvent] = {
    MessageState.SENT: CallbackEvent.SENT,
    MessageState.DELIVERED: CallbackEvent.DELIVERED,
    MessageState.READ: CallbackEvent.OPENED,
    MessageState.CLICKED: CallbackEvent.CLICKED,
    MessageState.BOUNCED: CallbackEvent.BOUNCED,
    MessageState.REJECTED: CallbackEvent.BOUNCED,
}
_DECISIONS: Mapping[Consent, CallbackEvent] = {
    Consent.SUBSCRIBED: CallbackEvent.SUBSCRIBED,
    Consent.UNSUBSCRIBED: CallbackEvent.UNSUBSCRIBED,
    Consent.COMPLAINED: CallbackEvent.COMPLAINED,
}
_BY_HAND = frozenset({CallbackEvent.OPENED, CallbackEvent.CLICKED})
_LINK = "http://example.com"
_READER = ClientInfo(
    platform="DESKTOP",
    operating_system="Windows",
    browser="Chrome",
    user_agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/65.0.3325.181 Safari/537.36",
    ip_address="192.168.0.1",
)
"""What the manual's examples say of somebody who reads."""


def state_of(message: StoredMessage) -> MessageState:
    """This wire's word for where a mail is."""
    return _STATES[message.state]


def since(message: StoredMessage) -> datetime:
    """When a mail got into its state."""
    return message.reported_at or message.submitted_at or message.created_at


def mails(
    world: World, account: Account, fits: Callable[[StoredMessage], bool]
) -> Sequence[StoredMessage]:
    """The account's mails that were taken and fit, the oldest first."""
    return [
        message
        for message in world.messages()
        if message.reason is None
        and message.submission.medium is Medium.EMAIL
        and message.submission.account is account
        and fits(message)
    ]


def counted(found: Iterable[StoredMessage]) -> Statistics:
    """How many of them are in each state."""
    counts = Counter(map(state_of, found))
    return Statistics(
        not_sent=counts[MessageState.NOT_SENT],
        sent=counts[MessageState.SENT],
        delivered=counts[MessageState.DELIVERED],
        read=counts[MessageState.READ],
        clicked=counts[MessageState.CLICKED],
        bounced=counts[MessageState.BOUNCED],
        rejected=counts[MessageState.REJECTED],
        total=counts.total(),
    )


def detail_of(message: StoredMessage) -> MessageDetail:
    """A mail in the details of statistics."""
    return MessageDetail(
        state=state_of(message),
        price=message.price,
        id=message.first_id,
        destination_email=message.to,
        last_update_utc=since(message),
        created_date_utc=message.created_at,
    )


def status_of(message: StoredMessage) -> MessageStatus:
    """A mail that was asked after."""
    return MessageStatus(
        message_id=wire_id(message.first_id),
        email=message.to,
        state=state_of(message),
        recipient_id=message.submission.ref,
    )


def changed_event(message: StoredMessage) -> MessageEvent | None:
    """What a callback says of a mail's new state; None: nothing."""
    event = _EVENTS.get(state_of(message))
    if event is None or message.submission.medium is not Medium.EMAIL or not message.found:
        return None
    is_back = event is CallbackEvent.BOUNCED
    return MessageEvent(
        message_id=wire_id(message.first_id),
        task_id=message.submission.task_id,
        user_message_id=message.submission.ref,
        user_campaign_id=message.submission.campaign,
        email=message.to,
        event=event,
        url=_LINK if event is CallbackEvent.CLICKED else None,
        date_time=_naive(since(message)),
        client_info=_READER if event in _BY_HAND else ClientInfo(),
        is_hardbounce=message.step.is_hard if is_back else None,
        reason=(message.step.reason or "other") if is_back else None,
    )


def consent_event(given: ConsentGiven) -> MessageEvent | None:
    """What a callback says of a recipient's decision; None: no mail led to it."""
    message = given.message
    if message is None:
        return None
    return MessageEvent(
        message_id=wire_id(message.first_id),
        task_id=given.task_id or 0,
        user_message_id=message.submission.ref,
        user_campaign_id=message.submission.campaign,
        email=given.address,
        event=_DECISIONS[given.consent],
        date_time=_naive(given.at),
        client_info=_READER,
    )


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
