"""The client in Django: an app.

::

    INSTALLED_APPS = [..., "devino_contrib.django"]
    DEVINO = {
        "default": "promo",
        "channels": {"promo": {"kind": "rest", "login": "me", "password": "..."}},
    }

    from devino_contrib.django import send

    send("+79031234567", "Your table is ready")

The tables of ``DEVINO`` are those of a file of settings: ``default``, ``channels``, ``services``,
``client`` and ``outbox``; and ``callbacks`` (``secrets``, ``sources``, ``networks``). If it has
neither ``channels`` nor ``services``, the file that ``DEVINO_CONFIG`` names counts, and the
environment. With ``DEVINO_TEST`` every channel is of the kind ``memory``. Needs the extra
``django``.

Beside it may stand :mod:`devino_contrib.django.outbox`, which keeps messages in the application's
own transaction, or :mod:`devino_contrib.django.store`, which remembers what was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devino_core.lazy import lazy

# Django imports this package to find its apps, before it has read any settings of theirs.
if TYPE_CHECKING:
    from ._sending import aclient, client, send
else:
    __getattr__ = lazy(__name__, dict.fromkeys(("aclient", "client", "send"), "_sending"))

__all__ = ["aclient", "client", "send"]
