"""The interface as a table. Both editions of its documentation, and the published clients, agree
on little more than this."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

from devino_codecs import http
from devino_codecs.text import is_gsm7

It = TypeVar("It")


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


def _read_rank(value: object) -> int | str:
    text = http.TEXT_OR_NUMBER.read(value).upper()
    return value if type(value) is int else int(text) if text in {*"0123"} else text


RANK = http.WireForm("RANK", str, str, lambda it: msgspec.json.encode(it).decode(), _read_rank)


def longest(text: str) -> int:
    """How many characters such a text may have."""
    return 34_170 if len(text) > 17_085 and is_gsm7(text) else 17_085


class Row(
    http.Masked, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True,
    gc=False,
):  # fmt: skip
    """What messages and answers are made of."""


class Sms(Row, frozen=True, kw_only=True):
    """One message. ``scheduled_time`` is an instant; ``validity`` is in seconds, 0 for none."""

    sender: Annotated[str, http.SHOWN] = msgspec.field(name="from", default="")
    to: Annotated[str, http.PHONE] = ""
    text: str = ""
    validity: int | None = None
    scheduled_time: Annotated[datetime | None, http.UTC_MILLISECONDS] = None
    priority: Annotated[int | str | None, RANK, http.SHOWN] = None
    callback_url: Annotated[str | None, http.SECRET, http.Also("callback_url")] = None
    options: dict[str, str] | None = None


Words = Annotated[str | None, http.WORDS, http.IF_READABLE]


class Reason(Row, frozen=True):
    key: Annotated[str, http.SHOWN] = Word.UNKNOWN
    ref: Annotated[str | None, http.SHOWN, http.IF_READABLE] = None
    default_message: Words = None

    def __str__(self) -> str:
        return self.key


Reasons = Annotated[tuple[Reason, ...] | None, http.ONE_OR_LIST, http.IF_READABLE]
Id = Annotated[str, http.ID, Meta(min_length=1)]


class Refused(Struct, frozen=True, kw_only=True):
    result: Annotated[None, http.NULL] = None
    reasons: Reasons = None
    description: Words = None


class Outcome(Row, frozen=True, kw_only=True):
    """What became of one message: ``OK`` or ``REJECTED``."""

    code: Annotated[str, http.SHOWN]
    message_id: Id | None = None
    segments_id: Annotated[tuple[Id, ...] | None, http.IF_READABLE] = None
    reasons: Reasons = None
    description: Words = None


def word_of(key: str) -> Word | str:
    return next((word for word in Word if word == key.lower()), key)


def why(told: Outcome | Refused) -> str:
    """The description, and all reasons."""
    each = [(it.key, it.ref, it.default_message) for it in told.reasons or ()]
    texts = [told.description, *(" ".join(filter(None, one)) for one in each)]
    return "; ".join(filter(None, texts))


# What is as it nearly always is msgspec alone writes and reads; these refuse all else.
_check = msgspec.json.Decoder(tuple[Sms, ...]).decode


def _write(messages: tuple[Sms, ...]) -> str:
    body = msgspec.json.encode(messages)
    _check(body)
    if b'"scheduledTime"' in body or not "".join([it.to for it in messages]).isdecimal():
        raise ValueError("times and numbers have forms of their own")
    return body.decode()


class Sent(Struct, Generic[It], frozen=True, forbid_unknown_fields=True):
    """One outcome for each message, in order."""

    result: tuple[It, ...]


Told: TypeAlias = Sent[Outcome | http.Unread]
QUICK = http.Shortcut(decode=msgspec.json.Decoder(Sent[Outcome]).decode)


class Send(http.Request[Annotated[Told, QUICK]], frozen=True, kw_only=True, rename="camel"):
    messages: Annotated[tuple[Sms | http.Unread, ...], http.Shortcut(write=_write)]
    include_segment_id: Annotated[bool | None, http.InQuery()] = None
    shorten_url: Annotated[bool | None, http.InQuery()] = None


class Held(Struct, frozen=True, kw_only=True, rename="camel"):
    balance: Decimal
    is_blocked: Annotated[bool, http.IF_READABLE] = False
    company_id: Annotated[str, http.TEXT_OR_NUMBER, http.SHOWN, http.IF_READABLE] = ""
    account_type: Annotated[str, http.SHOWN, http.IF_READABLE] = ""
    credit: Annotated[Decimal | None, http.IF_READABLE] = None


class Company(Struct, frozen=True):
    account: Held


class Billing(Struct, frozen=True):
    result: Company


class GetBilling(http.Request[Billing], frozen=True):
    """What the account holds."""


class Whole(http.Refusal, frozen=True):
    """The refusal of a whole request, in the platform's words. The HTTP status means nothing."""

    ref: str | None = None


def _read_refusal(body: object, status: int) -> http.Refusal | None:
    given = {key.lower(): value for key, value in body.items()} if isinstance(body, dict) else {}
    if given.get("result") is not None:
        return None
    told = http.read_value(Refused, given)
    if told.reasons:
        first = told.reasons[0]
        return Whole(word_of(first.key), why(told), 400, first.ref)
    word = {401: Word.STRANGER, 403: Word.STRANGER, 429: Word.BUSY}.get(status)
    return None if word is None else http.Refusal(word, told.description or "", status)


def _write_refusal(no: http.Refusal) -> bytes:
    if no.code in (Word.STRANGER, Word.BUSY):
        return http.write_json(dict[str, str], {"description": no.description})
    reasons = (Reason(str(no.code), getattr(no, "ref", None)),)
    return http.write_json(Refused, Refused(reasons=reasons, description=no.description))


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
    refusal=http.RefusalForm(_read_refusal, _write_refusal),
    codes=Word,
)
