"""Callbacks: the platform posts reports and messages to a URL of ours.

::

    async def take(event: Event) -> None:
        await store(event)

    callbacks = Callbacks(take, [SPEC], secrets=[Secret("...")])

:meth:`Callbacks.handle` knows no framework, and :meth:`Callbacks.asgi` is an application to mount.
The URL to register ends in ``/<secret>/<source>``. A plugin brings sources by the hook
:func:`~devino_core.hookspecs.devino_callbacks`, and :meth:`AsyncClient.callbacks
<devino_core.AsyncClient.callbacks>` receives for all of them.

The answer 200 is a promise: every event of the request was taken. If one was not, the answer is
another, and the platform repeats the request. An event that is repeated is taken once, as long as
a :class:`~devino_core.remembered.Remembered` knows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devino_core.lazy import lazy

from ._values import CallbackAnswer, CallbackRequest, CallbackSpec, Read, Source, Take

# Every plugin with a source imports this package, but few processes receive callbacks.
if TYPE_CHECKING:
    from ._queue import EventQueue
    from ._receiver import Callbacks
else:
    __getattr__ = lazy(
        __name__,
        {
            "Callbacks": "_receiver",
            "EventQueue": "_queue",
        },
    )

__all__ = [
    "CallbackAnswer",
    "CallbackRequest",
    "CallbackSpec",
    "Callbacks",
    "EventQueue",
    "Read",
    "Source",
    "Take",
]
