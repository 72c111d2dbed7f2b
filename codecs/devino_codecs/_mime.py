"""A mail and its parts, read in time that grows with their size alone.

The standard library's parser would take seconds for a header of quotation marks, and tries every
line against every open boundary.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from devino_codecs._rfc5322 import lenient_base64
from devino_codecs.errors import DecodeError

__all__ = ["Part", "parameters", "parse"]

# No mail program exceeds these limits. Each multipart is looked through once.
_MAX_MULTIPARTS: Final = 20
_MAX_DELIMITERS: Final = 1000
_MAX_HEADER: Final = 4096
_FIELD: Final = rb"[!-9<-~]+[ \t]*:.*(?:\n|\Z)"
_FOLD: Final = rb"[ \t].*(?:\n|\Z)"
_HEAD: Final = re.compile(rb"(?:>?From .*\n)?(?:%b(?:%b|%b)*)?" % (_FIELD, _FOLD, _FIELD))
_WANTED: Final = re.compile(
    rb"^(content-(?:type|disposition|transfer-encoding)|subject)[ \t]*:(.*(?:\n[ \t].*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_ANY: Final = re.compile(rb"^([!-9<-~]+)[ \t]*:(.*(?:\n[ \t].*)*)", re.MULTILINE)
_BLANK_LINE: Final = re.compile(rb"\A\r?\n")
_DELIMITER_END: Final = re.compile(rb"(--)?[ \t]*(?:\r?\n|\r?\Z)")
_PARAMETER: Final = re.compile(
    r""";\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))""", re.DOTALL
)
_ESCAPE: Final = re.compile("%([0-9A-Fa-f]{2})")


def parse(message: bytes) -> Part:
    """A whole mail. Raises DecodeError for one of more parts than mails have."""
    if b"\n" not in message:
        message = message.replace(b"\r", b"\n")
    if message.count(b"\n--") > _MAX_DELIMITERS:
        raise DecodeError(f"the mail has more than {_MAX_DELIMITERS} lines that begin with '--'")
    if message.lower().count(b"multipart") > _MAX_MULTIPARTS:
        raise DecodeError(f"the mail has more than {_MAX_MULTIPARTS} multiparts")
    return Part(message)


class Part:
    """A mail, or a part of one: headers and body. Headers that say nothing here are not read."""

    def __init__(self, data: bytes, *, of_digest: bool = False) -> None:
        head = _HEAD.match(data)
        end = head.end() if head is not None else 0
        self._head = data[:end]
        self._body = _BLANK_LINE.sub(b"", data[end:], count=1)
        self._usual = "message/rfc822" if of_digest else "text/plain"

    @cached_property
    def _headers(self) -> Mapping[str, bytes]:
        found: dict[str, bytes] = {}
        for name, value in _WANTED.findall(self._head):
            found.setdefault(name.decode().lower(), value)
        return found

    def fields(self) -> Iterator[tuple[str, bytes]]:
        """All headers in order, by their names as they are written; values are still folded."""
        for name, value in _ANY.findall(self._head):
            yield name.decode(), value

    def header(self, name: str) -> str:
        """A header on one line; "" if it is missing. Of several the first counts.

        Raises DecodeError for one that is longer than any program writes.
        """
        value = self._headers.get(name, b"")
        if len(value) > _MAX_HEADER:
            raise DecodeError(
                f"the header is longer than {_MAX_HEADER} characters", path=name.title()
            )
        return " ".join(value.decode(errors="replace").split())

    @property
    def kind(self) -> str:
        """Such as ``text/plain``, in lower case."""
        said = self.header("content-type").partition(";")[0].strip().lower()
        return said if said.count("/") == 1 else self._usual

    @property
    def is_attached(self) -> bool:
        said = self.header("content-disposition").partition(";")[0]
        return said.strip().lower() == "attachment"

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Those of its kind, such as the charset; names in lower case."""
        return parameters(self.header("content-type"))

    def parts(self) -> Iterator[Part]:
        """The parts of a multipart."""
        boundary = self.parameters.get("boundary", "").encode(errors="replace")
        if not boundary:
            return
        delimiter = b"\n--" + boundary
        of_digest = self.kind == "multipart/digest"
        part: list[bytes] = []
        for piece in (b"\n" + self._body).split(delimiter)[1:]:
            end = _DELIMITER_END.match(piece)
            if end is None:
                # A longer word than the boundary; before the first delimiter it is in no part.
                part += (delimiter, piece) if part else ()
                continue
            if part:
                yield Part(b"".join(part).removesuffix(b"\r"), of_digest=of_digest)
            if end[1]:
                return
            part = [piece[end.end() :]]
        if part:
            yield Part(b"".join(part), of_digest=of_digest)

    def content(self) -> bytes:
        """The body without its transfer encoding; as it is, where that cannot be removed."""
        encoding = self.header("content-transfer-encoding").lower()
        if encoding == "quoted-printable":
            return binascii.a2b_qp(self._body)
        if encoding == "base64":
            return lenient_base64(self._body)
        return self._body


def parameters(header: str) -> dict[str, str]:
    """The parameters of a header, by name in lower case; continued and escaped ones too (RFC 2231).

    Of several with one name the first counts.
    """
    found: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, str]]] = {}
    for match in _PARAMETER.finditer(header):
        name, quoted, bare = match.groups()
        value = bare.strip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        name, star, number = name.lower().partition("*")
        if not star:
            found.setdefault(name, value)
            continue
        if number.endswith("*") or not number:
            if number in ("", "0*"):
                value = value.rpartition("'")[2]
            value = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), value)
        number = number.removesuffix("*")
        at = int(number) if number.isascii() and number.isdecimal() and len(number) < 4 else 0
        pieces.setdefault(name, []).append((at, value))
    for name, values in pieces.items():
        found.setdefault(name, "".join(value for _, value in sorted(values)))
    return found
