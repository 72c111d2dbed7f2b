"""Commands that need no channel: ``segments``, ``explain``, and the group ``decode``, which others
fill.

A plugin that offers a command named ``decode smpp`` finds it as ``devino decode smpp``; while no
plugin does, ``devino`` does not show the group.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import hookimpl

if TYPE_CHECKING:
    import click

__all__ = ["devino_commands"]


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``segments``, ``explain``, ``decode`` and ``decode onec``."""
    # Not above: a client loads all plugins, also where the extra `cli` is not installed.
    import rich_click

    from ._explain import explain
    from ._onec import decode as decode_onec
    from ._segments import segments

    # Made anew each time, because others add to it.
    decode = rich_click.RichGroup(name="decode", help="Show what a protocol's bytes say.")
    return [segments, explain, decode, decode_onec]
