"""The words of refusals: chapter 1, table 20, chapter 2, table 19, and what was seen besides."""

from __future__ import annotations

from devino_codecs._coded import CodedStr, Verdict

from ._codes import ErrorCode

__all__ = ["ErrorText", "ViberResultCode"]

_NULL_ENTRY = (
    "The parameters dictionary contains a null entry for parameter 'maxDateUtc' of non-nullable "
    "type 'DateTime' for method 'System.Web.Mvc.ActionResult In(System.String, DateTime, DateTime)'"
    " in 'RestService.Controllers.SmsController'. An optional parameter must be a reference type, "
    "a nullable type, or be declared as an optional parameter. Parameter name: parameters"
)


class ErrorText(CodedStr):
    """``Desc`` of a refusal, as far as the platform's own words are known.

    ``code`` is the :class:`ErrorCode` that the text was seen with. Other texts occur.
    """

    code: ErrorCode

    def __init__(self, value: str, code: ErrorCode = ErrorCode.INTERNAL_ERROR) -> None:
        super().__init__(value, code.meaning, code.means)
        self.code = code

    # .NET's ArgumentException puts CR LF before the parameter; the manual prints a blank.
    MESSAGE_ID_EMPTY = (
        "MessageID can not be null or empty\r\nParameter name: messageId",
        ErrorCode.ARGUMENT_EMPTY,
    )
    PERIOD_TOO_LONG = "Нельзя указывать диапазон дат более 90 дней.", ErrorCode.INVALID_ARGUMENT
    INVALID_LOGIN = "Invalid user login or password", ErrorCode.UNAUTHORIZED
    SESSION_EXPIRED = "SessionID expired", ErrorCode.UNAUTHORIZED
    INVALID_SOURCE_ADDRESS = "Invalid source address", ErrorCode.INVALID_OPERATION
    INVALID_DESTINATION_ADDRESS = "Invalid destination address", ErrorCode.INVALID_OPERATION
    # The platform says the same about minDateUtc. The manual prints a blank where .NET has CR LF.
    MAX_DATE_MISSING = _NULL_ENTRY, ErrorCode.INTERNAL_ERROR


class ViberResultCode(CodedStr):
    """Why a Viber send was refused (chapter 1 table 20, chapter 2 table 19).

    It travels as the ``Desc`` of a refusal whose ``Code`` is 1.
    """

    ADDRESS_FORMAT = "error-address-format", "Bad phone number format", Verdict.REFUSED
    ADDRESS_NOT_SPECIFIED = "error-address-not-specified", "Phone number missing", Verdict.REFUSED
    ADDRESS_UNKNOWN = (
        "error-address-unknown",
        "Number range not allowed for this client",
        Verdict.REFUSED,
    )
    CONTENT_NOT_SPECIFIED = "error-content-not-specified", "Content missing", Verdict.REFUSED
    SUBJECT_FORMAT = "error-subject-format", "Bad sender format", Verdict.REFUSED
    SUBJECT_NOT_SPECIFIED = "error-subject-not-specified", "Sender missing", Verdict.REFUSED
    SUBJECT_UNKNOWN = (
        "error-subject-unknown",
        "Sender not allowed for this client",
        Verdict.REFUSED,
    )
    SYSTEM = "error-system", "System error", Verdict.FAILED
    VALIDITY_FORMAT = (
        "error-validity-period-seconds-format",
        "Bad validity period",
        Verdict.REFUSED,
    )
    OK = "ok", "Accepted for sending"
