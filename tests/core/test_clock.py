"""How durations are said."""

from __future__ import annotations

import pytest

from devino_core.clock import in_words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.0004, "less than 0.01 s"),
        (0.0426, "0.04 s"),
        (0.996, "1 s"),
        (1.5, "1.5 s"),
        (9.96, "10 s"),
        (29.9982, "30 s"),
        (90, "90 s"),
        (119.6, "2 min"),
        (150, "2 min 30 s"),
        (3600, "60 min"),
        (7500, "2 h 5 min"),
        (90_000, "25 h"),
        (180_000, "2 days 2 h"),
        (1e6, "11 days 13 h"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert in_words(seconds) == said
