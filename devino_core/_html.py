"""Facts as a notebook shows them."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

__all__ = ["table"]


def table(rows: Mapping[str, object]) -> str:
    """A row for each fact; an empty one has none."""
    shown = "".join(
        f"<tr><th>{name}</th><td>{escape(str(said))}</td></tr>"
        for name, said in rows.items()
        if said not in (None, "")
    )
    return f"<table>{shown}</table>"
