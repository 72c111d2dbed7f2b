"""Tells a NATS server of the outbox's events, from whatever store."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace
from nats import errors
from nats.aio.client import Client

from devino_core.errors import ConfigurationError, Unavailable
from devino_core.outbox import OutboxEvent
from devino_core.outbox.kit import encode

from ._link import connect, disconnect

__all__ = ["NatsSink"]

_PREFIX = "devino.outbox"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_@")


class NatsSink:
    """Publishes events to ``PREFIX.KIND.CHANNEL``, each as JSON: the ``on_event`` of a worker.

    ``url`` is ``nats://host:4222/PREFIX``; without a path the prefix is ``devino.outbox``. Events
    are acknowledged by JetStream, so a stream must listen to ``PREFIX.>``. Each comes at least
    once; its header ``Nats-Msg-Id`` is the same whenever it comes, so a stream drops one that comes
    again within its ``duplicate_window``. Raises Unavailable when an event is not acknowledged::

        async with NatsSink("nats://127.0.0.1:4222") as sink, Worker(outbox, client, on_event=sink):
            ...
    """

    def __init__(self, url: str, *, credentials: str | None = None, timeout: float = 5.0) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:
            raise ConfigurationError(
                "sink: its URL cannot be read: write one such as nats://host:4222"
            ) from None
        if parts.scheme.partition("+")[0] != "nats":
            raise ConfigurationError(f"sink: {parts.scheme!r} is no kind of sink: nats://host:4222")
        self._url = url
        self._prefix = parts.path.strip("/").replace("/", ".") or _PREFIX
        self._credentials = credentials
        self._timeout = timeout
        self._client: Client | None = None

    def __repr__(self) -> str:
        return f"<NatsSink {self._prefix}>"

    async def __aenter__(self) -> NatsSink:
        self._client = await connect(self._url, self._credentials, self._timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        client, self._client = self._client, None
        if client is not None:
            await disconnect(client)

    async def __call__(self, event: OutboxEvent) -> None:
        """Publish an event; JetStream has it when this returns."""
        if self._client is None:
            raise RuntimeError("open the sink first")
        subject = f"{self._prefix}.{event.kind.value}.{_token(event.channel)}"
        data = encode(event).encode()
        headers = {"Nats-Msg-Id": _name(event)}
        try:
            answer = await self._client.request(
                subject, data, timeout=self._timeout, headers=headers
            )
        except errors.NoRespondersError:
            raise Unavailable(
                f"no stream of JetStream listens to {subject!r}: make one with the subject "
                f"'{self._prefix}.>'"
            ) from None
        except (errors.Error, OSError) as error:
            said = str(error) or type(error).__name__
            raise Unavailable(f"NATS has not taken an event: {said}") from error
        refused = msgspec.json.decode(answer.data).get("error")
        if refused is not None:
            raise Unavailable(f"JetStream refuses an event: {refused.get('description')}")


def _name(event: OutboxEvent) -> str:
    """The same whenever an event comes; that of no other event, also of another outbox."""
    named = replace(event, cursor="") if event.id else event
    return hashlib.blake2b(encode(named).encode(), digest_size=16).hexdigest()


def _token(name: str) -> str:
    """A channel's name as a part of a subject."""
    return "".join(one if one in _PLAIN else "_" for one in name) or "_"
