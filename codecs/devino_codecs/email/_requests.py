"""The requests of version 2, and its table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field
from msgspec.json import Decoder, Encoder

from devino_codecs._response_code import ResponseCode
from devino_codecs.http import (
    ONE_OR_LIST,
    SERVICE_STACK,
    SERVICE_STACK_ARGUMENT,
    SHOWN,
    Also,
    Api,
    Operation,
    Page,
    Range,
    Request,
    Shortcut,
    Unread,
    WireForm,
    basic,
    read_value,
    write_json,
)

from ._codes import MessageState
from ._forms import EmailId, NumberedState, TemplateKey
from ._values import (
    Body,
    EmailAddress,
    MessageDetail,
    MessageStatus,
    Recipient,
    SenderAddress,
    Statistics,
    Taken,
    Task,
    TaskCounters,
    TaskDraft,
    TaskSummary,
    Template,
    TemplateDraft,
)

__all__ = [
    "API",
    "MOST_IDS",
    "OTHER_OPERATIONS",
    "AddSender",
    "CreateTask",
    "CreateTemplate",
    "DeleteSender",
    "DeleteTemplate",
    "GetStatistics",
    "GetStatus",
    "GetTask",
    "GetTemplate",
    "ListDetails",
    "ListSenders",
    "ListTasks",
    "ListTemplates",
    "ReplaceTask",
    "ReplaceTemplate",
    "Send",
    "SetTaskState",
    "none_taken",
]

MOST_IDS: Final = 150
"""How many ids one :class:`GetStatus` may ask after."""


class ListSenders(Request[tuple[SenderAddress | Unread, ...]], frozen=True):
    """Addresses of the account's that are confirmed, or asked for."""


class AddSender(Request[None], frozen=True):
    """Ask for an address to send from. Its domain must be confirmed."""

    address: Annotated[str, Also("SenderAddress"), SHOWN] = field(name="SourceAddress")


class DeleteSender(Request[None], frozen=True):
    """Give an address back."""

    address: Annotated[str, SHOWN] = field(name="SourceAddress")


class ListTasks(Request[Page[TaskSummary | Unread]], frozen=True, kw_only=True, rename="pascal"):
    """Campaigns, all or those that a sub-login made."""

    creator_login: str | None = None
    items: Range


class GetTask(Request[Task], frozen=True, rename="pascal"):
    """A campaign."""

    task_id: int


class CreateTask(TaskDraft, Request[TaskCounters], frozen=True, kw_only=True, rename="pascal"):
    """Make a campaign. Nothing is sent before its state is set."""


class ReplaceTask(TaskDraft, Request[TaskCounters], frozen=True, kw_only=True, rename="pascal"):
    """Make a campaign anew that is in state New."""

    task_id: int


class SetTaskState(Request[None], frozen=True, rename="pascal"):
    """Start, stop, resume, cancel or delete a campaign."""

    task_id: int
    state: NumberedState


class GetTemplate(Request[Template], frozen=True, rename="pascal"):
    """A template."""

    template_id: int


class ListTemplates(Request[tuple[Template | Unread, ...]], frozen=True):
    """All templates."""


class CreateTemplate(TemplateDraft, Request[int], frozen=True, kw_only=True, rename="pascal"):
    """Make a template; the answer is its id."""


class ReplaceTemplate(TemplateDraft, Request[Template], frozen=True, kw_only=True, rename="pascal"):
    """Make a template anew."""

    template_id: int


class DeleteTemplate(Request[None], frozen=True, rename="pascal"):
    """Delete a template."""

    template_id: int


class GetStatistics(Request[Statistics], frozen=True, kw_only=True, rename="pascal"):
    """Count the messages of a campaign, or of a time, both ends included; of both the campaign
    counts. Dates are aware."""

    task_id: int | None = None
    start_date_time: Annotated[datetime | None, SERVICE_STACK_ARGUMENT] = None
    end_date_time: Annotated[datetime | None, SERVICE_STACK_ARGUMENT] = None


class ListDetails(
    Request[Page[MessageDetail | Unread]], frozen=True, kw_only=True, rename="pascal"
):
    """The messages themselves, all or those in one state."""

    task_id: int | None = None
    start_date_time: Annotated[datetime | None, SERVICE_STACK_ARGUMENT] = None
    end_date_time: Annotated[datetime | None, SERVICE_STACK_ARGUMENT] = None
    state: MessageState | str | None = None
    items: Range


# What msgspec writes of recipients is read back as this type, which says whether all was of it.
class _Recipient(Struct, frozen=True, forbid_unknown_fields=True, rename="pascal", gc=False):
    address: str
    merge_fields: dict[str, str] = {}
    recipient_id: str = ""
    name: str = ""


_encode = Encoder().encode
_check = Decoder(list[_Recipient]).decode


def _write_as_they_are(recipients: tuple[Recipient, ...]) -> str:
    # Both together take a tenth of the time of a table of forms.
    body = _encode(recipients)
    _check(body)
    return body.decode()


# And so nearly every answer looks.
class _Taken(Struct, frozen=True, forbid_unknown_fields=True, rename="pascal", gc=False):
    index: Annotated[int, Meta(ge=0, le=2**31)]
    message_id: Annotated[str, Meta(min_length=1)]
    code: Literal["ok"]
    address: str = ""


class _AllTaken(Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    result: list[_Taken]
    code: Literal["ok"]
    description: str


_decode = Decoder(_AllTaken).decode


def _all_taken(body: bytes) -> tuple[Taken, ...]:
    ok = ResponseCode.OK
    return tuple(
        [
            Taken(index=one.index, address=one.address, message_id=one.message_id, code=ok)
            for one in _decode(body).result
        ]
    )


_LISTED: Any = Annotated[tuple[Taken | Unread, ...], ONE_OR_LIST]


def _read_taken(value: object) -> tuple[Taken | Unread, ...]:
    if isinstance(value, str) and value:
        # The manual's prose has it so, for one recipient.
        return (Taken(index=0, message_id=value, code=ResponseCode.OK),)
    found: tuple[Taken | Unread, ...] = read_value(_LISTED, value)
    return found


def _write_taken(value: Any) -> str:
    return write_json(_LISTED, value).decode()


_TAKEN: Final = WireForm("TAKEN", _write_taken, _read_taken, _write_taken, _read_taken)


class Send(
    Request[Annotated[tuple[Taken | Unread, ...], _TAKEN, Shortcut(decode=_all_taken)]],
    frozen=True,
    kw_only=True,
    rename="pascal",
):
    """A mail to each of some recipients, who do not see each other.

    In subject and texts stand macros: ``[name]`` of the recipients' ``merge_fields``, and
    ``[Unsubscribe]`` and ``[WebVersion]``. The answer has a :class:`Taken` for each recipient.
    """

    sender: EmailAddress
    recipients: Annotated[tuple[Recipient, ...], Shortcut(write=_write_as_they_are)]
    subject: str | None = None
    """None: the template's."""
    body: Body | None = None
    """None: the template's."""
    template_id: TemplateKey = None
    """The platform's id of a template, or the caller's ``user_template_id``."""
    user_campaign_id: Annotated[str | None, SHOWN] = None


class GetStatus(Request[Annotated[tuple[MessageStatus | Unread, ...], ONE_OR_LIST]], frozen=True):
    """Where up to 150 messages are. What is not known is left out, and the order is any."""

    ids: tuple[EmailId, ...] = field(name="MessageId")


def none_taken(answer: Sequence[Taken | Unread]) -> bool:
    """Whether an answer to :class:`Send` says that no recipient was taken."""
    return bool(answer) and not any(
        isinstance(each, Taken) and each.code == ResponseCode.OK for each in answer
    )


OTHER_OPERATIONS: Final = (
    Operation(ListTasks, "GET", "Tasks", changes=False),
    Operation(GetTask, "GET", "Tasks/{TaskId}", changes=False),
    Operation(CreateTask, "POST", "Tasks", status=201, said="new task added"),
    Operation(ReplaceTask, "PUT", "Tasks/{TaskId}"),
    Operation(SetTaskState, "PUT", "Tasks/{TaskId}/State"),
    Operation(GetTemplate, "GET", "Templates/{TemplateId}", changes=False),
    Operation(ListTemplates, "GET", "Templates", changes=False),
    Operation(CreateTemplate, "POST", "Templates", status=201),
    Operation(ReplaceTemplate, "PUT", "Templates/{TemplateId}"),
    Operation(DeleteTemplate, "DELETE", "Templates/{TemplateId}"),
    Operation(GetStatistics, "GET", "Statistics", changes=False),
    Operation(ListDetails, "GET", "Statistics/Messages", changes=False),
    Operation(GetStatus, "GET", "Messages/{MessageId}", changes=False),
)
"""The rows that both versions have."""

API: Final = Api(
    name="email",
    auth=basic(),
    operations=(
        Operation(ListSenders, "GET", "UserSettings/SourceAddresses", changes=False),
        Operation(AddSender, "POST", "UserSettings/SourceAddresses", status=201),
        Operation(DeleteSender, "DELETE", "UserSettings/SourceAddresses/{SourceAddress}"),
        *OTHER_OPERATIONS,
        Operation(Send, "POST", "messages", status=201, is_refused=none_taken),
    ),
    # Every client that was seen adds the format, and the manual wants the header.
    query="format=json",
    headers={"Accept": "*/*"},
    prefixes=("email/v2", "v2", "email"),
    envelope=SERVICE_STACK,
    codes=ResponseCode,
)
"""The interface of chapter 14, version 2. A :class:`~devino_codecs.http.Login` goes with every
request. A refusal's HTTP status says more than its code, which is always ``validation_error``."""
