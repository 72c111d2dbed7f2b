"""Every way in which the REST service says no."""

from __future__ import annotations

from collections.abc import Mapping

from devino_codecs import rest
from devino_codecs.rest import ErrorCode, ErrorText, Refusal, ViberResultCode
from devino_core import Medium
from devino_sandbox._messages import RefusalReason

__all__ = [
    "INTERNAL_ERROR",
    "REFUSALS",
    "argument_error",
    "error",
    "invalid",
    "missing",
]


def error(text: ErrorText | ViberResultCode) -> Refusal:
    """The refusal with this text, under the code that it travels with."""
    return Refusal(text.code if isinstance(text, ErrorText) else ErrorCode.ARGUMENT_EMPTY, text)


def invalid(parameter: str, reason: str) -> Refusal:
    """Code 2, in the words of .NET's ArgumentException."""
    return Refusal(ErrorCode.INVALID_ARGUMENT, f"{reason}\r\nParameter name: {parameter}")


def _by_meaning(code: ErrorCode) -> Refusal:
    return Refusal(code, code.meaning)


INTERNAL_ERROR = _by_meaning(ErrorCode.INTERNAL_ERROR)

_SMS = {
    RefusalReason.SENDER_MALFORMED: error(ErrorText.INVALID_SOURCE_ADDRESS),
    RefusalReason.SENDER_UNKNOWN: error(ErrorText.INVALID_SOURCE_ADDRESS),
    RefusalReason.DESTINATION: error(ErrorText.INVALID_DESTINATION_ADDRESS),
    RefusalReason.TEXT: invalid("data", "Data holds characters that no SMS can carry"),
    RefusalReason.SEND_AT: invalid("sendDate", "SendDate is out of range"),
    RefusalReason.BALANCE: _by_meaning(ErrorCode.NOT_ENOUGH_CREDITS),
}
REFUSALS: Mapping[Medium, Mapping[RefusalReason, Refusal]] = {
    Medium.SMS: _SMS,
    Medium.VIBER: _SMS
    | {
        RefusalReason.SENDER_MALFORMED: error(ViberResultCode.SUBJECT_FORMAT),
        RefusalReason.SENDER_UNKNOWN: error(ViberResultCode.SUBJECT_UNKNOWN),
        RefusalReason.DESTINATION: error(ViberResultCode.ADDRESS_FORMAT),
    },
}

_VIBER_SENDS = (
    rest.SendViber,
    rest.SendViberBulk,
    rest.SendViberWithResend,
    rest.SendViberWithResendBulk,
)
_VIBER_MISSING = {
    "SourceAddress": ViberResultCode.SUBJECT_NOT_SPECIFIED,
    "DestinationAddress": ViberResultCode.ADDRESS_NOT_SPECIFIED,
    "DestinationAddresses": ViberResultCode.ADDRESS_NOT_SPECIFIED,
    "Data": ViberResultCode.CONTENT_NOT_SPECIFIED,
}

# Dates that ASP.NET binds before the platform sees the call: parameter and method by argument.
_BOUND = {
    (rest.GetIncoming, "minDateUTC"): ("minDateUtc", "In"),
    (rest.GetIncoming, "maxDateUTC"): ("maxDateUtc", "In"),
    (rest.GetStatistics, "startDateTime"): ("startDateTime", "Statistics"),
    (rest.GetStatistics, "endDateTime"): ("endDateTime", "Statistics"),
}
_ATTESTED = _BOUND[rest.GetIncoming, "maxDateUTC"]


def argument_error(found: rest.ArgumentError) -> Refusal:
    """What is answered to an argument that is missing or malformed."""
    bound = _BOUND.get((found.request, found.path))
    if bound is not None:
        # The text is known for one parameter; the others differ in the names.
        text = ErrorText.MAX_DATE_MISSING.replace(f"'{_ATTESTED[0]}'", f"'{bound[0]}'")
        text = text.replace(f" {_ATTESTED[1]}(", f" {bound[1]}(")
        return Refusal(ErrorCode.INTERNAL_ERROR, text)
    viber = issubclass(found.request, _VIBER_SENDS)
    if isinstance(found, rest.MissingArgumentError):
        if viber and found.path in _VIBER_MISSING:
            return error(_VIBER_MISSING[found.path])
        return missing(found.path)
    if viber and found.path == "Validity":
        return error(ViberResultCode.VALIDITY_FORMAT)
    return invalid(_camel(found.path), f"{found.path} is invalid: {found.reason}")


def missing(argument: str) -> Refusal:
    """Code 1, in the words of .NET's ArgumentException."""
    # As in the one text that is known: "MessageID can not be ...", "Parameter name: messageId".
    title = argument[0].upper() + argument[1:].removesuffix("Id")
    title += "ID" if argument.endswith("Id") else ""
    return Refusal(
        ErrorCode.ARGUMENT_EMPTY,
        f"{title} can not be null or empty\r\nParameter name: {_camel(argument)}",
    )


def _camel(argument: str) -> str:
    return argument[0].lower() + argument[1:]
