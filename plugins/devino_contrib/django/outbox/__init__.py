"""The outbox in the project's own database: an app.

::

    INSTALLED_APPS = [..., "devino_contrib.django", "devino_contrib.django.outbox"]

    with transaction.atomic():
        order.save()
        enqueue(Message(order.phone, "It is ready", ref=f"order-{order.pk}"))

``manage.py migrate`` makes the tables of :mod:`devino_core.outbox`, in SQLite among those of the
project, in PostgreSQL in the schema ``devino``; ``manage.py devino_worker`` sends. The table
``outbox`` of ``DEVINO`` has the keys of ``[outbox]`` but ``url``, and ``using``, the name of the
database (``default``). The admin lists messages, and decides about those that wait for a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devino_core.lazy import lazy

if TYPE_CHECKING:
    from ._enqueue import enqueue
    from ._place import outbox_of_project
else:
    __getattr__ = lazy(__name__, {"enqueue": "_enqueue", "outbox_of_project": "_place"})

__all__ = ["enqueue", "outbox_of_project"]
