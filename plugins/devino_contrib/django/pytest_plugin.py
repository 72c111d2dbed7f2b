"""A fixture of pytest: the project leads to the sandbox.

In the ``conftest.py`` at the top::

    pytest_plugins = ["devino_contrib.django.pytest_plugin"]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from devino_sandbox import SandboxControl

__all__ = ["devino_django"]


@pytest.fixture
def devino_django(devino_sandbox: SandboxControl) -> Iterator[SandboxControl]:
    """The sandbox, empty; every channel and service of the Django project leads there. See
    :func:`devino_contrib.django.testing.led_to`; ``devino_sent`` has what arrived."""
    from .testing import led_to

    with led_to(devino_sandbox):
        yield devino_sandbox
