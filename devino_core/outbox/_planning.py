"""Which legs a message with fallbacks goes by: decided, and checked, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from devino_core._message import Message
from devino_core.errors import DevinoError, InvalidArgument, InvalidMessage, Unsupported

from ._channels import AnyChannel, Channels, rules_of, tells
from ._entry import Planned
from ._making import for_wire

__all__ = ["plan"]


def plan(message: Message, client: Channels, *, native: bool) -> tuple[Planned, ...]:
    """The legs of a message, in order. The longest chain that one wire can carry is one leg.

    ``native=False``: each medium is a leg of its own. Raises InvalidMessage and Unsupported for
    whatever a leg cannot be sent with, also the last one.
    """
    chain = list(_chain(message))
    legs: list[Planned] = []
    begin = 0
    while begin < len(chain):
        longest = len(chain) if native else begin + 1
        planned, begin = _leg(chain, begin, longest, f"{message.ref}/{len(legs) + 1}", client)
        legs.append(planned)
    return tuple(legs)


def _chain(message: Message | None) -> Iterator[Message]:
    while message is not None:
        yield replace(message, fallback=None)
        message = message.fallback


def _leg(
    chain: Sequence[Message], begin: int, longest: int, ref: str, client: Channels
) -> tuple[Planned, int]:
    """The leg that begins there, and where the next one does."""
    channels = _channels(chain[begin], client)
    refusal: DevinoError | None = None
    for end in range(longest, begin, -1):
        part = chain[begin:end]
        is_last = end == len(chain)
        # The reason that counts is that of the shortest leg, in the first channel.
        refusal = None
        for channel in channels:
            timed = part if is_last else [_timed(one, channel) for one in part]
            joined = _joined(timed, ref)
            try:
                _check(channel, joined, timed, client, is_last=is_last)
            except (InvalidArgument, Unsupported) as error:
                refusal = refusal or error
                continue
            return Planned(channel.name, joined), end
    raise refusal or Unsupported(f"no channel carries {chain[begin].medium}")


def _channels(message: Message, client: Channels) -> list[AnyChannel]:
    """Those that carry its medium: first the one that the client would choose."""
    first = client.channel_for(medium=message.medium)
    others = [one for one in client.channels.values() if message.medium in one.media]
    return [first, *(one for one in others if one is not first)]


def _timed(message: Message, channel: AnyChannel) -> Message:
    """The message with the channel's own validity, where it says none."""
    validity = message.validity or channel.default_validity.get(message.medium)
    return message if validity == message.validity else replace(message, validity=validity)


def _joined(part: Sequence[Message], ref: str) -> Message:
    *others, joined = part
    for one in reversed(others):
        joined = replace(one, fallback=joined)
    return replace(joined, ref=ref)


def _check(
    channel: AnyChannel,
    joined: Message,
    part: Sequence[Message],
    client: Channels,
    *,
    is_last: bool,
) -> None:
    if not is_last:
        if not tells(channel):
            raise Unsupported(
                f"channel {channel.name!r} never tells what became of a message, so nobody knows "
                "whether the fallback is to go: let it come last"
            )
        for one in part:
            if one.validity is None:
                raise InvalidMessage(
                    "validity",
                    f"is missing at {one.medium}, and channel {channel.name!r} has none of its "
                    "own: it says when the fallback goes if nothing is heard",
                    ref=one.ref,
                )
    message = for_wire(joined, channel, "here", is_timed=not is_last)
    rules_of(client).check(channel, [message])
