"""Finding the message of a report: each report is told once, as soon as its message is certain."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from devino_core.push import Correlator, Origin


def telling(told: list[Origin | None]) -> Callable[[Origin | None], None]:
    return told.append


def test_a_known_id_is_told_at_once() -> None:
    correlator = Correlator(10)
    origin = Origin("ref", "DEVINO")
    correlator.end(correlator.begin(), "17", origin)
    told: list[Origin | None] = []
    correlator.find("17", told.append)
    correlator.find("18", told.append)
    assert told == [origin, None]


def test_only_the_last_are_remembered() -> None:
    correlator = Correlator(2)
    for number in range(3):
        correlator.end(correlator.begin(), str(number), Origin(str(number), ""))
    assert [correlator.origin(str(number)) is not None for number in range(3)] == [
        False, True, True,
    ]  # fmt: skip


Step = tuple[str, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["begin", "answer", "give up", "report"]), st.integers(0, 7)),
    max_size=60,
)


@given(STEPS)
def test_every_report_is_told_once_and_with_its_origin_if_an_answer_still_gives_it(
    steps: list[Step],
) -> None:
    correlator = Correlator(1000)
    under_way: dict[int, str] = {}
    expected: list[tuple[str, frozenset[int], list[Origin | None]]] = []
    answered: dict[str, Origin] = {}

    def origin(message_id: str) -> Origin:
        return Origin(f"ref of {message_id}", "DEVINO")

    count = 0
    for action, which in steps:
        if action == "begin":
            under_way[correlator.begin()] = str(count % 8)
            count += 1
        elif action == "report":
            told: list[Origin | None] = []
            expected.append((str(which), frozenset(under_way), told))
            correlator.find(str(which), telling(told))
        elif under_way:
            number = list(under_way)[which % len(under_way)]
            message_id = under_way.pop(number) if action == "answer" else ""
            under_way.pop(number, None)
            correlator.end(number, message_id, origin(message_id))
            if message_id:
                answered[message_id] = origin(message_id)
        for message_id, then, told in expected:
            assert len(told) <= 1
            if not told:
                # It waits only for submits that were under way when it came.
                assert message_id not in answered
                assert min(under_way) <= max(then)
            elif told[0] is not None:
                assert told[0] == origin(message_id)
    for number in list(under_way):
        correlator.end(number, "", Origin("", ""))
    assert all(len(told) == 1 for _, _, told in expected)
    assert correlator.waiting == 0


def test_an_unanswered_submit_does_not_keep_reports_that_were_told() -> None:
    correlator = Correlator(10)
    correlator.begin()
    told: list[Origin | None] = []
    for number in range(10_000):
        following = correlator.begin()
        correlator.find(str(number), told.append)
        correlator.end(following, str(number), Origin(str(number), ""))
    assert len(told) == 10_000
    assert correlator.waiting == 0
    assert len(correlator._early) < 200


def spelt(message_id: str) -> str:
    return message_id.lower().lstrip("0")


def remembering(correlator: Correlator, *ids: str) -> list[Origin]:
    origins = [Origin(f"ref of {message_id}", "") for message_id in ids]
    for message_id, origin in zip(ids, origins, strict=True):
        correlator.end(correlator.begin(), message_id, origin)
    return origins


def test_an_id_that_means_the_same_is_found_and_the_exact_one_first() -> None:
    correlator = Correlator(10, canonical=spelt)
    padded, plain, upper = remembering(correlator, "007", "7", "0AB")
    told: list[Origin | None] = []
    for message_id in ("007", "7", "0007", "ab", "b"):
        correlator.find(message_id, told.append)
    assert told == [padded, plain, plain, upper, None]
    assert [correlator.given(each) for each in ("7", "00ab", "b")] == ["7", "0AB", "b"]


def test_a_report_waits_for_an_id_that_is_spelt_exactly_alike() -> None:
    correlator = Correlator(10, canonical=spelt)
    [older] = remembering(correlator, "007")
    told: list[Origin | None] = []
    number = correlator.begin()
    correlator.find("7", told.append)
    assert told == []
    newer = Origin("new", "")
    correlator.end(number, "7", newer)
    number = correlator.begin()
    correlator.find("00007", told.append)
    correlator.end(number, "", newer)
    assert told == [newer, newer]
    assert older is not newer


def test_what_is_forgotten_is_found_by_no_spelling() -> None:
    correlator = Correlator(2, canonical=spelt)
    remembering(correlator, *[f"0{number}" for number in range(100, 110)])
    assert correlator.origin("108") is not None
    assert correlator.origin("107") is None
    remembering(correlator, *[f"0{number}" for number in range(110, 120)])
    assert correlator.origin("118") is not None
    assert correlator.origin("117") is None
    assert correlator._alike is not None
    assert len(correlator._alike) == 2
