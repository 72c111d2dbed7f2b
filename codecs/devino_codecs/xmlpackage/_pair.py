"""Which result belongs to which message."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from typing import TypeVar

from ._values import Message, MessageResult, StatusRequest, StatusResult

__all__ = ["pair"]

Asked = TypeVar("Asked", Message, StatusRequest)
Got = TypeVar("Got", bound=MessageResult)


def pair(asked: Iterable[Asked], results: Iterable[Got]) -> list[tuple[Asked, Got | None]]:
    """Every message (or status request) with its result, in the order asked.

    First by the caller's ``id``, then by ``sms_id`` for status requests, whatever the order.
    Results that name nobody (no ``id``, and of a status no ``sms_id``) are paired by order, and
    only if there are as many as messages left: a guess about who was refused is worse than
    ``None``. A result that names somebody else is nobody's.
    """
    left = list(results)
    pairs: list[tuple[Asked, Got | None]] = [(item, None) for item in asked]
    for key in ("id", "sms_id"):
        waiting: defaultdict[int, deque[int]] = defaultdict(deque)
        for index, (item, result) in enumerate(pairs):
            name = getattr(item, key, None)
            if result is None and name is not None:
                waiting[name].append(index)
        unclaimed: list[Got] = []
        for result in left:
            name = getattr(result, key)
            places = None if name is None else waiting.get(name)
            if places:
                index = places.popleft()
                pairs[index] = pairs[index][0], result
            else:
                unclaimed.append(result)
        left = unclaimed
    left = [result for result in left if _is_nameless(result)]
    unpaired = [index for index, (_, result) in enumerate(pairs) if result is None]
    if len(unpaired) == len(left):
        for index, result in zip(unpaired, left, strict=True):
            pairs[index] = pairs[index][0], result
    return pairs


def _is_nameless(result: MessageResult) -> bool:
    # To a message sent the platform gives its sms_id here: that names nobody yet.
    return result.id is None and (result.sms_id is None or not isinstance(result, StatusResult))
