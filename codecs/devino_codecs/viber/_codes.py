"""Every code table of chapter 12 and of the manual's page on WhatsApp.

The columns are: value, English meaning, meaning for programs. The values are those of answers;
callbacks write the same words in capitals.
"""

from __future__ import annotations

from devino_codecs._coded import CodedStr, Verdict

__all__ = [
    "ContentType",
    "DeliveryStatus",
    "MessageCode",
    "MessageType",
    "Priority",
    "Reason",
    "RequestStatus",
    "SmsStatus",
]


class RequestStatus(CodedStr):
    """``status`` of an answer: what became of the whole request."""

    OK = "ok", "The request was processed; see each message", Verdict.DONE
    SYNTAX = "error-syntax", "The request could not be read", Verdict.REFUSED
    AUTH = "error-auth", "Nobody has this login and password, or not this service", Verdict.LOGIN
    SYSTEM = "error-system", "The platform failed", Verdict.FAILED
    ACCOUNT_LOCKED = "error-account-locked", "The account is locked", Verdict.LOGIN
    TYPE_FORMAT = "error-instant-message-typeformat", "No such type of message", Verdict.REFUSED
    CONTENT_TYPE_FORMAT = (
        "error-instant-message-content-type-format",
        "No such type of content",
        Verdict.REFUSED,
    )
    IMAGE_ID_FORMAT = (
        "error-instant-message-content-image-id-format",
        "No id of an image",
        Verdict.REFUSED,
    )


class MessageCode(CodedStr):
    """``code`` of one message of an answer."""

    OK = "ok", "Taken, or known", Verdict.DONE
    SYSTEM = "error-system", "The platform failed", Verdict.FAILED
    NOT_PERMITTED = "not-permitted", "Not permitted", Verdict.REFUSED
    SUBJECT_FORMAT = "error-subject-format", "No sender's name", Verdict.REFUSED
    SUBJECT_UNKNOWN = "error-subject-unknown", "Not a sender of this account", Verdict.REFUSED
    SUBJECT_NOT_SPECIFIED = "error-subject-not-specified", "No sender", Verdict.REFUSED
    ADDRESS_FORMAT = "error-address-format", "No phone number", Verdict.REFUSED
    ADDRESS_UNKNOWN = (
        "error-address-unknown",
        "This account may not send to numbers of this range",
        Verdict.REFUSED,
    )
    ADDRESS_NOT_SPECIFIED = "error-address-not-specified", "No recipient", Verdict.REFUSED
    PRIORITY_FORMAT = "error-priority-format", "No such priority, or none", Verdict.REFUSED
    COMMENT_FORMAT = "error-comment-format", "The comment is no text", Verdict.REFUSED
    TYPE_FORMAT = "error-instant-message-type-format", "No such type of message", Verdict.REFUSED
    TYPE_NOT_SPECIFIED = (
        "error-instant-message-type-not-specified",
        "No type of message",
        Verdict.REFUSED,
    )
    CONTENT_FORMAT = (
        "error-content-type-format",
        "The content is not one of its type, or there is no such type",
        Verdict.REFUSED,
    )
    CONTENT_NOT_SPECIFIED = "error-content-not-specified", "No content", Verdict.REFUSED
    VALIDITY_FORMAT = (
        "error-validity-period-seconds-format",
        "No validity, or one out of range",
        Verdict.REFUSED,
    )
    ID_FORMAT = "error-instant-message-provider-id-format", "No id", Verdict.REFUSED
    ID_DUPLICATE = (
        "error-instant-message-provider-id-duplicate",
        "The request names this id more than once",
        Verdict.REFUSED,
    )
    ID_UNKNOWN = (
        "error-instant-message-provider-id-unknown",
        "The platform knows no message of this id, or none any more",
        Verdict.NOT_FOUND,
    )
    RESEND = (
        "error-resend-sms-error",
        "Fields of an SMS while resending is off, or unfit ones",
        Verdict.REFUSED,
    )
    RESEND_VALIDITY = (
        "error-resend-sms-validity-period-error",
        "The validity of the SMS is out of range",
        Verdict.REFUSED,
    )
    ROUTE_NOT_FOUND = "error-route-not-found", "No route", Verdict.REFUSED
    CLIENT_ID_NOT_UNIQUE = (
        "error-instant-message-client-id-not-unique",
        "Two messages with one id of the client's; no request has a field for it",
        Verdict.REFUSED,
    )


class DeliveryStatus(CodedStr):
    """What became of a message. Callbacks tell those from DELIVERED on, without CANCELLED."""

    ENQUEUED = "enqueued", "Waits to be sent", "ACCEPTED"
    SENT = "sent", "Sent", "ENROUTE"
    DELIVERED = "delivered", "On the recipient's device", "DELIVERED"
    READ = "read", "Seen", "READ"
    VISITED = "visited", "The link was followed", "CLICKED"
    UNDELIVERED = "undelivered", "Sent, and not delivered", "UNDELIVERABLE"
    FAILED = "failed", "Not sent because of an error", "UNDELIVERABLE"
    CANCELLED = "cancelled", "Called off", "DELETED"
    VP_EXPIRED = "vp_expired", "Not delivered while it was valid", "EXPIRED"


class SmsStatus(CodedStr):
    """What became of one part of the SMS that was sent instead."""

    ENQUEUED = "enqueued", "Waits to be sent", "ACCEPTED"
    SENT = "sent", "Sent", "ENROUTE"
    DELIVERED = "delivered", "On the recipient's phone", "DELIVERED"
    UNDELIVERED = "undelivered", "Sent, and not delivered", "UNDELIVERABLE"


class Reason(CodedStr):
    """``errorCode``: why a message was not delivered."""

    USER_BLOCKED = "user-blocked", "The recipient has blocked the sender"
    NOT_VIBER_USER = "not-viber-user", "The recipient has no Viber"
    NOT_TEMPLATE_MATCH = "not-template-match", "WhatsApp knows no template like this text"
    VP_EXPIRED = "error-vp-expired", "Not delivered while it was valid"
    BAD_DATA = "bad-data", "Bad data"
    BAD_PARAMETERS = "bad-parameters", "Bad parameters"
    TYPE_FORMAT = "error-instant-message-type-format", "No such type of message"
    BLOCKED_MESSAGE_TYPE = "blocked-message-type", "The recipient refuses messages of this type"
    UNKNOWN_ERROR = "unknown-error", "Not known"
    NO_SUITABLE_DEVICE = "no-suitable-device", "No device of the recipient can show it"


class Priority(CodedStr):
    """How soon a message goes. The manual asks for HIGH for what somebody waits for, such as a
    code, and for LOW for advertising."""

    LOW = "low", "Advertising"
    NORMAL = "normal", "Normal"
    HIGH = "high", "Somebody waits for it"
    REALTIME = "realtime", "Before all others"


class MessageType(CodedStr):
    """``type``: the messenger."""

    VIBER = "viber", "Viber"
    WHATSAPP = "whatsapp", "WhatsApp"


class ContentType(CodedStr):
    """``contentType``. Viber has TEXT, IMAGE and BUTTON, WhatsApp all but BUTTON."""

    TEXT = "text", "A text"
    IMAGE = "image", "An image"
    BUTTON = "button", "A text with a link as a button, and perhaps an image"
    AUDIO = "audio", "A sound; the manual gives no field for it"
    VIDEO = "video", "A video"
    DOCUMENT = "document", "A document"
