"""What a client sends: messages, and questions about them."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from msgspec import Meta, Struct
from msgspec.json import Decoder, Encoder
from msgspec.structs import replace

from devino_codecs._columns import are_alike
from devino_codecs.http import (
    BOOLEAN_WORD,
    NUMBER_ID,
    PHONE,
    SHOWN,
    Also,
    Request,
    Shortcut,
    Unread,
)

from ._answers import QUICK_SENT, Sent, Statuses
from ._codes import ContentType, MessageType, Priority
from ._forms import PRIORITY

__all__ = ["Content", "GetStatus", "Message", "Send"]

Text: TypeAlias = str | Unread | None
Sender: TypeAlias = Annotated[str | Unread | None, SHOWN]
Seconds: TypeAlias = int | Unread | None


class Content(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a message shows. Which fields there are is a matter of its :class:`ContentType`."""

    text: str | None = None
    caption: str | None = None
    """What the button says."""
    action: str | None = None
    """The URL behind the button."""
    image_url: Annotated[str | None, Also("image")] = None
    video_url: str | None = None
    video_name: str | None = None
    document_url: str | None = None
    document_name: str | None = None


class Message(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """One message. A field that cannot be read is :class:`~devino_codecs.http.Unread`; None is one
    that is absent or null.

    ``validity_period_sec`` and ``sms_validity_period_sec`` are seconds. The fields ``sms_...`` are
    those of the SMS that goes if the message is not delivered.
    """

    subject: Sender = None
    """The sender."""
    priority: Annotated[Priority | str | Unread | None, PRIORITY] = None
    validity_period_sec: Seconds = None
    comment: Text = None
    type: MessageType | str | Unread | None = None
    content_type: ContentType | str | Unread | None = None
    content: Content | Unread | None = None
    address: Annotated[str | Unread | None, PHONE] = None
    """The recipient's number in international format; a leading ``+`` is kept."""
    sms_text: Text = None
    sms_src_address: Sender = None
    sms_validity_period_sec: Seconds = None


# What msgspec writes of a message is read back as these types, which says whether all was of them.
Whole: TypeAlias = Annotated[int, Meta(ge=-(2**63) + 1, le=2**63 - 1)]


class _Content(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    text: str = ""
    caption: str = ""
    action: str = ""
    image_url: str = ""
    video_url: str = ""
    video_name: str = ""
    document_url: str = ""
    document_name: str = ""


class _Typed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    subject: str = ""
    priority: str = ""
    validity_period_sec: Whole = 0
    comment: str = ""
    type: str = ""
    content_type: str = ""
    content: _Content = _Content()
    address: str = ""
    sms_text: str = ""
    sms_src_address: str = ""
    sms_validity_period_sec: Whole = 0


_encode = Encoder().encode
_check = Decoder(list[_Typed]).decode


def _write_as_they_are(messages: tuple[Message, ...]) -> str:
    if not messages:
        return "[]"
    # Both together take a tenth of the time of a table of forms.
    body = _encode(messages).decode()
    addresses: list[Any] = [each.address for each in messages]
    _check(_encode(messages[:1]) if are_alike(messages, addresses, body) else body)
    # Of bytes, and so of ASCII alone: a text looks every character up in Unicode's tables.
    if not "".join(addresses).encode().isalnum():
        raise ValueError("the form of a phone number must be looked at")
    return body


class Send(Request[Annotated[Sent, QUICK_SENT]], frozen=True, kw_only=True, rename="camel"):
    """``send``: up to 100 messages, answered with one :class:`Taken` for each, in order.

    ``resend_sms`` holds for all of them: what is not delivered goes as an SMS.
    """

    resend_sms: Annotated[bool | Unread, BOOLEAN_WORD] = False
    common_data: Annotated[Message | None, Also("messageCommonData")] = None
    """What each message has where it says nothing else."""
    messages: Annotated[tuple[Message, ...], Shortcut(write=_write_as_they_are)]
    sms_text: Text = None
    sms_src_address: Sender = None
    sms_validity_period_sec: Seconds = None

    def complete(self) -> tuple[Message, ...]:
        """The messages with all that they have from elsewhere.

        ``common_data`` counts field by field, also within ``content``. With ``resend_sms``, the
        fields of an SMS come from the message, then from the request, then from the message's own
        text and sender; without it those of the request do not count.
        """
        common = self.common_data
        messages = self.messages
        if common is not None:
            messages = tuple([_merged(message, common) for message in messages])
        if self.resend_sms is True:
            messages = tuple([self._with_sms(message) for message in messages])
        return messages

    def _with_sms(self, message: Message) -> Message:
        text = message.content.text if isinstance(message.content, Content) else None
        defaults = Message(
            sms_text=text if self.sms_text is None else self.sms_text,
            sms_src_address=(
                message.subject if self.sms_src_address is None else self.sms_src_address
            ),
            sms_validity_period_sec=self.sms_validity_period_sec,
        )
        return _merged(message, defaults)


class GetStatus(Request[Statuses], frozen=True):
    """``status``: what became of up to 100 messages, one :class:`MessageStatus` for each id."""

    messages: tuple[Annotated[str | Unread, NUMBER_ID], ...]


def _merged(message: Message, common: Message) -> Message:
    given = {
        name: value
        for name in Message.__struct_fields__
        if (value := getattr(common, name)) is not None and getattr(message, name) is None
    }
    if isinstance(message.content, Content) and isinstance(common.content, Content):
        own, theirs = message.content, common.content
        given["content"] = Content(
            **{
                name: getattr(theirs, name) if value is None else value
                for name in Content.__struct_fields__
                for value in (getattr(own, name),)
            }
        )
    return replace(message, **given)
