"""Run the demo, and put what it shows into both READMEs and docs/demo.svg.

Run it after a change of the demo: `python tests/make_demo_picture.py`. A test compares both with a
run of their own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from devino_core import Plugins
from devino_sandbox._demo import Demo, Result, Row
from devino_sandbox._demo_matrix import Marks, matrix, summary
from devino_sandbox._demo_view import printed

ROOT = Path(__file__).resolve().parent.parent
READMES = ROOT / "README.md", ROOT / "README.ru.md"
PICTURE = ROOT / "docs" / "demo.svg"
SHOWN = re.compile(r"(?<=```text\n) .*?(?=```)", re.DOTALL)

_WIDTH, _HEIGHT = 100, 28
# One that can be read on white and on black.
_THEME = TerminalTheme(
    (24, 26, 32),
    (220, 223, 228),
    [
        (0, 0, 0), (224, 108, 117), (120, 200, 120), (229, 192, 100),
        (97, 175, 239), (216, 120, 200), (86, 182, 194), (171, 178, 191),
    ],
    [
        (120, 126, 140), (255, 120, 130), (150, 230, 150), (255, 215, 130),
        (130, 200, 255), (235, 150, 225), (120, 215, 225), (255, 255, 255),
    ],
)  # fmt: skip


def run() -> Result:
    """The demo, from its beginning to its end."""

    def show(_: Sequence[Row]) -> None: ...

    return asyncio.run(Demo(Plugins(environ={}), show).run())


def text_of(result: Result) -> str:
    """What ``devino demo`` prints into a pipe."""
    return "\n".join([*printed(result), "", *summary(result), ""])


def picture_of(result: Result) -> str:
    """What it shows on a terminal, in colours."""
    console = Console(
        file=StringIO(), width=_WIDTH, record=True, force_terminal=True, color_system="standard"
    )
    console.print(matrix(result.rows, width=_WIDTH, height=_HEIGHT, marks=Marks("utf-8")))
    console.print()
    for line in summary(result):
        console.print(line, markup=False, highlight=False)
    picture = console.export_svg(title="devino demo", theme=_THEME, unique_id="demo")
    # It names fonts on another site, and a page of ours asks nobody else.
    alone = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    return re.sub(r"[ \t]+$", "", alone, flags=re.MULTILINE)


def main() -> None:
    result = run()
    if not result.ok:
        raise SystemExit("the demo did not end as it should: see `devino demo --all`")
    for readme in READMES:
        text = readme.read_text("utf-8")
        readme.write_text(SHOWN.sub(lambda _: text_of(result), text), "utf-8")
    PICTURE.write_text(picture_of(result), "utf-8")


if __name__ == "__main__":
    main()
