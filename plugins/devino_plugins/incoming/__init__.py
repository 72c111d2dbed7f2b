"""Source ``sms``: what subscribers write, handed to a URL of ours (chapter 11).

What ``take`` returns goes back to the subscriber as an SMS.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from devino_core import hookimpl
from devino_core.callbacks import CallbackSpec
from devino_core.hookspecs import commands_at
from devino_core.lazy import lazy

if TYPE_CHECKING:
    from ._source import IncomingSource
else:
    __getattr__ = lazy(__name__, {"IncomingSource": "_source"})

__all__ = ["IncomingSource"]


@hookimpl
def devino_callbacks() -> Iterable[CallbackSpec]:
    """``sms``."""
    yield CallbackSpec(
        name="sms",
        summary="Incoming SMS; a reply goes back.",
        source="devino_plugins.incoming:IncomingSource",
        # The manual gives no verb.
        methods=frozenset({"GET", "POST"}),
    )


devino_commands: Final = commands_at("devino_plugins.incoming._decode:decode")
