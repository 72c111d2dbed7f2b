"""States of messages as the SOAP services tell them (chapters 7 and 8)."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Self

__all__ = ["SmsState", "ViberState"]


class SmsState(IntEnum):
    """``State`` of an SMS (table 16 of chapter 7).

    ``description`` is what the table has for ``StateDescription``; seen on a wire are those of 0,
    41 and 255. The manual writes some codes in hexadecimal, the wire carries decimals. REST knows
    69, 99 and -98 besides, and old clients -97, -98 and -10: they may come, and stay an ``int``.
    """

    description: str

    def __new__(cls, code: int, description: str) -> Self:
        self = int.__new__(cls, code)
        self._value_ = code
        self.description = description
        return self

    # The first two are filters of reports: no message is in them.
    ERRORS = -200, "Ошибка"
    TARIFICATED = -100, "Протарифицировано"
    QUEUED = -40, "Сообщение в статусе «ожидание»"
    SENDING_TO_GATEWAY = -30, "Отправлено в шлюз"
    SENDING_TO_RECIPIENT = -20, "Сообщение отправлено получателю"
    ERROR_SENDING_DATE_TIME_INTERPRETATION = -3, "Ошибка интерпретации даты и времени отправки"
    LOCAL_QUEUED = -2, "Сообщение отправляется"
    SENT = -1, "Сообщение отправлено"
    # Clients compare this one, and REST shows the next, in the shorter words of the same table.
    DELIVERED_TO_RECIPIENT = 0, "Доставлено"
    SYSTEM_ERROR = 8, "Внутренняя ошибка"
    ERROR_INVALID_SOURCE_ADDRESS = 10, "Неверно введён адрес отправителя"
    ERROR_INVALID_DESTINATION_ADDRESS = 11, "Неверно введён адрес получателя"
    ERROR_INCOMPATIBLE_DESTINATION = 41, "Недопустимый адрес получателя"
    ERROR_REJECTED = 42, "Отклонено"
    ERROR_EXPIRED = 46, "Просрочен"
    # The table calls it deleted and its text expired: the name is right, as REST has it.
    DELETED = 47, "Просрочено"
    DEVINO_REJECTED = 48, "Ошибка"
    UNKNOWN = 255, "Неизвестный"


class ViberState(StrEnum):
    """``State`` of a Viber message: the name on the wire.

    A table calls it an ``int``; the order here is that of REST's numbers 0 to 7, by which such a
    number is understood.
    """

    ENQUEUED = "Enqueued"
    SENT = "Sent"
    DELIVERED = "Delivered"
    READ = "Read"
    UNDELIVERED = "Undelivered"
    FAILED = "Failed"
    UNKNOWN = "Unknown"
    EXPIRED = "Expired"
