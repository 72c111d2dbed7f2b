"""Version 1 of chapter 14, as far as it differs from version 2.

Its campaigns and templates say ``text`` in place of ``body``. The platform no longer supports its
:class:`Send` for accounts of version 2.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Struct, field

from devino_codecs._response_code import ResponseCode
from devino_codecs.http import SERVICE_STACK, Also, Api, Operation, Request, Unread, basic

from ._forms import EmailId, NumberedSenderState, TemplateKey
from ._requests import OTHER_OPERATIONS
from ._values import EmailAddress

__all__ = ["API", "AddSender", "DeleteSender", "ListSenders", "Send", "SenderAddress"]


class SenderAddress(Struct, frozen=True, kw_only=True):
    """An address of the account's to send from."""

    address: Annotated[str, Also("SourceAddress")] = field(name="SenderAddress")
    state: NumberedSenderState = field(name="State")
    is_default: bool = field(name="IsDefault", default=False)


class ListSenders(Request[tuple[SenderAddress | Unread, ...]], frozen=True):
    """Addresses of the account's that are confirmed, or asked for."""


class AddSender(Request[None], frozen=True):
    """Ask for an address to send from."""

    address: Annotated[str, Also("SourceAddress")] = field(name="SenderAddress")


class DeleteSender(Request[None], frozen=True):
    """Give an address back."""

    address: str = field(name="SenderAddress")


class Send(Request[EmailId], frozen=True, kw_only=True, rename="pascal"):
    """A mail to one recipient; the answer is its id."""

    sender: EmailAddress
    recipient: EmailAddress
    subject: str | None = None
    text: str | None = None
    user_message_id: str | None = None
    user_campaign_id: str | None = None
    template_id: TemplateKey = None
    """The platform's id of a template, or the caller's ``user_template_id``."""


API: Final = Api(
    name="email-v1",
    auth=basic(),
    operations=(
        Operation(ListSenders, "GET", "UserSettings/SenderAddresses", changes=False),
        Operation(AddSender, "POST", "UserSettings/SenderAddresses", status=201),
        Operation(DeleteSender, "DELETE", "UserSettings/SenderAddresses/{SenderAddress}"),
        *OTHER_OPERATIONS,
        Operation(Send, "POST", "Messages", status=201, said="message queued to send"),
    ),
    query="format=json",
    headers={"Accept": "*/*"},
    prefixes=("email/v1",),
    envelope=SERVICE_STACK,
    codes=ResponseCode,
)
"""The interface of chapter 14, version 1. A :class:`~devino_codecs.http.Login` goes with every
request."""
