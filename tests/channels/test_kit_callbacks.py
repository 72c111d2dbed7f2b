"""The kit for sources: a callback that is an array, read item by item."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from devino_core import Event
from devino_plugins.kit.callbacks import read_items

AT = datetime(2026, 1, 1, tzinfo=UTC)


class Landing(msgspec.Struct, frozen=True):
    id: str


def landed(item: Landing) -> Event:
    return Event(id=item.id, at=AT, raw=item)


def test_items_are_read_in_order_and_a_bad_one_costs_no_other_its_place() -> None:
    read = read_items(b'[{"id": "1"}, {"id": []}, 7, {"ID": "2", "new": null}]', Landing, landed)
    assert [event.id for event in read.events] == ["1", "2"]
    assert [why.partition(":")[0] for why in read.unread] == ["[1]", "[2]"]


def test_an_empty_array_tells_nothing() -> None:
    read = read_items(b"[]", Landing, landed)
    assert (list(read.events), list(read.unread)) == ([], [])


@pytest.mark.parametrize("body", [b"", b"canary", b'{"id": "canary"}', b'["\xff"', b"[canary"])
def test_what_is_no_array_is_an_error_that_quotes_nothing(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_items(body, Landing, landed)
    assert "canary" not in str(caught.value)
