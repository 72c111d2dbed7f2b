"""Messages into the outbox, in the project's own transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from devino_contrib._needs import needs
from devino_core import Message
from devino_core.outbox import Added, InDoubt, KeepText, Outbox, RefTaken

from ._place import alias, outbox_of_project, table_name

with needs("django"):
    from django.db import connections, transaction

__all__ = ["enqueue", "forget", "on_enqueued"]


def enqueue(
    message: Message,
    *,
    in_transaction: bool = True,
    channel: str | None = None,
    tenant: str = "",
    in_doubt: InDoubt | str | None = None,
    expires: timedelta | None = None,
    keep_text: KeepText | str | None = None,
) -> Added:
    """Add a message in the transaction that is open: it is sent if that commits, and only then.

    It is one INSERT over Django's own connection; a worker sees it after the commit, within
    ``poll`` seconds, one in this process at once. The arguments are those of
    :meth:`devino_core.outbox.Outbox.enqueue`. Give the message a ``ref`` of your own: the same
    message under the same ref is added once (Added.SAME).

    Raises TransactionManagementError outside ``transaction.atomic()``, unless ``in_transaction`` is
    False: then it is committed at once. Raises RefTaken for a ref of another message.
    """
    name = alias()
    connection = connections[name]
    if in_transaction and not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "enqueue() outside of atomic() is committed at once, whatever becomes of the rest: use "
            "transaction.atomic(), or say enqueue(..., in_transaction=False)"
        )
    outbox = _borrowed(name)
    statement = outbox.statement(
        [message],
        dialect="django",
        channel=channel,
        tenant=tenant,
        in_doubt=in_doubt,
        expires=expires,
        keep_text=keep_text,
    )
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        if cursor.fetchone() is not None:
            transaction.on_commit(_tell_workers, using=name)
            return Added.NEW
        cursor.execute(f"SELECT hash FROM {table_name()} WHERE ref = %s", [message.ref])  # noqa: S608 - no data
        row = cursor.fetchone()
    # None: it was pruned in this moment, so it had been sent long ago.
    if row is not None and row[0] != outbox.hash_of(message):
        raise RefTaken(message.ref)
    return Added.SAME


def on_enqueued(wake: Callable[[], object]) -> Callable[[], None]:
    """Call it after each commit that adds a message in this process. Gives what ends that."""
    _wakes.append(wake)
    return lambda: _wakes.remove(wake)


def forget(*, setting: str, **_: object) -> None:
    """A test has changed where the outbox is."""
    if setting in ("DEVINO", "DATABASES"):
        _outboxes.clear()


_wakes: list[Callable[[], object]] = []
_outboxes: dict[tuple[str, str], Outbox] = {}
"""By database, and by the name that it has now: that of a test is another."""


def _borrowed(name: str) -> Outbox:
    connection = connections[name]
    key = name, str(connection.settings_dict["NAME"])
    outbox = _outboxes.get(key)
    if outbox is None:
        connection.ensure_connection()
        outbox = outbox_of_project(borrows=True)
        outbox.borrow(connection.connection)
        _outboxes[key] = outbox
    return outbox


def _tell_workers() -> None:
    for wake in tuple(_wakes):
        wake()
