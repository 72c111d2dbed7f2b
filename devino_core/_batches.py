"""Messages, however they come, so many at a time."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable

from ._message import Message

__all__ = ["batches"]


async def batches(
    messages: Iterable[Message] | AsyncIterable[Message], size: int
) -> AsyncIterator[list[Message]]:
    """Lists of this size; the last one may be shorter."""
    part: list[Message] = []
    async for message in _aiter(messages):
        part.append(message)
        if len(part) >= size:
            yield part
            part = []
    if part:
        yield part


async def _aiter(
    messages: Iterable[Message] | AsyncIterable[Message],
) -> AsyncIterator[Message]:
    if isinstance(messages, AsyncIterable):
        async for message in messages:
            yield message
    else:
        for message in messages:
            yield message
