"""SMPP 3.4 (manual, chapters 3 and 11.2.4): PDUs, their octets, and the session between two ends.

>>> from devino_codecs import smpp
>>> pdu = smpp.SubmitSm(source_addr="79001234567", destination_addr="79007654321",
...                     short_message=b"Hello", sequence_number=1)
>>> smpp.decode(smpp.encode(pdu)) == pdu
True

A PDU is a frozen value whose fields have the specification's names. The annotations of its class
are construct's subconstructs, and :func:`encode` and :func:`decode` are generated from them.
:func:`describe` prints a PDU. :func:`layout` gives its construct, :func:`source` the generated
text. :class:`Framer` cuts a stream into PDUs. :class:`SessionMachine` speaks the protocol and does
no I/O.
"""

from typing import TYPE_CHECKING

from devino_codecs._coded import Verdict
from devino_codecs._lazy import lazy

from ._charset import Charset, charset
from ._codec import EncodedRequest, decode, encode, encode_request, salvage
from ._codes import (
    CommandId,
    CommandStatus,
    DataCoding,
    EsmClass,
    MessageState,
    Npi,
    RegisteredDelivery,
    Ton,
    find_state,
    find_status,
    status_name,
)
from ._compose import Concatenation, compose
from ._errors import FramingError, PduError, StateError
from ._events import (
    Answered,
    Broken,
    Closed,
    Late,
    NeverSent,
    Reason,
    Received,
    Refused,
    SessionEvent,
    Unanswered,
    Unmatched,
)
from ._framing import MAX_COMMAND_LENGTH, Framer
from ._generate import source
from ._header import Header
from ._interpret import layout
from ._machine import SessionMachine
from ._pdus import (
    AlertNotification,
    AnyPdu,
    BindReceiver,
    BindReceiverResp,
    BindRequest,
    BindResponse,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    CancelSm,
    CancelSmResp,
    DataSm,
    DataSmResp,
    Defect,
    DeliverSm,
    DeliverSmResp,
    DistributionList,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    MessagePdu,
    Outbind,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    RequestPdu,
    SmeAddress,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
    UnknownPdu,
    UnsuccessSme,
    answer_type,
)
from ._reassembly import Incomplete, Reassembler, TextKey, Whole, text_key
from ._settings import SessionSettings
from ._states import Role, SessionState
from ._times import format_time, parse_time
from ._tlvs import ItsSessionInfo, NetworkErrorCode, RawTlvs, Tlvs
from ._user_data import Segment, UserData, decode_text, user_data

if TYPE_CHECKING:
    from ._describe import describe, secret_fields
    from ._receipt import (
        DateForm,
        DeliveryReceipt,
        IdForm,
        ReceiptStyle,
        build_receipt,
        canonical_id,
        parse_receipt,
        receipt_of,
    )
else:
    # To speak the protocol takes neither.
    __getattr__ = lazy(
        __name__,
        {
            "_describe": ("describe", "secret_fields"),
            "_receipt": (
                "DateForm",
                "DeliveryReceipt",
                "IdForm",
                "ReceiptStyle",
                "build_receipt",
                "canonical_id",
                "parse_receipt",
                "receipt_of",
            ),
        },
    )

__all__ = [
    "MAX_COMMAND_LENGTH",
    "AlertNotification",
    "Answered",
    "AnyPdu",
    "BindReceiver",
    "BindReceiverResp",
    "BindRequest",
    "BindResponse",
    "BindTransceiver",
    "BindTransceiverResp",
    "BindTransmitter",
    "BindTransmitterResp",
    "Broken",
    "CancelSm",
    "CancelSmResp",
    "Charset",
    "Closed",
    "CommandId",
    "CommandStatus",
    "Concatenation",
    "DataCoding",
    "DataSm",
    "DataSmResp",
    "DateForm",
    "Defect",
    "DeliverSm",
    "DeliverSmResp",
    "DeliveryReceipt",
    "DistributionList",
    "EncodedRequest",
    "EnquireLink",
    "EnquireLinkResp",
    "EsmClass",
    "Framer",
    "FramingError",
    "GenericNack",
    "Header",
    "IdForm",
    "Incomplete",
    "ItsSessionInfo",
    "Late",
    "MessagePdu",
    "MessageState",
    "NetworkErrorCode",
    "NeverSent",
    "Npi",
    "Outbind",
    "Pdu",
    "PduError",
    "QuerySm",
    "QuerySmResp",
    "RawTlvs",
    "Reason",
    "Reassembler",
    "ReceiptStyle",
    "Received",
    "Refused",
    "RegisteredDelivery",
    "ReplaceSm",
    "ReplaceSmResp",
    "RequestPdu",
    "Role",
    "Segment",
    "SessionEvent",
    "SessionMachine",
    "SessionSettings",
    "SessionState",
    "SmeAddress",
    "StateError",
    "SubmitMulti",
    "SubmitMultiResp",
    "SubmitSm",
    "SubmitSmResp",
    "TextKey",
    "Tlvs",
    "Ton",
    "Unanswered",
    "Unbind",
    "UnbindResp",
    "UnknownPdu",
    "Unmatched",
    "UnsuccessSme",
    "UserData",
    "Verdict",
    "Whole",
    "answer_type",
    "build_receipt",
    "canonical_id",
    "charset",
    "compose",
    "decode",
    "decode_text",
    "describe",
    "encode",
    "encode_request",
    "find_state",
    "find_status",
    "format_time",
    "layout",
    "parse_receipt",
    "parse_time",
    "receipt_of",
    "salvage",
    "secret_fields",
    "source",
    "status_name",
    "text_key",
    "user_data",
]


def __dir__() -> list[str]:
    # What is not loaded yet is shown, too.
    return sorted({*globals(), *__all__})
