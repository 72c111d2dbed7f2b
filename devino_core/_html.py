"""A receipt as a notebook shows it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ._masking import masked_recipient

if TYPE_CHECKING:
    from ._status import Receipt

__all__ = ["receipt_html"]


def receipt_html(receipt: Receipt) -> str:
    """One table, without the middle of the number: notebooks are passed on with their outputs."""
    status = receipt.status
    rows = {
        "to": masked_recipient(receipt.to),
        "state": status.state,
        "medium": receipt.medium,
        "channel": receipt.channel,
        "ids": ", ".join(receipt.ids),
        "parts": receipt.parts or "",
        "code": "" if status.code is None else status.code,
        "description": status.description,
        "price": "" if status.price is None else status.price,
        "error": "" if receipt.error is None else type(receipt.error).__name__,
        "ref": receipt.ref,
    }
    shown = "".join(
        f"<tr><th>{name}</th><td>{escape(str(said))}</td></tr>"
        for name, said in rows.items()
        if said != ""
    )
    return f"<table>{shown}</table>"
