"""PDUs to octets and back."""

from __future__ import annotations

import struct

from devino_codecs.errors import EncodeError

from ._errors import PduError
from ._generate import Decoder, Encoder, compiled
from ._header import HEADER_SIZE, pack_header, unpack_header
from ._pdus import PDU_TYPES, AnyPdu, UnknownPdu

__all__ = ["DECODERS", "decode", "encode"]


def encode(pdu: AnyPdu, sequence_number: int | None = None) -> bytes:
    """The octets of a PDU, from ``command_length`` to the last optional parameter.

    A ``sequence_number`` given here takes the place of the PDU's own. An answer with an error
    status and nothing else to say has no body, as 4.4.2 has it.

    Raises :exc:`~devino_codecs.EncodeError` for a value that does not fit; its ``path`` is the
    field: ``"source_addr"``, ``"tlvs.sar_msg_ref_num"``.
    """
    try:
        encoder = _ENCODERS[type(pdu)]
    except KeyError:
        encoder = _encoder(type(pdu))
    return encoder(pdu, sequence_number)


def decode(data: bytes | bytearray | memoryview) -> AnyPdu:
    """One whole PDU from its octets, exactly as many as its ``command_length`` says.

    A ``command_id`` that SMPP 3.4 lacks gives :class:`UnknownPdu`. An answer may lack its body,
    whatever its status; its fields are then empty.

    Raises :exc:`PduError`, which has the ``header``, for a broken body, and a plain
    :exc:`~devino_codecs.DecodeError` where there is not even a header.
    """
    if type(data) is not bytes:
        data = bytes(data)
    try:
        decoder = DECODERS[data[4]][data[7]]
    except IndexError:
        decoder = _decode_unknown
    return decoder(data)


def _encoder(of: type[AnyPdu]) -> Encoder:
    if of is UnknownPdu:
        return _encode_unknown
    if PDU_TYPES.get(getattr(of, "command_id", -1)) is not of:
        raise EncodeError(f"{of.__name__} is not a PDU of SMPP 3.4")
    _ENCODERS[of] = compiled(of, _decode_by_id).encode
    return _ENCODERS[of]


def _decode_by_id(data: bytes) -> AnyPdu:
    of = PDU_TYPES.get(int.from_bytes(data[4:8], "big"))
    if of is None or len(data) < HEADER_SIZE:
        return _decode_unknown(data)
    decoder = compiled(of, _decode_by_id).decode
    row = DECODERS[data[4]]
    if row[data[7]] is _decode_by_id:
        row[data[7]] = decoder
    return decoder(data)


def _encode_unknown(pdu: UnknownPdu, sequence_number: int | None) -> bytes:
    number = pdu.sequence_number if sequence_number is None else sequence_number
    try:
        size = HEADER_SIZE + len(pdu.body)
        header = pack_header(size, pdu.command_id, pdu.command_status, number)
        return header + pdu.body
    except (struct.error, TypeError):
        pass
    raise EncodeError("the header has integers of 32 bits, the body is bytes")


def _decode_unknown(data: bytes) -> UnknownPdu:
    header = unpack_header(data)
    if header.command_length != len(data):
        reason = f"says {header.command_length}, {len(data)} octets were given"
        raise PduError(reason, header, path="command_length", offset=0)
    return UnknownPdu(header, data[HEADER_SIZE:])


_ENCODERS: dict[type, Encoder] = {}
"""By class; one that is not there is :func:`encode`'s to find."""
_UNKNOWN: list[Decoder] = [_decode_by_id] * 256
DECODERS: list[list[Decoder]] = [_UNKNOWN] * 256
"""By the first and the last octet of the ``command_id``, for octets that hold a whole header.

A few share a place, as ``data_sm`` and ``query_sm`` do: it is given to the first that comes, and a
decoder passes on what turns out not to be its own.
"""
for _octet in {command_id >> 24 for command_id in PDU_TYPES}:
    DECODERS[_octet] = list(_UNKNOWN)
