"""Source ``sms``: what subscribers write, handed to a URL of ours (chapter 11).

What ``take`` returns goes back to the subscriber as an SMS.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import hookimpl
from devino_core.callbacks import CallbackSpec
from devino_core.lazy import lazy

if TYPE_CHECKING:
    import click

    from ._source import IncomingSource
else:
    __getattr__ = lazy(__name__, {"IncomingSource": "_source"})

__all__ = ["IncomingSource", "devino_callbacks", "devino_commands"]


@hookimpl
def devino_callbacks() -> Iterable[CallbackSpec]:
    """``sms``."""
    return (
        CallbackSpec(
            name="sms",
            summary="Incoming SMS; a reply goes back.",
            source="devino_plugins.incoming:IncomingSource",
            # The manual gives no verb.
            methods=frozenset({"GET", "POST"}),
        ),
    )


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``decode incoming``."""
    # Not above: a client loads all plugins, also where the extra `cli` is not installed.
    from ._decode import decode

    return (decode,)
