"""What subscribers wrote, as events: none is lost for what its answer lacks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from devino_codecs.http import Unread
from devino_core import Incoming, ProtocolViolation, Retry
from devino_plugins.kit.inbox import ReceivedSms, incoming_events
from devino_sandbox import AnswerHttp, Fault
from tests.channels._services import SERVICES, reached

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def sms(number: int | None = 5, at: datetime | None = NOW, text: str = "Да") -> ReceivedSms:
    return ReceivedSms(number, at, "79031234567", "1234", text, raw=None)


def events(*messages: ReceivedSms | Unread | None) -> list[Incoming]:
    return incoming_events(messages, channel="rest", since=NOW - HOUR, until=NOW, now=NOW + HOUR)


def test_an_event_has_the_platforms_id_and_time() -> None:
    (event,) = events(sms())
    assert (event.id, event.at, event.text, event.channel) == ("5", NOW, "Да", "rest")


def test_the_bounds_of_the_period_belong_to_it() -> None:
    second = timedelta(seconds=1)
    times = (NOW - HOUR - second, NOW - HOUR, NOW, NOW + second)
    assert [event.at for event in events(*[sms(at=at) for at in times])] == [NOW - HOUR, NOW]


def test_an_sms_without_a_time_is_given_with_that_of_the_question() -> None:
    (event,) = events(sms(at=None))
    assert (event.id, event.at) == ("5", NOW + HOUR)


def test_ids_that_are_made_are_stable_and_differ() -> None:
    said = sms(None), sms(None), sms(None, text="Нет"), sms(None, at=None), sms(None, text="\ud83d")
    made = [event.id for event in events(*said)]
    assert made == [event.id for event in events(*said)]
    assert len(set(made)) == 5
    assert made[1] == f"{made[0]}-2"


@pytest.mark.parametrize("kind", SERVICES)
async def test_an_odd_entry_does_not_hide_the_others(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    if kind.startswith("rest"):
        operation = "Sms/In"
        rows = {"SourceAddress": "79031234567", "DestinationAddress": "1234"}
        body = json.dumps(
            [
                {**rows, "Data": "odd", "ID": None},
                None,
                # Nothing that an SMS can be made of.
                17,
                {**rows, "Data": []},
                {**rows, "Data": "b", "ID": 7},
            ]
        )
    else:
        operation = "GetIncomingMessages"
        entry = (
            "<IncomingMessage>{}<Data>{}</Data><SourceAddress>79031234567</SourceAddress>"
            "<DestinationAddress>1234</DestinationAddress></IncomingMessage>"
        )
        held = entry.format("", "odd") + "<IncomingMessage/>" + entry.format("<ID>7</ID>", "b")
        body = (
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
            f"<{operation}Response><{operation}Result>{held}</{operation}Result>"
            f"</{operation}Response></s:Body></s:Envelope>"
        )
    async with reached(kind) as wire:
        wire.world.faults.add(Fault(operation=operation, action=AnswerHttp(200, body)))
        now = wire.clock.now()
        odd, good = await wire.channel.inbox(now - HOUR, now)
        assert (odd.text, odd.at, good.text, good.id) == ("odd", now, "b", "7")
        assert len(odd.id) == 32
    if kind.startswith("rest"):
        # What could not be told is at least said, without its content.
        told = [each.getMessage() for each in caplog.records if "inbox" in each.name]
        assert told == [
            f"{kind}: an incoming SMS cannot be read: [2]: expected an object, got a number",
            f"{kind}: an incoming SMS cannot be read: [3].Data: expected a string, got an array",
        ]


def test_a_list_of_which_nothing_can_be_read_is_no_list_of_nothing() -> None:
    with pytest.raises(ProtocolViolation, match=r"\[1\]\.Data: odd") as caught:
        events(None, Unread("odd", "Data"))
    assert caught.value.retry is Retry.SAFE
    assert events(None) == []
