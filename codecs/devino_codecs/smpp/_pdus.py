"""The operations of SMPP 3.4, chapter 4. Each PDU is a class, and its annotations are the layout.

The annotated fields stand in the order of the wire and have the specification's names. Counts
(``sm_length``, ``number_of_dests``, ``no_unsuccess``) are not fields: they follow from what they
count. Addresses and ids are latin-1. Encoding checks the values; making a PDU checks nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, TypeVar, cast

import msgspec
from construct import Int8ub, Int32ub

from devino_codecs._request import Request, answer_of

from ._codes import CommandId
from ._fields import COctetString, Listed, OneOf, Record, ShortMessage, Time
from ._header import Header
from ._tlvs import NO_TLVS, RawTlvs, Tlvs

__all__ = [
    "ANSWER_TYPES",
    "PDU_TYPES",
    "AlertNotification",
    "AnyPdu",
    "BindReceiver",
    "BindReceiverResp",
    "BindRequest",
    "BindResponse",
    "BindTransceiver",
    "BindTransceiverResp",
    "BindTransmitter",
    "BindTransmitterResp",
    "CancelSm",
    "CancelSmResp",
    "DataSm",
    "DataSmResp",
    "Defect",
    "DeliverSm",
    "DeliverSmResp",
    "DistributionList",
    "EnquireLink",
    "EnquireLinkResp",
    "GenericNack",
    "MessagePdu",
    "Outbind",
    "Pdu",
    "QuerySm",
    "QuerySmResp",
    "ReplaceSm",
    "ReplaceSmResp",
    "RequestPdu",
    "SmeAddress",
    "SubmitMulti",
    "SubmitMultiResp",
    "SubmitSm",
    "SubmitSmResp",
    "Unbind",
    "UnbindResp",
    "UnknownPdu",
    "UnsuccessSme",
    "answer_type",
]

ServiceType = COctetString(6, usually_empty=True)
Address = COctetString(21)
LongAddress = COctetString(65)
MessageId = COctetString(65)
ValidTime = Time()


class Defect(msgspec.Struct, frozen=True, gc=False):
    """What was wrong with the octets of a PDU that was read all the same."""

    reason: str
    path: str
    """The field at fault: ``"source_addr"``, ``"tlvs"``."""
    offset: int | None
    """Where it begins, from the first octet of the PDU."""
    octets: bytes
    """The whole PDU. The ``repr`` leaves it out, because a bind holds the password."""
    missing: tuple[str, ...] = ()
    """The fields that could not be read: they have their defaults."""

    def __repr__(self) -> str:
        return f"Defect({self})"

    def __str__(self) -> str:
        return f"{self.path}: {self.reason} (at byte {self.offset})"


class Pdu(msgspec.Struct, frozen=True, kw_only=True, gc=False, repr_omit_defaults=True):
    """What every PDU has. A PDU is a value: make it with keywords, compare it, copy it.

    ``tlvs`` are optional parameters by name (:class:`Tlvs`), ``raw_tlvs`` the others by number.
    Never change ``tlvs``. A session replaces a ``sequence_number`` of 0. ``defect`` is None unless
    :func:`salvage` read the PDU; it is never written.
    """

    command_id: ClassVar[int]

    command_status: int = 0
    sequence_number: int = 0
    tlvs: Tlvs = NO_TLVS
    raw_tlvs: RawTlvs = ()
    defect: Defect | None = None


A = TypeVar("A", bound=Pdu)
A_co = TypeVar("A_co", bound=Pdu, covariant=True)


class RequestPdu(Pdu, Request[A_co], frozen=True):
    """A PDU that is answered with ``A``, such as ``SubmitSm``, a ``RequestPdu[SubmitSmResp]``."""


class UnknownPdu(msgspec.Struct, frozen=True):
    """A PDU whose ``command_id`` SMPP 3.4 does not know."""

    header: Header
    body: bytes

    @property
    def command_id(self) -> int:
        return self.header.command_id

    @property
    def command_status(self) -> int:
        return self.header.command_status

    @property
    def sequence_number(self) -> int:
        return self.header.sequence_number


AnyPdu = Pdu | UnknownPdu


class _WithPassword(Pdu, frozen=True):
    def __repr__(self) -> str:
        shown = (
            f"{name}={'***' if name == 'password' else repr(getattr(self, name))}"
            for name in self.__struct_fields__
            if name != "defect" or self.defect
        )
        return f"{type(self).__name__}({', '.join(shown)})"


class BindRequest(_WithPassword, frozen=True):
    """What the three binds share. The password is in no ``repr``."""

    system_id: Annotated[str, COctetString(16)] = ""
    password: Annotated[str, COctetString(9)] = ""
    system_type: Annotated[str, COctetString(13)] = ""
    interface_version: Annotated[int, Int8ub] = 0x34
    addr_ton: Annotated[int, Int8ub] = 0
    addr_npi: Annotated[int, Int8ub] = 0
    address_range: Annotated[str, COctetString(41)] = ""


class BindResponse(Pdu, frozen=True):
    """What the answers to the three binds share."""

    system_id: Annotated[str, COctetString(16)] = ""


class BindTransmitterResp(BindResponse, frozen=True):
    """``bind_transmitter_resp`` (4.1.2)."""

    command_id: ClassVar[int] = CommandId.BIND_TRANSMITTER_RESP


class BindTransmitter(BindRequest, RequestPdu[BindTransmitterResp], frozen=True):
    """``bind_transmitter`` (4.1.1): asks for a session that only submits."""

    command_id: ClassVar[int] = CommandId.BIND_TRANSMITTER


class BindReceiverResp(BindResponse, frozen=True):
    """``bind_receiver_resp`` (4.1.4)."""

    command_id: ClassVar[int] = CommandId.BIND_RECEIVER_RESP


class BindReceiver(BindRequest, RequestPdu[BindReceiverResp], frozen=True):
    """``bind_receiver`` (4.1.3): asks for a session that only takes what the centre delivers."""

    command_id: ClassVar[int] = CommandId.BIND_RECEIVER


class BindTransceiverResp(BindResponse, frozen=True):
    """``bind_transceiver_resp`` (4.1.6)."""

    command_id: ClassVar[int] = CommandId.BIND_TRANSCEIVER_RESP


class BindTransceiver(BindRequest, RequestPdu[BindTransceiverResp], frozen=True):
    """``bind_transceiver`` (4.1.5): asks for a session of both directions."""

    command_id: ClassVar[int] = CommandId.BIND_TRANSCEIVER


class Outbind(_WithPassword, frozen=True):
    """``outbind`` (4.1.7): the centre asks the ESME to bind as a receiver. It has no answer."""

    command_id: ClassVar[int] = CommandId.OUTBIND

    system_id: Annotated[str, COctetString(16)] = ""
    password: Annotated[str, COctetString(9)] = ""


class UnbindResp(Pdu, frozen=True):
    """``unbind_resp`` (4.2.2)."""

    command_id: ClassVar[int] = CommandId.UNBIND_RESP


class Unbind(RequestPdu[UnbindResp], frozen=True):
    """``unbind`` (4.2.1)."""

    command_id: ClassVar[int] = CommandId.UNBIND


class GenericNack(Pdu, frozen=True):
    """``generic_nack`` (4.3.1): answers what could not be understood."""

    command_id: ClassVar[int] = CommandId.GENERIC_NACK


class MessagePdu(Pdu, frozen=True):
    """The layout that ``submit_sm`` and ``deliver_sm`` share."""

    service_type: Annotated[str, ServiceType] = ""
    source_addr_ton: Annotated[int, Int8ub] = 0
    source_addr_npi: Annotated[int, Int8ub] = 0
    source_addr: Annotated[str, Address] = ""
    dest_addr_ton: Annotated[int, Int8ub] = 0
    dest_addr_npi: Annotated[int, Int8ub] = 0
    destination_addr: Annotated[str, Address] = ""
    esm_class: Annotated[int, Int8ub] = 0
    protocol_id: Annotated[int, Int8ub] = 0
    priority_flag: Annotated[int, Int8ub] = 0
    schedule_delivery_time: Annotated[str, ValidTime] = ""
    validity_period: Annotated[str, ValidTime] = ""
    registered_delivery: Annotated[int, Int8ub] = 0
    replace_if_present_flag: Annotated[int, Int8ub] = 0
    data_coding: Annotated[int, Int8ub] = 0
    sm_default_msg_id: Annotated[int, Int8ub] = 0
    short_message: Annotated[bytes, ShortMessage()] = b""


class SubmitSmResp(Pdu, frozen=True):
    """``submit_sm_resp`` (4.4.2). A refusal has no body on the wire."""

    command_id: ClassVar[int] = CommandId.SUBMIT_SM_RESP

    message_id: Annotated[str, MessageId] = ""


class SubmitSm(MessagePdu, RequestPdu[SubmitSmResp], frozen=True):
    """``submit_sm`` (4.4.1): the ESME gives one message to one recipient."""

    command_id: ClassVar[int] = CommandId.SUBMIT_SM


class SmeAddress(msgspec.Struct, frozen=True):
    """One recipient of a ``submit_multi`` (``dest_flag`` 1)."""

    dest_addr_ton: Annotated[int, Int8ub] = 0
    dest_addr_npi: Annotated[int, Int8ub] = 0
    destination_addr: Annotated[str, Address] = ""


class DistributionList(msgspec.Struct, frozen=True):
    """A list of recipients that the centre knows by name (``dest_flag`` 2)."""

    dl_name: Annotated[str, COctetString(21)] = ""


class UnsuccessSme(msgspec.Struct, frozen=True):
    """A recipient that a ``submit_multi`` did not reach, with the ``command_status`` as reason."""

    dest_addr_ton: Annotated[int, Int8ub] = 0
    dest_addr_npi: Annotated[int, Int8ub] = 0
    destination_addr: Annotated[str, Address] = ""
    error_status_code: Annotated[int, Int32ub] = 0


class SubmitMultiResp(Pdu, frozen=True):
    """``submit_multi_resp`` (4.5.2): the id, and the recipients that were not reached."""

    command_id: ClassVar[int] = CommandId.SUBMIT_MULTI_RESP

    message_id: Annotated[str, MessageId] = ""
    unsuccess_sme: Annotated[tuple[UnsuccessSme, ...], Listed(Record(UnsuccessSme))] = ()


class SubmitMulti(RequestPdu[SubmitMultiResp], frozen=True):
    """``submit_multi`` (4.5.1): one message to 1 to 255 recipients, which may be lists."""

    command_id: ClassVar[int] = CommandId.SUBMIT_MULTI

    service_type: Annotated[str, ServiceType] = ""
    source_addr_ton: Annotated[int, Int8ub] = 0
    source_addr_npi: Annotated[int, Int8ub] = 0
    source_addr: Annotated[str, Address] = ""
    dest_address: Annotated[
        tuple[SmeAddress | DistributionList, ...],
        Listed(OneOf({1: SmeAddress, 2: DistributionList}), least=1),
    ] = ()
    esm_class: Annotated[int, Int8ub] = 0
    protocol_id: Annotated[int, Int8ub] = 0
    priority_flag: Annotated[int, Int8ub] = 0
    schedule_delivery_time: Annotated[str, ValidTime] = ""
    validity_period: Annotated[str, ValidTime] = ""
    registered_delivery: Annotated[int, Int8ub] = 0
    replace_if_present_flag: Annotated[int, Int8ub] = 0
    data_coding: Annotated[int, Int8ub] = 0
    sm_default_msg_id: Annotated[int, Int8ub] = 0
    short_message: Annotated[bytes, ShortMessage()] = b""


class DeliverSmResp(Pdu, frozen=True):
    """``deliver_sm_resp`` (4.6.2). ``message_id`` is unused, but some write it."""

    command_id: ClassVar[int] = CommandId.DELIVER_SM_RESP

    message_id: Annotated[str, MessageId] = ""


class DeliverSm(MessagePdu, RequestPdu[DeliverSmResp], frozen=True):
    """``deliver_sm`` (4.6.1): the centre gives an incoming message or a delivery receipt."""

    command_id: ClassVar[int] = CommandId.DELIVER_SM


class DataSmResp(Pdu, frozen=True):
    """``data_sm_resp`` (4.7.2)."""

    command_id: ClassVar[int] = CommandId.DATA_SM_RESP

    message_id: Annotated[str, MessageId] = ""


class DataSm(RequestPdu[DataSmResp], frozen=True):
    """``data_sm`` (4.7.1): a message in either direction, with its text in ``message_payload``."""

    command_id: ClassVar[int] = CommandId.DATA_SM

    service_type: Annotated[str, ServiceType] = ""
    source_addr_ton: Annotated[int, Int8ub] = 0
    source_addr_npi: Annotated[int, Int8ub] = 0
    source_addr: Annotated[str, LongAddress] = ""
    dest_addr_ton: Annotated[int, Int8ub] = 0
    dest_addr_npi: Annotated[int, Int8ub] = 0
    destination_addr: Annotated[str, LongAddress] = ""
    esm_class: Annotated[int, Int8ub] = 0
    registered_delivery: Annotated[int, Int8ub] = 0
    data_coding: Annotated[int, Int8ub] = 0


class QuerySmResp(Pdu, frozen=True):
    """``query_sm_resp`` (4.8.2). ``final_date`` is empty until the state is final."""

    command_id: ClassVar[int] = CommandId.QUERY_SM_RESP

    message_id: Annotated[str, MessageId] = ""
    final_date: Annotated[str, ValidTime] = ""
    message_state: Annotated[int, Int8ub] = 0
    error_code: Annotated[int, Int8ub] = 0


class QuerySm(RequestPdu[QuerySmResp], frozen=True):
    """``query_sm`` (4.8.1): asks what became of a message. The source must be the submit's."""

    command_id: ClassVar[int] = CommandId.QUERY_SM

    message_id: Annotated[str, MessageId] = ""
    source_addr_ton: Annotated[int, Int8ub] = 0
    source_addr_npi: Annotated[int, Int8ub] = 0
    source_addr: Annotated[str, Address] = ""


class CancelSmResp(Pdu, frozen=True):
    """``cancel_sm_resp`` (4.9.2)."""

    command_id: ClassVar[int] = CommandId.CANCEL_SM_RESP


class CancelSm(RequestPdu[CancelSmResp], frozen=True):
    """``cancel_sm`` (4.9.1): one message by its id, or all between two addresses."""

    command_id: ClassVar[int] = CommandId.CANCEL_SM

    service_type: Annotated[str, ServiceType] = ""
    message_id: Annotated[str, MessageId] = ""
    source_addr_ton: Annotated[int, Int8ub] = 0
    source_addr_npi: Annotated[int, Int8ub] = 0
    source_addr: Annotated[str, Address] = ""
    dest_addr_ton: Annotated[int, Int8ub] = 0
    dest_addr_npi: Annotated[int, Int8ub] = 0
    destination_addr: Annotated[str, Address] = ""


class ReplaceSmResp(Pdu, frozen=True):
    """``replace_sm_resp`` (4.10.2)."""

    command_id: ClassVar[int] = CommandId.REPLACE_SM_RESP


class ReplaceSm(RequestPdu[ReplaceSmResp], frozen=True):
    """``replace_sm`` (4.10.1): new text and times for a message that is still on its way."""

    command_id: ClassVar[int] = CommandId.REPLACE_SM

    message_id: Annotated[str, MessageId] = ""
    source_addr_ton: Annotated[int, Int8ub] = 0
    source_addr_npi: Annotated[int, Int8ub] = 0
    source_addr: Annotated[str, Address] = ""
    schedule_delivery_time: Annotated[str, ValidTime] = ""
    validity_period: Annotated[str, ValidTime] = ""
    registered_delivery: Annotated[int, Int8ub] = 0
    sm_default_msg_id: Annotated[int, Int8ub] = 0
    short_message: Annotated[bytes, ShortMessage()] = b""


class EnquireLinkResp(Pdu, frozen=True):
    """``enquire_link_resp`` (4.11.2)."""

    command_id: ClassVar[int] = CommandId.ENQUIRE_LINK_RESP


class EnquireLink(RequestPdu[EnquireLinkResp], frozen=True):
    """``enquire_link`` (4.11.1): is anyone there? Either side may ask."""

    command_id: ClassVar[int] = CommandId.ENQUIRE_LINK


class AlertNotification(Pdu, frozen=True):
    """``alert_notification`` (4.12.1): a subscriber can be reached again. It has no answer."""

    command_id: ClassVar[int] = CommandId.ALERT_NOTIFICATION

    source_addr_ton: Annotated[int, Int8ub] = 0
    source_addr_npi: Annotated[int, Int8ub] = 0
    source_addr: Annotated[str, LongAddress] = ""
    esme_addr_ton: Annotated[int, Int8ub] = 0
    esme_addr_npi: Annotated[int, Int8ub] = 0
    esme_addr: Annotated[str, LongAddress] = ""


def _concrete(of: type[Pdu]) -> list[type[Pdu]]:
    found = [of] if "command_id" in of.__dict__ else []
    return found + [pdu for below in of.__subclasses__() for pdu in _concrete(below)]


PDU_TYPES: Mapping[int, type[Pdu]] = {int(of.command_id): of for of in _concrete(Pdu)}
"""Classes by their ``command_id``."""

ANSWER_TYPES: Mapping[type[Pdu], type[Pdu]] = {
    of: answer_of(of) for of in PDU_TYPES.values() if issubclass(of, RequestPdu)
}
"""The class of the answer, for each request that has one."""


def answer_type(request: type[RequestPdu[A]]) -> type[A]:
    """The class of a request's answer.

    >>> answer_type(SubmitSm).__name__
    'SubmitSmResp'
    """
    return cast("type[A]", ANSWER_TYPES[request])
