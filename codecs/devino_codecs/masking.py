"""Requests and answers as they may be shown: on the wire's own form, with their values masked.

What each value is follows from the marks of the table (:class:`Kind`), by the name under which the
wire has it. What has a name that no table knows is a text. So whatever comes, nothing is shown
that nobody said to be harmless::

    >>> from devino_codecs import rest
    >>> from devino_codecs.http import HttpRequest
    >>> asked, answered = rest.V1.kinds()
    >>> came = HttpRequest.of("POST", "/Sms/Send", "sessionId=abc&DestinationAddress=79031234567")
    >>> masked_request(came, asked).query
    'sessionId=***&DestinationAddress=79031234567'

A ``mask`` decides what stands in a value's place. :func:`only_secrets` hides secrets alone, for
who may see the rest, such as the owner of a sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias
from urllib.parse import unquote_plus

import msgspec

from ._masked import Kind, Kinds
from .http import Answered, HttpAnswer, HttpRequest
from .http._kinds import kinds_of, together
from .http._messages import FORM

__all__ = [
    "Kind",
    "Kinds",
    "Mask",
    "kinds_of",
    "masked_answer",
    "masked_body",
    "masked_query",
    "masked_request",
    "only_secrets",
    "together",
]

Mask: TypeAlias = Callable[[Kind, str], str]
"""What is shown in the place of a value."""

_MOST_DIGITS = 6
"""A number of more digits that no table knows may be a phone's."""


def only_secrets(kind: Kind, text: str) -> str:
    """The mask that hides secrets and shows the rest as it is."""
    return "***" if kind is Kind.SECRET else text


def masked_request(
    http: HttpRequest, kinds: Kinds, mask: Mask = only_secrets, *, path: str = ""
) -> HttpRequest:
    """A request with what may be shown of it. ``path`` is that of its row: ``{Name}`` in it says
    what a segment is. It raises nothing, whatever the request holds."""
    return HttpRequest(
        http.method,
        _segments(http.segments, path, kinds, mask),
        masked_query(http.query, kinds, mask),
        _headers(http.headers, kinds, mask),
        masked_body(http.body, kinds, mask, content_type=http.content_type),
        http.content_type,
    )


def masked_answer(answer: Answered, kinds: Kinds, mask: Mask = only_secrets) -> HttpAnswer:
    """An answer with what may be shown of it. It raises nothing, whatever the answer holds."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    content_type = headers.get("content-type")
    body = masked_body(answer.body, kinds, mask, content_type=content_type)
    return HttpAnswer(answer.status, body, _headers(headers, kinds, mask), content_type)


def masked_query(query: str, kinds: Kinds, mask: Mask = only_secrets) -> str:
    """A query or a form, in the order and with the escapes that it had."""
    return "&".join([_pair(pair, kinds, mask) for pair in query.split("&")]) if query else ""


def masked_body(
    body: bytes, kinds: Kinds, mask: Mask = only_secrets, *, content_type: str | None = None
) -> bytes:
    """A body of XML, JSON or a form, whole, cut off or broken. What is not masked stays as it is,
    octet by octet."""
    # So that octets which are no UTF-8 survive.
    text = body.decode(errors="surrogateescape")
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start == "<":
        shown = _xml(text, kinds, mask)
    elif start not in ("{", "[", '"') and (
        "=" in text or (content_type or "").lower().startswith(FORM)
    ):
        # Not everybody says that a form is one.
        shown = masked_query(text, kinds, mask)
    else:
        shown = _json(text, kinds, mask)
    return shown.encode(errors="surrogateescape")


def _show(kind: Kind | None, text: str, mask: Mask) -> str:
    if kind is Kind.RECIPIENT:
        # Some lists stand in one text.
        return _ONE_OF_LIST.sub(lambda found: mask(Kind.RECIPIENT, found[0]), text)
    return mask(Kind.TEXT if kind is None else kind, text)


_ONE_OF_LIST = re.compile(r"[^,;\s]+")


# What stands in a head.

_SHOWN_HEADERS: Final[tuple[str, ...]] = (
    "accept", "accept-encoding", "accept-ranges", "allow", "cache-control", "connection",
    "content-encoding", "content-length", "content-range", "content-type", "date", "expires",
    "host", "keep-alive", "last-modified", "pragma", "range", "retry-after", "server",
    "soapaction", "transfer-encoding", "user-agent", "vary", "via", "x-request-id",
)  # fmt: skip
_SECRET_HEADERS: Final[tuple[str, ...]] = (
    "authorization", "cookie", "proxy-authorization", "set-cookie", "www-authenticate",
)  # fmt: skip
_HEADERS: Final[Kinds] = {
    **dict.fromkeys(_SHOWN_HEADERS, Kind.SHOWN),
    **dict.fromkeys(_SECRET_HEADERS, Kind.SECRET),
}


def _headers(headers: Mapping[str, str], kinds: Kinds, mask: Mask) -> dict[str, str]:
    return {
        name: _show(_HEADERS.get(name.lower()) or kinds.get(name.lower()), value, mask)
        for name, value in headers.items()
    }


def _segments(segments: tuple[str, ...], path: str, kinds: Kinds, mask: Mask) -> tuple[str, ...]:
    names = path.strip("/").split("/")
    before = len(segments) - len(names)
    if "{" not in path or before < 0:
        return segments
    return (
        *segments[:before],
        *[
            _show(kinds.get(name[1:-1].lower()), segment, mask) if name[:1] == "{" else segment
            for name, segment in zip(names, segments[before:], strict=True)
        ],
    )


def _pair(pair: str, kinds: Kinds, mask: Mask) -> str:
    name, is_pair, value = pair.partition("=")
    if not is_pair:
        # Without its name nobody knows what it is.
        return _show(None, pair, mask) if pair else ""
    said = unquote_plus(name).strip().lower()
    kind = kinds.get(said) or kinds.get(said.partition("[")[0])
    text = unquote_plus(value, errors="surrogateescape")
    shown = _show(kind, text, mask)
    return f"{name}={value if shown == text else shown}"


# JSON, token by token: so what is broken is masked, too.

_JSON = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[][{},]|\s+|:|[^][{},:"\s]+', re.DOTALL)
_COLON = re.compile(r"\s*:")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_LITERALS = frozenset({"true", "false", "null"})
_is_name = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.-]{0,63}").fullmatch


def _json(text: str, kinds: Kinds, mask: Mask) -> str:
    shown: list[str] = []
    # The kind that holds for all of a list, and of an object whose names are no table's.
    outer = [kinds.get("")]
    kind, objects = outer[0], 0
    for token in _JSON.finditer(text):
        word = token[0]
        if word in "{[":
            # The kind of what has no name is none of an object's.
            kind = None if word == "{" and not objects else kind
            objects += word == "{"
            outer.append(kind)
        elif word in "}],":
            objects -= word == "}" and objects > 0
            if word != "," and len(outer) > 1:
                outer.pop()
            kind = outer[-1]
        elif word != ":" and not word.isspace():
            said = _unquoted(word) if word[0] == '"' else word
            if _COLON.match(text, token.end()):
                kind = outer[-1] or kinds.get(said.lower())
                shown_word = said if kind or _is_name(said) else _show(None, said, mask)
            elif word[0] == '"':
                shown_word = _show(kind, said, mask)
            else:
                shown_word = word if word in _LITERALS else _bare(word, kind, mask)
            if shown_word != said:
                word = f'"{shown_word}"' if word[0] == '"' else shown_word
        shown.append(word)
    return "".join(shown)


def _unquoted(word: str) -> str:
    if "\\" not in word and len(word) > 1 and word[-1] == '"':
        return word[1:-1]
    try:
        said: str = msgspec.json.decode(word.encode(errors="replace"), type=str)
    except (ValueError, RecursionError):
        return word.strip('"')
    return said


def _bare(word: str, kind: Kind | None, mask: Mask) -> str:
    if kind is None and _NUMBER.fullmatch(word):
        digits = sum(map(str.isdigit, word))
        kind = Kind.SHOWN if digits <= _MOST_DIGITS else Kind.RECIPIENT
    return _show(kind, word, mask)


# XML, tag by tag.

_XML = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[(?P<data>.*?)(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)"
    r"|</(?P<end>[^>]*)(?:>|\Z)"
    r"""|<(?P<tag>[^\s<>/"'=!?]+)(?P<attributes>(?:[^<>"']++|"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))*+)>"""
    r"|<+(?=<)|<[^<]*|[^<]+",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"""(\s+)([^\s=<>"'/]+)(\s*=\s*)(?:"([^"]*)("|\Z)|'([^']*)('|\Z))|(\s*/?\Z)|(\s+|[^\s]+)"""
)
_OF_XML = ("xml", "xmlns", "xsi", "xsd")


def _xml(text: str, kinds: Kinds, mask: Mask) -> str:
    shown: list[str] = []
    outer: list[Kind | None] = [None]
    for piece in _XML.finditer(text):
        whole, tag, data = piece[0], piece["tag"], piece["data"]
        if tag is not None:
            kind = outer[-1] or kinds.get(_local(tag))
            attributes = piece["attributes"]
            whole = f"<{tag}{_attributes(attributes, kind, kinds, mask)}>"
            if not attributes.endswith("/"):
                outer.append(kind)
        elif piece["end"] is not None:
            if len(outer) > 1:
                outer.pop()
        elif data is not None:
            masked = _show(outer[-1], data, mask)
            whole = whole if masked == data else masked
        elif whole[0] == "<":
            if not whole.startswith("<?xml "):
                whole = _show(None, whole, mask)
        elif not whole.isspace():
            said = _unescape(whole)
            masked = _show(outer[-1], said, mask)
            whole = whole if masked == said else masked
        shown.append(whole)
    return "".join(shown)


def _unescape(text: str) -> str:
    # It has two thousand names. Most programs show no XML.
    from html import unescape

    return unescape(text)


def _attributes(text: str, outer: Kind | None, kinds: Kinds, mask: Mask) -> str:
    def show(found: re.Match[str]) -> str:
        blank, name, equals, double, _, single, _, end, other = found.groups()
        if name is None:
            return found[0] if end is not None or other.isspace() else _show(None, other, mask)
        value = double if double is not None else single
        if name.lower().partition(":")[0] in _OF_XML:
            return found[0]
        said = _unescape(value)
        masked = _show(outer or kinds.get(_local(name)), said, mask)
        return found[0] if masked == said else f'{blank}{name}{equals}"{masked}"'

    return _ATTRIBUTE.sub(show, text)


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()
