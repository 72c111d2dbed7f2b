"""Which ``command_status`` answers a request whose body is broken, by the field at fault."""

from __future__ import annotations

from ._codes import CommandStatus as Status

__all__ = ["fault_status"]

_BY_FIELD = {
    "system_id": Status.ESME_RINVSYSID,
    "password": Status.ESME_RINVPASWD,
    "system_type": Status.ESME_RINVSYSTYP,
    "service_type": Status.ESME_RINVSERTYP,
    "source_addr": Status.ESME_RINVSRCADR,
    "destination_addr": Status.ESME_RINVDSTADR,
    "dest_address": Status.ESME_RINVNUMDESTS,
    "message_id": Status.ESME_RINVMSGID,
    "schedule_delivery_time": Status.ESME_RINVSCHED,
    "validity_period": Status.ESME_RINVEXPIRY,
    "short_message": Status.ESME_RINVMSGLEN,
    "tlvs": Status.ESME_RINVOPTPARSTREAM,
}


def fault_status(path: str) -> int:
    """The status for a :exc:`PduError` with this ``path``; ESME_RINVCMDLEN where none fits."""
    return int(_BY_FIELD.get(path, Status.ESME_RINVCMDLEN))
