"""The example projects: their own tests, and each driven as a user would, in this environment.

`tests/check_examples.py` does the same with each in an environment of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from devino_sandbox import LocalSandbox

from ._driven import SERVERS, Project, kill_the_worker, run_tests, serve

PYTEST = ["pytest", "-q", "-p", "no:cacheprovider", "--import-mode=prepend"]


@pytest.mark.parametrize("name", ["web-fastapi", "web-flask", "web-celery"])
def test_its_own_tests_pass(name: str, tmp_path: Path) -> None:
    run_tests(Project.copied(name, tmp_path, sys.executable), *PYTEST)


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_sends_and_ends_in_good_order(
    server: str, sandbox: LocalSandbox, tmp_path: Path
) -> None:
    project = Project.copied(SERVERS[server].project, tmp_path, sys.executable)
    serve(server, project, sandbox, tmp_path / "log")


def test_what_a_killed_worker_sent_is_not_sent_again(sandbox: LocalSandbox, tmp_path: Path) -> None:
    project = Project.copied("web-celery", tmp_path, sys.executable)
    kill_the_worker(project, sandbox, tmp_path / "log")
