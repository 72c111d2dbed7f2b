"""One sandbox for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from devino_sandbox import LocalSandbox

from ._sandboxed import PASSWORD, world


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
