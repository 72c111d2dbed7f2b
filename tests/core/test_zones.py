"""The time zones of numbers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfoNotFoundError

import pytest

from devino_core import zone_of, zones
from tests._vectors import ROOT

SUMMER, WINTER = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


def hours(zone: tzinfo, at: datetime = WINTER) -> float:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset / timedelta(hours=1)


def test_every_block_of_mobile_numbers_has_the_zone_of_the_register() -> None:
    rows = (ROOT / "zones" / "ru_mobile.tsv").read_text().splitlines()[1:]
    register = {prefix: int(offset) for prefix, offset in (row.split("\t") for row in rows)}
    assert len(register) == 1621

    def legal(block: str) -> int:
        return next((register[block[:n]] for n in range(6, 0, -1) if block[:n] in register), 3)

    blocks = [str(block) for block in range(900_000, 1_000_000)]
    wrong = [b for b in blocks if hours(zone_of(f"7{b}0000")) != legal(b)]
    assert wrong == []


@pytest.mark.parametrize(
    ("number", "winter", "summer"),
    [
        ("74012000000", 2, 2),  # Kaliningrad
        ("78422000000", 4, 4),  # Ulyanovsk
        ("73812000000", 6, 6),  # Omsk
        ("74112000000", 9, 9),  # Yakutsk
        ("74272200000", 12, 12),  # Anadyr
        ("77011234567", 5, 5),
        ("375291234567", 3, 3),
        ("380501234567", 2, 3),
        ("37369123456", 2, 3),
        ("998901234567", 5, 5),
        ("996312123456", 6, 6),
        ("97699112233", 8, 8),
        ("972501234567", 2, 3),
        ("4915112345678", 1, 2),
        ("447911123456", 0, 1),
        ("353861234567", 0, 1),
        ("12125550100", -5, -4),
        ("13105550100", -8, -7),
        ("16025550100", -7, -7),
        ("8613912345678", 8, 8),
        ("919812345678", 5.5, 5.5),
        ("9779812345678", 5.75, 5.75),
        ("61412345678", 11, 10),
        ("99912345678", 3, 3),  # no country
    ],
)
def test_a_number_has_the_clock_of_its_country(number: str, winter: float, summer: float) -> None:
    zone = zone_of(number)
    assert (hours(zone, WINTER), hours(zone, SUMMER)) == (winter, summer)


@pytest.mark.parametrize("notation", ["+7 (914) 070-00-00", "89140700000", "79140700000"])
def test_any_notation_will_do(notation: str) -> None:
    assert hours(zone_of(notation)) == 10


@pytest.mark.parametrize("text", ["", "DEVINO", "12", "who@example.com"])
def test_what_is_no_number_has_no_zone(text: str) -> None:
    with pytest.raises(ValueError, match="not a phone number"):
        zone_of(text)


def test_without_a_database_there_is_no_summer_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> tzinfo:
        raise ZoneInfoNotFoundError(name)

    uncached: Callable[[str, float], tzinfo] = zones._zone.__wrapped__
    monkeypatch.setattr(zones, "_zone", uncached)
    monkeypatch.setattr(zones, "ZoneInfo", missing)
    assert [hours(zone_of("4915112345678"), at) for at in (WINTER, SUMMER)] == [1, 1]


def test_the_table_is_imported_on_first_use() -> None:
    program = "import devino_core, sys; sys.exit('devino_core._zone_table' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
