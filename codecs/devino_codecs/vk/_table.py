"""The table of chapter 15, and what it takes."""

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
)
from devino_codecs.viber import SPRING

from ._codes import RequestCode
from ._messages import GetStatus, Send

__all__ = ["API", "LIMITS", "Limits"]


def _read(body: object, http_status: int) -> Refusal | None:
    has_code = isinstance(body, dict) and "code" in map(str.lower, body)
    return None if has_code else SPRING.read(body, http_status)


API: Final = Api(
    name="vk",
    auth=basic(),
    operations=(
        Operation(Send, "POST", "send/vk"),
        Operation(GetStatus, "GET", "status/vk", changes=False),
    ),
    envelope=Envelope("code", "description", "result", result_last=True),
    codes=RequestCode,
    refused=200,
    refusal=RefusalForm(_read, SPRING.write),
)
"""The interface of chapter 15. A :class:`~devino_codecs.http.Login` goes with every request.

A :class:`~devino_codecs.http.Refusal` with an HTTP status below 400 has a code and a description;
with one of 400 and above it is a :class:`~devino_codecs.viber.SpringError`."""


class Limits(Struct, frozen=True, kw_only=True):
    """What the interface takes. Times are seconds."""

    subject: int = 11
    validity: tuple[int, int] = (15, 86400)
    viber_validity: tuple[int, int] = (15, 86400)
    whatsapp_validity: tuple[int, int] = (30, 86400)
    sms_validity: tuple[int, int] = (60, 86400)


LIMITS: Final = Limits()
"""Chapter 15's. What a Viber leg shows has the limits of chapter 12."""
