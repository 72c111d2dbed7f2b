"""Texts that people give on the command line."""

from __future__ import annotations

import re
import sys
from typing import Any

import rich_click as click
from click.types import StringParamType

__all__ = ["given_text", "not_empty"]


class _GivenText(StringParamType):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = super().convert(value, param, ctx)
        # Python keeps so what its encoding of the command line could not read.
        if _UNREAD.search(text):
            self.fail(f"not in {sys.getfilesystemencoding()}, this terminal's encoding", param, ctx)
        return text


given_text = _GivenText()
"""The ``type`` of an argument or option that is text: it refuses another encoding."""
_UNREAD = re.compile("[\udc80-\udcff]")


def not_empty(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """The callback of an option that may be left out, and not be given as nothing: a variable of a
    script may be empty by mistake."""
    if text == "":
        raise click.BadParameter("must not be empty", context, option)
    return text
