"""What the numbers of the XML API mean in the kernel's vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timezone

from devino_codecs.xmlpackage import (
    MessageError,
    MessageResult,
    MessageStatus,
    PackageError,
    PackageErrorCode,
    StatusResult,
)
from devino_core import (
    AuthenticationFailed,
    DevinoError,
    InsufficientFunds,
    Rejected,
    State,
    Status,
)
from devino_plugins.kit.refusals import failure

__all__ = [
    "ACCEPTED",
    "error_of",
    "is_bad_id",
    "is_refused",
    "is_taken",
    "is_unknown",
    "package_error",
    "status_of",
]

ACCEPTED = State.ACCEPTED
"""Looked up once: until Python 3.12 finding a member of an enum takes longer than comparing it."""

STATES: Mapping[int, State] = {
    MessageStatus.SCHEDULED: State.SCHEDULED,
    MessageStatus.ENROUTE: State.ENROUTE,
    MessageStatus.DELIVERED: State.DELIVERED,
    MessageStatus.EXPIRED: State.EXPIRED,
    MessageStatus.DELETED: State.DELETED,
    MessageStatus.UNDELIVERABLE: State.UNDELIVERABLE,
    MessageStatus.ACCEPTED: State.ACCEPTED,
    MessageStatus.UNKNOWN: State.UNKNOWN,
    MessageStatus.REJECTED: State.REJECTED,
    MessageStatus.DISCARDED: State.REJECTED,
}

_TELLING = STATES.keys() - {MessageStatus.UNKNOWN}

_ERRORS: Mapping[int, type[Rejected]] = {
    MessageError.ERR_USER_DISABLE: AuthenticationFailed,
    MessageError.ERR_BILLING: InsufficientFunds,
}


# `type(...) is`: for an enum or a struct, isinstance takes as long as all the rest of these checks.


def is_taken(result: MessageResult) -> bool:
    """The platform has this message: it gave an id, or a status that says something."""
    if type(result.code) is MessageError:
        return False
    return result.sms_id is not None or result.code in _TELLING


def is_refused(result: MessageResult) -> bool:
    """The platform does not take this message, for a reason that is not its id."""
    return error_of(result) is not None and not is_bad_id(result)


def is_bad_id(result: MessageResult) -> bool:
    """The platform refused the id, because of its form or because it was used before."""
    return result.code == MessageError.ERR_ID


def is_unknown(result: MessageResult) -> bool:
    """``Statistics.ashx`` says that it has no such message."""
    return result.code == MessageError.ERR_ID and result.sms_id is None


def error_of(result: MessageResult) -> Rejected | None:
    """Why the platform refused a message. None if it did not, or does not say so.

    Its "unknown error" is no refusal: the platform may have taken the message before it failed.
    """
    code = result.code
    if type(code) is not MessageError or code is MessageError.ERR_UNKNOWN:
        return None
    kind = _ERRORS.get(code, Rejected)
    return kind(f"{code.name}: {code.meaning}", code=int(code))


def status_of(
    result: MessageResult,
    zone: timezone,
    *,
    accepted: State = ACCEPTED,
    otherwise: State,
) -> Status:
    """The status that a result tells.

    ``accepted`` is the state of a message that was taken, ``otherwise`` that of a number which is
    in no table.
    """
    code, sms_id = result.code, result.sms_id
    state = STATES.get(code, otherwise)
    if state is ACCEPTED:
        state = accepted
    if type(code) is MessageError:
        vague = is_unknown(result) or code is MessageError.ERR_UNKNOWN
        state = State.UNKNOWN if vague else State.REJECTED
    completed = result.date_completed if type(result) is StatusResult else None
    return Status(
        state=state,
        id=None if sms_id is None else str(sms_id),
        code=int(code),
        reported_at=None if completed is None else _aware(completed, zone),
    )


def package_error(error: PackageError, *, changes: bool) -> DevinoError:
    """The error to raise for a package that was refused as a whole."""
    code = error.code
    meaning = code.meaning if isinstance(code, PackageErrorCode) else "an error without a name"
    if code == PackageErrorCode.ERR_AUTHORIZATION:
        return AuthenticationFailed(meaning, code=int(code))
    if code == PackageErrorCode.ERR_FORMAT:
        return Rejected(f"the platform cannot read the package: {meaning}", code=int(code))
    return failure(f"{meaning} (code {int(code)})", changes=changes)


def _aware(moment: datetime, zone: timezone) -> datetime | None:
    """An instant. None at the ends of the calendar, where it has no form in UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    try:
        aware.astimezone(UTC)
    except OverflowError:
        return None
    return aware
