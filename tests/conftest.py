"""A developer's own settings must not reach the tests."""

from __future__ import annotations

import os

import pytest

# No fixture: modules of tests take copies of the environment when they are imported.
for _name in [name for name in os.environ if name.upper().startswith("DEVINO")]:
    del os.environ[_name]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--attack",
        choices=["sampled", "full"],
        default="sampled",
        help="how much of each attack in tests/attack is run",
    )
    parser.addoption(
        "--screenshots",
        metavar="FOLDER",
        help="where tests/ui keeps the pictures of the documentation",
    )
