"""States of messages as the SOAP services tell them (chapters 7 and 8)."""

from __future__ import annotations

from devino_codecs._coded import CodedInt, CodedStr

__all__ = ["SmsStateCode", "ViberStateCode"]


class SmsStateCode(CodedInt):
    """``State`` of an SMS (table 16 of chapter 7).

    ``text`` is the table's ``StateDescription``. Those of 0, 41 and 255 were seen on a wire. The
    manual writes some codes in hexadecimal; the wire carries decimals.
    """

    # The first two are filters for reports; no message has these states.
    ERRORS = -200, "Filter: errors", "", "Ошибка"
    TARIFICATED = -100, "Filter: charged", "", "Протарифицировано"
    QUEUED = -40, "Waiting", "ACCEPTED", "Сообщение в статусе «ожидание»"
    SENDING_TO_GATEWAY = -30, "Being sent to the gateway", "ACCEPTED", "Отправлено в шлюз"
    SENDING_TO_RECIPIENT = (
        -20,
        "Being sent to the recipient",
        "ENROUTE",
        "Сообщение отправлено получателю",
    )
    ERROR_SENDING_DATE_TIME_INTERPRETATION = (
        -3,
        "The sending time was not understood",
        "REJECTED",
        "Ошибка интерпретации даты и времени отправки",
    )
    LOCAL_QUEUED = -2, "Queued", "ACCEPTED", "Сообщение отправляется"
    SENT = -1, "Sent", "ENROUTE", "Сообщение отправлено"
    # Clients compare this text. REST shows the next one, in the shorter words of the same table.
    DELIVERED_TO_RECIPIENT = 0, "Delivered", "DELIVERED", "Доставлено"
    SYSTEM_ERROR = 8, "Internal error", "UNDELIVERABLE", "Внутренняя ошибка"
    ERROR_INVALID_SOURCE_ADDRESS = 10, "Bad sender", "REJECTED", "Неверно введён адрес отправителя"
    ERROR_INVALID_DESTINATION_ADDRESS = (
        11,
        "Bad recipient",
        "REJECTED",
        "Неверно введён адрес получателя",
    )
    ERROR_INCOMPATIBLE_DESTINATION = (
        41,
        "Recipient not allowed",
        "UNDELIVERABLE",
        "Недопустимый адрес получателя",
    )
    ERROR_REJECTED = 42, "Rejected by the SMS centre", "REJECTED", "Отклонено"
    ERROR_EXPIRED = 46, "Expired", "EXPIRED", "Просрочен"
    # The table's name says deleted, its text expired. The name is right: REST has it too.
    DELETED = 47, "Deleted", "DELETED", "Просрочено"
    DEVINO_REJECTED = 48, "Rejected by the platform", "REJECTED", "Ошибка"
    UNKNOWN = 255, "Unknown", "UNKNOWN", "Неизвестный"

    # The manual's table lacks these. REST has the first three; old clients knew the others.
    STOPPED = -98, "Stopped", "ACCEPTED", "Остановлено"
    REJECTED = 69, "Rejected", "REJECTED", "Отклонено"
    REST_UNKNOWN = 99, "Unknown (REST's number)", "UNKNOWN", "Неизвестный"
    DELETED_OLD = -97, "Deleted (older number)", "DELETED", "Удалено"
    SENDING_OLD = -10, "Sent (older number)", "ENROUTE", "Отправлено"


class ViberStateCode(CodedStr):
    """``State`` of a Viber message: the name on the wire.

    A table calls it an ``int``. A number is read by the order here, which is that of REST's numbers
    0 to 7. ``text`` is what REST says with that number: no example shows the words of this service.
    """

    ENQUEUED = "Enqueued", "Being sent", "ACCEPTED", "Отправляется"
    SENT = "Sent", "Sent", "ENROUTE", "Отправлено"
    DELIVERED = "Delivered", "Delivered, not read", "DELIVERED", "Доставлено (не прочитано)"
    READ = "Read", "Delivered, read", "READ", "Доставлено (прочитано)"
    UNDELIVERED = "Undelivered", "Not delivered", "UNDELIVERABLE", "Не доставлено"
    FAILED = "Failed", "Error", "UNDELIVERABLE", "Ошибка"
    UNKNOWN = "Unknown", "Unknown", "UNKNOWN", "Неизвестно"
    EXPIRED = "Expired", "Expired", "EXPIRED", "Просрочено"
