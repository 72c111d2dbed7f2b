"""Every code table of chapters 13 and 14.

The columns are: value, number where it has one, English meaning, meaning for programs, text on the
wire.
"""

from __future__ import annotations

from typing import Any

from devino_codecs._coded import CodedStr, Verdict
from devino_codecs._numbered import NumberedStr

__all__ = [
    "BounceReason",
    "CallbackEvent",
    "MessageState",
    "SenderState",
    "SmtpError",
    "TaskState",
    "TaskType",
]


class MessageState(CodedStr):
    """Where a message is. Statistics count each message in the state that it is in."""

    NOT_SENT = "NotSent", "It is being sent", "ACCEPTED"
    SENT = "Sent", "It was sent", "ENROUTE"
    DELIVERED = "Delivered", "It was delivered", "DELIVERED"
    READ = "Read", "It was opened", "READ"
    CLICKED = "Clicked", "A link in it was followed", "CLICKED"
    BOUNCED = "Bounced", "It could not be delivered", "BOUNCED"
    REJECTED = "Rejected", "It was not sent", "REJECTED"


class CallbackEvent(CodedStr):
    """What a callback tells; the last three are about the recipient's consent, not the message."""

    SENT = "SENT", "It was sent", "ENROUTE"
    DELIVERED = "DELIVERED", "It was delivered", "DELIVERED"
    OPENED = "OPENED", "It was opened", "READ"
    CLICKED = "CLICKED", "A link in it was followed", "CLICKED"
    BOUNCED = "BOUNCED", "It could not be delivered", "BOUNCED"
    UNSUBSCRIBED = "UNSUBSCRIBED", "The recipient wants no more mails"
    SUBSCRIBED = "SUBSCRIBED", "The recipient wants mails again"
    COMPLAINED = "COMPLAINED", "The recipient called it spam"


class BounceReason(CodedStr):
    """Why a message bounced. Where it never left the platform it means REJECTED."""

    ALREADY_UNSUBSCRIBED = "already_unsubscribed", "The recipient unsubscribed", "REJECTED"
    BAD_CONFIGURATION = "bad-configuration", "Bad configuration", "BOUNCED"
    BAD_CONNECTION = "bad-connection", "The connection broke", "BOUNCED"
    BAD_DOMAIN = "bad-domain", "The domain takes no mail or does not exist", "BOUNCED"
    BAD_MAILBOX = "bad-mailbox", "There is no such address", "BOUNCED"
    CONTENT_RELATED = "content-related", "Blocked for what it says", "BOUNCED"
    INACTIVE_MAILBOX = "inactive-mailbox", "The address was disabled", "BOUNCED"
    INVALID_SENDER = "invalid-sender", "A wrong sender", "REJECTED"
    MESSAGE_EXPIRED = "message-expired", "It was too late", "BOUNCED"
    NO_ANSWER_FROM_HOST = "no-answer-from-host", "The server does not answer", "BOUNCED"
    OTHER = "other", "Not known", "BOUNCED"
    OVERPACKAGE_RELATED = "overpackage-related", "Beyond the package", "REJECTED"
    POLICY_RELATED = "policy-related", "Against the rules of the recipient's server", "BOUNCED"
    PROTOCOL_ERRORS = "protocol-errors", "Errors of SMTP", "BOUNCED"
    QUOTA_ISSUES = "quota-issues", "The mailbox is full", "BOUNCED"
    RELAYING_ISSUES = "relaying-issues", "It could not be relayed", "BOUNCED"
    ROUTING_ERRORS = "routing-errors", "It could not be routed", "BOUNCED"
    SPAM_RELATED = "spam-related", "The recipient's server called it spam", "BOUNCED"
    VIRUS_RELATED = "virus-related", "The recipient's server found a virus", "BOUNCED"


class SenderState(NumberedStr):
    """The state of a sender's address."""

    REQUESTED = "Request", 0, "Somebody asked for it"
    APPROVED = "Approve", 1, "It may be used"
    REJECTED = "Reject", 2, "It may not be used"
    DELETED = "Deleted", 3, "It was deleted"


class TaskType(NumberedStr):
    """When a campaign is sent."""

    DISTRIBUTION = "Distribution", 1, "Once"
    BIRTHDAY = "Birthday", 2, "To each contact on the birthday"


class TaskState(NumberedStr):
    """The state of a campaign. Lists of campaigns use other words."""

    NEW = "New", 0, "Just added; it can be changed"
    CREATED = "Created", 1, "Ready to be sent"
    STARTED = "Started", 2, "Being sent; also resumes what was stopped"
    STOPPED = "Stopped", 3, "Stopped; it can be resumed"
    CANCELED = "Canceled", 4, "Ended before its time"
    FINISHED = "Finished", 5, "Sent"
    DELETED = "Deleted", 6, "Deleted"
    FAILED = "Failed", 7, "Sending failed"


class SmtpError(CodedStr):
    """How the texts of SMTP's 554 begin (chapter 13); some name an extension or an address after
    that."""

    LOGIN = "Must authenticate before sending mail", "No login, or a wrong one", Verdict.LOGIN
    INTERNAL = "Internal server error", "The platform failed", Verdict.FAILED
    # The misprint is the wire's.
    ATTACHMENT = "Not allowed attachement type", "It has a forbidden file", Verdict.REFUSED
    SIZE = "Message exceeds fixed size limit", "It is too large", Verdict.REFUSED
    RECIPIENT = "Invalid recipient address:", "No address of a recipient", Verdict.REFUSED
    SENDER = "Disallowed source address:", "The sender is not approved", Verdict.REFUSED

    @classmethod
    def of(cls, reply: str) -> SmtpError | None:
        """The error that a reply of the mail server tells, wherever it stands in it, in any case;
        None for another reply."""
        said = reply.lower()
        found: Any = next((each for each in cls if each.value.lower().rstrip(":") in said), None)
        member: SmtpError | None = found
        return member
