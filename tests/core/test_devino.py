"""`import devino`: the name of the distribution gives the kernel's names."""

from __future__ import annotations

import subprocess
import sys

import pytest

import devino
import devino_core

pytestmark = pytest.mark.pythons


def test_every_name_of_the_kernel_is_there_and_no_other() -> None:
    assert devino.__all__ == devino_core.__all__
    assert [getattr(devino, name) for name in devino.__all__] == [
        getattr(devino_core, name) for name in devino_core.__all__
    ]
    assert set(devino.__all__) <= set(dir(devino))
    with pytest.raises(AttributeError, match="module 'devino' has no attribute 'Clent'"):
        _ = devino.Clent  # type: ignore[attr-defined]


def test_all_names_can_be_imported_at_once() -> None:
    program = "from devino import *; print(Client.__name__, Message.__name__, __version__)"
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert said.stdout.split() == ["Client", "Message", devino_core.__version__]


def test_the_import_alone_imports_nothing_else() -> None:
    program = (
        "import sys, typing; before = set(sys.modules); import devino; "
        "hasattr(devino, '__wrapped__'); print(*set(sys.modules) - before)"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    )
    assert said.stdout.split() == ["devino"]
