"""Finds which result belongs to which message."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import TypeVar

from ._values import Message, MessageResult, StatusRequest, StatusResult

__all__ = ["match", "pair"]

AskedT = TypeVar("AskedT", Message, StatusRequest)
Got = TypeVar("Got", bound=MessageResult)


def pair(asked: Iterable[AskedT], results: Iterable[Got]) -> list[tuple[AskedT, Got | None]]:
    """Every message (or status request) with its result, as :func:`match` finds it."""
    items = list(asked)
    return list(zip(items, match(items, results), strict=True))


def match(asked: Sequence[Message | StatusRequest], results: Iterable[Got]) -> list[Got | None]:
    """The result of every message (or status request), in the order asked.

    It matches first by the caller's ``id``, then for status requests by ``sms_id``, whatever the
    order. Results that name no message (no ``id``, and for a status no ``sms_id``) are matched by
    order, but only if as many messages are left: a wrong guess about a refusal is worse than
    ``None``. A result that names an unknown message is dropped.
    """
    left = list(results)
    ids = [item.id for item in asked]
    if None not in ids and ids == [result.id for result in left]:
        # Nothing was lost or moved, so nothing else must be checked.
        return [*left]
    matched: list[Got | None] = [None] * len(asked)
    for key in ("id", "sms_id"):
        waiting: defaultdict[int, deque[int]] = defaultdict(deque)
        for index, item in enumerate(asked):
            name = getattr(item, key, None)
            if matched[index] is None and name is not None:
                waiting[name].append(index)
        unclaimed: list[Got] = []
        for result in left:
            name = getattr(result, key)
            places = None if name is None else waiting.get(name)
            if places:
                matched[places.popleft()] = result
            else:
                unclaimed.append(result)
        left = unclaimed
    left = [result for result in left if _is_nameless(result)]
    unmatched = [index for index, result in enumerate(matched) if result is None]
    if len(unmatched) == len(left):
        for index, result in zip(unmatched, left, strict=True):
            matched[index] = result
    return matched


def _is_nameless(result: MessageResult) -> bool:
    # The platform gives a sent message its sms_id here, so that id names no message yet.
    return result.id is None and (result.sms_id is None or not isinstance(result, StatusResult))
