"""The words of the old 1C bridge (chapter 5): two tables of statuses, and its answers as text.

>>> from devino_codecs import onec
>>> answer = onec.decode("Result: OK_Operation_Completed.\\nBalance: 98765\\n")
>>> answer.result, answer.balance
(<OperationStatus.OK_OPERATION_COMPLETED: 'OK_Operation_Completed'>, Decimal('98765'))
>>> onec.decode("SMS_Status: Доставлено").status.means
'DELIVERED'

The module for 1C that the platform ships speaks REST (:mod:`devino_codecs.rest`) and not this.
These words belong to a bridge that is older. Its requests are unknown, so it has no channel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from msgspec import Struct

from ._coded import CodedStr, Verdict
from .errors import DecodeError, EncodeError

__all__ = ["BridgeAnswer", "MessageStatus", "OperationStatus", "decode", "encode"]


class MessageStatus(CodedStr):
    """What became of a message; ``text`` is the wire's Russian word for it.

    Two statuses share the word "Отправлено". It is read as :attr:`SENT`, which is a judgement.
    """

    ENQUEUED = "Enqueued", "waits to be sent", "ACCEPTED", "Ожидает отправки"
    SENT = "Sent", "sent", "ENROUTE", "Отправлено"
    DELIVERED_TO_GATEWAY = "Delivered_To_Gateway", "at the gateway", "ENROUTE", "Отправлено"
    DELIVERED_TO_RECIPIENT = "Delivered_To_Recipient", "delivered", "DELIVERED", "Доставлено"
    ERROR_INVALID_DESTINATION_ADDRESS = (
        "Error_Invalid_Destination_Address",
        "the recipient is no valid number",
        "REJECTED",
        "Ошибка: некорректный номер получателя сообщения",
    )
    ERROR_INVALID_SOURCE_ADDRESS = (
        "Error_Invalid_Source_Address",
        "the sender is not valid",
        "REJECTED",
        "Ошибка: некорректный адрес отправителя сообщения",
    )
    ERROR_REJECTED = "Error_Rejected", "rejected", "REJECTED", "Ошибка: сообщение отклонено"
    ERROR_EXPIRED = (
        "Error_Expired",
        "its validity ended before it was delivered",
        "EXPIRED",
        "Ошибка: истек срок жизни сообщения",
    )


class OperationStatus(CodedStr):
    """The outcome of a call; ``text`` is the wire's Russian word for it."""

    OK_OPERATION_COMPLETED = (
        "OK_Operation_Completed",
        "done",
        Verdict.DONE,
        "Операция выполнена",
    )
    ERROR_NOT_ENOUGH_CREDITS = (
        "Error_Not_Enough_Credits",
        "the account has not enough money",
        Verdict.FUNDS,
        "Ошибка: недостаточно кредитов",
    )
    ERROR_MESSAGE_REJECTED = (
        "Error_Message_Rejected",
        "the message is rejected",
        Verdict.REFUSED,
        "Ошибка: сообщение отклонено",
    )
    ERROR_INVALID_SOURCE_ADDRESS = (
        "Error_Invalid_Source_Address",
        "the sender is not valid",
        Verdict.REFUSED,
        "Ошибка: некорректный адрес отправителя сообщения",
    )
    ERROR_INVALID_DESTINATION_ADDRESS = (
        "Error_Invalid_Destination_Address",
        "the recipient is no valid number",
        Verdict.REFUSED,
        "Ошибка: некорректный номер получателя сообщения",
    )
    ERROR_SMS_USER_DISABLED = (
        "Error_SMS_User_Disabled",
        "the account is blocked",
        Verdict.LOGIN,
        "Ошибка: СМС - пользователь заблокирован",
    )
    ERROR_INVALID_MESSAGE_ID = (
        "Error_Invalid_MessageID",
        "no message has this id",
        Verdict.NOT_FOUND,
        "Ошибка: некорректный идентификатор сообщения",
    )
    ERROR_INVALID_HEADER = (
        "Error_Invalid_Header",
        "the parameters are not as they should be",
        Verdict.REFUSED,
        "Ошибка: некорректно переданы параметры",
    )
    ERROR_INVALID_LOGIN = (
        "Error_Invalid_Login",
        "nobody has this login",
        Verdict.LOGIN,
        "Ошибка: неправильный логин",
    )
    ERROR_INVALID_PASSWORD = (
        "Error_Invalid_Password",
        "the password is wrong",
        Verdict.LOGIN,
        "Ошибка: неправильный пароль",
    )
    ERROR_UNAUTHORISED_IP_ADDRESS = (
        "Error_Unauthorised_IP_Address",
        "the account may not be used from this address",
        Verdict.LOGIN,
        "Ошибка: не авторизованный IP-адрес",
    )
    ERROR_SMS_USER_NOT_ACTIVATED = (
        "Error_SMS_User_Not_Activated",
        "the account is not activated",
        Verdict.LOGIN,
        "Ошибка: СМС - пользователь не активирован",
    )
    ERROR_MESSAGE_QUEUE_FULL = (
        "Error_Message_Queue_Full",
        "the queue of messages is full",
        Verdict.BUSY,
        "Ошибка: очередь сообщений полна",
    )
    ERROR_GATEWAY_OFFLINE = (
        "Error_Gateway_Offline",
        "the gateway cannot be reached",
        Verdict.FAILED,
        "Ошибка: сервер недоступен",
    )
    ERROR_GATEWAY_BUSY = (
        "Error_Gateway_Busy",
        "the gateway is busy with another request",
        Verdict.BUSY,
        "Ошибка: сервер занят другим запросом",
    )
    ERROR_DATABASE_OFFLINE = (
        "Error_Database_Offline",
        "the platform's database cannot be reached",
        Verdict.FAILED,
        "Ошибка: сервер базы данных недоступен",
    )


class BridgeAnswer(Struct, frozen=True, kw_only=True):
    """One answer of the bridge. A word of no table stays a ``str``. ``time`` is naive."""

    result: OperationStatus | str | None = None
    balance: Decimal | None = None
    time: datetime | None = None
    status: MessageStatus | str | None = None
    other: Mapping[str, str] = {}
    """Lines with other keys, as they came."""


_TIME = "%Y-%m-%d %H:%M:%S"
_KEY = re.compile(r"[^:\s](?:[^:]*[^:\s])?")
_KEYS = {"result": "Result", "balance": "Balance", "time": "SMS_Time", "status": "SMS_Status"}

C = TypeVar("C", bound=CodedStr)


def decode(text: str) -> BridgeAnswer:
    """Read lines such as ``Result: OK_Operation_Completed``.

    Words may be in English or in Russian, in any case, and end with a full stop. Raises DecodeError
    for a line without a colon, a key that occurs twice, and a balance or time that is none.
    """
    lines: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        key, colon, value = line.partition(":")
        key = key.strip()
        if not colon:
            raise DecodeError("expected lines of the form 'Key: value'")
        if key.casefold() in (known.casefold() for known in lines):
            raise DecodeError("occurs twice", path=key)
        lines[key] = value.strip()
    places = {key.casefold(): key for key in lines}
    taken = {
        name: places[key.casefold()] for name, key in _KEYS.items() if key.casefold() in places
    }
    said = {name: lines.pop(key).removesuffix(".").rstrip() for name, key in taken.items()}
    return BridgeAnswer(
        result=_word(OperationStatus, said.get("result")),
        balance=_balance(said.get("balance")),
        time=_time(said.get("time")),
        status=_word(MessageStatus, said.get("status")),
        other=lines,
    )


def encode(answer: BridgeAnswer) -> str:
    """Write an answer as the bridge does: a line for each thing that it holds.

    Raises EncodeError for what would make another line of it.
    """
    said = {
        key: value.strftime(_TIME) if isinstance(value, datetime) else str(value)
        for name, key in _KEYS.items()
        if (value := getattr(answer, name)) is not None
    }
    said.update(answer.other)
    for key, value in said.items():
        if not _KEY.fullmatch(key) or len(f"{key}{value}".splitlines()) > 1:
            raise EncodeError("may hold no line break, and a key no colon", path=key)
    return "".join(f"{key}: {value}\r\n" for key, value in said.items())


def _word(table: type[C], word: str | None) -> C | str | None:
    if word is None:
        return None
    folded = word.casefold()
    for member in table:
        if folded in (member.value.casefold(), member.text.casefold()):
            return member
    return word


def _balance(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise DecodeError(f"{text!a} is no amount", path="Balance")
    return number


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, _TIME)  # noqa: DTZ007 (the wire has no zones)
    except ValueError:
        pass
    raise DecodeError(f"{text!a} is no time such as 2008-06-02 13:31:24", path="SMS_Time")
