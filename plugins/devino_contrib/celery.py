"""The client in Celery: tasks that send a message once, and follow it without holding a worker.

::

    app = Celery("shop", broker=..., include=["devino_contrib.celery"])

    message = Message("79031234567", "It is ready", ref="order-17")
    chain(send_message.s(message.to_dict()), follow_message.s()).delay()

A message travels as :meth:`Message.to_dict <devino_core.Message.to_dict>` has it, with its number
and its text: the broker is a place where both are kept. Results, errors, events and Celery's log
hold neither.

The settings are those of the file and the environment; ``app.conf.devino`` gives others, as
:class:`~devino_core.Client` takes them. With a table ``[outbox]`` its database remembers what was
sent, and no run of a task sends a message that another may have sent. Needs the extra ``celery``.
"""

from __future__ import annotations

import logging
import os
import random
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from msgspec.structs import replace

from devino_core import (
    Client,
    ConfigurationError,
    DevinoError,
    Message,
    OutcomeUnknown,
    Receipt,
    Retry,
    Status,
    shared,
)
from devino_core.observe import discreet
from devino_core.outbox import Outbox
from devino_core.portal import LoopThread
from devino_core.settings import Config, read_config
from devino_core.shared import Source

from ._needs import needs
from ._once import Once

with needs("celery"):
    from celery import Task, current_app, shared_task
    from celery.signals import worker_process_init, worker_process_shutdown, worker_shutdown

__all__ = ["follow_message", "send_message"]

E = TypeVar("E", bound=DevinoError)

_log = logging.getLogger("devino.celery")
_LONGEST = 600.0
"""Seconds between two tries. Brokers hand a task to another worker after an hour or so."""


class _Discreet(Task):
    """Its arguments are in no event and in no log."""

    abstract = True

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        *others: Any,
        **options: Any,
    ) -> Any:
        hidden = {"argsrepr": "(...)", "kwargsrepr": "{...}"}
        return super().apply_async(args, kwargs, *others, **{**options, **hidden})


@shared_task(
    bind=True,
    base=_Discreet,
    name="devino.send_message",
    # Even where the application says otherwise: a worker may die after it has sent.
    acks_late=False,
    max_retries=10,
)
def send_message(
    task: Task, message: Mapping[str, object], *, channel: str | None = None
) -> dict[str, object]:
    """Send one message, a dict as :meth:`Message.to_dict <devino_core.Message.to_dict>` gives.

    The result is its receipt, a dict with the middle of the number left out;
    :meth:`Receipt.from_dict <devino_core.Receipt.from_dict>` reads it. A message without ``ref``
    gets the task's id for one. What was not sent is tried again where that is safe, ten times at
    most, after the seconds that the platform asks for or ever more of its own.

    Fails with the errors of :meth:`Client.send <devino_core.Client.send>`. OutcomeUnknown: it may
    have been sent, by this run or by another one. RefTaken: the ref is that of another message.
    ConfigurationError: ``acks_late`` is set, and there is no ``[outbox]`` to remember what is sent.
    """
    try:
        client = _client()
        given = message
        if message.get("ref") is None and task.request.id is not None:
            given = {**message, "ref": task.request.id}
        return _sent(task, client, Message.from_dict(given), channel).to_dict()
    except DevinoError as error:
        told = _without_people(error)
        if error.retry is not Retry.SAFE:
            raise told from None
    raise task.retry(exc=told, countdown=_pause(told, 2.0**task.request.retries))


@shared_task(
    bind=True,
    base=_Discreet,
    name="devino.follow_message",
    # To ask twice does no harm.
    acks_late=True,
    max_retries=None,
)
def follow_message(
    task: Task,
    receipt: Mapping[str, object],
    *,
    interval: float = 5.0,
    timeout: float | None = None,
    until: str | None = None,
) -> dict[str, object]:
    """Ask what became of a message until it is known; the result is its receipt, as a dict.

    ``receipt`` is the result of :func:`send_message`. Between two questions no worker is held: the
    task puts itself off, for ``interval`` seconds at first and ten minutes in the end. It ends
    after ``timeout`` seconds, or with None when the platform no longer knows the message, with the
    state that is known then. ``until`` is the task's own. Run at once, it asks once.

    Fails with the errors of :meth:`Client.follow <devino_core.Client.follow>` that do not pass.
    """
    try:
        client = _client()
        known = Receipt.from_dict(receipt)
        now = datetime.now(UTC)
        end = _end(client, known, timeout, now) if until is None else datetime.fromisoformat(until)
        # One question: what may pass is told as the error of the status.
        for changed in client.follow(known, timeout=0):
            known = changed
    except DevinoError as error:
        raise _without_people(error) from None
    told, missed = _told(known), known.status.error
    is_over = known.status.state.is_final or now >= end
    if is_over or (missed is not None and missed.retry is not Retry.SAFE) or _is_at_once(task):
        return told.to_dict()
    wait = _pause(missed, interval * 1.5 ** min(task.request.retries, 50))
    raise task.retry(
        args=(replace(told, status=replace(told.status, error=None)).to_dict(),),
        kwargs={"interval": interval, "until": end.isoformat()},
        countdown=min(wait, max((end - now).total_seconds(), 0.0)),
    )


def _sent(task: Task, client: Client, message: Message, channel: str | None) -> Receipt:
    memory = _memory()
    if memory is None:
        if task.acks_late:
            raise ConfigurationError(
                f"{task.name}: acks_late sends a message twice when a worker dies after it has "
                "sent: give [outbox], whose database remembers what was sent, or leave it off"
            )
        if (task.request.delivery_info or {}).get("redelivered"):
            raise OutcomeUnknown(
                "the broker gave this task to a worker before, which may have sent the message: "
                "with [outbox] its database remembers what was sent"
            )
        return _told(client.send(message, channel=channel))
    once = memory.once
    known = memory.run(lambda: once.begin(message))
    if known is not None:
        return known
    try:
        receipt = _told(client.send(message, channel=channel))
    except DevinoError as error:
        if error.retry is not Retry.MAY_DUPLICATE:
            _note(memory, lambda: once.give_up(message.ref), message.ref)
        raise
    _note(memory, lambda: once.finish(receipt), message.ref)
    return receipt


def _note(memory: _Memory, note: Callable[[], Awaitable[None]], ref: str) -> None:
    """Remember what came of a message. If that fails, another run is in doubt and sends nothing."""
    try:
        memory.run(note)
    except DevinoError as error:
        _log.error("what came of %r is not remembered: %s", ref, error)


def _pause(error: DevinoError | None, seconds: float) -> float:
    """How long to wait: as long as was asked for, else about so long, and never very long."""
    asked = None if error is None else error.retry_after
    if asked is not None:
        return min(asked, _LONGEST)
    return min(seconds, _LONGEST) * random.uniform(0.75, 1.0)  # noqa: S311 - no secret


def _is_at_once(task: Task) -> bool:
    """Whether somebody waits in the same thread, where to put off is to call again at once."""
    return bool(task.request.called_directly or task.request.is_eager)


def _end(client: Client, receipt: Receipt, timeout: float | None, now: datetime) -> datetime:
    if timeout is not None:
        return now + timedelta(seconds=timeout)
    at = receipt.send_at
    if at is not None and at.tzinfo is None:
        # The clock of a recipient, who may live where it is latest.
        at = at.replace(tzinfo=UTC) + timedelta(hours=12)
    return max(now, at or now) + client.channel(receipt.channel).remembers


def _told(receipt: Receipt) -> Receipt:
    """The receipt as results hold it: they are logged, and kept where nobody looks after them."""
    error = receipt.error
    return replace(
        receipt,
        to=discreet("recipient", receipt.to),
        status=_discreet(receipt.status),
        error=None if error is None else _without_people(error),
    )


def _discreet(status: Status) -> Status:
    return replace(
        status,
        description=discreet("words", status.description),
        legs=tuple(_discreet(leg) for leg in status.legs),
        error=None if status.error is None else _without_people(status.error),
    )


def _without_people(error: E) -> E:
    """The error without numbers and addresses: Celery logs it, and keeps it as a result."""
    told = copy(error)
    told.args = tuple(discreet("words", one) if isinstance(one, str) else one for one in error.args)
    for name, fact in vars(error).items():
        if isinstance(fact, str) and name not in ("call_id", "ref"):
            setattr(told, name, discreet("words", fact))
    return told


class _Memory(LoopThread):
    """The outbox's database, open in a thread of its own."""

    def __init__(self, outbox: Outbox) -> None:
        super().__init__(outbox)
        self.once = Once(outbox)


class _Own:
    """What this process has open."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        # A forked child must not inherit a lock that another thread held.
        self.turn = threading.Lock()
        self.memory: _Memory | None = None


_own = _Own()


def _source() -> Source:
    conf: Any = current_app.conf
    source: Source = conf.get("devino")
    return source


def _client() -> Client:
    return shared.client(_source())


def _memory() -> _Memory | None:
    """The memory of this process, open; None if the settings have no outbox."""
    with _own.turn:
        if _own.memory is None or not _own.memory.is_usable:
            config = _config(_source())
            if config is None or "outbox" not in config.reserved:
                return None
            _own.memory = _Memory(Outbox(config=config))
        return _own.memory


def _config(source: Source) -> Config | None:
    if source is None or isinstance(source, str | os.PathLike):
        return read_config(source)
    return source if isinstance(source, Config) else None


@worker_process_init.connect
def _open(**_: object) -> None:
    _own.forget()
    _client()


@worker_process_shutdown.connect
@worker_shutdown.connect
def _close(**_: object) -> None:
    with _own.turn:
        memory, _own.memory = _own.memory, None
    if memory is not None:
        memory.stop()
    shared.close()
