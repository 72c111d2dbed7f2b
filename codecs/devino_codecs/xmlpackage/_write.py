"""Writes packages whole, or in chunks from any iterable, with the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from devino_codecs._xml import DECLARATION
from devino_codecs.errors import EncodeError

from ._codes import MessageType
from ._layout import (
    CREDENTIALS,
    DEFAULT,
    ERROR,
    MESSAGE,
    MESSAGE_RESULT,
    STATUS_REQUEST,
    STATUS_RESULT,
)
from ._rows import Row, S
from ._values import (
    Answer,
    Credentials,
    Default,
    Message,
    MessageResult,
    Package,
    PackageError,
    StatusRequest,
    StatusResult,
)

__all__ = ["encode_answer", "encode_request", "iter_answer", "iter_request"]

CHUNK = 64 * 2**10


def encode_request(package: Package) -> bytes:
    """A package for Send.ashx or Statistics.ashx (chapter 6), compact, UTF-8.

    Raises :exc:`EncodeError`; its path counts from 0: ``message.msg[3].date_beg``.
    """
    credentials = Credentials(login=package.login, password=package.password)
    return "".join(
        _request(credentials, package.messages, package.default, package.statuses)
    ).encode()


def iter_request(
    login: str,
    password: str,
    messages: Iterable[Message] = (),
    *,
    default: Default | None = None,
    statuses: Iterable[StatusRequest] = (),
    chunk_size: int = CHUNK,
) -> Iterator[bytes]:
    """The same package in chunks of about ``chunk_size`` bytes, in flat memory.

    It reads ``messages`` and ``statuses`` once, as the caller asks for chunks. It may raise
    :exc:`EncodeError` in the middle of the iteration, after part of the package has left. The
    receiver then sees a broken document, and takes none of it.
    """
    credentials = Credentials(login=login, password=password)
    return _chunks(_request(credentials, messages, default, statuses), chunk_size)


def encode_answer(answer: Answer) -> bytes:
    """The platform's answer to a package, compact, UTF-8. Raises :exc:`EncodeError`."""
    return "".join(_answer(answer.messages, answer.statuses, answer.error)).encode()


def iter_answer(
    messages: Iterable[MessageResult] = (),
    statuses: Iterable[StatusResult] = (),
    error: PackageError | None = None,
    *,
    chunk_size: int = CHUNK,
) -> Iterator[bytes]:
    """The same answer in chunks of about ``chunk_size`` bytes, in flat memory."""
    return _chunks(_answer(messages, statuses, error), chunk_size)


class _Opening(str):
    """A start tag with credentials. A traceback with locals does not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'<package ***>'"


def _request(
    credentials: Credentials,
    messages: Iterable[Message],
    default: Default | None,
    statuses: Iterable[StatusRequest],
) -> Iterator[str]:
    yield _Opening(f"{DECLARATION}{CREDENTIALS.open(credentials)}")
    before = "" if default is None else _row(DEFAULT, default, "message.default")
    yield from _section("message", before, _message_writer(default), messages)
    yield from _section("status", "", STATUS_REQUEST.write, statuses)
    yield "</package>"


def _answer(
    messages: Iterable[MessageResult],
    statuses: Iterable[StatusResult],
    error: PackageError | None,
) -> Iterator[str]:
    yield f"{DECLARATION}<package>"
    if error is not None:
        yield _row(ERROR, error, "error")
    yield from _section("message", "", MESSAGE_RESULT.write, messages)
    yield from _section("status", "", STATUS_RESULT.write, statuses)
    yield "</package>"


def _section(
    name: str, before: str, write: Callable[[S], str], values: Iterable[S]
) -> Iterator[str]:
    start = f"<{name}>{before}"
    opened = bool(before)
    if opened:
        yield start
    written = 0
    try:
        for value in values:
            if not opened:
                opened = True
                yield start
            yield write(value)
            written += 1
    except EncodeError as exc:
        exc.path = f"{name}.msg[{written}].{exc.path}"
        raise
    if opened:
        yield f"</{name}>"


def _row(row: Row[S], value: S, path: str) -> str:
    try:
        return row.write(value)
    except EncodeError as exc:
        exc.path = f"{path}.{exc.path}"
        raise


def _message_writer(default: Default | None) -> Callable[[Message], str]:
    write_row = MESSAGE.write
    default_type = None if default is None else default.type
    default_url = None if default is None else default.url
    push = int(MessageType.WAP_PUSH)

    def write(message: Message) -> str:
        text = write_row(message)
        kind = default_type if message.type is None else message.type
        if kind == push and not (message.url or default_url):
            raise EncodeError("a WAP push needs a url", path="url")
        return text

    return write


def _chunks(pieces: Iterator[str], size: int) -> Iterator[bytes]:
    batch: list[str] = []
    length = 0
    for piece in pieces:
        batch.append(piece)
        length += len(piece)
        if length >= size:
            yield "".join(batch).encode()
            batch.clear()
            length = 0
    if batch:
        yield "".join(batch).encode()
