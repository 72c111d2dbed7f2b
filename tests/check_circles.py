"""No module imports itself by way of others: ``python tests/check_circles.py``.

Counted are imports at the top, within functions, and for types alone. Where two files need each
other, they are one, or a third is missing.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parent.parent


def circle(imports: Mapping[str, Collection[str]]) -> list[str]:
    """A circle, its first module again at its end; empty if there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return []


def main() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    graph = grimp.build_graph(*settings["tool"]["importlinter"]["root_packages"], cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    count = sum(map(len, imports.values()))
    if found := circle(imports):
        sys.exit(f"a circle of imports: {' -> '.join(found)}")
    print(f"{len(imports)} modules, {count} imports, no circle")


if __name__ == "__main__":
    main()
