"""What receivers of the project are told, and when.

All are told in the thread that does the work, which is not always that of a request; each may use
the database.
"""

from __future__ import annotations

from devino_contrib._needs import needs

with needs("django"):
    from django.dispatch import Signal

__all__ = [
    "consent_changed",
    "incoming",
    "post_send",
    "pre_send",
    "send_failed",
    "status_changed",
]

pre_send: Signal = Signal()
"""``message``, ``channel``: :func:`~devino_contrib.django.send` is about to send it, or to add it
to the outbox. A receiver that raises keeps it from that."""

post_send: Signal = Signal()
"""``message``, ``receipt``: the platform answered; the receipt may be a refusal. What a receiver
raises is logged only, for the message is gone."""

send_failed: Signal = Signal()
"""``message``, ``error``: it was not sent, or nobody knows (``error.retry``). After a commit nobody
hears the exception, so this and the log are all that tells of it. What a receiver raises is
logged."""

status_changed: Signal = Signal()
"""``event``, a :class:`~devino_core.StatusChanged`: by a callback, by the worker of the outbox, by
``devino_follow``. Of a message in the outbox ``event.ref`` is its ref. A receiver that raises has
not taken it, and gets it again: let it do no harm twice (``event.channel`` and ``event.id`` name
it)."""

incoming: Signal = Signal()
"""``event``, an :class:`~devino_core.Incoming`: a subscriber wrote. The first text that a receiver
returns goes back to them, where the source takes replies. It may come again, as above."""

consent_changed: Signal = Signal()
"""``event``, a :class:`~devino_core.ConsentChanged`. It may come again, as above."""
