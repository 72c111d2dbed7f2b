"""From a submit to a message of the World."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from msgspec.structs import replace

from devino_codecs import DecodeError
from devino_codecs.smpp import (
    CommandStatus,
    EsmClass,
    Npi,
    ReplaceSm,
    SubmitSm,
    Ton,
    parse_time,
    status_name,
)
from devino_core import State, phone
from devino_core.sim import SimCheck
from devino_sandbox._accounts import Account
from devino_sandbox._admission import readable
from devino_sandbox._fates import Fate, Step
from devino_sandbox._messages import RefusalReason, Refused, StoredMessage, Submission
from devino_sandbox._sims import Sims
from devino_sandbox._world import World

from ._content import SubmittedText, read_content
from ._customers import Customer
from ._reports import Reports, SubmitDetails
from ._settings import SmppSettings

__all__ = ["ESME_RINVDCS", "PROTOCOL", "Submitting"]

PROTOCOL = "smpp"
"""The protocol's name in messages and faults."""

ESME_RINVDCS = 0x104
"""Invalid data coding. It is of SMPP 5.0; 3.4 has no such status."""

_REFUSALS: Mapping[RefusalReason, CommandStatus] = {
    RefusalReason.SENDER_MALFORMED: CommandStatus.ESME_RINVSRCADR,
    RefusalReason.SENDER_UNKNOWN: CommandStatus.ESME_RINVSRCADR,
    RefusalReason.DESTINATION: CommandStatus.ESME_RINVDSTADR,
    RefusalReason.TEXT: CommandStatus.ESME_RINVMSGLEN,
    RefusalReason.SEND_AT: CommandStatus.ESME_RINVSCHED,
    RefusalReason.BALANCE: CommandStatus.ESME_RSUBMITFAIL,
}
_UNREADABLE: Mapping[str, int] = {
    "data_coding": ESME_RINVDCS,
    "esm_class": CommandStatus.ESME_RINVESMCLASS,
    "short_message": CommandStatus.ESME_RINVMSGLEN,
}

_STOPPED = Fate((Step(State.REJECTED, "REJECTED_BY_PLATFORM"),))
"""What becomes of a message that may not go to the SIM that its number has."""
_SIM_CHECK = "sim-check"
"""The protocol that the World shows for the warning that goes in its place."""

_Check = tuple[Callable[[SubmitSm], object], CommandStatus]

# Plain numbers, because Python masks them far faster than flags.
_TYPE = int(EsmClass.MESSAGE_TYPE)
_TYPES = {0, int(EsmClass.DELIVERY_ACKNOWLEDGEMENT), int(EsmClass.USER_ACKNOWLEDGEMENT)}
_CHECKS: tuple[_Check, ...] = (
    (lambda pdu: pdu.esm_class & _TYPE not in _TYPES, CommandStatus.ESME_RINVESMCLASS),
    (lambda pdu: pdu.priority_flag > 3, CommandStatus.ESME_RINVPRTFLG),
    (lambda pdu: pdu.registered_delivery & 3 == 3, CommandStatus.ESME_RINVREGDLVFLG),
    (lambda pdu: pdu.replace_if_present_flag > 1, CommandStatus.ESME_RINVREPFLAG),
    (lambda pdu: pdu.replace_if_present_flag, CommandStatus.ESME_RINVSUBREP),
    (lambda pdu: pdu.sm_default_msg_id, CommandStatus.ESME_RINVDFTMSGID),
    (
        lambda pdu: pdu.short_message and "message_payload" in pdu.tlvs,
        CommandStatus.ESME_ROPTPARNOTALLWD,
    ),
)
_NOT_SENT = (SimCheck.CHANGED, SimCheck.ALWAYS_REFUSE)
_STRICT_CHECKS: tuple[_Check, ...] = (
    (
        lambda pdu: not pdu.source_addr.isdecimal() and pdu.source_addr_ton != Ton.ALPHANUMERIC,
        CommandStatus.ESME_RINVSRCTON,
    ),
    (lambda pdu: pdu.source_addr_npi != Npi.ISDN, CommandStatus.ESME_RINVSRCNPI),
    (lambda pdu: pdu.dest_addr_ton != Ton.INTERNATIONAL, CommandStatus.ESME_RINVDSTTON),
    (lambda pdu: pdu.dest_addr_npi != Npi.ISDN, CommandStatus.ESME_RINVDSTNPI),
)

# The first is quick to find in any notation of the number; the second says what it asks for.
_MAGIC = "9990001"
_ASKS = re.compile(r"79990001(\d{3})", re.ASCII)
_PASSING = (CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RMSGQFUL)
_TIMES = 2
"""How often a number is refused with a status that passes."""


class _Refusal(Exception):
    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.reason = f"{status_name(status)}: {reason}" if reason else status_name(status)


class Submitting:
    """Takes messages for a World."""

    def __init__(self, world: World, settings: SmppSettings, reports: Reports) -> None:
        self._world = world
        self._settings = settings
        self._reports = reports

    def submit(self, customer: Customer, pdu: SubmitSm, message_id: str = "") -> tuple[int, str]:
        """Take a message. Gives 0 and its id, or the status of a refusal and "".

        ``message_id`` is the id for its receipts, if that is not its own. The World records a
        refusal.
        """
        try:
            return 0, self._take(customer, pdu, message_id)
        except Refused as refused:
            return _REFUSALS[refused.refusal], ""
        except _Refusal as refusal:
            self.refuse(customer, pdu, [pdu.destination_addr], refusal.reason)
            return refusal.status, ""

    def refuse(self, customer: Customer, pdu: SubmitSm, to: Sequence[str], reason: str) -> None:
        """Record a refusal."""
        submission = Submission(
            account=customer.account,
            via=PROTOCOL,
            sender=pdu.source_addr,
            text=self._text_on_record(pdu),
        )
        self._world.refuse(submission, to, reason)

    def replace(self, message: StoredMessage, pdu: ReplaceSm) -> int:
        """Send this in place of a scheduled message. Gives 0, or the status of a refusal."""
        submission = message.submission
        details = submission.context
        if not isinstance(details, SubmitDetails):
            details = SubmitDetails()
        now = self._world.clock.now()
        try:
            text = SubmitSm(data_coding=details.data_coding, short_message=pdu.short_message)
            send_at = self._send_at(pdu.schedule_delivery_time, now) or message.send_at
            revised = replace(
                submission,
                text=self._content(text).text,
                send_at=send_at,
                validity=self._validity(pdu.validity_period, send_at, now) or submission.validity,
                context=replace(details, registered_delivery=pdu.registered_delivery),
            )
            replaced = message.parts == 1 and self._world.replace(message, revised)
        except Refused as refused:
            return _REFUSALS[refused.refusal]
        except _Refusal as refusal:
            return refusal.status
        return 0 if replaced else CommandStatus.ESME_RREPLACEFAIL

    def _take(self, customer: Customer, pdu: SubmitSm, message_id: str) -> str:
        world = self._world
        self._check(pdu)
        if _MAGIC in pdu.destination_addr:
            _obey(customer, pdu.destination_addr)
        content = self._content(pdu)
        now = world.clock.now()
        send_at = self._send_at(pdu.schedule_delivery_time, now)
        sim = self._check_sim(customer.account, pdu.destination_addr)
        submission = Submission(
            account=customer.account,
            via=PROTOCOL,
            sender=pdu.source_addr,
            text=content.text,
            send_at=send_at,
            validity=self._validity(pdu.validity_period, send_at, now),
            parts=content.parts,
            part_of=customer.texts.message(pdu, content, world.clock.monotonic()),
            fate=_STOPPED if sim in _NOT_SENT else None,
            context=SubmitDetails(
                message_id=message_id,
                registered_delivery=pdu.registered_delivery,
                data_coding=pdu.data_coding,
                source_addr_ton=pdu.source_addr_ton,
                source_addr_npi=pdu.source_addr_npi,
                dest_addr_ton=pdu.dest_addr_ton,
                dest_addr_npi=pdu.dest_addr_npi,
                destination_addr=pdu.destination_addr,
            ),
        )
        [message] = world.submit(submission, [pdu.destination_addr])
        if sim is SimCheck.CHANGED and submission.part_of is None:
            self._warn(submission, message.to)
        if content.segment is not None:
            customer.texts.add(pdu, content, message, world.clock.monotonic())
        return self._reports.message_id(message)

    def _check_sim(self, account: Account, address: str) -> SimCheck | None:
        """What the platform finds for an account that has this check; None: it has not."""
        return self._world.of(Sims).check(account, readable(address)) if account.sim_check else None

    def _warn(self, stopped: Submission, to: str) -> None:
        text = stopped.account.sim_warning
        warning = replace(stopped, via=_SIM_CHECK, text=text, parts=None, fate=None, context=None)
        # Who cannot pay for it warns nobody; the World has it on record.
        with suppress(Refused):
            self._world.submit(warning, [to])

    def _check(self, pdu: SubmitSm) -> None:
        for wrong, status in _CHECKS:
            if wrong(pdu):
                raise _Refusal(status)
        if self._world.strict:
            for wrong, status in _STRICT_CHECKS:
                if wrong(pdu):
                    raise _Refusal(status)

    def _content(self, pdu: SubmitSm) -> SubmittedText:
        try:
            return read_content(pdu, self._settings.alphabet)
        except DecodeError as error:
            raise _Refusal(_UNREADABLE[error.path], error.reason) from None

    def _text_on_record(self, pdu: SubmitSm) -> str:
        try:
            return self._content(pdu).text
        except _Refusal:
            return ""

    def _send_at(self, field: str, now: datetime) -> datetime | None:
        try:
            time = parse_time(field)
            return now + time if isinstance(time, timedelta) else time
        except (DecodeError, OverflowError) as error:
            raise _Refusal(CommandStatus.ESME_RINVSCHED, str(error)) from None

    def _validity(self, field: str, send_at: datetime | None, now: datetime) -> timedelta | None:
        """The validity from the time of sending, as the World has it; SMPP counts it from now."""
        try:
            time = parse_time(field)
            if time is None:
                return None
            span = time if isinstance(time, timedelta) else time - now
        except (DecodeError, OverflowError) as error:
            raise _Refusal(CommandStatus.ESME_RINVEXPIRY, str(error)) from None
        least = self._settings.minimal_validity if self._world.strict else 0
        if span < timedelta(seconds=least):
            raise _Refusal(CommandStatus.ESME_RINVEXPIRY, f"ends in {span}")
        validity = span if send_at is None else span - max(send_at - now, timedelta(0))
        if validity < timedelta(0):
            raise _Refusal(CommandStatus.ESME_RINVEXPIRY, "ends before the message is to be sent")
        return validity


def _obey(customer: Customer, address: str) -> None:
    """Refuse a message to a number that asks to be refused."""
    try:
        to = phone.normalize(address)
    except ValueError:
        return
    asked = _ASKS.fullmatch(to)
    status = int(asked[1]) if asked is not None else 0
    if not status:
        return
    if status in _PASSING:
        customer.refused[to] += 1
        if customer.refused[to] > _TIMES:
            return
    raise _Refusal(status, "as the number asks")
