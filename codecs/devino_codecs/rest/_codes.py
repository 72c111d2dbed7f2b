"""The code tables of chapters 1, 2 and 16; the words of refusals are in a module of their own.

The columns are: value, English meaning, meaning for programs, text on the wire.
"""

from __future__ import annotations

from devino_codecs._coded import Coded, CodedInt, Verdict

__all__ = [
    "ErrorCode",
    "HlrStateCode",
    "SmsStateCode",
    "ViberStateCode",
]


class ErrorCode(CodedInt):
    """``Code`` of a refusal (chapter 1 table 17, chapter 2 table 16)."""

    http_status: int
    """The HTTP status of an answer with this code."""

    def __init__(
        self, value: int, meaning: str = "", means: str = "", http_status: int = 500
    ) -> None:
        super().__init__(value, meaning, means)
        self.http_status = http_status

    ARGUMENT_EMPTY = 1, "Argument cannot be null or empty", Verdict.REFUSED, 400
    INVALID_ARGUMENT = 2, "Invalid argument", Verdict.REFUSED, 400
    INVALID_SESSION_ID = 3, "Invalid session id", Verdict.LOGIN, 400  # in v1's table only
    UNAUTHORIZED = 4, "Unauthorized access", Verdict.LOGIN, 401
    NOT_ENOUGH_CREDITS = 5, "Not enough credits", Verdict.FUNDS, 403
    INVALID_OPERATION = 6, "Invalid operation", Verdict.REFUSED, 400
    FORBIDDEN = 7, "Forbidden", Verdict.REFUSED, 403
    GATEWAY_ERROR = 8, "Gateway error", Verdict.FAILED, 500
    INTERNAL_ERROR = 9, "Internal server error", Verdict.FAILED, 500


class _Attested(Coded):
    """The columns of a state; ``text`` is the ``StateDescription`` beside it, in Russian."""

    attested: bool
    """Whether ``text`` was seen on the wire; if not, it is derived from the manual's table."""

    def __init__(
        self,
        value: int,
        meaning: str = "",
        means: str = "",
        text: str = "",
        attested: bool = False,
    ) -> None:
        super().__init__(value, meaning, means, text)
        self.attested = attested


class SmsStateCode(_Attested, CodedInt):
    """``State`` of an SMS (chapter 1 table 18, chapter 2 table 17)."""

    SENT = -1, "Sent (handed to the mobile network)", "ENROUTE", "Отправлено"
    QUEUED = -2, "Queued", "ACCEPTED", "В очереди"
    STOPPED = -98, "Stopped", "ACCEPTED", "Остановлено"
    DELIVERED = 0, "Delivered to the subscriber", "DELIVERED", "Доставлено", True
    WRONG_SOURCE = (
        10,
        "Sender address entered wrongly",
        "REJECTED",
        "Неверно введен адрес отправителя",
    )
    WRONG_DESTINATION = (
        11,
        "Recipient address entered wrongly",
        "REJECTED",
        "Неверно введен адрес получателя",
    )
    INVALID_DESTINATION = (
        41,
        "Recipient address not allowed",
        "UNDELIVERABLE",
        "Недопустимый адрес получателя",
        True,
    )
    REJECTED_BY_SMSC = 42, "Rejected by the SMS centre", "REJECTED", "Отклонено смс-центром"
    EXPIRED = 46, "Expired (validity period ran out)", "EXPIRED", "Просрочено"
    DELETED = 47, "Deleted", "DELETED", "Удалено"
    # No table of the manual has it. A client that the platform published uses it for the one above.
    DELETED_OLD = -97, "Deleted (older number)", "DELETED", "Удалено"
    REJECTED_BY_PLATFORM = 48, "Rejected by the platform", "REJECTED", "Отклонено Платформой"
    REJECTED = 69, "Rejected", "REJECTED", "Отклонено"
    UNKNOWN = 99, "Unknown", "UNKNOWN", "Неизвестный", True
    NOT_FOUND = (
        255,
        "Not in the database yet, or older than 48 hours",
        "UNKNOWN",
        "Неизвестный",
        True,
    )


class ViberStateCode(_Attested, CodedInt):
    """``State`` of a Viber message (chapter 1 table 19, chapter 2 table 18)."""

    SENDING = 0, "Being sent", "ACCEPTED", "Отправляется"
    SENT = 1, "Sent", "ENROUTE", "Отправлено"
    DELIVERED = 2, "Delivered, not read", "DELIVERED", "Доставлено (не прочитано)"
    READ = 3, "Delivered, read", "READ", "Доставлено (прочитано)"
    UNDELIVERED = 4, "Not delivered", "UNDELIVERABLE", "Не доставлено"
    ERROR = 5, "Error", "UNDELIVERABLE", "Ошибка"
    UNKNOWN = 6, "Unknown", "UNKNOWN", "Неизвестно"
    EXPIRED = 7, "Expired", "EXPIRED", "Просрочено"
    CLICKED = 8, "Link visited", "CLICKED", "Переход по ссылке"


class HlrStateCode(CodedInt):
    """``StateCode`` of a subscriber (chapter 16); ``text`` is the ``StateDesc`` that goes with it.

    ``means`` is not a state of a message here. It is ``PENDING``, ``REACHABLE``, ``UNREACHABLE``,
    ``NONEXISTENT``, ``FAILED`` or ``UNKNOWN``.
    """

    SENDING = 0, "Being sent", "PENDING", "Отправляется"
    REACHABLE = 1, "The subscriber can be reached", "REACHABLE", "Абонент доступен"
    UNREACHABLE = 2, "Out of reach for now", "UNREACHABLE", "Абонент временно недоступен"
    NONEXISTENT = 3, "There is no such subscriber", "NONEXISTENT", "Абонент не существует"
    FAILED = 4, "The question failed", "FAILED", "Ошибка запроса"
    UNKNOWN = 99, "Unknown", "UNKNOWN", "Неизвестно"
