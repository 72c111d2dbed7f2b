"""What requests and answers are made of: addresses, bodies, campaigns, templates, counters."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from msgspec import Struct, field

from devino_codecs._response_code import ResponseCode
from devino_codecs.http import (
    ID,
    IF_READABLE,
    RECIPIENT,
    SERVICE_STACK_DATE,
    SHOWN,
    TEXT_OR_NUMBER,
    TIME_SPAN,
    US_SECONDS,
    WORDS,
    Also,
)

from ._codes import MessageState, TaskType
from ._forms import (
    RAW,
    EmailId,
    NamedState,
    NamedType,
    NumberedSenderState,
    NumberedType,
    TemplateKey,
)

__all__ = [
    "Body",
    "ContactRef",
    "Counters",
    "EmailAddress",
    "GlobalStateInfo",
    "MessageDetail",
    "MessageStatus",
    "Recipient",
    "SenderAddress",
    "SmsResendTask",
    "Statistics",
    "Taken",
    "Task",
    "TaskCounters",
    "TaskDraft",
    "TaskSummary",
    "Template",
    "TemplateDraft",
]


class EmailAddress(Struct, frozen=True, kw_only=True, rename="pascal"):
    """An address and a name; either may lack in templates."""

    address: Annotated[str | None, RECIPIENT] = None
    name: str | None = None


class Body(Struct, frozen=True, kw_only=True, rename="pascal"):
    """The two texts of a mail. Of a message one is enough."""

    html: str | None = None
    plain_text: str | None = None


class ContactRef(Struct, frozen=True, rename="pascal"):
    """A contact, or a group of them: whether a campaign goes to it, or spares it."""

    id: int
    included: bool


class SenderAddress(Struct, frozen=True, kw_only=True):
    """An address of the account's to send from."""

    address: Annotated[str, Also("SenderAddress"), SHOWN] = field(name="SourceAddress")
    state: NumberedSenderState = field(name="State")
    is_default: bool = field(name="IsDefault", default=False)


# Campaigns


class SmsResendTask(Struct, frozen=True, kw_only=True, rename="pascal"):
    """An SMS to those who did not open the mail."""

    contact_group_id: int | None = None
    """None: all of them who have a number."""
    text: str
    sender_address: Annotated[str, SHOWN]
    """The sender of the SMS."""
    start_delay: Annotated[timedelta, TIME_SPAN]
    """How long after the mails."""


class TaskDraft(Struct, frozen=True, kw_only=True, rename="pascal"):
    """What a campaign is made of, or replaced by: fields that are None are then cleared.

    Dates are aware. ``type`` is :class:`TaskType`.
    """

    name: str
    sender: EmailAddress
    subject: str | None = None
    """None: the template's."""
    text: str | None = None
    """Version 1's way to say ``body``."""
    body: Body | None = None
    """None: the template's. It needs the macros ``[Unsubscribe]`` and ``[WebVersion]``."""
    start_date_time: Annotated[datetime | None, US_SECONDS] = None
    """None: now."""
    end_date_time: Annotated[datetime | None, US_SECONDS] = None
    """The mails are spread until then."""
    type: NumberedType = TaskType.DISTRIBUTION
    user_campaign_id: Annotated[str | None, SHOWN] = None
    contacts: tuple[ContactRef, ...] | None = None
    contact_groups: tuple[ContactRef, ...] | None = None
    template_id: TemplateKey = None
    """The platform's id of a template, or the caller's ``user_template_id``."""
    sms_resend_task: SmsResendTask | None = None
    send_duplicates: bool | None = None
    """Whether an address that occurs twice gets two mails; None: no."""


class TaskCounters(Struct, frozen=True, kw_only=True, rename="pascal"):
    """The id of a campaign that was made, and how many contacts it reaches.

    Contacts are left out in this order: duplicates, excluded, unsubscribed.
    """

    task_id: int
    total_contacts: int
    duplicates: Annotated[int, Also("Duplicates")] = field(name="Dublicates", default=0)
    unsubscribed: int = 0
    excluded: int = 0
    over_package: int | None = None
    """Beyond the package: nothing is sent to them."""
    spam_score: Decimal | None = None


class Counters(Struct, frozen=True, kw_only=True, rename="pascal"):
    """The same of a campaign that is asked after; its ``task_id`` may be another's."""

    total_contacts: int
    duplicates: Annotated[int, Also("Dublicates")] = 0
    unsubscribed: int = 0
    excluded: int = 0
    over_package: int | None = None
    spam_score: Decimal | None = None
    task_id: int | None = None


class Task(Struct, frozen=True, kw_only=True, rename="pascal"):
    """A campaign. Dates are aware. ``type`` is :class:`TaskType`, ``state`` :class:`TaskState`."""

    reads_what_it_can: ClassVar[bool] = True

    login: str = ""
    name: str
    sender: EmailAddress = EmailAddress()
    subject: str | None = None
    text: str | None = None
    body: Body | None = None
    start_date_time: Annotated[datetime | None, SERVICE_STACK_DATE] = None
    end_date_time: Annotated[datetime | None, SERVICE_STACK_DATE] = None
    user_campaign_id: Annotated[str | None, SHOWN] = None
    state: NamedState
    price: Decimal | None = None
    """Of one message."""
    counters: Counters | None = None
    type: NamedType = TaskType.DISTRIBUTION
    contacts: tuple[ContactRef, ...] = ()
    contact_groups: tuple[ContactRef, ...] = ()
    creator_login: str | None = None
    send_duplicates: bool = False
    sms_resend_task: SmsResendTask | None = None
    task_id: int


class GlobalStateInfo(Struct, frozen=True, rename="pascal"):
    """A state of a list of campaigns."""

    state: Annotated[str, SHOWN]


class TaskSummary(Struct, frozen=True, kw_only=True, rename="pascal"):
    """A campaign in a list, whose form has nothing in common with :class:`Task`.

    States are words of their own, such as Waiting and Paused. What the items of the five lists look
    like, the manual does not tell: they stay as they came.
    """

    reads_what_it_can: ClassVar[bool] = True

    source_name: str | None = None
    price: Decimal | None = None
    send_duplicates: bool = False
    cancellable: bool | None = None
    deletable: bool | None = None
    next_start_date_time: Annotated[datetime | None, SERVICE_STACK_DATE] = None
    state: Annotated[str, SHOWN]
    total_contacts: int | None = None
    completed_contacts: int | None = None
    error_count: int | None = None
    is_executing: bool | None = None
    service_type: str | None = None
    is_smooth: bool | None = None
    is_personalized: bool | None = None
    id: int = field(name="ID")
    name: str
    owner_login: str | None = None
    type: NamedType = TaskType.DISTRIBUTION
    groups: tuple[Annotated[Any, RAW], ...] = ()
    included_contacts: tuple[Annotated[Any, RAW], ...] = ()
    excluded_contacts: tuple[Annotated[Any, RAW], ...] = ()
    manual_contacts: tuple[Annotated[Any, RAW], ...] = ()
    stop_list: tuple[Annotated[Any, RAW], ...] = ()
    text: str | None = None
    subject: str | None = None
    message_validity: int | None = None
    message_type: str | None = None
    task_message_type: str | None = None
    do_transliterate: bool | None = None
    source_address: Annotated[str | None, SHOWN] = None
    start_date_time: Annotated[datetime | None, SERVICE_STACK_DATE] = None
    period: str | None = None
    global_state: Annotated[str | None, SHOWN] = None
    global_state_info: GlobalStateInfo | None = None
    percentage_completed: int | None = None
    message_validity_as_time_span: Annotated[timedelta | None, TIME_SPAN] = None


# Templates


class TemplateDraft(Struct, frozen=True, kw_only=True, rename="pascal"):
    """What a template is made of, or replaced by. Its text needs the macros ``[Unsubscribe]`` and
    ``[WebVersion]``."""

    name: str
    sender: EmailAddress | None = None
    subject: str | None = None
    text: str | None = None
    """Version 1's way to say ``body``."""
    body: Body | None = None
    user_template_id: Annotated[str | None, SHOWN] = None
    """An id of the caller's own, which messages may name, too."""


class Template(Struct, frozen=True, kw_only=True, rename="pascal"):
    """A template. ``merge_fields``: the names that may be filled; lists of templates lack them."""

    reads_what_it_can: ClassVar[bool] = True

    merge_fields: tuple[str, ...] | None = None
    name: str
    sender: EmailAddress = EmailAddress()
    subject: str | None = None
    text: str | None = None
    body: Body | None = None
    template_id: int
    user_template_id: Annotated[str | None, SHOWN] = None


# Statistics


class Statistics(Struct, frozen=True, kw_only=True, rename="pascal"):
    """How many messages are in each state; ``total`` is their sum."""

    not_sent: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    clicked: int = 0
    bounced: int = 0
    rejected: int = 0
    total: int = 0


class MessageDetail(Struct, frozen=True, kw_only=True, rename="pascal"):
    """One message of the statistics. Dates are aware. ``id`` is of another sort than the ids of
    messages, and cannot be asked after."""

    reads_what_it_can: ClassVar[bool] = True

    state: MessageState | str
    price: Decimal | None = None
    id: int
    destination_email: Annotated[str, RECIPIENT]
    last_update_utc: Annotated[datetime | None, SERVICE_STACK_DATE] = None
    created_date_utc: Annotated[datetime | None, SERVICE_STACK_DATE] = None


# Messages


class Recipient(Struct, frozen=True, kw_only=True, rename="pascal", omit_defaults=True, gc=False):
    """Who gets a message, and what stands there in the places of the macros ``[name]``."""

    merge_fields: dict[str, Annotated[str, TEXT_OR_NUMBER]] | None = None
    """Names are letters, digits and ``_``."""
    recipient_id: Annotated[str | None, SHOWN] = None
    """The caller's own id, of at most 32 characters."""
    address: Annotated[str, RECIPIENT]
    name: str | None = None


class Taken(Struct, frozen=True, kw_only=True, rename="pascal", gc=False):
    """What became of one recipient, who is the one at ``index`` of the request, from 0. Only a
    message that was taken has an id."""

    index: Annotated[int | None, IF_READABLE] = None
    address: Annotated[str, RECIPIENT, IF_READABLE] = ""
    message_id: Annotated[str | None, ID] = None
    code: ResponseCode | str
    description: Annotated[str | None, WORDS, IF_READABLE] = None


class MessageStatus(Struct, frozen=True, kw_only=True, rename="pascal"):
    """Where a message is."""

    message_id: EmailId
    email: Annotated[str, RECIPIENT, IF_READABLE] = ""
    state: MessageState | str
    recipient_id: Annotated[str | None, SHOWN, IF_READABLE] = None
