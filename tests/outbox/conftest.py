"""Fixtures of the outbox's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .server import Server, given_or_started


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for this process. That there is none is a failure."""
    with given_or_started() as server:
        yield server
