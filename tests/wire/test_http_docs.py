"""What the documentation of the table promises."""

from __future__ import annotations

import doctest

import pytest

from devino_codecs import http
from devino_codecs.http import _envelope, _wire_forms


@pytest.mark.parametrize(
    "module", [http, _envelope, _wire_forms], ids=lambda module: module.__name__
)
def test_the_examples_in_the_docstrings_run(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted
    assert not result.failed


def test_every_public_name_is_documented() -> None:
    undocumented = [
        name
        for name in http.__all__
        if isinstance(getattr(http, name), type) and not getattr(http, name).__doc__
    ]
    assert undocumented == []
