"""Every code table of chapter 15. The columns are: value, English meaning, meaning for programs."""

from __future__ import annotations

from devino_codecs._coded import CodedStr, Verdict

__all__ = [
    "DeliveryPolicy",
    "IdCode",
    "Priority",
    "RequestCode",
    "RequestError",
    "Route",
    "SendCode",
    "VkStatus",
]


class RequestCode(CodedStr):
    """``code`` of an answer: what became of the request. ``description`` says more."""

    OK = "ok", "The request was processed; see its result", Verdict.DONE
    VALIDATION_ERROR = "validation_error", "The request is not in order", Verdict.REFUSED
    QUEUE_FULL = "queue_full", "Too many messages of this account wait", Verdict.BUSY
    SYSTEM_ERROR = "system_error", "The platform failed", Verdict.FAILED


class RequestError(CodedStr):
    """``description`` of a refused request."""

    LOGIN_NOT_SPECIFIED = "login_not_specified", "The request has no login", Verdict.LOGIN
    MESSAGES_NOT_SPECIFIED = (
        "messages_not_specified",
        "The request has no message",
        Verdict.REFUSED,
    )
    INVALID_JSON = "invalid_json", "The request is no JSON of this form", Verdict.REFUSED
    MESSAGE_NOT_SPECIFIED = "message_not_specified", "The request has no id", Verdict.REFUSED
    QUEUE_OVERFLOW = (
        "login_send_queue_overflow",
        "Too many messages of this account wait",
        Verdict.BUSY,
    )


class SendCode(CodedStr):
    """``code`` of the result of :class:`Send`."""

    OK = "ok", "Waits to be sent", Verdict.DONE
    SUBJECT_NOT_SPECIFIED = "subject_not_specified", "No sender", Verdict.REFUSED
    SUBJECT_INVALID = "subject_invalid", "Not a sender of this account", Verdict.REFUSED
    PRIORITY_NOT_SPECIFIED = "priority_not_specified", "No priority", Verdict.REFUSED
    PRIORITY_INVALID = "priority_invalid", "No such priority", Verdict.REFUSED
    ROUTES_NOT_SPECIFIED = "routes_not_specified", "No route", Verdict.REFUSED
    ROUTES_INVALID = "routes_invalid", "No such routes", Verdict.REFUSED
    VALIDITY_INVALID = "vp_invalid", "No validity, or one out of range", Verdict.REFUSED
    PHONE_NOT_SPECIFIED = "phone_not_specified", "No recipient", Verdict.REFUSED
    PHONE_INVALID = "phone_invalid", "No phone number", Verdict.REFUSED
    TEXT_NOT_SPECIFIED = "text_not_specified", "No template or text", Verdict.REFUSED
    TEXT_INVALID = "text_invalid", "No such template, or an unfit text", Verdict.REFUSED
    SMS_TEXT_NOT_SPECIFIED = "sms_text_not_specified", "The SMS has no text", Verdict.REFUSED
    SMS_SUBJECT_NOT_SPECIFIED = (
        "sms_subject_not_specified",
        "The SMS has no sender",
        Verdict.REFUSED,
    )
    SMS_VALIDITY_NOT_SPECIFIED = (
        "sms_validity_period_not_specified",
        "The SMS has no validity",
        Verdict.REFUSED,
    )
    SMS_VALIDITY_INVALID = (
        "invalid_sms_validity_period",
        "The validity of the SMS is out of range",
        Verdict.REFUSED,
    )
    NOT_ENOUGH_CREDITS = "not-enough-credits", "The balance is too low", Verdict.FUNDS


class IdCode(CodedStr):
    """``code`` of the result of :class:`GetStatus`."""

    OK = "ok", "The platform knows this message", Verdict.DONE
    UNKNOWN = "unknown_message_id", "The platform knows no message of this id", Verdict.NOT_FOUND


class VkStatus(CodedStr):
    """What became of the message in VK or OK."""

    ENQUEUED = "enqueued", "Waits to be sent", "ACCEPTED"
    SENT = "sent", "Sent", "ENROUTE"
    DELIVERED = "delivered", "On the recipient's device", "DELIVERED"
    UNDELIVERED = "undelivered", "Sent, and not delivered", "UNDELIVERABLE"
    FAILED = "failed", "Not delivered because of an error", "UNDELIVERABLE"
    VP_EXPIRED = "vp_expired", "Not delivered while it was valid", "EXPIRED"
    READ = "read", "Seen", "READ"


class Priority(CodedStr):
    """How soon a message goes."""

    LOW = "low", "Advertising"
    MEDIUM = "medium", "Normal"
    HIGH = "high", "Somebody waits for it"
    REALTIME = "realtime", "Before all others"


class Route(CodedStr):
    """A network that carries the message."""

    VK = "vk", "VKontakte"
    OK = "ok", "Odnoklassniki"


class DeliveryPolicy(CodedStr):
    """To whom it goes."""

    ANY = "any", "To everybody"
    MOBILE_DEVICE_REQUIRED = (
        "mobile_device_required",
        "Only to people who used the mobile app in the last 7 days; then to all their devices",
    )
