"""Which ``command_status`` answers a request with a broken body: it depends on the field."""

from __future__ import annotations

from ._codes import CommandStatus

__all__ = ["fault_status"]

_BY_FIELD = {
    "system_id": CommandStatus.ESME_RINVSYSID,
    "password": CommandStatus.ESME_RINVPASWD,
    "system_type": CommandStatus.ESME_RINVSYSTYP,
    "service_type": CommandStatus.ESME_RINVSERTYP,
    "source_addr": CommandStatus.ESME_RINVSRCADR,
    "destination_addr": CommandStatus.ESME_RINVDSTADR,
    "dest_address": CommandStatus.ESME_RINVNUMDESTS,
    "message_id": CommandStatus.ESME_RINVMSGID,
    "schedule_delivery_time": CommandStatus.ESME_RINVSCHED,
    "validity_period": CommandStatus.ESME_RINVEXPIRY,
    "short_message": CommandStatus.ESME_RINVMSGLEN,
    "tlvs": CommandStatus.ESME_RINVOPTPARSTREAM,
}


def fault_status(path: str) -> int:
    """The status for a :exc:`PduError` with this ``path``; ESME_RINVCMDLEN if none fits."""
    return int(_BY_FIELD.get(path, CommandStatus.ESME_RINVCMDLEN))
