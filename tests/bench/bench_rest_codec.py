"""The REST codec against urllib, yarl and json doing the same by hand."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import pytest

from devino_codecs import rest

if TYPE_CHECKING:
    from tests.bench.conftest import Table

SESSION = rest.Session("C619DF83829F4C3094CB54F4D62878786B5B")
TEXT = "Здравствуйте, ваш код 1234. Никому его не говорите! " * 2
SEND = rest.SendSms("DEVINO", "79161002030", TEXT)
NUMBERS = tuple(str(79160000000 + n) for n in range(2999))
BULK = rest.SendSmsBulk("DEVINO", NUMBERS, TEXT)
IDS = tuple(str(579700854169272358 + n) for n in range(5998))
STATE = rb"""{"State":0,"CreationDateUtc":"\/Date(1294045911213)\/",
"SubmittedDateUtc":"\/Date(1294045911213)\/","ReportedDateUtc":"\/Date(1294045911213)\/",
"TimeStampUtc":"\/Date(1294045911213)\/","StateDescription":"?","Price":1.10}"""


def pairs_of_send() -> list[tuple[str, str]]:
    return [
        ("SessionID", SESSION.id),
        ("SourceAddress", SEND.source_address),
        ("DestinationAddress", SEND.destination_address),
        ("Data", SEND.data),
    ]


def test_write_a_send(compare: Table) -> None:
    yarl = pytest.importorskip("yarl")
    url = yarl.URL("https://integrationapi.net/rest/Sms/Send")
    assert rest.V1.encode_request(SEND, SESSION).body == urlencode(pairs_of_send()).encode()
    compare(
        "rest: write a Send",
        lambda: rest.V1.encode_request(SEND, SESSION),
        {
            "urlencode": lambda: urlencode(pairs_of_send()).encode(),
            "yarl": lambda: str(url.with_query(pairs_of_send())),
        },
        number=5000,
    )


def test_read_a_send(compare: Table) -> None:
    http = rest.V1.encode_request(SEND, SESSION)
    compare(
        "rest: read a Send (theirs: pairs only)",
        lambda: rest.V1.decode_request(http),
        {"parse_qsl": lambda: parse_qsl(http.body.decode())},
        number=3000,
    )


def test_read_a_bulk_of_2999(compare: Table) -> None:
    http = rest.V1.encode_request(BULK, SESSION)
    compare(
        "rest: read a bulk of 2999 (theirs: pairs only)",
        lambda: rest.V1.decode_request(http),
        {"parse_qsl": lambda: parse_qsl(http.body.decode())},
        number=20,
    )


def test_write_a_bulk_of_2999(compare: Table) -> None:
    compare(
        "rest: write a bulk of 2999",
        lambda: rest.V1.encode_request(BULK, SESSION),
        {
            "urlencode": lambda: urlencode(
                {"SessionID": SESSION.id, "DestinationAddresses": NUMBERS, "Data": TEXT},
                doseq=True,
            ).encode()
        },
        number=20,
    )


def test_read_one_id(compare: Table) -> None:
    answer = rest.HttpAnswer(200, b'["579700854169272358"]')
    compare(
        "rest: read the answer to a Send",
        lambda: rest.V1.decode_answer(rest.SendSms, answer),
        {"json": lambda: tuple(json.loads(answer.body))},
        number=10_000,
    )


def test_read_5998_ids(compare: Table) -> None:
    answer = rest.V1.encode_answer(rest.SendSmsBulk, IDS)
    compare(
        "rest: read the answer to a bulk",
        lambda: rest.V1.decode_answer(rest.SendSmsBulk, answer),
        {"json": lambda: tuple(json.loads(answer.body))},
        number=50,
    )


def test_read_a_state(compare: Table) -> None:
    answer = rest.HttpAnswer(200, STATE)
    net_date = re.compile(r"/Date\((-?\d+)\)/")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    def by_hand() -> dict[str, object]:
        state: dict[str, object] = json.loads(STATE)
        for key, value in state.items():
            if isinstance(value, str) and (match := net_date.fullmatch(value)):
                state[key] = epoch + timedelta(milliseconds=int(match[1]))
        return state

    compare(
        "rest: read a State (theirs: dates only)",
        lambda: rest.V1.decode_answer(rest.GetSmsState, answer),
        {"json and re": by_hand},
        number=3000,
    )
