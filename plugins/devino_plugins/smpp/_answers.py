"""What the centre's answers and reports mean in the kernel's vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from devino_codecs import DecodeError
from devino_codecs.smpp import (
    CommandStatus,
    MessageState,
    Pdu,
    QuerySmResp,
    Receipt,
    parse_time,
    status_name,
)
from devino_core import (
    DevinoError,
    Medium,
    QueueFull,
    Rejected,
    State,
    Status,
    Throttled,
    Unavailable,
)

__all__ = ["STATES", "query_status", "receipt_status", "refusal"]

STATES: Mapping[int, State] = {
    MessageState.ENROUTE: State.ENROUTE,
    MessageState.DELIVERED: State.DELIVERED,
    MessageState.EXPIRED: State.EXPIRED,
    MessageState.DELETED: State.DELETED,
    MessageState.UNDELIVERABLE: State.UNDELIVERABLE,
    MessageState.ACCEPTED: State.ACCEPTED,
    MessageState.UNKNOWN: State.UNKNOWN,
    MessageState.REJECTED: State.REJECTED,
}

_MEANINGS = {int(status): status.meaning for status in CommandStatus}
# The message was not taken, and nothing is said against it: the session or the centre is at fault.
_PASSING = frozenset(
    {
        CommandStatus.ESME_RINVBNDSTS,
        CommandStatus.ESME_RALYBND,
        CommandStatus.ESME_RSYSERR,
        CommandStatus.ESME_RSUBMITFAIL,
        CommandStatus.ESME_RX_T_APPN,
        CommandStatus.ESME_RUNKNOWNERR,
    }
)
_LONGEST_CODE = 9
"""Digits of an error; more are none, and what int() would not take."""
_NOT_KNOWN = frozenset({CommandStatus.ESME_RINVMSGID, CommandStatus.ESME_RQUERYFAIL})


def refusal(answer: Pdu) -> DevinoError:
    """The error that an answer's ``command_status`` is; nothing was sent.

    ESME_RINVDSTADR and all others that speak of the message are Rejected: never to be sent again.
    Those that speak of the session or the centre are Unavailable.
    """
    status = answer.command_status
    said = answer.tlvs.get("additional_status_info_text") or _MEANINGS.get(status, "refused")
    if status == CommandStatus.ESME_RTHROTTLED:
        return Throttled(said)
    if status == CommandStatus.ESME_RMSGQFUL:
        return QueueFull(said)
    if status in _PASSING:
        return Unavailable(f"the centre failed: {said} ({status_name(status)})")
    return Rejected(said, code=status)


def query_status(answer: QuerySmResp, message_id: str) -> Status:
    """What became of a message, as ``query_sm_resp`` says. Raises what a refusal means.

    An id that the centre does not know, or no longer, has the state UNKNOWN.
    """
    status = answer.command_status
    if status in _NOT_KNOWN:
        return Status(
            state=State.UNKNOWN,
            id=message_id,
            code=status,
            description=_MEANINGS[status],
            medium=Medium.SMS,
        )
    if status:
        raise refusal(answer)
    return Status(
        state=STATES.get(answer.message_state, State.UNKNOWN),
        id=message_id,
        code=answer.error_code,
        description=_state_name(answer.message_state),
        reported_at=_instant(answer.final_date),
        medium=Medium.SMS,
    )


def receipt_status(receipt: Receipt) -> Status:
    """What became of a message, as its delivery receipt says."""
    state = receipt.message_state
    code: int | str | None = receipt.err or None
    if receipt.network_error_code is not None:
        code = receipt.network_error_code.error_code
    elif len(receipt.err) <= _LONGEST_CODE and receipt.err.isascii() and receipt.err.isdigit():
        code = int(receipt.err)
    return Status(
        state=State.UNKNOWN if state is None else STATES.get(state, State.UNKNOWN),
        id=receipt.id,
        code=code,
        description=receipt.stat or ("" if state is None else _state_name(state)),
        submitted_at=_aware(receipt.submit_date),
        reported_at=_aware(receipt.done_date),
        medium=Medium.SMS,
    )


def _state_name(state: int) -> str:
    return MessageState(state).name if state in STATES else str(state)


def _instant(field: str) -> datetime | None:
    try:
        when = parse_time(field)
    except DecodeError:
        return None
    return None if isinstance(when, timedelta) else when


def _aware(when: datetime | None) -> datetime | None:
    return when if when is not None and when.tzinfo is not None else None
