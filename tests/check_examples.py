"""Install each example project from the wheel, and drive it as a user would.

`python -m tests.check_examples [NAME...]`; `tox -e examples` runs it. Each project gets an
environment of its own, so that a requirement that it forgot is missing there. The platform is a
sandbox in this process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from devino_sandbox import LocalSandbox

from .contrib._driven import EXAMPLES, SERVERS, Project, kill_the_worker, run_tests, serve
from .contrib._sandboxed import world

ROOT = EXAMPLES.parents[1]
Drive: TypeAlias = Callable[[Project, LocalSandbox, Path], None]


def _servers(project: Project, sandbox: LocalSandbox, folder: Path) -> None:
    for name, server in SERVERS.items():
        if server.project == project.folder.name:
            print(f"{name}: a request, a callback, a stop in good order", flush=True)
            sandbox.reset()
            serve(name, project, sandbox, folder / f"{name}.log")


def _worker(project: Project, sandbox: LocalSandbox, folder: Path) -> None:
    print("celery: a worker is killed while it sends", flush=True)
    sandbox.reset()
    kill_the_worker(project, sandbox, folder / "worker.log")


def _nothing(project: Project, sandbox: LocalSandbox, folder: Path) -> None:
    """Its tests are all that a user runs of it."""


_PYTEST = ("pytest", "-q", "-p", "no:cacheprovider")
PROJECTS: dict[str, tuple[tuple[str, ...], Drive]] = {
    "web-django": (("manage", "test"), _nothing),
    "web-fastapi": (_PYTEST, _servers),
    "web-flask": (_PYTEST, _servers),
    "web-celery": (_PYTEST, _worker),
    "testing-pytest": (_PYTEST, _nothing),
    "testing-unittest": (("unittest",), _nothing),
    "testing-django": (("manage", "test"), _nothing),
}
"""How a project's own tests are run, and what else is done with it."""


def main(*chosen: str) -> None:
    unknown = set(chosen) - set(PROJECTS)
    if unknown:
        sys.exit(f"no such projects: {', '.join(sorted(unknown))}")
    # A developer's own: by PYTHONPATH an import would find what the project forgot to require.
    for variable in [name for name in os.environ if name == "PYTHONPATH" or "DEVINO" in name]:
        del os.environ[variable]
    with tempfile.TemporaryDirectory() as given, LocalSandbox(world) as sandbox:
        folder = Path(given)
        wheel = _wheel(folder)
        for name in chosen or PROJECTS:
            print(f"\n# {name}", flush=True)
            tests, drive = PROJECTS[name]
            python = _environment(folder / f"{name}-env")
            project = Project.copied(name, folder, python)
            # Under the name of a path pip takes the extras that the project asks for.
            _pip(python, f"devino @ {wheel.as_uri()}", f"{project.folder}[test]")
            run_tests(project, *tests)
            drive(project, sandbox, folder)
            shutil.rmtree(folder / f"{name}-env")
    print("\neach example does what it shows")


def _wheel(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    subprocess.run([*pip, folder / "dist", ROOT], check=True)
    (wheel,) = folder.joinpath("dist").glob("devino-*.whl")
    return wheel


def _environment(folder: Path) -> str:
    venv.create(folder, with_pip=True)
    return str(folder / ("Scripts" if sys.platform == "win32" else "bin") / "python")


def _pip(python: str, *wanted: str) -> None:
    command = [python, "-m", "pip", "install", "--quiet", *wanted]
    print("$", *command[1:], flush=True)
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
