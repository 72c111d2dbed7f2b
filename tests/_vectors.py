"""The manual's examples: ``vectors("rest-v1", direction="response")`` gives them as bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent / "vectors"


@dataclass(frozen=True)
class Vector:
    id: str
    chapter: int
    protocol: str
    direction: str
    file: Path
    printed: Path | None
    """The example as the manual prints it, where that is malformed."""

    @property
    def data(self) -> bytes:
        return self.file.read_bytes()

    @property
    def text(self) -> str:
        return self.data.decode().strip()


def _load() -> dict[str, Vector]:
    rows = json.loads((ROOT / "index.json").read_text())
    return {
        row["id"]: Vector(
            row["id"],
            row["chapter"],
            row["protocol"],
            row["direction"],
            ROOT / row["file"],
            ROOT / row["printed"] if "printed" in row else None,
        )
        for row in rows
    }


VECTORS = _load()


def vectors(
    *protocols: str, direction: str | None = None, chapter: int | None = None
) -> list[Vector]:
    """All vectors of these protocols, in the manual's order.

    Pass them to ``parametrize`` with ``ids=vector_id``.
    """
    found = [
        v
        for v in VECTORS.values()
        if v.protocol in protocols
        and direction in (None, v.direction)
        and chapter in (None, v.chapter)
    ]
    assert found, f"no vector of {protocols} {direction} {chapter}"
    return found


def vector_id(vector: Vector) -> str:
    return vector.id
