"""Fixtures of the outbox's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .nats_server import NatsServer, nats_started
from .server import Server, given_or_started


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for this process. That there is none is a failure."""
    with given_or_started() as server:
        yield server


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    """A NATS server for this process. That there is none is a failure."""
    with nats_started() as server:
        yield server
