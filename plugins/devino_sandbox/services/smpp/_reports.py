"""What the World tells, in ``deliver_sm`` and in the numbers of SMPP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

import msgspec
from msgspec.structs import replace

from devino_codecs import EncodeError, smpp
from devino_codecs.smpp import (
    DeliverSm,
    EsmClass,
    IdForm,
    MessageState,
    Npi,
    RegisteredDelivery,
    Ton,
)
from devino_core import State
from devino_sandbox._messages import IncomingMessage, StoredMessage
from devino_sandbox.services._codes import sms_code

from ._settings import SmppSettings

__all__ = ["Reports", "SubmitDetails", "error_code", "message_state"]

_STATES: Mapping[State, MessageState] = {
    **{State[state.means]: state for state in MessageState},
    # SMPP 3.4 has no state for a scheduled message.
    State.SCHEDULED: MessageState.ACCEPTED,
    State.READ: MessageState.DELIVERED,
    State.CLICKED: MessageState.DELIVERED,
    State.BOUNCED: MessageState.UNDELIVERABLE,
}
_NAME = (Ton.ALPHANUMERIC, Npi.UNKNOWN)
# Plain numbers, because Python masks them far faster than flags.
_RECEIPT, _NOTIFICATION = int(EsmClass.DELIVERY_RECEIPT), int(EsmClass.INTERMEDIATE_NOTIFICATION)
_ALWAYS, _ON_FAILURE, _INTERMEDIATE = map(
    int,
    (
        RegisteredDelivery.RECEIPT,
        RegisteredDelivery.RECEIPT_ON_FAILURE,
        RegisteredDelivery.INTERMEDIATE_NOTIFICATION,
    ),
)
_UNDER_WAY = (MessageState.ACCEPTED, MessageState.ENROUTE)
_LONGEST_ADDRESS = 20
_SHOWN = 20
"""How many characters of the text a receipt repeats."""


class SubmitDetails(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the SMSC remembers of a submit beside what the World remembers."""

    message_id: str = ""
    """The id that its receipts give: the first recipient's. Empty: its own."""
    registered_delivery: int = 0
    data_coding: int = 0
    source_addr_ton: int = 0
    source_addr_npi: int = 0
    dest_addr_ton: int = 0
    dest_addr_npi: int = 0
    destination_addr: str = ""
    """The address as the client wrote it."""


def message_state(state: State) -> MessageState:
    """The SMPP state for a state of the World."""
    return _STATES[state]


def error_code(message: StoredMessage) -> int:
    """Why it did not arrive: the platform's number of its state, else 0."""
    state = message_state(message.state)
    failed = state is not MessageState.DELIVERED and state not in _UNDER_WAY
    return sms_code(message.step) if failed else 0


class Reports:
    """Writes receipts and incoming messages."""

    def __init__(self, settings: SmppSettings) -> None:
        self._settings = settings
        # The World's times are aware, so the style needs a zone.
        style = settings.receipts
        self._style = replace(style, zone=style.zone or UTC)
        self._reference = 0

    def message_id(self, message: StoredMessage) -> str:
        """The id of a message in answers: that of its first segment."""
        in_hex = self._style.ids is IdForm.DECIMAL
        return f"{message.first_id:x}" if in_hex else str(message.first_id)

    def world_id(self, message_id: str) -> str:
        """The World's id for an id in answers; "" if it cannot be one."""
        if self._style.ids is not IdForm.DECIMAL:
            return message_id
        try:
            return str(int(message_id, 16))
        except ValueError:
            return ""

    def reported_id(self, message_id: str) -> str:
        """The World's id for an id in receipts; "" if it cannot be one."""
        if self._style.ids is not IdForm.HEX:
            return message_id
        try:
            return str(int(message_id, 16))
        except ValueError:
            return ""

    def receipt(self, message: StoredMessage, details: SubmitDetails) -> DeliverSm | None:
        """The receipt for the state that a message is in now; None if the sender wants none."""
        state = message_state(message.state)
        kind = _wanted(details.registered_delivery, state)
        if kind is None:
            return None
        text = message.submission.text
        message_id = details.message_id or self.message_id(message)
        receipt = smpp.DeliveryReceipt(
            id=message_id,
            sub=1,
            dlvrd=int(state is MessageState.DELIVERED),
            submit_date=message.created_at,
            done_date=message.reported_at or message.submitted_at,
            stat=state.text,
            err=f"{error_code(message):03}",
            text=text[:_SHOWN] if text.isascii() else "",
        )
        tlvs: smpp.Tlvs = {}
        if self._settings.receipt_parameters:
            tlvs = {"receipted_message_id": message_id, "message_state": int(state)}
        return DeliverSm(
            source_addr_ton=details.dest_addr_ton,
            source_addr_npi=details.dest_addr_npi,
            source_addr=details.destination_addr,
            dest_addr_ton=details.source_addr_ton,
            dest_addr_npi=details.source_addr_npi,
            destination_addr=message.submission.sender,
            esm_class=kind,
            short_message=smpp.build_receipt(receipt, self._style),
            tlvs=tlvs,
        )

    def incoming(self, message: IncomingMessage) -> list[DeliverSm]:
        """An incoming message as PDUs, one for each part.

        Raises EncodeError for a message that SMPP cannot carry.
        """
        if len(message.to) > _LONGEST_ADDRESS:
            raise EncodeError(f"more than {_LONGEST_ADDRESS} characters", path="destination_addr")
        self._reference += 1
        ton, npi = (Ton.INTERNATIONAL, Npi.ISDN) if message.to.isdecimal() else _NAME
        template = DeliverSm(
            source_addr_ton=Ton.INTERNATIONAL,
            source_addr_npi=Npi.ISDN,
            source_addr=message.sender,
            dest_addr_ton=ton,
            dest_addr_npi=npi,
            destination_addr=message.to,
        )
        return smpp.compose(
            template,
            message.text,
            reference=self._reference,
            default=self._settings.alphabet,
        )


def _wanted(registered_delivery: int, state: MessageState) -> int | None:
    """The ``esm_class`` of the report of a state; None if nobody asked for it (5.2.17)."""
    if state in _UNDER_WAY:
        sent = state is MessageState.ENROUTE
        return _NOTIFICATION if sent and registered_delivery & _INTERMEDIATE else None
    mask = _ALWAYS if state is MessageState.DELIVERED else _ALWAYS | _ON_FAILURE
    return _RECEIPT if registered_delivery & mask else None
