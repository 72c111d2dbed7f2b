"""What holds for every test that looks for secrets."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest

_NUMBER = re.compile(r"(?<![0-9])7(?:903|916|999)[0-9]{7}(?![0-9])")


@pytest.fixture(autouse=True)
def _log_at_its_most_talkative(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The log shows requests, answers and texts, and still no number of a person."""
    if not request.module.__name__.endswith("_secrets"):
        yield
        return
    monkeypatch.setenv("DEVINO_LOG_TEXTS", "1")
    caplog: pytest.LogCaptureFixture = request.getfixturevalue("caplog")
    caplog.set_level(logging.DEBUG, "devino")
    yield
    told = [record.getMessage() for record in caplog.get_records("call") if _is_ours(record)]
    assert not [text for text in told if _NUMBER.search(text)]


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == "devino"
