"""Every code table of chapters 1 and 2 as an enum: number, English meaning, text on the wire."""

from enum import IntEnum, StrEnum

__all__ = ["ErrorCode", "ErrorText", "SmsStateCode", "ViberResultCode", "ViberStateCode"]


class ErrorCode(IntEnum):
    """``Code`` of a refusal (chapter 1 table 17, chapter 2 table 16)."""

    meaning: str
    """What it says, in English."""
    http_status: int
    """The HTTP status that it travels under."""

    # Here and below the defaults are for type checkers: to them a lookup by value is this call.
    def __new__(cls, code: int, http_status: int = 500, meaning: str = "") -> "ErrorCode":
        member = int.__new__(cls, code)
        member._value_ = code
        member.http_status = http_status
        member.meaning = meaning
        return member

    ARGUMENT_EMPTY = 1, 400, "Argument cannot be null or empty"
    INVALID_ARGUMENT = 2, 400, "Invalid argument"
    INVALID_SESSION_ID = 3, 400, "Invalid session id"  # in v1's table only
    UNAUTHORIZED = 4, 401, "Unauthorized access"
    NOT_ENOUGH_CREDITS = 5, 403, "Not enough credits"
    INVALID_OPERATION = 6, 400, "Invalid operation"
    FORBIDDEN = 7, 403, "Forbidden"
    GATEWAY_ERROR = 8, 500, "Gateway error"
    INTERNAL_ERROR = 9, 500, "Internal server error"


_NULL_ENTRY = (
    "The parameters dictionary contains a null entry for parameter 'maxDateUtc' of non-nullable "
    "type 'DateTime' for method 'System.Web.Mvc.ActionResult In(System.String, DateTime, DateTime)'"
    " in 'RestService.Controllers.SmsController'. An optional parameter must be a reference type, "
    "a nullable type, or be declared as an optional parameter. Parameter name: parameters"
)


class ErrorText(StrEnum):
    """``Desc`` of a refusal, as far as the platform's own words are known.

    ``code`` is the :class:`ErrorCode` that it was seen with. Other texts occur.
    """

    code: ErrorCode

    def __new__(cls, text: str, code: ErrorCode = ErrorCode.INTERNAL_ERROR) -> "ErrorText":
        member = str.__new__(cls, text)
        member._value_ = text
        member.code = code
        return member

    # .NET's ArgumentException separates the parameter by CR LF; the manual prints a blank.
    MESSAGE_ID_EMPTY = (
        "MessageID can not be null or empty\r\nParameter name: messageId",
        ErrorCode.ARGUMENT_EMPTY,
    )
    PERIOD_TOO_LONG = "Нельзя указывать диапазон дат более 90 дней.", ErrorCode.INVALID_ARGUMENT
    INVALID_LOGIN = "Invalid user login or password", ErrorCode.UNAUTHORIZED
    SESSION_EXPIRED = "SessionID expired", ErrorCode.UNAUTHORIZED
    INVALID_SOURCE_ADDRESS = "Invalid source address", ErrorCode.INVALID_OPERATION
    INVALID_DESTINATION_ADDRESS = "Invalid destination address", ErrorCode.INVALID_OPERATION
    # Of minDateUtc likewise. The manual prints a blank where .NET has CR LF.
    MAX_DATE_MISSING = _NULL_ENTRY, ErrorCode.INTERNAL_ERROR


class _StateCode(IntEnum):
    """A state with its meaning and the ``StateDescription`` that goes with it."""

    meaning: str
    """What it says, in English."""
    text: str
    """``StateDescription``, in Russian."""
    attested: bool
    """Whether ``text`` was seen on the wire; if not, it is derived from the manual's table."""

    def __new__(
        cls, code: int, meaning: str = "", text: str = "", attested: bool = False
    ) -> "_StateCode":
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.text = text
        member.attested = attested
        return member


class SmsStateCode(_StateCode):
    """``State`` of an SMS (chapter 1 table 18, chapter 2 table 17)."""

    SENT = -1, "Sent (handed to the mobile network)", "Отправлено"
    QUEUED = -2, "Queued", "В очереди"
    STOPPED = -98, "Stopped", "Остановлено"
    DELIVERED = 0, "Delivered to the subscriber", "Доставлено", True
    WRONG_SOURCE = 10, "Sender address entered wrongly", "Неверно введен адрес отправителя"
    WRONG_DESTINATION = 11, "Recipient address entered wrongly", "Неверно введен адрес получателя"
    INVALID_DESTINATION = 41, "Recipient address not allowed", "Недопустимый адрес получателя", True
    REJECTED_BY_SMSC = 42, "Rejected by the SMS centre", "Отклонено смс-центром"
    EXPIRED = 46, "Expired (validity period ran out)", "Просрочено"
    DELETED = 47, "Deleted", "Удалено"
    # In no table of the manual; a client that the platform published has it for the one above.
    DELETED_OLD = -97, "Deleted (older number)", "Удалено"
    REJECTED_BY_PLATFORM = 48, "Rejected by the platform", "Отклонено Платформой"
    REJECTED = 69, "Rejected", "Отклонено"
    UNKNOWN = 99, "Unknown", "Неизвестный", True
    NOT_FOUND = 255, "Not in the database yet, or older than 48 hours", "Неизвестный", True


class ViberStateCode(_StateCode):
    """``State`` of a Viber message (chapter 1 table 19, chapter 2 table 18)."""

    SENDING = 0, "Being sent", "Отправляется"
    SENT = 1, "Sent", "Отправлено"
    DELIVERED = 2, "Delivered, not read", "Доставлено (не прочитано)"
    READ = 3, "Delivered, read", "Доставлено (прочитано)"
    UNDELIVERED = 4, "Not delivered", "Не доставлено"
    ERROR = 5, "Error", "Ошибка"
    UNKNOWN = 6, "Unknown", "Неизвестно"
    EXPIRED = 7, "Expired", "Просрочено"
    CLICKED = 8, "Link visited", "Переход по ссылке"


class ViberResultCode(StrEnum):
    """Why a Viber send was refused (chapter 1 table 20, chapter 2 table 19).

    Travels as ``Desc`` of a refusal whose ``Code`` is 1.
    """

    meaning: str
    """What it says, in English."""

    def __new__(cls, code: str, meaning: str = "") -> "ViberResultCode":
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    ADDRESS_FORMAT = "error-address-format", "Bad phone number format"
    ADDRESS_NOT_SPECIFIED = "error-address-not-specified", "Phone number missing"
    ADDRESS_UNKNOWN = "error-address-unknown", "Number range not allowed for this client"
    CONTENT_NOT_SPECIFIED = "error-content-not-specified", "Content missing"
    SUBJECT_FORMAT = "error-subject-format", "Bad sender format"
    SUBJECT_NOT_SPECIFIED = "error-subject-not-specified", "Sender missing"
    SUBJECT_UNKNOWN = "error-subject-unknown", "Sender not allowed for this client"
    SYSTEM = "error-system", "System error"
    VALIDITY_FORMAT = "error-validity-period-seconds-format", "Bad validity period"
    OK = "ok", "Accepted for sending"
