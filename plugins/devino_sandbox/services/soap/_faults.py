"""Every way in which the SOAP services say no."""

from __future__ import annotations

from collections.abc import Mapping

from devino_codecs import DecodeError, soap
from devino_codecs.rest import ErrorCode, ErrorText
from devino_sandbox._faults import AnswerError
from devino_sandbox._http import RawAnswer
from devino_sandbox._messages import RefusalReason

__all__ = [
    "INTERNAL_ERROR",
    "REFUSALS",
    "Failed",
    "argument",
    "headers",
    "ordered",
    "unprocessed",
    "unreadable",
]

INTERNAL_ERROR = ErrorCode.INTERNAL_ERROR.meaning

REFUSALS: Mapping[RefusalReason, str] = {
    RefusalReason.SENDER_MALFORMED: ErrorText.INVALID_SOURCE_ADDRESS,
    RefusalReason.SENDER_UNKNOWN: ErrorText.INVALID_SOURCE_ADDRESS,
    RefusalReason.DESTINATION: ErrorText.INVALID_DESTINATION_ADDRESS,
    RefusalReason.TEXT: "Invalid argument: data holds characters that no SMS can carry",
    RefusalReason.SEND_AT: "Invalid argument: the sending time is out of range",
    RefusalReason.BALANCE: ErrorCode.NOT_ENOUGH_CREDITS.meaning,
}


class Failed(Exception):
    """The call ends in a fault with this sentence."""


def argument(name: str, reason: str) -> str:
    """The words of .NET's ArgumentException."""
    return f"{reason}\r\nParameter name: {name[0].lower()}{name[1:]}"


def ordered(action: AnswerError) -> str:
    """The sentence of the error that a fault asks for: by REST's number, or any text."""
    if action.description is not None:
        return action.description
    if isinstance(action.code, str):
        return action.code
    known = {code.value: code.meaning for code in ErrorCode}
    return known.get(action.code, f"Error {action.code}")


def unprocessed(sentence: str, version: soap.Version) -> RawAnswer:
    """The fault of a call that was understood, in ASP.NET's words before the platform's own."""
    reason = f"Server was unable to process request. ---> {sentence}"
    return _fault(soap.Fault(reason=reason), version)


def unreadable(error: DecodeError, version: soap.Version) -> RawAnswer:
    """The fault of an envelope that cannot be read."""
    reason = f"Server was unable to read request. ---> {error}"
    return _fault(soap.Fault(code=soap.FaultCode.SENDER, reason=reason), version)


def headers(version: soap.Version) -> tuple[tuple[bytes, bytes], ...]:
    """Of every answer in an envelope."""
    return (
        (b"cache-control", b"private, max-age=0"),
        (b"content-type", version.content_type.encode()),
    )


def _fault(fault: soap.Fault, version: soap.Version) -> RawAnswer:
    senders = fault.code is soap.FaultCode.SENDER and version is soap.Version.SOAP_12
    body = soap.encode_fault(fault, version=version)
    return RawAnswer(400 if senders else 500, body, headers(version))
