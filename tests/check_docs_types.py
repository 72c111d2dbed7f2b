"""Check the types of all Python that the documentation shows: `python tests/check_docs_types.py`.

`tox -e types` runs it. A page is one program, as it is to Sphinx's doctest: its blocks are joined
in their order, so that one may go on where another ended. The programs in docs/examples are checked
as they are. Arguments name another checker: `pyright --pythonpath .venv/bin/python`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs" / "examples"
BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<kind>python|\{testcode\}|\{doctest\})\n(?P<code>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)
PROMPT = re.compile(r"(>>>|\.\.\.) ?")


def main(*checker: str) -> int:
    # Each project of Django has a manage.py, and a program has one module of a name.
    examples = sorted(file for file in EXAMPLES.rglob("*.py") if file.name != "manage.py")
    pages = [ROOT / "README.md", *sorted(ROOT.joinpath("docs").rglob("*.md"))]
    with tempfile.TemporaryDirectory() as folder:
        programs: dict[Path, Path] = {}
        for page in pages:
            if EXAMPLES not in page.parents and (code := program(page.read_text("utf-8"))).strip():
                name = "_".join(page.relative_to(ROOT).with_suffix("").parts)
                file = Path(folder, f"page_{name.replace('-', '_')}.py")
                file.write_text(code, "utf-8")
                programs[file] = page.relative_to(ROOT)
        path = os.pathsep.join({str(_root(file)) for file in (*programs, *examples)})
        done = subprocess.run(
            [sys.executable, "-m", *(checker or ["mypy"]), *programs, *examples],
            cwd=ROOT,
            env=os.environ | {"MYPYPATH": path, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )
        for file, page in programs.items():
            for shown in (str(file), os.path.relpath(file, ROOT)):
                done.stdout = done.stdout.replace(shown, str(page))
    print(f"{len(programs)} pages and {len(examples)} examples", done.stdout, sep="\n", end="")
    return done.returncode


def _root(file: Path) -> Path:
    """The folder from which a file is imported: the one that holds its package, if it has one."""
    return next(folder for folder in file.parents if not folder.joinpath("__init__.py").exists())


def program(page: str) -> str:
    """The code of a page's blocks, each line where the page has it, so that line numbers agree."""
    lines = [""] * (page.count("\n") + 1)
    for block in BLOCK.finditer(page):
        first = page.count("\n", 0, block.start("code"))
        for number, line in enumerate(code_of(block), first):
            lines[number] = line
    return "\n".join(lines) + "\n"


def code_of(block: re.Match[str]) -> Iterator[str]:
    for line in block["code"].removesuffix("\n").split("\n"):
        code = line.removeprefix(block["indent"])
        if block["kind"] == "{doctest}":
            prompt = PROMPT.match(code)
            code = code[prompt.end() :] if prompt else ""
        yield code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
