"""One sandbox for all tests here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devino_sandbox import LocalSandbox
from tests._django import configure

from ._sandboxed import CALLBACK_SECRET, PASSWORD, world


@pytest.fixture(scope="session")
def _running() -> Iterator[LocalSandbox]:
    with LocalSandbox(world) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_running: LocalSandbox) -> LocalSandbox:
    """The platform, as if it had just started."""
    _running.reset()
    return _running


@pytest.fixture
def channels(sandbox: LocalSandbox) -> dict[str, dict[str, object]]:
    """A channel that leads there."""
    return {"promo": {"kind": "rest", **sandbox.settings(), "password": PASSWORD}}


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of Django's project with all its tables."""
    configure()
    from django.core.management import call_command

    path = tmp_path_factory.mktemp("django") / "migrated.sqlite3"
    with _leading_to(path):
        call_command("migrate", verbosity=0)
    return path


@pytest.fixture
def project(_migrated: Path, tmp_path: Path, channels: dict[str, object]) -> Iterator[Path]:
    """Django's project with a database of its own, whose channels lead to the sandbox; its file."""
    from django.test import override_settings

    path = tmp_path / "project.sqlite3"
    shutil.copy(_migrated, path)
    callbacks = {"secrets": [CALLBACK_SECRET]}
    settings = {"channels": channels, "callbacks": callbacks, "outbox": {"poll": 0.05}}
    with _leading_to(path), override_settings(DEVINO=settings):
        yield path


@contextmanager
def _leading_to(path: Path) -> Iterator[None]:
    from django.db import connections
    from django.db.backends.base.base import BaseDatabaseWrapper

    settings = connections["default"].settings_dict
    before = settings["NAME"]
    # Django itself never closes a database in memory.
    BaseDatabaseWrapper.close(connections["default"])
    settings["NAME"] = str(path)
    try:
        yield
    finally:
        connections.close_all()
        settings["NAME"] = before
