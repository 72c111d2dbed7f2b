"""PDUs to octets and back."""

from __future__ import annotations

import struct
from typing import Generic, TypeVar, cast

import msgspec
from msgspec.structs import replace

from devino_codecs._sizes import check_bytes
from devino_codecs.errors import EncodeError

from ._errors import PduError
from ._generate import Decoder, Encoder, compiled
from ._header import HEADER_SIZE, pack_header, unpack_header
from ._interpret import parse_fields, salvaged
from ._pdus import PDU_TYPES, AnyPdu, Pdu, RequestPdu, UnknownPdu

__all__ = [
    "DECODERS",
    "EncodedRequest",
    "check_strictly",
    "decode",
    "encode",
    "encode_request",
    "encode_with_body",
    "salvage",
]

A = TypeVar("A", bound=Pdu)
A_co = TypeVar("A_co", bound=Pdu, covariant=True)

_pack_number = struct.Struct(">I").pack


class EncodedRequest(msgspec.Struct, Generic[A_co], frozen=True, gc=False):
    """A request as octets that lack nothing but their ``sequence_number``.

    :func:`encode_request` makes one. Sending it, even several times, encodes nothing again.
    """

    kind: type[RequestPdu[A_co]]
    """The class of the request."""
    before: bytes
    """The octets before the ``sequence_number``."""
    after: bytes

    @property
    def pdu(self) -> RequestPdu[A_co]:
        """The request itself, decoded. Its ``sequence_number`` is 0."""
        return cast("RequestPdu[A_co]", decode(encode(self)))


def encode(pdu: AnyPdu | EncodedRequest[Pdu], sequence_number: int | None = None) -> bytes:
    """The octets of a PDU, from ``command_length`` to the last optional parameter.

    A ``sequence_number`` given here takes the place of the PDU's own, which is 0 for an encoded
    request. An answer with an error status and nothing else to say has no body (4.4.2).

    Raises :exc:`~devino_codecs.EncodeError` for a value that does not fit. Its ``path`` is the
    field: ``"source_addr"``, ``"tlvs.sar_msg_ref_num"``.
    """
    try:
        encoder = _ENCODERS[type(pdu)]
    except KeyError:
        encoder = _encoder(type(pdu))
    return encoder(pdu, sequence_number)


def encode_request(request: RequestPdu[A]) -> EncodedRequest[A]:
    """A request checked and encoded, for :meth:`SessionMachine.send`.

    Raises as :func:`encode` does.
    """
    octets = encode(request, 0)
    return EncodedRequest(type(request), octets[:_NUMBER_AT], octets[HEADER_SIZE:])


def decode(data: bytes | bytearray | memoryview) -> AnyPdu:
    """One whole PDU from its octets, exactly as many as its ``command_length`` says.

    A ``command_id`` that SMPP 3.4 lacks gives :class:`UnknownPdu`. An answer may lack its body,
    whatever its status; its fields are then empty.

    Up to three NULs behind the last field are overlooked.

    Raises :exc:`PduError`, which has the ``header``, for a broken body; :func:`salvage` reads what
    can be read of that. Raises a plain :exc:`~devino_codecs.DecodeError` where there is not even a
    header.
    """
    if type(data) is not bytes:
        check_bytes(data)
        data = bytes(data)
    try:
        decoder = DECODERS[data[4]][data[7]]
    except IndexError:
        decoder = _decode_unknown
    return decoder(data)


def salvage(data: bytes | bytearray | memoryview) -> AnyPdu:
    """As :func:`decode`, but a PDU with a broken body gives what can be read of it.

    Its ``defect`` says what is wrong, and has the octets. Strings may be too long, and the last
    fields may have their defaults. Raises :exc:`~devino_codecs.DecodeError` only where there is no
    header, or where an unknown command has another length than it says.
    """
    try:
        return decode(data)
    except PduError as error:
        of = PDU_TYPES.get(error.header.command_id)
        if of is None:
            raise
        return salvaged(bytes(data), of, error)


def encode_with_body(pdu: Pdu, sequence_number: int) -> bytes:
    """As :func:`encode`, but an answer with an error status has a body, too, if an empty one."""
    octets = encode(replace(pdu, command_status=0), sequence_number)
    return octets[:_STATUS_AT] + _pack_number(pdu.command_status) + octets[_NUMBER_AT:]


def check_strictly(data: bytes, of: type[Pdu]) -> None:
    """Raise :exc:`PduError` for the NULs that :func:`decode` overlooks."""
    parse_fields(data, of, strict=True)


def _encoder(of: type[AnyPdu | EncodedRequest[Pdu]]) -> Encoder:
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


def _encode_encoded(request: EncodedRequest[Pdu], sequence_number: int | None) -> bytes:
    try:
        return b"".join((request.before, _pack_number(sequence_number or 0), request.after))
    except struct.error:
        pass
    raise EncodeError("the sequence_number has 32 bits")


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


_STATUS_AT, _NUMBER_AT = HEADER_SIZE - 8, HEADER_SIZE - 4
_ENCODERS: dict[type, Encoder] = {EncodedRequest: _encode_encoded}
"""By class. :func:`encode` finds the encoder of a class that is not there yet."""
_UNKNOWN: list[Decoder] = [_decode_by_id] * 256
DECODERS: list[list[Decoder]] = [_UNKNOWN] * 256
"""By the first and the last octet of the ``command_id``, for octets that hold a whole header.

A few PDUs share a place, such as ``data_sm`` and ``query_sm``. The first that comes gets it. A
decoder passes on what turns out not to be its own.
"""
for _octet in {command_id >> 24 for command_id in PDU_TYPES}:
    DECODERS[_octet] = list(_UNKNOWN)
