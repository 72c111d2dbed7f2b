"""What each request of a bound client is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from devino_codecs import EncodeError, smpp
from devino_codecs.smpp import CommandStatus as Status
from devino_codecs.smpp import Pdu, SubmitSm, format_time
from devino_core import Medium
from devino_sandbox._messages import StoredMessage
from devino_sandbox._world import World
from devino_sandbox.services._limits import MEMORY

from ._customers import Customer
from ._reports import Reports, error_code, message_state
from ._submitting import Submitting

__all__ = ["ANSWERS", "Operations", "operation", "recipients"]

ANSWERS: Mapping[type[Pdu], type[Pdu]] = {
    smpp.BindTransmitter: smpp.BindTransmitterResp,
    smpp.BindReceiver: smpp.BindReceiverResp,
    smpp.BindTransceiver: smpp.BindTransceiverResp,
    smpp.SubmitSm: smpp.SubmitSmResp,
    smpp.SubmitMulti: smpp.SubmitMultiResp,
    smpp.DataSm: smpp.DataSmResp,
    smpp.QuerySm: smpp.QuerySmResp,
    smpp.CancelSm: smpp.CancelSmResp,
    smpp.ReplaceSm: smpp.ReplaceSmResp,
}

_LONGEST_SPAN = timedelta(days=99)


def operation(pdu: Pdu) -> str:
    """Its name in the specification."""
    return smpp.CommandId(pdu.command_id).name.lower()


def recipients(pdu: Pdu) -> Sequence[str]:
    """The numbers that a request names."""
    if isinstance(pdu, smpp.SubmitMulti):
        addresses = pdu.dest_address
        return [to.destination_addr for to in addresses if isinstance(to, smpp.SmeAddress)]
    to = getattr(pdu, "destination_addr", "")
    return (to,) if to else ()


class Operations:
    """Carries requests out on a World."""

    def __init__(self, world: World, submitting: Submitting, reports: Reports) -> None:
        self._world = world
        self._submitting = submitting
        self._reports = reports
        self._by_request: Mapping[type[Pdu], Callable[[Customer, Any], Pdu]] = {
            smpp.SubmitSm: self._submit,
            smpp.SubmitMulti: self._submit_multi,
            smpp.DataSm: self._data,
            smpp.QuerySm: self._query,
            smpp.CancelSm: self._cancel,
            smpp.ReplaceSm: self._replace,
        }

    def answer(self, customer: Customer, request: Pdu) -> Pdu:
        """Carry out what a bound client asks for."""
        return self._by_request[type(request)](customer, request)

    def _submit(self, customer: Customer, pdu: SubmitSm) -> Pdu:
        status, message_id = self._submitting.submit(customer, pdu)
        return smpp.SubmitSmResp(command_status=status, message_id=message_id)

    def _data(self, customer: Customer, pdu: smpp.DataSm) -> Pdu:
        seconds = pdu.tlvs.get("qos_time_to_live")
        validity = None if seconds is None else min(timedelta(seconds=seconds), _LONGEST_SPAN)
        submit = SubmitSm(**_shared(pdu), validity_period=format_time(validity))
        status, message_id = self._submitting.submit(customer, submit)
        return smpp.DataSmResp(command_status=status, message_id=message_id)

    def _submit_multi(self, customer: Customer, pdu: smpp.SubmitMulti) -> Pdu:
        addresses = [to for to in pdu.dest_address if isinstance(to, smpp.SmeAddress)]
        shared = _shared(pdu)
        if len(addresses) < len(pdu.dest_address):
            return self._refuse_lists(customer, pdu)
        first_id = ""
        failed: list[smpp.UnsuccessSme] = []
        for to in addresses:
            address = {name: getattr(to, name) for name in to.__struct_fields__}
            submit = SubmitSm(**shared, **address)
            status, message_id = self._submitting.submit(customer, submit, first_id)
            first_id = first_id or message_id
            if status:
                failed.append(smpp.UnsuccessSme(**address, error_status_code=status))
        return smpp.SubmitMultiResp(
            command_status=0 if first_id else Status.ESME_RSUBMITFAIL,
            message_id=first_id,
            unsuccess_sme=tuple(failed),
        )

    def _refuse_lists(self, customer: Customer, pdu: smpp.SubmitMulti) -> Pdu:
        to = [
            one.destination_addr if isinstance(one, smpp.SmeAddress) else one.dl_name
            for one in pdu.dest_address
        ]
        status = Status.ESME_RINVDLNAME
        self._submitting.refuse(customer, SubmitSm(**_shared(pdu)), to, smpp.status_name(status))
        return smpp.SubmitMultiResp(command_status=status)

    def _query(self, customer: Customer, pdu: smpp.QuerySm) -> Pdu:
        message = self._find(customer, pdu)
        if message is None:
            return smpp.QuerySmResp(command_status=Status.ESME_RINVMSGID)
        state = message_state(message.state)
        final = message.state.is_final or state is smpp.MessageState.UNKNOWN
        try:
            final_date = format_time(message.reported_at if final else None)
        except EncodeError:
            final_date = ""  # SMPP knows the years 2000 to 2099
        return smpp.QuerySmResp(
            message_id=pdu.message_id,
            final_date=final_date,
            message_state=state,
            error_code=error_code(message) & 0xFF,
        )

    def _cancel(self, customer: Customer, pdu: smpp.CancelSm) -> Pdu:
        if pdu.message_id:
            message = self._find(customer, pdu)
            if message is None:
                return smpp.CancelSmResp(command_status=Status.ESME_RINVMSGID)
            found = [message]
        else:
            found = [
                part
                for message in self._world.messages(to=pdu.destination_addr)
                if message.submission.account is customer.account
                and message.submission.medium is Medium.SMS
                and message.submission.sender == pdu.source_addr
                for part in (message, *message.further)
            ]
        cancelled = [self._world.cancel(message) for message in found]
        return smpp.CancelSmResp(command_status=0 if any(cancelled) else Status.ESME_RCANCELFAIL)

    def _replace(self, customer: Customer, pdu: smpp.ReplaceSm) -> Pdu:
        message = self._find(customer, pdu)
        if message is None:
            return smpp.ReplaceSmResp(command_status=Status.ESME_RINVMSGID)
        return smpp.ReplaceSmResp(command_status=self._submitting.replace(message, pdu))

    def _find(
        self, customer: Customer, pdu: smpp.QuerySm | smpp.CancelSm | smpp.ReplaceSm
    ) -> StoredMessage | None:
        """The SMS of this id, if the source address is its own; only a strict World needs one."""
        message_id = self._reports.world_id(pdu.message_id)
        message = self._world.find(customer.account, message_id, memory=MEMORY)
        if message is None or message.submission.medium is not Medium.SMS:
            return None
        named = pdu.source_addr or self._world.strict
        return None if named and pdu.source_addr != message.submission.sender else message


def _shared(pdu: smpp.SubmitMulti | smpp.DataSm) -> dict[str, Any]:
    """The fields that a submit has as well, the number of this PDU aside."""
    return {
        name: getattr(pdu, name)
        for name in pdu.__struct_fields__
        if name in SubmitSm.__struct_fields__ and name != "sequence_number"
    }
