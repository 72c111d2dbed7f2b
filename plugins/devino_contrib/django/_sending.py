"""The client of the project, and the one function that most projects need."""

from __future__ import annotations

import msgspec

from devino_contrib._needs import needs
from devino_core import (
    AsyncClient,
    Client,
    DevinoError,
    InvalidArgument,
    Medium,
    Message,
    Receipt,
    shared,
)

from . import signals
from ._project import client_config, uses_outbox
from ._telling import log_failure

with needs("django"):
    from django.db import transaction

__all__ = ["aclient", "client", "send", "send_now"]


def client() -> Client:
    """The client of this process, open: see :func:`devino_core.shared.client`. Raises
    ConfigurationError."""
    return shared.client(client_config())


async def aclient() -> AsyncClient:
    """The client of the running event loop, open: see :func:`devino_core.shared.aclient`."""
    return await shared.aclient(client_config())


def send(
    to: str,
    text: str,
    *,
    sender: str | None = None,
    medium: Medium | str = Medium.SMS,
    ref: str | None = None,
    on_commit: bool = True,
    channel: str | None = None,
    using: str | None = None,
) -> Receipt | None:
    """Send a text, once the transaction that is open on ``using`` is committed.

    With the app :mod:`devino_contrib.django.outbox` the message is added to the outbox in this very
    transaction, and the worker sends it: the result is None. Without it the message is sent right
    after the commit, which loses it if the process dies in between; the result is None, and what
    fails is told to ``send_failed``. Outside a transaction, or with ``on_commit=False``, it is sent
    at once (with the outbox: added at once, unless ``on_commit`` is False) and gives its receipt.

    Raises InvalidMessage, InvalidArgument if ``using`` is not the database of the outbox, and for
    what is sent at once all that :meth:`devino_core.Client.send` raises.
    """
    message = Message(to, text, sender=sender, medium=Medium(medium))
    if ref is not None:
        message = msgspec.structs.replace(message, ref=ref)
    adds = on_commit and uses_outbox()
    if adds:
        _check_database(using)
    signals.pre_send.send(Message, message=message, channel=channel)
    if not on_commit:
        return send_now(message, channel)
    if adds:
        from .outbox import enqueue

        enqueue(message, channel=channel, in_transaction=False)
        return None
    if not transaction.get_connection(using).in_atomic_block:
        return send_now(message, channel)
    client().check([message], channel=channel)

    def sent_after_commit() -> None:
        try:
            send_now(message, channel)
        except DevinoError as error:
            log_failure(error)

    transaction.on_commit(sent_after_commit, using)
    return None


def _check_database(using: str | None) -> None:
    from .outbox._place import alias

    if using not in (None, alias()):
        raise InvalidArgument("using", f"the outbox is in the database {alias()!r}")


def send_now(message: Message, channel: str | None) -> Receipt:
    """Send and tell the signals."""
    try:
        receipt = client().send(message, channel=channel)
    except DevinoError as error:
        signals.send_failed.send_robust(Message, message=message, error=error)
        raise
    signals.post_send.send_robust(Message, message=message, receipt=receipt)
    return receipt
