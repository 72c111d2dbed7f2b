"""A value of another type is told in words, not by an error from deep within."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from devino_core import AsyncClient, ConfigurationError, InvalidArgument, Status
from devino_core.dispatch import statuses_in_batches, statuses_of
from devino_core.phone import normalize
from tests.core._fake import fake_plugins

CONFIG: dict[str, dict[str, object]] = {"one": {"kind": "fake", "token": "t", "prefix": "one"}}


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    async with AsyncClient(CONFIG, plugins=fake_plugins()) as client:
        yield client


@pytest.mark.parametrize("number", [None, 79031234567, b"79031234567", ["79031234567"]])
def test_a_number_that_is_no_text_is_no_phone_number(number: Any) -> None:
    with pytest.raises(ValueError, match=f"expected str, got {type(number).__name__}"):
        normalize(number)


WRONG_IDS: list[tuple[Any, str]] = [
    ("575584281283682326", "a list of ids is expected, not one id: put it into a list"),
    (b"575", "an id is str, not int"),
    (None, "a list of ids is expected, not NoneType"),
    ([575584281283682326], "an id is str, not int"),
    (["1", None], "an id is str, not NoneType"),
]


@pytest.mark.parametrize(("ids", "says"), WRONG_IDS)
async def test_ids_that_are_no_list_of_texts_are_refused_before_anything_is_asked(
    ids: Any, says: str
) -> None:
    async def ask(one: str) -> Status:
        raise AssertionError(one)

    async def ask_some(some: Sequence[str]) -> Sequence[Status]:
        raise AssertionError(some)

    for statuses in (
        statuses_of(ids, ask, concurrency=1),
        statuses_in_batches(ids, ask_some, size=10, concurrency=1),
    ):
        with pytest.raises(InvalidArgument, match=says) as caught:
            await statuses
        assert caught.value.field == "ids"


@pytest.mark.parametrize("moment", [None, "2026-01-01", date(2026, 1, 1)])
async def test_a_period_of_no_instants_is_refused(client: AsyncClient, moment: Any) -> None:
    with pytest.raises(InvalidArgument, match="since: must be an aware datetime"):
        await client.inbox(moment, datetime.now(UTC))


async def test_a_bare_id_is_no_receipt(client: AsyncClient) -> None:
    says = r"expected a Receipt, not str: .*channel\(name\)\.status"
    wrong: Any = "575584281283682326"
    with pytest.raises(TypeError, match=says):
        await client.status(wrong)
    with pytest.raises(TypeError, match=says):
        [_ async for _ in client.follow([wrong])]
    with pytest.raises(TypeError, match=says):
        [_ async for _ in client.follow(wrong)]


def test_a_channel_without_a_name_is_not_configured() -> None:
    wrong: Any = None
    client = AsyncClient(CONFIG, plugins=fake_plugins())
    with pytest.raises(ConfigurationError, match="no channel is named None: configured are one"):
        client.channel(wrong)


@pytest.mark.parametrize("wrong", [5, [], [("rest", {})]])
def test_settings_of_another_form_are_told(wrong: Any) -> None:
    says = (
        f"expected a mapping of channels, a Config or the path of a file, .*{type(wrong).__name__}"
    )
    with pytest.raises(ConfigurationError, match=says):
        AsyncClient(wrong, plugins=fake_plugins())
