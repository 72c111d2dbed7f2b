"""Safe reading and direct writing of XML, which the XML codecs share.

Reading takes no DTD, no entity except the five, and UTF-8 (windows-1251 if declared, UTF-16 if it
begins with a byte order mark). It uses no network and caps the size. At most :data:`MAX_RUN` bytes
may stand between one ``<`` and the next: that bounds any text, and any start tag with all its
attributes. :func:`parse` gives a tree; :class:`Feed` gives events and keeps nothing.

Writing makes strings. Names are constants of the codecs, so only the escaping must be right. A tree
that is built only to be printed would take twice the time.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Final, cast

from lxml import etree

from ._sizes import MAX_ANSWER, check_size
from .errors import DecodeError, EncodeError

__all__ = [
    "DECLARATION",
    "MAX_RUN",
    "MAX_SIZE",
    "Element",
    "Feed",
    "Target",
    "escape_attribute",
    "escape_text",
    "local_name",
    "parse",
]

Element = etree._Element  # noqa: SLF001  (lxml has no public name for the type)

DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>'
MAX_SIZE: Final = MAX_ANSWER
"""Bytes that :func:`parse` takes unless told otherwise."""
MAX_RUN: Final = 64 * 2**10
"""Bytes from one ``<`` to the next. lxml interns every name that it meets and never forgets one. A
start tag of a million attributes would stay in memory for good, so it must not reach the parser.

This bounds one tag, but not a document. Names that differ from element to element stay in memory
too: a few times the size of each document that brings new ones. A program that reads documents of
strangers for long should cap ``max_size``, or read them in a process that is replaced now and
then."""

_LEADING = re.compile(rb"(?:\xef\xbb\xbf|[ \t\r\n])+")
"""What some writers put before the declaration: blanks, and byte order marks of UTF-8."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_HEAD = 256
_ENCODING = re.compile(rb"""\sencoding\s*=\s*["']([^"']*)["']""")
# Only encodings in which the byte 3C is always "<", because MAX_RUN counts bytes.
_WINDOWS_1251 = frozenset({b"windows-1251", b"cp1251"})
_ENCODINGS = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"}) | _WINDOWS_1251
_ENCODINGS_16 = frozenset({b"utf-16", b"utf-16le", b"utf-16be"})
_HTML = re.compile(rb"(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_COUNTED_LINES = 10_000


def parse(data: bytes, *, max_size: int = MAX_SIZE, mend: bool = False) -> Element:
    """The root of a document. The tree has no comments and no processing instructions.

    With ``mend``, U+FFFD replaces what XML 1.0 does not allow but some writers let through: bytes
    that are no UTF-8, control characters, U+FFFE and U+FFFF, and numeric references to such
    characters. It is for answers, in which one SMS must not hide the others. Anything else that is
    not well-formed is still refused.

    Raises :exc:`DecodeError`, with the offset of the malformed place if that is known.
    """
    check_size(data, max_size)
    leading = _LEADING.match(data)
    skipped = 0 if leading is None else leading.end()
    found = data[skipped:]
    if found.startswith(_UTF_16):
        try:
            text = found.decode("utf-16", "replace" if mend else "strict")
        except UnicodeDecodeError:
            raise DecodeError(_NO_UTF_16) from None
        found = _of_utf_16(text)
    _check_head(found[:_HEAD])
    _check_runs(found, -1)
    try:
        return _root(found)
    except DecodeError as error:
        mended = _mended(found) if mend else found
        if mended == found:
            if error.offset is not None:
                error.offset += skipped
            raise
    return _root(mended)


def _root(data: bytes) -> Element:
    try:
        root: Element = etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as exc:
        if getattr(exc, "code", None) != _NAMESPACE_IS_NO_URI:
            raise _malformed(exc, data) from None
        root = _root_with_odd_namespaces(data)
    except (etree.LxmlError, ValueError) as exc:
        raise DecodeError(f"not well-formed XML ({type(exc).__name__})") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise DecodeError(_DTD)
    return root


def _root_with_odd_namespaces(data: bytes) -> Element:
    """The same, where the name of a namespace is no URI. That is well-formed and common: a client
    that many have copied breaks the line in it. libxml2 reads it, yet calls it an error.
    """
    parser = _parser(recover=True)
    try:
        root: Element | None = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError) as exc:
        raise DecodeError(f"not well-formed XML ({type(exc).__name__})") from None
    for entry in parser.error_log:
        if entry.type not in _HARMLESS:
            raise DecodeError(_said(entry.type))
    if root is None:
        raise DecodeError("not well-formed XML")
    return root


class Target:
    """Receives the events of :class:`Feed`. Its methods raise :exc:`DecodeError` to stop."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins; ``tag`` may carry a ``{namespace}``."""

    def data(self, text: str) -> None:
        """A piece of text."""

    def end(self, tag: str) -> None:
        """The element ends."""

    def doctype(self, *_: object) -> None:
        """lxml calls it before it reads a word of the DTD."""
        raise DecodeError(_DTD)

    def close(self) -> None:
        """lxml needs it."""


class Feed:
    """Reads a document of any length in pieces, in flat memory. Its events go to ``target``.

    It mends nothing, unlike :func:`parse` with ``mend``. :meth:`feed` and :meth:`close` raise
    :exc:`DecodeError`; after that the feed stays dead.
    """

    def __init__(self, target: Target) -> None:
        self._parser = _parser(target)
        self._head: bytes | None = b""
        self._decode_16: Callable[[bytes, bool], str] | None = None
        self._fed = 0
        self._last_tag = -1
        self._dead: tuple[str, str, int | None] | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes, as they came."""
        if not data:
            return
        try:
            self._check_alive()
            if self._head is not None:
                # The declaration names the encoding, so wait until all of it is here.
                data = _without_leading(self._head + data)
                # In UTF-16 a character has two bytes.
                seen = data[:-1] if data.startswith(_UTF_16) else data
                if len(data) < _HEAD and b">" not in seen:
                    self._head = data
                    return
                self._begin(data)
            else:
                self._pass_on(data)
        except DecodeError as exc:
            self._die(exc)
            raise

    def close(self) -> None:
        """End the document. An element that is still open is an error."""
        try:
            self._check_alive()
            if self._head is not None:
                self._begin(self._head)
            self._from_utf_16(b"", ends=True)
            self._call(None)
        except DecodeError as exc:
            self._die(exc)
            raise
        self._dead = "the document has ended", "", None

    def _check_alive(self) -> None:
        if self._dead is not None:
            reason, path, offset = self._dead
            raise DecodeError(reason, path=path, offset=offset)

    def _die(self, exc: DecodeError) -> None:
        # Do not keep the exception: its traceback would keep the bytes and this feed alive.
        self._dead = exc.reason, exc.path, exc.offset

    def _begin(self, data: bytes) -> None:
        self._head = None
        if data.startswith(_UTF_16):
            self._decode_16 = codecs.getincrementaldecoder("utf-16")().decode
            data = _of_utf_16(self._from_utf_16(data))
        _check_head(data[:_HEAD])
        self._check_and_call(data)

    def _pass_on(self, data: bytes) -> None:
        self._check_and_call(data if self._decode_16 is None else self._from_utf_16(data).encode())

    def _from_utf_16(self, data: bytes, *, ends: bool = False) -> str:
        try:
            return "" if self._decode_16 is None else self._decode_16(data, ends)
        except UnicodeDecodeError:
            raise DecodeError(_NO_UTF_16) from None

    def _check_and_call(self, data: bytes) -> None:
        self._last_tag = _check_runs(data, self._last_tag - self._fed) + self._fed
        self._fed += len(data)
        self._call(data)

    def _call(self, data: bytes | None) -> None:
        try:
            if data is None:
                self._parser.close()
            else:
                self._parser.feed(data)
        except DecodeError:
            raise
        except etree.XMLSyntaxError as exc:
            raise _malformed(exc) from None
        except (etree.LxmlError, ValueError) as exc:
            raise DecodeError(f"not well-formed XML ({type(exc).__name__})") from None


def local_name(tag: str) -> str:
    """A tag without its ``{namespace}``."""
    return tag.rpartition("}")[2] if tag.startswith("{") else tag


def escape_text(value: str) -> str:
    """Text as it stands between two tags.

    Raises :exc:`EncodeError` for a character that XML 1.0 forbids: most controls, surrogates.
    """
    # Printable characters are all legal in XML, and this is one pass in C.
    try:
        if value.isprintable() and "&" not in value and "<" not in value and ">" not in value:
            return value
    except AttributeError:
        raise EncodeError(f"a string is expected, not {type(value).__name__}") from None
    return _escape(value, _IN_TEXT)


def escape_attribute(value: str) -> str:
    """A value as it stands between double quotes. It keeps line breaks and tabs.

    Raises :exc:`EncodeError` like :func:`escape_text`.
    """
    try:
        if value.isprintable() and "&" not in value and "<" not in value and '"' not in value:
            return value
    except AttributeError:
        raise EncodeError(f"a string is expected, not {type(value).__name__}") from None
    return _escape(value, _IN_ATTRIBUTE)


# What XML 1.0 does not list as a Char (2.2). To compile its own list takes ten times as long.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A reader turns CR LF into LF, and any white space in an attribute into blanks.
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTE = _IN_TEXT | str.maketrans({'"': "&quot;", "\t": "&#9;", "\n": "&#10;"})


def _escape(value: str, table: Mapping[int, str]) -> str:
    found = _ILLEGAL.search(value)
    if found is not None:
        raise EncodeError(
            f"character U+{ord(found[0]):04X} at {found.start()} cannot be written in XML"
        )
    return value.translate(table)


# The parts that may hold a "&#" that is not a reference come first. An alternative that begins also
# matches, if need be to the end, so no byte is looked at twice.
_REFERENCE = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)"
    rb"|&#([0-9]++|x[0-9A-Fa-f]++);",
    re.DOTALL,
)
_NO_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _mended(data: bytes) -> bytes:
    """The mended bytes, in UTF-8. They grow at most to three times the length."""
    is_1251 = _encoding(data[:_HEAD]) in _WINDOWS_1251
    text = data.decode("cp1251" if is_1251 else "utf-8", "replace")
    if is_1251:
        text = _undeclared(text)
    data = _NO_CHARACTER.sub("\ufffd", text).encode()
    return _REFERENCE.sub(_mended_reference, data) if b"&#" in data else data


def _mended_reference(found: re.Match[bytes]) -> bytes:
    number = found[1]
    if number is None:
        return found[0]
    # What is remembered is short.
    is_character = _is_character if len(number) <= 8 else _is_character.__wrapped__
    return found[0] if is_character(number) else b"&#xFFFD;"


# An answer repeats the same few characters, and the cache is four times as fast.
@lru_cache(256)
def _is_character(number: bytes) -> bool:
    base = 16 if number.startswith(b"x") else 10
    digits = number.lstrip(b"x0") or b"0"
    # int() refuses thousands of digits.
    if len(digits) > 7:
        return False
    code = int(digits, base)
    return code <= sys.maxunicode and _ILLEGAL.match(chr(code)) is None


_DTD = "a document type declaration is not taken"
_NO_UTF_16 = "it begins as UTF-16, and goes on as something else"


def _parser(target: Target | None = None, *, recover: bool = False) -> etree.XMLParser:
    # lxml takes any object with these methods; its stubs ask for comment() as well.
    receiver = None if target is None else cast("etree.ParserTarget", target)
    # If a target asks for unresolved entities, libxml2 gives it the "&" of an attribute as "&#38;".
    # Targets here refuse the DTD that would declare an entity, so there is none to resolve.
    resolved = False if target is None else cast("bool", "internal")
    return etree.XMLParser(
        target=receiver,
        resolve_entities=resolved,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )


_PARSER = _parser()


def _without_leading(data: bytes) -> bytes:
    leading = _LEADING.match(data)
    return data if leading is None else data[leading.end() :]


def _check_head(head: bytes) -> None:
    if b"\0" in head[:4]:
        raise DecodeError("UTF-8 is expected, or UTF-16 with a byte order mark", offset=0)
    if _HTML.match(head):
        raise DecodeError("a page of HTML: is the address right?")
    if head and not head.startswith(b"<"):
        raise DecodeError("no XML", offset=0)
    if head.startswith(b"<?xml") and b"?>" not in head:
        raise DecodeError("the XML declaration does not end", offset=0)
    if _encoding(head) not in _ENCODINGS:
        raise DecodeError("UTF-8 is expected, and another encoding is declared", offset=0)


def _of_utf_16(text: str) -> bytes:
    """The beginning of a document, or all of it, in UTF-8. Its declaration must say UTF-16."""
    head = text[:_HEAD].encode()
    if _encoding(head, b"utf-16") not in _ENCODINGS_16:
        raise DecodeError("it begins as UTF-16, and another encoding is declared", offset=0)
    return _undeclared(text).encode()


def _undeclared(text: str) -> str:
    """The text without the name of its encoding."""
    declaration, end, rest = text.partition("?>")
    if not (end and declaration.startswith("<?xml") and len(declaration) < _HEAD):
        return text
    return f"{_ENCODING.sub(b'', declaration.encode()).decode()}{end}{rest}"


def _encoding(head: bytes, otherwise: bytes = b"utf-8") -> bytes:
    """The declared encoding in lower case; ``otherwise`` if none is declared."""
    if not head.startswith(b"<?xml"):
        return otherwise
    declared = _ENCODING.search(head, 0, max(head.find(b"?>"), 0))
    return otherwise if declared is None else declared[1].lower()


def _check_runs(data: bytes, tag: int) -> int:
    """The place of the last ``<`` of ``data``; ``tag`` is the place of the last one before it."""
    end = len(data)
    while tag + MAX_RUN < end:
        # Search backwards from the farthest place allowed: one step a window, not one a tag.
        following = data.rfind(b"<", max(tag + 1, 0), tag + MAX_RUN + 1)
        if following < 0:
            raise DecodeError(f"more than {MAX_RUN} bytes without a tag", offset=max(tag, 0))
        tag = following
    last = data.rfind(b"<", max(tag, 0))
    return last if last >= 0 else tag


# libxml2's own texts quote the document, and documents here hold a password.
_ERROR_NAMES: dict[int, str] = {
    code: name.removeprefix("ERR_").replace("_", " ").lower()
    for name, code in vars(etree.ErrorTypes).items()
    if name.startswith(("ERR_", "NS_ERR_"))
}


_NAMESPACE_IS_NO_URI: Final[int] = etree.ErrorTypes.WAR_NS_URI
_HARMLESS: Final = frozenset({_NAMESPACE_IS_NO_URI, etree.ErrorTypes.WAR_NS_URI_RELATIVE})


def _said(code: object) -> str:
    name = _ERROR_NAMES.get(code) if isinstance(code, int) else None
    return f"not well-formed XML ({name})" if name else "not well-formed XML"


def _malformed(exc: etree.XMLSyntaxError, data: bytes | None = None) -> DecodeError:
    offset = None if data is None else _offset(data, exc.position)
    return DecodeError(_said(getattr(exc, "code", None)), offset=offset)


def _offset(data: bytes, position: tuple[int | None, int | None]) -> int | None:
    line, column = position
    # libxml2 counts columns in characters in some places, in bytes in others.
    if not line or not column or line > _COUNTED_LINES or not data.isascii():
        return None
    if line == 1:
        return min(column - 1, len(data))
    newline = next(islice(re.finditer(rb"\n", data), line - 2, None), None)
    return None if newline is None else min(newline.end() + column - 1, len(data))
