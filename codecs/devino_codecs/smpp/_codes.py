"""The code tables of SMPP 3.4, chapter 5: numbers by the specification's names.

The fields of a PDU are plain :class:`int`, so that codes survive which these tables lack. The
members here are ints too and compare equal.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

from devino_codecs._coded import CodedInt, Verdict

__all__ = [
    "CommandId",
    "CommandStatus",
    "DataCoding",
    "EsmClass",
    "MessageState",
    "Npi",
    "RegisteredDelivery",
    "Ton",
    "find_state",
    "find_status",
    "status_name",
]


class CommandId(IntEnum):
    """``command_id`` (5.1.2.1). An answer's is its request's with the highest bit set."""

    GENERIC_NACK = 0x80000000
    BIND_RECEIVER = 0x00000001
    BIND_RECEIVER_RESP = 0x80000001
    BIND_TRANSMITTER = 0x00000002
    BIND_TRANSMITTER_RESP = 0x80000002
    QUERY_SM = 0x00000003
    QUERY_SM_RESP = 0x80000003
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    REPLACE_SM = 0x00000007
    REPLACE_SM_RESP = 0x80000007
    CANCEL_SM = 0x00000008
    CANCEL_SM_RESP = 0x80000008
    BIND_TRANSCEIVER = 0x00000009
    BIND_TRANSCEIVER_RESP = 0x80000009
    OUTBIND = 0x0000000B
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015
    SUBMIT_MULTI = 0x00000021
    SUBMIT_MULTI_RESP = 0x80000021
    ALERT_NOTIFICATION = 0x00000102
    DATA_SM = 0x00000103
    DATA_SM_RESP = 0x80000103


_BUSY, _LOGIN, _NOT_FOUND = Verdict.BUSY, Verdict.LOGIN, Verdict.NOT_FOUND


class CommandStatus(CodedInt):
    """``command_status`` (5.1.3): 0 in every request, the verdict in an answer.

    ``means`` is a :class:`Verdict`, ``""`` for ESME_ROK. BUSY is about the session or the centre,
    and says nothing against the message. Whatever the error, nothing was taken.
    """

    def __init__(self, value: int, meaning: str = "", means: str = Verdict.REFUSED) -> None:
        super().__init__(value, meaning, means)

    ESME_ROK = 0x00, "no error", ""
    ESME_RINVMSGLEN = 0x01, "message length is invalid"
    ESME_RINVCMDLEN = 0x02, "command length is invalid"
    ESME_RINVCMDID = 0x03, "invalid command ID"
    ESME_RINVBNDSTS = 0x04, "incorrect bind status for the given command", _BUSY
    ESME_RALYBND = 0x05, "ESME is already bound", _BUSY
    ESME_RINVPRTFLG = 0x06, "invalid priority flag"
    ESME_RINVREGDLVFLG = 0x07, "invalid registered delivery flag"
    ESME_RSYSERR = 0x08, "system error", _BUSY
    ESME_RINVSRCADR = 0x0A, "invalid source address"
    ESME_RINVDSTADR = 0x0B, "invalid destination address"
    ESME_RINVMSGID = 0x0C, "message ID is invalid", _NOT_FOUND
    ESME_RBINDFAIL = 0x0D, "bind failed", _BUSY
    ESME_RINVPASWD = 0x0E, "invalid password", _LOGIN
    ESME_RINVSYSID = 0x0F, "invalid system ID", _LOGIN
    ESME_RCANCELFAIL = 0x11, "cancel_sm failed"
    ESME_RREPLACEFAIL = 0x13, "replace_sm failed"
    ESME_RMSGQFUL = 0x14, "message queue full", _BUSY
    ESME_RINVSERTYP = 0x15, "invalid service type"
    ESME_RINVNUMDESTS = 0x33, "invalid number of destinations"
    ESME_RINVDLNAME = 0x34, "invalid distribution list name"
    ESME_RINVDESTFLAG = 0x40, "destination flag of submit_multi is invalid"
    ESME_RINVSUBREP = 0x42, "invalid 'submit with replace' request"
    ESME_RINVESMCLASS = 0x43, "invalid esm_class field data"
    ESME_RCNTSUBDL = 0x44, "cannot submit to the distribution list"
    ESME_RSUBMITFAIL = 0x45, "submit_sm or submit_multi failed"
    ESME_RINVSRCTON = 0x48, "invalid source address TON"
    ESME_RINVSRCNPI = 0x49, "invalid source address NPI"
    ESME_RINVDSTTON = 0x50, "invalid destination address TON"
    ESME_RINVDSTNPI = 0x51, "invalid destination address NPI"
    ESME_RINVSYSTYP = 0x53, "invalid system_type field"
    ESME_RINVREPFLAG = 0x54, "invalid replace_if_present flag"
    ESME_RINVNUMMSGS = 0x55, "invalid number of messages"
    ESME_RTHROTTLED = 0x58, "throttling error: the ESME exceeded its message limits", _BUSY
    ESME_RINVSCHED = 0x61, "invalid scheduled delivery time"
    ESME_RINVEXPIRY = 0x62, "invalid message validity period (expiry time)"
    ESME_RINVDFTMSGID = 0x63, "predefined message is invalid or not found"
    ESME_RX_T_APPN = 0x64, "ESME receiver: temporary application error", _BUSY
    ESME_RX_P_APPN = 0x65, "ESME receiver: permanent application error"
    ESME_RX_R_APPN = 0x66, "ESME receiver: message rejected"
    ESME_RQUERYFAIL = 0x67, "query_sm failed", _NOT_FOUND
    ESME_RINVOPTPARSTREAM = 0xC0, "error in the optional part of the PDU body"
    ESME_ROPTPARNOTALLWD = 0xC1, "optional parameter is not allowed"
    ESME_RINVPARLEN = 0xC2, "invalid parameter length"
    ESME_RMISSINGOPTPARAM = 0xC3, "expected optional parameter is missing"
    ESME_RINVOPTPARAMVAL = 0xC4, "invalid optional parameter value"
    ESME_RDELIVERYFAILURE = 0xFE, "delivery failure (data_sm_resp)"
    ESME_RUNKNOWNERR = 0xFF, "unknown error", _BUSY


_STATUSES = {int(status): status for status in CommandStatus}


def find_status(command_status: int) -> CommandStatus | None:
    """The row of a status; None if SMPP 3.4 does not know it."""
    return _STATUSES.get(command_status)


def status_name(command_status: int) -> str:
    """A status for people: ``"ESME_RTHROTTLED (0x58)"``; the bare number of an unknown one."""
    status = find_status(command_status)
    if status is None:
        return f"0x{command_status:08X}"
    return f"{status.name} (0x{command_status:02X})"


class MessageState(CodedInt):
    """``message_state`` (5.2.28).

    ``means`` is the name of the kernel's state, ``text`` the word for ``stat`` in a delivery
    receipt: seven letters each (appendix B).
    """

    ENROUTE = 1, "on its way", "ENROUTE", "ENROUTE"
    DELIVERED = 2, "delivered to its destination", "DELIVERED", "DELIVRD"
    EXPIRED = 3, "its validity period has expired", "EXPIRED", "EXPIRED"
    DELETED = 4, "deleted", "DELETED", "DELETED"
    UNDELIVERABLE = 5, "cannot be delivered", "UNDELIVERABLE", "UNDELIV"
    ACCEPTED = 6, "taken on behalf of the subscriber", "ACCEPTED", "ACCEPTD"
    UNKNOWN = 7, "in an invalid state", "UNKNOWN", "UNKNOWN"
    REJECTED = 8, "refused", "REJECTED", "REJECTD"


_MESSAGE_STATES = {int(state): state for state in MessageState}


def find_state(message_state: int) -> MessageState | None:
    """The row of a state; None if SMPP 3.4 does not know it."""
    return _MESSAGE_STATES.get(message_state)


class Ton(IntEnum):
    """Type of number (5.2.5)."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER_NUMBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6


class Npi(IntEnum):
    """Numbering plan indicator (5.2.6)."""

    UNKNOWN = 0
    ISDN = 1
    DATA = 3
    TELEX = 4
    LAND_MOBILE = 6
    NATIONAL = 8
    PRIVATE = 9
    ERMES = 10
    INTERNET = 14
    WAP_CLIENT_ID = 18


class DataCoding(IntEnum):
    """``data_coding`` (5.2.19): the schemes that are not message classes."""

    SMSC_DEFAULT = 0x00
    IA5 = 0x01
    OCTETS = 0x02
    LATIN_1 = 0x03
    OCTETS_COMMON = 0x04
    JIS = 0x05
    CYRILLIC = 0x06
    LATIN_HEBREW = 0x07
    UCS2 = 0x08
    PICTOGRAM = 0x09
    ISO_2022_JP = 0x0A
    EXTENDED_KANJI_JIS = 0x0D
    KS_C_5601 = 0x0E


class EsmClass(IntFlag):
    """``esm_class`` (5.2.12): messaging mode (bits 1-0), message type (5-2), GSM features (7-6)."""

    DEFAULT = 0x00
    DATAGRAM = 0x01
    FORWARD = 0x02
    STORE_AND_FORWARD = 0x03
    DELIVERY_RECEIPT = 0x04
    DELIVERY_ACKNOWLEDGEMENT = 0x08
    USER_ACKNOWLEDGEMENT = 0x10
    CONVERSATION_ABORT = 0x18
    INTERMEDIATE_NOTIFICATION = 0x20
    UDHI = 0x40
    REPLY_PATH = 0x80

    MESSAGE_TYPE = 0x3C
    """Not a flag: the mask of the message type."""


class RegisteredDelivery(IntFlag):
    """``registered_delivery`` (5.2.17): which reports the sender asks for."""

    NONE = 0x00
    RECEIPT = 0x01
    """A delivery receipt, whatever the outcome."""
    RECEIPT_ON_FAILURE = 0x02
    DELIVERY_ACKNOWLEDGEMENT = 0x04
    USER_ACKNOWLEDGEMENT = 0x08
    INTERMEDIATE_NOTIFICATION = 0x10
