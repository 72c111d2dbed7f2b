"""What the centre's answers and reports mean in the kernel's vocabulary."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from devino_codecs import DecodeError
from devino_codecs.smpp import (
    CommandStatus,
    DeliveryReceipt,
    GenericNack,
    Pdu,
    QuerySmResp,
    RequestPdu,
    Verdict,
    answer_type,
    find_state,
    find_status,
    parse_time,
    status_name,
)
from devino_core import (
    DevinoError,
    Medium,
    ProtocolViolation,
    QueueFull,
    Rejected,
    State,
    Status,
    Throttled,
    Unavailable,
)

__all__ = ["acknowledgement", "nacked", "query_status", "receipt_status", "refusal"]

A = TypeVar("A", bound=Pdu)

_LAST_NETWORK_TYPE = 8
"""The last that SMPP 5.0 knows. Some centres write three digits of text instead of the octets."""
_LONGEST_CODE = 9
"""Digits of an error code. More digits are no code, and int() would not take them all."""


def refusal(answer: Pdu) -> DevinoError:
    """The error that an answer's ``command_status`` stands for; nothing was sent.

    A status that speaks of the session or the centre is Unavailable, or Throttled or QueueFull. All
    others, such as ESME_RINVDSTADR, speak of the message and are Rejected: never send it again.
    """
    code = answer.command_status
    status = find_status(code)
    said = answer.tlvs.get("additional_status_info_text")
    said = said or (status.meaning if status else "refused")
    if status is CommandStatus.ESME_RTHROTTLED:
        return Throttled(said)
    if status is CommandStatus.ESME_RMSGQFUL:
        return QueueFull(said)
    if status is not None and status.means == Verdict.BUSY:
        return Unavailable(f"the centre failed: {said} ({status_name(code)})")
    return Rejected(said, code=code)


def query_status(answer: QuerySmResp, message_id: str) -> Status:
    """What became of a message, as ``query_sm_resp`` says. Raises what a refusal means.

    An id that the centre does not know, or no longer knows, has the state UNKNOWN.
    """
    code = answer.command_status
    status = find_status(code)
    if status is not None and status.means == Verdict.NOT_FOUND:
        return Status(
            state=State.UNKNOWN,
            id=message_id,
            code=code,
            description=status.meaning,
            medium=Medium.SMS,
        )
    if code:
        raise refusal(answer)
    if answer.defect is not None and answer.defect.path != "tlvs":
        said = f"the centre's answer cannot be read: {answer.defect}"
        raise ProtocolViolation(said, changes=False)
    return Status(
        state=_state(answer.message_state),
        id=message_id,
        code=answer.error_code,
        description=_state_name(answer.message_state),
        reported_at=_instant(answer.final_date),
        medium=Medium.SMS,
    )


def receipt_status(receipt: DeliveryReceipt) -> Status:
    """What became of a message, as its delivery receipt says."""
    state = receipt.message_state
    code: int | str | None = receipt.err or None
    network = receipt.network_error_code
    if network is not None and network.network_type <= _LAST_NETWORK_TYPE:
        code = network.error_code
    elif len(receipt.err) <= _LONGEST_CODE and receipt.err.isascii() and receipt.err.isdigit():
        code = int(receipt.err)
    return Status(
        state=State.UNKNOWN if state is None else _state(state),
        id=receipt.id,
        code=code,
        description=receipt.stat or ("" if state is None else _state_name(state)),
        submitted_at=_aware(receipt.submit_date),
        reported_at=_aware(receipt.done_date),
        medium=Medium.SMS,
    )


def _state(message_state: int) -> State:
    found = find_state(message_state)
    return State.UNKNOWN if found is None else State[found.means]


def _state_name(message_state: int) -> str:
    found = find_state(message_state)
    return str(message_state) if found is None else found.name


def _instant(field: str) -> datetime | None:
    try:
        when = parse_time(field)
    except DecodeError:
        return None
    return None if isinstance(when, timedelta) else when


def _aware(when: datetime | None) -> datetime | None:
    return when if when is not None and when.tzinfo is not None else None


def acknowledgement(request: Pdu) -> Pdu | None:
    """The answer with status 0; None if a request has no answer."""
    return answer_type(type(request))() if isinstance(request, RequestPdu) else None


def nacked(request: type[RequestPdu[A]], nack: GenericNack) -> A:
    """The answer that a ``generic_nack`` stands for."""
    status = nack.command_status or CommandStatus.ESME_RUNKNOWNERR
    return answer_type(request)(command_status=status, sequence_number=nack.sequence_number)
