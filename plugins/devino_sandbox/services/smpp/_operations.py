"""The operations of a bound client, and how each is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from devino_codecs import EncodeError, smpp
from devino_codecs.smpp import CommandStatus, Pdu, RequestPdu, SubmitSm, format_time
from devino_core import Medium
from devino_sandbox._messages import StoredMessage
from devino_sandbox._world import World
from devino_sandbox.services._limits import MEMORY

from ._customers import Customer
from ._reports import Reports, error_code, message_state
from ._submitting import Submitting

__all__ = ["REQUESTS", "Operations", "operation", "recipients"]

_LONGEST_SPAN = timedelta(days=99)


def operation(pdu: Pdu | type[Pdu]) -> str:
    """The name of a PDU in the specification."""
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

    def answer(self, customer: Customer, request: RequestPdu[Pdu]) -> Pdu:
        """Carry out what a bound client asks for."""
        return _BY_REQUEST[type(request)](self, customer, request)

    def submit(self, customer: Customer, pdu: SubmitSm) -> smpp.SubmitSmResp:
        status, message_id = self._submitting.submit(customer, pdu)
        return smpp.SubmitSmResp(command_status=status, message_id=message_id)

    def data(self, customer: Customer, pdu: smpp.DataSm) -> smpp.DataSmResp:
        seconds = pdu.tlvs.get("qos_time_to_live")
        validity = None if seconds is None else min(timedelta(seconds=seconds), _LONGEST_SPAN)
        submit = SubmitSm(**_shared(pdu), validity_period=format_time(validity))
        status, message_id = self._submitting.submit(customer, submit)
        return smpp.DataSmResp(command_status=status, message_id=message_id)

    def submit_multi(self, customer: Customer, pdu: smpp.SubmitMulti) -> smpp.SubmitMultiResp:
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
            command_status=0 if first_id else CommandStatus.ESME_RSUBMITFAIL,
            message_id=first_id,
            unsuccess_sme=tuple(failed),
        )

    def _refuse_lists(self, customer: Customer, pdu: smpp.SubmitMulti) -> smpp.SubmitMultiResp:
        to = [
            one.destination_addr if isinstance(one, smpp.SmeAddress) else one.dl_name
            for one in pdu.dest_address
        ]
        status = CommandStatus.ESME_RINVDLNAME
        self._submitting.refuse(customer, SubmitSm(**_shared(pdu)), to, smpp.status_name(status))
        return smpp.SubmitMultiResp(command_status=status)

    def query(self, customer: Customer, pdu: smpp.QuerySm) -> smpp.QuerySmResp:
        message = self._find(customer, pdu)
        if message is None:
            return smpp.QuerySmResp(command_status=CommandStatus.ESME_RINVMSGID)
        state = message_state(message.state)
        final = message.state.is_final or state is smpp.MessageState.UNKNOWN
        try:
            final_date = format_time(message.reported_at if final else None)
        except EncodeError:
            final_date = ""  # SMPP can write only the years 2000 to 2099.
        return smpp.QuerySmResp(
            message_id=pdu.message_id,
            final_date=final_date,
            message_state=state,
            error_code=error_code(message) & 0xFF,
        )

    def cancel(self, customer: Customer, pdu: smpp.CancelSm) -> smpp.CancelSmResp:
        if pdu.message_id:
            message = self._find(customer, pdu)
            if message is None:
                return smpp.CancelSmResp(command_status=CommandStatus.ESME_RINVMSGID)
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
        return smpp.CancelSmResp(
            command_status=0 if any(cancelled) else CommandStatus.ESME_RCANCELFAIL
        )

    def replace(self, customer: Customer, pdu: smpp.ReplaceSm) -> smpp.ReplaceSmResp:
        message = self._find(customer, pdu)
        if message is None:
            return smpp.ReplaceSmResp(command_status=CommandStatus.ESME_RINVMSGID)
        return smpp.ReplaceSmResp(command_status=self._submitting.replace(message, pdu))

    def _find(
        self, customer: Customer, pdu: smpp.QuerySm | smpp.CancelSm | smpp.ReplaceSm
    ) -> StoredMessage | None:
        """The SMS of this id. None if the PDU names another sender, or none in a strict World."""
        message_id = self._reports.world_id(pdu.message_id)
        message = self._world.find(customer.account, message_id, memory=MEMORY)
        if message is None or message.submission.medium is not Medium.SMS:
            return None
        named = pdu.source_addr or self._world.strict
        return None if named and pdu.source_addr != message.submission.sender else message


_BY_REQUEST: Mapping[type[RequestPdu[Pdu]], Callable[[Operations, Customer, Any], Pdu]] = {
    SubmitSm: Operations.submit,
    smpp.SubmitMulti: Operations.submit_multi,
    smpp.DataSm: Operations.data,
    smpp.QuerySm: Operations.query,
    smpp.CancelSm: Operations.cancel,
    smpp.ReplaceSm: Operations.replace,
}
REQUESTS: Sequence[type[RequestPdu[Pdu]]] = (
    smpp.BindTransmitter,
    smpp.BindReceiver,
    smpp.BindTransceiver,
    *_BY_REQUEST,
)
"""The requests of a client that can fail."""


def _shared(pdu: smpp.SubmitMulti | smpp.DataSm) -> dict[str, Any]:
    """The fields that a submit has too, but for the number of this PDU."""
    return {
        name: getattr(pdu, name)
        for name in pdu.__struct_fields__
        if name in SubmitSm.__struct_fields__ and name != "sequence_number"
    }
