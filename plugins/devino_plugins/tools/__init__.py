"""What needs no wire: ``segments``, ``explain``, ``statistics``, how long a text is, and the group
``decode``, to which others add.

A plugin that offers a command named ``decode smpp`` finds it as ``devino decode smpp``; while no
plugin does, ``devino`` does not show the group.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import hookimpl
from devino_core.hookspecs import Measure

if TYPE_CHECKING:
    import click

__all__: list[str] = []


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``segments``, ``explain``, ``statistics``, ``decode`` and ``decode onec``."""
    # Not above: a client loads all plugins, also where the extra `cli` is not installed.
    import rich_click

    from ._explain import explain
    from ._onec import decode as decode_onec
    from ._segments import segments
    from ._statistics import statistics

    # Made anew each time, because others add to it.
    decode = rich_click.RichGroup(name="decode", help="Show what a protocol's bytes say.")
    return [segments, explain, statistics, decode, decode_onec]


@hookimpl
def devino_measure(text: str) -> Measure | None:
    """By GSM 03.38 and UCS2."""
    from devino_codecs.errors import EncodeError
    from devino_codecs.text import choose_alphabet, count_parts

    try:
        parts = count_parts(text)
    except EncodeError:
        return None
    return Measure(choose_alphabet(text).name, parts)
