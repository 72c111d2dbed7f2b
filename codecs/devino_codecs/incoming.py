"""Incoming SMS, handed to a handler of ours (chapter 11): a form comes, a reply may go back.

>>> from devino_codecs import incoming
>>> push = incoming.decode_push(b"sourcePhone=79089876534&number=2435&prefix=loto&text=%D0%94%D0%B0"
...     b"&messageId=235515")
>>> push.source_phone, push.text, push.message_id
('79089876534', 'Да', '235515')
>>> incoming.encode_reply(incoming.Reply("Thank you")), incoming.REPLY_TYPE
(b'{sms=Thank you}', 'text/plain; charset=utf-8')

The manual gives no verb: the form may be the query, the body, or both. Answer with HTTP 200 and an
empty body where there is no reply.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct
from msgspec.structs import fields

from devino_codecs._sizes import check_bytes
from devino_codecs.errors import DecodeError, EncodeError

__all__ = [
    "REPLY_TYPE",
    "Push",
    "Reply",
    "decode_push",
    "decode_reply",
    "encode_push",
    "encode_reply",
]

REPLY_TYPE: Final = "text/plain; charset=utf-8"
"""The Content-Type of a reply."""


class Push(Struct, frozen=True, kw_only=True, rename="camel"):
    """An SMS from a subscriber to a number of the account."""

    source_phone: str
    """Who wrote it."""
    number: str
    """The account's number. A reply comes from it."""
    prefix: str = ""
    """The keyword that brought it here; the text does not repeat it."""
    text: str
    message_id: str


class Reply(Struct, frozen=True):
    """The SMS that goes back to the subscriber."""

    text: str


_FIELDS: Final = tuple(
    (field.name, field.encode_name, field.encode_name.lower(), field.encode_name != "prefix")
    for field in fields(Push)
)
_MAY_BE_EMPTY = frozenset({"prefix", "text"})
_MOST_FIELDS = 100


def encode_push(push: Push) -> bytes:
    """Write the form, as a query or as a body. Raises EncodeError."""
    for attribute, name, _, _ in _FIELDS:
        if not getattr(push, attribute) and name not in _MAY_BE_EMPTY:
            raise EncodeError("must not be empty", path=name)
    try:
        return urlencode([(name, getattr(push, own)) for own, name, _, _ in _FIELDS]).encode()
    except (UnicodeError, TypeError) as error:
        raise EncodeError(str(error)) from None


def decode_push(query: bytes, body: bytes = b"") -> Push:
    """Read the form from the query and the body, names in any case; what the query says counts.

    It is UTF-8, else windows-1251. Blanks around values are not part of them. Raises DecodeError.
    """
    found: dict[str, bytes] = {}
    for part in (query, body):
        check_bytes(part)
        # Latin-1 has a character for each byte, so this takes the escapes away and nothing else.
        text = part.decode("latin-1")
        try:
            pairs = parse_qsl(
                text, keep_blank_values=True, encoding="latin-1", max_num_fields=_MOST_FIELDS
            )
        except ValueError as error:
            raise DecodeError(str(error)) from None
        for name, value in pairs:
            key = name.strip().lower()
            found[key] = found.get(key) or value.encode("latin-1").strip()
    given: dict[str, str] = {}
    charset = _charset(found.values())
    for attribute, name, key, is_required in _FIELDS:
        if key not in found:
            if is_required:
                raise DecodeError("missing", path=name)
            continue
        if not found[key] and name not in _MAY_BE_EMPTY:
            raise DecodeError("empty", path=name)
        try:
            given[attribute] = found[key].decode(charset).strip()
        except UnicodeDecodeError:
            raise DecodeError("neither UTF-8 nor windows-1251", path=name) from None
    return Push(**given)


def encode_reply(reply: Reply) -> bytes:
    """Write what the handler answers. Raises EncodeError for a text that no SMS can be."""
    if not reply.text.strip():
        raise EncodeError("must not be empty", path="sms")
    if any(ord(character) < 32 and character not in "\r\n" for character in reply.text):
        raise EncodeError("a control character", path="sms")
    try:
        return f"{{sms={reply.text}}}".encode()
    except UnicodeError as error:
        raise EncodeError(str(error), path="sms") from None


def decode_reply(body: bytes) -> Reply | None:
    """Read what a handler answered; None if that is no reply.

    There are no escapes: the text is all between ``{sms=`` and the last ``}``. The braces may lack,
    and blanks may stand around them. Raises DecodeError for a charset that cannot be told.
    """
    check_bytes(body)
    try:
        said = body.decode(_charset((body,))).strip()
    except UnicodeDecodeError:
        raise DecodeError("neither UTF-8 nor windows-1251") from None
    said = said.removeprefix("{").lstrip()
    name, is_reply, text = said.partition("=")
    if not is_reply or name.strip().lower() != "sms":
        return None
    text = text[: text.rindex("}")] if "}" in text else text
    return Reply(text) if text.strip() else None


def _charset(texts: Iterable[bytes]) -> str:
    try:
        for text in texts:
            text.decode()
    except UnicodeDecodeError:
        return "windows-1251"
    return "utf-8"
