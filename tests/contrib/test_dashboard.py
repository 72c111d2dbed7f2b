"""The dashboard for Grafana asks for metrics and labels that are there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from devino_contrib.prometheus import BalanceCollector, PrometheusObserver
from devino_core import Client, State
from devino_core import errors as all_errors
from devino_sandbox import LocalSandbox

from ._sandboxed import failure, message

DASHBOARD = Path(__file__).parents[2] / "docs/examples/grafana/devino.json"
SELECTOR = re.compile(r"\b(devino_\w+)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\bby \(([^)]*)\)")
MATCHER = re.compile(r'(\w+)(?:=~|!~|!=|=)"([^"]*)"')


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def queries() -> Iterator[str]:
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"]
    for variable in json.loads(DASHBOARD.read_text("utf-8"))["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


@pytest.fixture
def told(sandbox: LocalSandbox, channels: dict[str, dict[str, object]]) -> dict[str, set[str]]:
    """The labels of each metric that a program tells."""
    registry = CollectorRegistry()
    with Client(channels, observers=[PrometheusObserver(registry)]) as client:
        BalanceCollector(client, registry)
        client.send(message())
        failure(sandbox, client)
        text = generate_latest(registry).decode()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_each_metric_and_label_that_it_asks_for_is_there(told: dict[str, set[str]]) -> None:
    asked = list(queries())
    assert len(asked) > 10
    for query in asked:
        selectors = SELECTOR.findall(query)
        assert selectors, query
        for name, matchers in selectors:
            assert name in told, query
            assert {label for label, _ in MATCHER.findall(matchers)} <= told[name], query
        labels = {one.strip() for found in GROUPED.findall(query) for one in found.split(",")}
        assert labels <= set.union(*(told[name] for name, _ in selectors)), query


def test_it_shows_every_metric(told: dict[str, set[str]]) -> None:
    asked = {name for query in queries() for name, _ in SELECTOR.findall(query)}
    assert {name for name in told if not name.endswith("_created")} == asked


def test_each_state_and_error_that_it_names_exists() -> None:
    named = {
        (label, word)
        for query in queries()
        for label, words in MATCHER.findall(query)
        if label in ("state", "outcome")
        for word in words.split("|")
    }
    assert {word for label, word in named if label == "state"} <= set(State)
    outcomes = {word for label, word in named if label == "outcome"}
    assert outcomes - {"ok", "cancelled"} <= set(all_errors.__all__)


def test_panels_have_places_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
