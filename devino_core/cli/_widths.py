"""How wide the columns of a table are, on a terminal that may be narrow."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["column_widths", "table_width"]

# Columns that may take several lines, broken at blanks.
_PROSE = frozenset(
    {"at", "brings", "code", "description", "error", "reason", "reported_at", "text"}
)
_GAP = 2


def column_widths(
    columns: Sequence[str], rows: Sequence[Sequence[str]], room: int
) -> Sequence[int]:
    """The width of each column. The table may need more than ``room``: no word is broken."""
    from rich.cells import cell_len

    cells = [[column, *values] for column, *values in zip(columns, *rows, strict=True)]
    widths = [max(map(cell_len, one)) for one in cells]
    least = [
        max(map(cell_len, " ".join(one).split())) if column in _PROSE else width
        for column, one, width in zip(columns, cells, widths, strict=True)
    ]
    while table_width(widths) > room:
        spare = [nth for nth, width in enumerate(widths) if width > least[nth]]
        if not spare:
            break
        widths[max(spare, key=widths.__getitem__)] -= 1
    return widths


def table_width(widths: Sequence[int]) -> int:
    """The width of a table with columns of these widths."""
    return sum(widths) + _GAP * (len(widths) - 1)
