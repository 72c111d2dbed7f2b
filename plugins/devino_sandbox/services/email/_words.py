"""Why the e-mail interface refuses something, in the languages that it speaks."""

from __future__ import annotations

from devino_sandbox.services._service_stack import Words

__all__ = ["No"]


class No(Words):
    """What this interface refuses."""

    ADDRESS = "not an e-mail address", "некорректный e-mail адрес"
    DOMAIN = "the domain is not confirmed", "домен не подтвержден"
    NO_ADDRESS = "no such sender address", "адрес отправителя не найден"
    SENDER = "the sender address is not approved", "адрес отправителя не подтвержден"
    NO_TASK = "task not found", "рассылка не найдена"
    NO_TEMPLATE = "template not found", "шаблон не найден"
    NO_GROUP = "contact group not found", "группа контактов не найдена"
    NO_NAME = "the name is empty", "название не указано"
    NO_CONTENT = "subject and text are required", "тема и текст обязательны"
    STOP_WORD = "the text has a stop word", "текст содержит стоп-слово"
    TOO_LARGE = "subject and text are larger than 10 MB", "тема и текст больше 10 Мб"
    MACROS = (
        "the text must have the macros [Unsubscribe] and [WebVersion]",
        "текст должен содержать макросы [Unsubscribe] и [WebVersion]",
    )
    TYPE = "the type must be 1 or 2", "тип рассылки должен быть 1 или 2"
    DELAY = "the SMS must follow within a year", "SMS отправляется в течение года"
    STATE = "the state cannot be changed so", "недопустимая смена статуса"
    NOT_NEW = "only a task in state New can be changed", "изменить можно только новую рассылку"
    NO_RECIPIENTS = "no recipients", "получатели не указаны"
    TOO_MANY = "more than 2,000,000 recipients", "больше 2 000 000 получателей"
    MACRO_NAME = (
        "the name of a macro is letters, digits and _",
        "в названии макроса запрещены спец. символы",
    )
    RECIPIENT_ID = (
        "RecipientId is longer than 32 characters",
        "RecipientId длиннее 32 символов",
    )
    TOO_MANY_IDS = "more than 150 ids", "больше 150 идентификаторов"
    PERIOD = (
        "TaskId, or StartDateTime and EndDateTime, are required",
        "укажите TaskId или StartDateTime и EndDateTime",
    )
    FUNDS = "not enough credits", "недостаточно средств"
