"""What the platform answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct
from msgspec.json import Decoder

from devino_codecs._columns import digits
from devino_codecs.http import IF_READABLE, NUMBER_ID, Also, Shortcut, Unread

from ._codes import DeliveryStatus, MessageCode, Reason, RequestStatus, SmsStatus
from ._forms import CODE, REASON, STATUS, UTC_TIME

__all__ = ["QUICK_SENT", "MessageStatus", "Sent", "SmsPart", "SpringError", "Statuses", "Taken"]


class Taken(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """What became of one message of a request; only one that was taken has an id."""

    provider_id: Annotated[str | None, NUMBER_ID] = None
    code: Annotated[MessageCode | str, CODE]


class Sent(Struct, frozen=True, kw_only=True):
    """The answer to :class:`Send`."""

    status: RequestStatus = RequestStatus.OK
    messages: tuple[Taken | Unread, ...] = ()


# So nearly every answer looks.
class _Taken(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", gc=False):
    provider_id: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    code: Literal["ok"]


class _AllTaken(Struct, frozen=True, forbid_unknown_fields=True):
    status: Literal["ok"]
    messages: list[_Taken]


_decode = Decoder(_AllTaken).decode


def _all_taken(body: bytes) -> Sent:
    ids = digits([each.provider_id for each in _decode(body).messages])
    ok = MessageCode.OK
    return Sent(messages=tuple([Taken(provider_id=one, code=ok) for one in ids]))


QUICK_SENT: Final = Shortcut(decode=_all_taken)


class SmsPart(Struct, frozen=True, kw_only=True):
    """One part of the SMS that was sent instead."""

    id: Annotated[str, NUMBER_ID]
    status: Annotated[SmsStatus | str | None, Also("state")] = None


class MessageStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a message. One that was resent as an SMS has ``sms_states``, and may lack
    ``status`` and ``status_at``."""

    provider_id: Annotated[str | None, NUMBER_ID] = None
    """As it was asked for; None if that was no id."""
    code: Annotated[MessageCode | str, CODE]
    sms_states: tuple[SmsPart | Unread, ...] | Unread | None = None
    status: Annotated[DeliveryStatus | str | Unread | None, STATUS] = None
    status_at: Annotated[datetime | None, UTC_TIME, IF_READABLE] = None
    """Aware, in UTC."""
    error_code: Annotated[Reason | str | None, REASON, Also("error"), IF_READABLE] = None


class Statuses(Struct, frozen=True, kw_only=True):
    """The answer to :class:`GetStatus`."""

    status: RequestStatus = RequestStatus.OK
    messages: tuple[MessageStatus | Unread, ...] = ()


class SpringError(Struct, frozen=True, kw_only=True):
    """How the platform's web server refuses what does not reach the interface, such as a wrong
    password (HTTP 401, ``error`` "Unauthorized")."""

    timestamp: Annotated[int | None, IF_READABLE] = None
    """Milliseconds since 1970."""
    status: int
    """The HTTP status."""
    error: str
    message: Annotated[str, IF_READABLE] = ""
    path: Annotated[str | None, IF_READABLE] = None
