"""What a client does by its own settings, whatever channel its messages go by."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

import msgspec

from ._channel import Channel, ChannelSettings
from ._message import Medium, Message
from ._status import Receipt, State, Status
from .clock import Clock
from .errors import ConfigurationError, DevinoError, OutcomeUnknown, Rejected, Retry
from .settings import ClientSettings

__all__ = ["Sending", "one_each"]

T = TypeVar("T")

AnyChannel: TypeAlias = Channel[ChannelSettings]

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
PATIENCE = 60.0
"""Seconds. A longer wait that the other side asks for is the caller's to plan."""


class Sending:
    """A client's own settings, applied. Raises ConfigurationError."""

    def __init__(self, settings: ClientSettings, clock: Clock) -> None:
        self._retries = settings.retries
        self._clock = clock
        region, only_to = settings.default_region, settings.only_to
        self._region = None if region is None else _Region(region)
        self._allowed = None if only_to is None else _Allowed(only_to)
        self._changes_nothing = self._region is None and self._allowed is None

    def check(self, channel: AnyChannel, messages: Sequence[Message]) -> None:
        """Raise what sending these through this channel would raise, and send nothing."""
        channel.check(self._read(messages))

    def send(
        self, channel: AnyChannel, messages: Sequence[Message], *, retries: int | None = None
    ) -> Coroutine[Any, Any, list[Receipt]]:
        """Send through this channel. The caller looks at the receipts with :func:`one_each`.

        ``retries`` takes the place of the client's own: with 0 it is the caller who tries again.
        """
        if retries is None:
            retries = self._retries
        if self._changes_nothing and messages and not retries:
            # An `async def` would cost each call one coroutine more.
            return channel.send(messages)
        return self._send(channel, messages, retries)

    async def _send(
        self, channel: AnyChannel, messages: Sequence[Message], retries: int
    ) -> list[Receipt]:
        read = self._read(messages)
        held = set() if self._allowed is None else self._allowed.others(read)
        if held:
            # What production would refuse is refused here, too.
            channel.check(read)
        going = [n for n in range(len(read)) if n not in held] if held else range(len(read))
        some = [read[n] for n in going] if held else read
        receipts = await self._try(some, channel, retries) if some else []
        if not held and read is messages:
            return receipts
        by_place = dict(zip(going, receipts, strict=True))
        return [
            msgspec.structs.replace(by_place[n], to=message.to)
            if n in by_place
            else _held_back(message, channel.name)
            for n, message in enumerate(messages)
        ]

    async def ask(self, call: Callable[[], Awaitable[T]]) -> T:
        """Ask, and again where that is safe."""
        for attempt in range(self._retries):
            try:
                return await call()
            except DevinoError as error:
                pause = _pause(attempt, [error])
                if pause is None:
                    raise
            await self._clock.sleep(pause)
        return await call()

    async def _try(
        self, messages: Sequence[Message], channel: AnyChannel, retries: int
    ) -> list[Receipt]:
        """Send, and again what was safely not sent."""
        if not retries:
            return one_each(await channel.send(messages), messages, channel.name)
        from .dispatch import settle

        outcomes: dict[int, Receipt | DevinoError] = {}
        left = list(range(len(messages)))
        for attempt in range(retries + 1):
            trying = [messages[n] for n in left]
            try:
                sent = one_each(await channel.send(trying), trying, channel.name)
                outcomes.update(zip(left, sent, strict=True))
            except DevinoError as failed:
                outcomes.update(dict.fromkeys(left, failed))
            again = {n: error for n in left if (error := _safe_error(outcomes[n]))}
            pause = _pause(attempt, again.values())
            if pause is None or attempt == retries:
                break
            left = list(again)
            await self._clock.sleep(pause)
        in_order = [outcomes[n] for n in range(len(messages))]
        return settle(messages, in_order, channel=channel.name)

    def _read(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages with the numbers of this region as the whole world writes them."""
        if self._region is None:
            return messages
        return [self._region.in_full(message) for message in messages]


def one_each(receipts: list[Receipt], messages: Sequence[Message], channel: str) -> list[Receipt]:
    """The receipts, if there is one for each message. Raises OutcomeUnknown."""
    if len(receipts) != len(messages):
        raise OutcomeUnknown(
            f"channel {channel!r} gave {len(receipts)} receipts for {len(messages)} messages: "
            "a bug of its plugin"
        )
    return receipts


class _Region:
    """The country whose numbers are written as its people write them. Raises ConfigurationError."""

    def __init__(self, region: str) -> None:
        from .phone import check_region, normalize

        try:
            check_region(region)
        except ImportError as error:
            raise ConfigurationError(
                f'the client\'s default_region needs {error.name}: pip install "devino[phone]"'
            ) from error
        except ValueError as error:
            raise ConfigurationError(f"the client's default_region: {error}") from None
        self._region = region
        self._normalize = normalize

    def in_full(self, message: Message) -> Message:
        """The message with its number and those of its fallbacks in international format.

        What is no number, or none that can be read, is left to the channel, which knows why not.
        """
        rest = message.fallback
        fallback = None if rest is None else self.in_full(rest)
        to = message.to
        if message.medium is not Medium.EMAIL:
            with suppress(ValueError):
                to = f"+{self._normalize(to, self._region)}"
        return msgspec.structs.replace(message, to=to, fallback=fallback)


class _Allowed:
    """Who may get messages, as the setting ``only_to`` lists them."""

    def __init__(self, patterns: Iterable[str]) -> None:
        # Not above, nor in `_Region`: most programs have neither setting.
        from .phone import normalize

        self._normalize = normalize
        self._patterns = [_pattern(one) for one in patterns]

    def others(self, messages: Sequence[Message]) -> set[int]:
        """The places of the messages that may reach somebody else."""
        return {n for n, message in enumerate(messages) if not self._allows(message)}

    def _allows(self, message: Message) -> bool:
        # What goes instead may go to another number.
        rest = message.fallback
        return self._names(message.to) and (rest is None or self._allows(rest))

    def _names(self, to: str) -> bool:
        try:
            address = self._normalize(to)
        except ValueError:
            address = to.strip().lower()
        return any(pattern.fullmatch(address) for pattern in self._patterns)


def _pattern(text: str) -> re.Pattern[str]:
    plain = text.strip().lower()
    if "@" not in plain:
        plain = re.sub(r"[\s()+.-]", "", plain)
    if not plain:
        raise ConfigurationError(
            f"the client's only_to: {text!r} names nobody: give numbers and addresses, with * for "
            "what may be anything, as 7903* or *@example.com"
        )
    return re.compile(re.escape(plain).replace(r"\*", ".*"), re.DOTALL)


def _held_back(message: Message, channel: str) -> Receipt:
    reason = "not in only_to"
    error = Rejected(f"{reason}: this client holds back what goes to others; nothing was sent")
    status = Status(state=State.REJECTED, description=reason)
    return Receipt.of(message, status, channel=channel, parts=0, error=error)


def _safe_error(outcome: Receipt | DevinoError) -> DevinoError | None:
    """The error of what may be sent again without a doubt."""
    error = outcome.error if isinstance(outcome, Receipt) else outcome
    return error if error is not None and error.retry is Retry.SAFE else None


def _pause(attempt: int, errors: Iterable[DevinoError]) -> float | None:
    """Seconds until the next attempt; None: there is to be none."""
    asked = [error.retry_after or 0.0 for error in errors if error.retry is Retry.SAFE]
    if not asked or max(asked) > PATIENCE:
        return None
    from random import uniform

    # Clients that failed together do not come back together.
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt)
    return max(*asked, uniform(longest / 2, longest))  # noqa: S311 - no secret hangs on it
