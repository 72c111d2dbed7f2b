"""The interface as a table. Both editions of its documentation, and the published clients, agree
on little more than this."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from devino_codecs import http
from devino_codecs.text import is_gsm7


class Word(http.CodedStr):
    """Why a message, or a whole request, is refused."""

    FUNDS = "billing.error", "payment is needed", http.Verdict.FUNDS
    INVALID = "invalid", "no such value is allowed", http.Verdict.REFUSED
    FORBIDDEN = "forbidden", "the account may not send this", http.Verdict.REFUSED
    TOO_LONG = "length.too.long", "is too long", http.Verdict.REFUSED
    MISSING = "must.be.not.null", "must not be null", http.Verdict.REFUSED
    SENDER = "not.available", "no sender of this account", http.Verdict.REFUSED
    TOO_MANY = "too.many.messages", "more than 32,000", http.Verdict.REFUSED
    UNKNOWN = "unknown", "the platform does not say why", http.Verdict.REFUSED
    # HTTP's own words, where the body has none.
    STRANGER = "Unauthorized", "nobody has this key, or it may not do this", http.Verdict.LOGIN
    BUSY = "Too Many Requests", "not so fast", http.Verdict.BUSY


RANKS = ("LOW", "MEDIUM", "HIGH", "REALTIME")
"""Priorities. The older edition has their numbers, 0 to 3."""


def longest(text: str) -> int:
    """How many characters such a text may have."""
    return 34_170 if len(text) > 17_085 and is_gsm7(text) else 17_085


class Sms(http.Listed, frozen=True, kw_only=True, rename="camel"):
    """One message. ``scheduled_time`` is an instant; ``validity`` is in seconds, 0 for none."""

    sender: Annotated[str, http.SHOWN] = field(name="from", default="")
    to: Annotated[str, http.PHONE] = ""
    text: str = ""
    validity: int | None = None
    scheduled_time: Annotated[datetime | None, http.UTC_MILLISECONDS] = None
    priority: Annotated[int | str | None, http.WORD_OR_NUMBER, http.SHOWN] = None
    callback_url: Annotated[str | None, http.SECRET, http.Also("callback_url")] = None
    options: dict[str, str] | None = None


Words = Annotated[str | None, http.WORDS, http.IF_READABLE]


class Reason(http.Listed, frozen=True, rename="camel"):
    key: Annotated[str, http.SHOWN] = Word.UNKNOWN
    ref: Annotated[str | None, http.SHOWN, http.IF_READABLE] = None
    default_message: Words = None

    def __str__(self) -> str:
        return self.key


Reasons = Annotated[tuple[Reason, ...] | None, http.ONE_OR_LIST, http.IF_READABLE]
Id = Annotated[str, http.ID, Meta(min_length=1)]


class Refused(Struct, frozen=True, kw_only=True):
    result: str | http.Unread | UnsetType | None = None
    """None, or it is an answer and no refusal."""
    reasons: Reasons = None
    description: Words = None


class Outcome(http.Listed, frozen=True, kw_only=True, rename="camel"):
    """What became of one message: ``OK`` or ``REJECTED``."""

    code: Annotated[str, http.SHOWN]
    message_id: Id | None = None
    segments_id: Annotated[tuple[Id, ...] | None, http.IF_READABLE] = None
    reasons: Reasons = None
    description: Words = None


def why(told: Outcome | Refused) -> str:
    """The description, and all reasons."""
    each = [(it.key, it.ref, it.default_message) for it in told.reasons or ()]
    texts = [told.description, *(" ".join(filter(None, one)) for one in each)]
    return "; ".join(filter(None, texts))


class Sent(Struct, frozen=True):
    """One outcome for each message, in order."""

    result: tuple[Outcome | http.Unread, ...]


class Send(http.Request[Sent], frozen=True, kw_only=True, rename="camel"):
    messages: tuple[Sms | http.Unread, ...]
    include_segment_id: Annotated[bool | None, http.InQuery()] = None
    shorten_url: Annotated[bool | None, http.InQuery()] = None


class Held(Struct, frozen=True, kw_only=True, rename="camel"):
    balance: Decimal
    is_blocked: Annotated[bool, http.IF_READABLE] = False
    company_id: Annotated[str, http.TEXT_OR_NUMBER, http.SHOWN, http.IF_READABLE] = ""
    account_type: Annotated[str, http.SHOWN, http.IF_READABLE] = ""
    credit: Annotated[Decimal | None, http.IF_READABLE] = None


class GetBilling(http.Request[Annotated[Held, http.Within("result.account")]], frozen=True):
    """What the account holds."""


class Whole(http.Refusal, frozen=True):
    """The refusal of a whole request, in the platform's words. The HTTP status means nothing."""

    ref: str | None = None


def _read_refusal(told: Refused, status: int) -> http.Refusal | None:
    if told.result is not None:
        return None
    if told.reasons:
        first = told.reasons[0]
        return Whole(Word.of_word(first.key), why(told), 400, first.ref)
    word = {401: Word.STRANGER, 403: Word.STRANGER, 429: Word.BUSY}.get(status)
    return None if word is None else http.Refusal(word, told.description or "", status)


def _write_refusal(no: http.Refusal) -> Refused:
    if no.code in (Word.STRANGER, Word.BUSY):
        return Refused(result=UNSET, description=no.description)
    reason = Reason(str(no.code), getattr(no, "ref", None))
    return Refused(reasons=(reason,), description=no.description)


API = http.Api(
    name="online",
    auth=http.either(http.header("Authorization", scheme="Key"), http.basic()),
    operations=(
        # Whatever the HTTP status, a body that tells of each message counts.
        http.Operation(Send, "POST", "sms/messages", is_refused=lambda _: False),
        http.Operation(GetBilling, "GET", "billing-api/companies/current/account", changes=False),
    ),
    # No answer has a code of its own.
    envelope=http.Envelope(""),
    refusal=http.refusals_of(Refused, _read_refusal, _write_refusal),
    codes=Word,
)
