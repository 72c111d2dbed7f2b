"""What the numbers of the XML API mean in the kernel's vocabulary."""

from __future__ import annotations

from datetime import UTC, datetime, timezone

from devino_codecs.xmlpackage import (
    MessageError,
    MessageResult,
    PackageErrorCode,
    StatusResult,
)
from devino_core import DevinoError, Medium, Rejected, State, Status
from devino_plugins.kit.refusals import failure, refusal, refused
from devino_plugins.kit.states import state_of

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

# `type(...) is`: for an enum or a struct, isinstance takes as long as all the rest of these checks.


def is_taken(result: MessageResult) -> bool:
    """The platform has this message: it gave an id, or a status that says something."""
    if type(result.code) is MessageError:
        return False
    return result.sms_id is not None or state_of(result.code) is not State.UNKNOWN


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
    kind = refused(code)
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
    if type(code) is MessageError:
        vague = is_unknown(result) or code is MessageError.ERR_UNKNOWN
        state = State.UNKNOWN if vague else State.REJECTED
    else:
        state = state_of(code, otherwise=otherwise)
        if state is ACCEPTED:
            state = accepted
    completed = result.date_completed if type(result) is StatusResult else None
    return Status(
        state=state,
        id=None if sms_id is None else str(sms_id),
        code=int(code),
        reported_at=None if completed is None else _aware(completed, zone),
        medium=Medium.SMS,
    )


def package_error(code: int | str, *, changes: bool) -> DevinoError:
    """The error to raise for a package that was refused as a whole, with this code."""
    if not isinstance(code, PackageErrorCode):
        return failure(f"an error without a name (code {int(code)})", changes=changes)
    meaning = code.meaning
    if code is PackageErrorCode.ERR_FORMAT:
        meaning = f"the platform cannot read the package: {meaning}"
    return refusal(code, meaning, changes=changes)


def _aware(moment: datetime, zone: timezone) -> datetime | None:
    """An instant. None at the ends of the calendar, where it has no form in UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    try:
        aware.astimezone(UTC)
    except OverflowError:
        return None
    return aware
