"""How much of each attack is run."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def is_full(request: pytest.FixtureRequest) -> bool:
    """Whether all of an attack is run, not a sample."""
    return bool(request.config.getoption("--attack") == "full")
