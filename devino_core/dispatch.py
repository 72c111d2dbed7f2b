"""Sending a list of messages as several calls without losing any outcome.

The one policy of partial failure, used by channels that group messages into calls and by the
client that spreads them over channels.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

from ._message import Message
from ._status import Receipt, State, Status
from .errors import DevinoError, Rejected

__all__ = ["Call", "dispatch", "failed_receipt"]

Call: TypeAlias = tuple[Sequence[int], Callable[[], Awaitable[Sequence[Receipt]]]]
"""Positions in the list of messages, and what sends those: one receipt for each, in order."""


async def dispatch(
    messages: Sequence[Message], calls: Iterable[Call], *, channel: str, concurrency: int
) -> list[Receipt]:
    """Run the calls, at most ``concurrency`` at a time, and give a receipt for every message.

    When all calls failed alike, the error is raised, with the refs of all messages. When they
    ended differently, nothing is raised: the messages of a failed call get receipts that carry
    its error, so that what did succeed is not lost with it.
    """
    todo = list(calls)
    if len(todo) == 1:
        positions, run = todo[0]
        try:
            sent = await run()
        except DevinoError as error:
            error.refs = tuple(messages[position].ref for position in positions)
            raise
        return _in_order(len(messages), [(positions, sent)])
    outcomes = await _run_all(todo, concurrency)
    errors = [outcome for outcome in outcomes if isinstance(outcome, DevinoError)]
    if errors and len(errors) == len(todo) and len({type(error) for error in errors}) == 1:
        worst = errors[0]
        worst.refs = tuple(message.ref for message in messages)
        raise worst
    return _in_order(
        len(messages),
        [
            (
                positions,
                [failed_receipt(messages[p], outcome, channel=channel) for p in positions]
                if isinstance(outcome, DevinoError)
                else outcome,
            )
            for (positions, _), outcome in zip(todo, outcomes, strict=True)
        ],
    )


def failed_receipt(message: Message, error: DevinoError, *, channel: str) -> Receipt:
    """The receipt of a message whose call failed: REJECTED if the platform said so.

    Otherwise the state is UNKNOWN, and ``error.retry`` says whether it can have been sent.
    """
    if isinstance(error, Rejected):
        status = Status(state=State.REJECTED, code=error.code, description=error.description)
    else:
        status = Status(state=State.UNKNOWN, description=str(error))
    return Receipt.of(message, status, channel=channel, parts=0, error=error)


async def _run_all(
    calls: Sequence[Call], concurrency: int
) -> list[Sequence[Receipt] | DevinoError]:
    import asyncio

    outcomes: list[Sequence[Receipt] | DevinoError] = [()] * len(calls)
    waiting = iter(enumerate(calls))

    async def work() -> None:
        for index, (_, run) in waiting:
            try:
                outcomes[index] = await run()
            except DevinoError as error:
                outcomes[index] = error

    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, len(calls))):
            group.create_task(work())
    return outcomes


def _in_order(
    count: int, parts: Iterable[tuple[Sequence[int], Sequence[Receipt]]]
) -> list[Receipt]:
    placed: dict[int, Receipt] = {}
    for positions, receipts in parts:
        placed.update(zip(positions, receipts, strict=True))
    return [placed[position] for position in range(count)]
