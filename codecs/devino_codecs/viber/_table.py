"""Two tables of the same values: Viber's (chapter 12) and WhatsApp's."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from devino_codecs.http import (
    Api,
    Envelope,
    Operation,
    Refusal,
    RefusalForm,
    basic,
    refusals_of,
    write_json,
)

from ._answers import SpringError
from ._codes import ContentType, MessageType, RequestStatus
from ._messages import GetStatus, Send

__all__ = ["API", "LIMITS", "SPRING", "WHATSAPP_API", "WHATSAPP_LIMITS", "Limits"]

_OTHER_WORDS = {
    "error-instant-message-type-format": RequestStatus.TYPE_FORMAT,
    "error-content-type-format": RequestStatus.CONTENT_TYPE_FORMAT,
}
"""Words of a message's code that look like those of a request's status."""


def _read_spring(error: SpringError, http_status: int) -> Refusal | None:
    return None if http_status < 400 else Refusal(error.error, error.message, http_status)


def _write_spring(refusal: Refusal) -> SpringError | None:
    if refusal.http_status < 400:
        return None
    return SpringError(
        status=refusal.http_status, error=str(refusal.code), message=refusal.description
    )


SPRING: Final = refusals_of(SpringError, _read_spring, _write_spring)
"""From an HTTP status of 400 on a refusal is a SpringError: its ``error`` is the code, its
``message`` the description."""


def _read(body: object, http_status: int) -> Refusal | None:
    word = body.get("status") if isinstance(body, dict) else None
    if isinstance(word, str):
        code = _OTHER_WORDS.get(word.lower())
        return None if code is None else Refusal(code, "", http_status)
    return SPRING.read(body, http_status)


def _write(refusal: Refusal) -> bytes | None:
    said = {"status": str(refusal.code)}
    return SPRING.write(refusal) or write_json(dict[str, str], said)


# {"status": word}, or a SpringError.
_REFUSALS: Final = RefusalForm(_read, _write)


def _api(name: str, send: str, status: str) -> Api:
    return Api(
        name=name,
        auth=basic(),
        operations=(
            Operation(Send, "POST", send),
            Operation(GetStatus, "POST", status, changes=False),
        ),
        envelope=Envelope("status", "message"),
        codes=RequestStatus,
        refused=200,
        refusal=_REFUSALS,
    )


API: Final = _api("viber", "send", "status")
"""The interface of chapter 12. A :class:`~devino_codecs.http.Login` goes with every request.

A :class:`~devino_codecs.http.Refusal` with an HTTP status below 400 is ``{"status": word}``; with
one of 400 and above it is a :class:`SpringError`."""
WHATSAPP_API: Final = _api("whatsapp", "send/whatsapp", "status/whatsapp")
"""The same for WhatsApp."""


class Limits(Struct, frozen=True, kw_only=True):
    """What an interface takes. Characters are UTF-16 units, times seconds."""

    type: MessageType
    contents: tuple[ContentType, ...]
    calls: int = 100
    """Messages, or ids, of one request."""
    subject: int = 11
    text: int = 1000
    caption: int = 30
    validity: tuple[int, int] = (30, 86400)
    sms_text: int = 2000
    sms_sender: int = 11
    """ASCII letters and digits."""
    sms_validity: tuple[int, int] = (60, 86400)


LIMITS: Final = Limits(
    type=MessageType.VIBER,
    contents=(ContentType.TEXT, ContentType.IMAGE, ContentType.BUTTON),
)
"""Chapter 12's. The manual gives a button's caption 19 characters in one edition and 30 in another,
and no limit for a text without a button."""
WHATSAPP_LIMITS: Final = Limits(
    type=MessageType.WHATSAPP,
    contents=(
        ContentType.TEXT,
        ContentType.AUDIO,
        ContentType.VIDEO,
        ContentType.IMAGE,
        ContentType.DOCUMENT,
    ),
    sms_validity=(30, 86400),
)
"""Those of the page on WhatsApp, which limits no text: that limit is chapter 12's."""
