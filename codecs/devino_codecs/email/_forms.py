"""The forms of this wire's values that other wires lack."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

import msgspec.json

from devino_codecs.errors import DecodeError, EncodeError
from devino_codecs.http import (
    ID,
    WireForm,
    form_of,
    name_of,
    number_of,
    parse_json,
)

from ._codes import SenderState, TaskState, TaskType

__all__ = [
    "RAW",
    "EmailId",
    "NamedState",
    "NamedType",
    "NumberedSenderState",
    "NumberedState",
    "NumberedType",
    "TemplateKey",
]


def _id(text: str) -> str:
    if not text or "," in text or "/" in text or text.strip() != text:
        raise ValueError("an id that is empty, or has a comma, a slash or blanks around it")
    return text


MESSAGE_ID: Final = form_of("MESSAGE_ID", _id, _id, of=str)
"""A message's id. Several stand in one path with commas between them."""


def _write_raw(value: Any) -> str:
    try:
        return _encode(value).decode()
    except (TypeError, ValueError) as error:
        raise EncodeError(str(error)) from None


def _parse_raw(text: str) -> Any:
    try:
        return parse_json(text.encode())
    except (DecodeError, UnicodeError):
        raise DecodeError("stands in JSON alone") from None


_encode = msgspec.json.Encoder(decimal_format="number").encode
RAW: Final = WireForm("RAW", _write_raw, _parse_raw, _write_raw, lambda value: value)
"""A value of JSON whose form the manual does not tell, as it came."""

# How other modules say the types that have a form of their own.
EmailId: TypeAlias = Annotated[str, MESSAGE_ID]
TemplateKey: TypeAlias = Annotated[str | None, ID]
NamedState: TypeAlias = Annotated[TaskState | str | int, name_of(TaskState)]
NumberedState: TypeAlias = Annotated[TaskState | str | int, number_of(TaskState)]
NamedType: TypeAlias = Annotated[TaskType | str | int, name_of(TaskType)]
NumberedType: TypeAlias = Annotated[TaskType | str | int, number_of(TaskType)]
NumberedSenderState: TypeAlias = Annotated[SenderState | str | int, number_of(SenderState)]
