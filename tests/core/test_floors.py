"""What `tox -e floors` installs."""

from __future__ import annotations

import tomllib

from tests.floors import EXTRAS, PROJECT, floors

LEFT_OUT = {"all", "dev", "docs", "test", "nats", "postgres"}
"""Sums of others, what is no part of the library, and stores that need a server."""


def test_every_requirement_of_every_extra_has_a_floor() -> None:
    text = PROJECT.read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    assert set(extras) - LEFT_OUT == set(EXTRAS)
    wanted = floors(text)
    names = [one.partition("==")[0] for one in wanted]
    assert len(set(names)) == len(names)
    assert {"aiohttp", "celery", "fastapi", "flask", "pydantic"} <= set(names)
    assert not [one for one in names if one.startswith("devino")]
