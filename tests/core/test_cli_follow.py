"""``devino follow``, ``send --wait`` and ``status -``: what became of what was sent."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from devino_core import AuthenticationFailed, Medium, OutcomeUnknown, Rejected, State, Unavailable
from tests.core._cli import Platform, objects


@pytest.fixture
def platform() -> Platform:
    platform = Platform()
    platform.clock.auto_advance = True
    return platform


def receipt(to: str, **changes: object) -> str:
    fields = {"ref": f"r{to}", "to": to, "channel": "fake", "medium": "SMS", "state": "ACCEPTED"}
    return json.dumps({**fields, "ids": [f"id-{to}"], "price": 1.5, **changes}) + "\n"


def test_ids_are_followed_until_all_is_known(platform: Platform) -> None:
    platform.states = {"b": State.UNDELIVERABLE}
    result = platform.devino("follow", "a", "b", "--json")
    assert result.exit_code == 1
    *rows, last = objects(result.stdout)
    assert [(row["ids"], row["state"]) for row in rows] == [
        (["a"], "DELIVERED"),
        (["b"], "UNDELIVERABLE"),
    ]
    assert last == {"counts": {"UNDELIVERABLE": 1, "DELIVERED": 1}}


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ({}, 0),
        ({"id-2": State.READ}, 0),
        ({"id-2": State.EXPIRED}, 1),
        ({"id-2": State.ENROUTE}, 3),
        ({"id-1": State.EXPIRED, "id-2": State.ENROUTE}, 3),
    ],
)
def test_the_exit_code_says_whether_all_were_delivered(
    platform: Platform, states: dict[str, State], code: int
) -> None:
    platform.states = states
    result = platform.devino("follow", "-", "--timeout", "1m", input=receipt("1") + receipt("2"))
    assert result.exit_code == code


def test_each_change_is_a_line_and_asked_for_at_intervals(platform: Platform) -> None:
    platform.states = {"a": State.ENROUTE}
    began = platform.clock.monotonic()
    result = platform.devino("follow", "a", "--interval", "10s", "--timeout", "1m")
    assert result.stdout.splitlines() == [
        "to\tstate\tids\tparts\tchannel\tref\tdescription",
        "\tENROUTE\ta\t1\t\t\t",
    ]
    assert result.stderr == "devino: 1 ENROUTE\n"
    assert platform.clock.monotonic() - began == 60
    assert len(platform.asked) == 7


def test_what_send_prints_is_followed(platform: Platform, tmp_path: Path) -> None:
    rows = "to\n79031234561\n79031234562\n79031234563\n"
    platform.refused = {"79031234563": Rejected("no", code=6)}
    for json_too in ([], ["--json"]):
        printed = platform.devino("send", "--file", "-", "Hi", *json_too, input=rows).stdout
        result = platform.devino("follow", "-", input=printed)
        assert result.exit_code == 1
        assert result.stderr == "devino: 1 REJECTED, 2 DELIVERED\n"
    numbers = tmp_path / "n.csv"
    numbers.write_text(rows)
    journal = tmp_path / "run.jsonl"
    platform.devino("send", "--file", str(numbers), "Hi", "--journal", str(journal))
    with journal.open("a") as file:
        file.write('{"line":5,"ref":"x","intent":"2030-01-31T12:00:00Z"}\n{"line":6,"re')
    result = platform.devino("follow", str(journal))
    assert result.exit_code == 3
    assert result.stderr == "devino: 1 UNKNOWN, 1 REJECTED, 2 DELIVERED\n"


def test_only_what_is_not_known_is_asked_about(platform: Platform) -> None:
    text = (
        receipt("1", state="DELIVERED")
        + receipt("2", state="REJECTED", ids=[])
        + receipt("3", medium="VIBER")
        + receipt("3", medium="VIBER")
        + '{"error":{"type":"Interrupted"}}\n\n'
        + "bare-id\n"
    )
    result = platform.devino("follow", "-", input=text)
    assert sorted(platform.asked) == [(("bare-id",), Medium.SMS), (("id-3",), Medium.VIBER)]
    assert result.stderr == "devino: 1 REJECTED, 3 DELIVERED\n"


def test_nothing_to_ask_about_needs_no_channel(platform: Platform) -> None:
    result = platform.devino("follow", "-", input=receipt("1", state="READ"))
    assert (result.exit_code, result.stderr) == (0, "devino: 1 READ\n")
    result = platform.devino("follow", "-", input="")
    assert (result.exit_code, result.stderr) == (0, "devino: nothing to follow\n")


def test_a_message_that_cannot_be_read_does_not_end_it(platform: Platform) -> None:
    platform.unread = {"id-1": Rejected("unknown id", code=9)}
    result = platform.devino("follow", "-", "--json", input=receipt("1") + receipt("2"))
    assert result.exit_code == 3
    *rows, last = objects(result.stdout)
    assert {row["to"]: row.get("error", {}).get("code") for row in rows} == {"1": 9, "2": None}
    assert last["counts"] == {"ACCEPTED": 1, "DELIVERED": 1}


def test_a_description_does_not_name_the_call(platform: Platform) -> None:
    unread, refused = Rejected("", code=9), Rejected("", code=6)
    unread.call_id = refused.call_id = "00112233aabbccdd"
    platform.unread, platform.refused = {"id-1": unread}, {"79031234561": refused}
    followed = objects(platform.devino("follow", "id-1", "--json").stdout)[0]
    sent = objects(platform.devino("send", "79031234561", "Hi", "--json").stdout)[0]
    assert (followed["description"], sent["description"]) == (unread.said, refused.said)
    assert followed["error"]["call_id"] == sent["error"]["call_id"] == "00112233aabbccdd"


def test_an_error_of_all_is_told_after_the_counts(platform: Platform) -> None:
    def refuse(kind: object) -> None:
        async def status(*_: object, **__: object) -> None:
            raise AuthenticationFailed("who are you", code=4)

        kind.status = status  # type: ignore[attr-defined]

    platform.extend = refuse  # type: ignore[method-assign]
    result = platform.devino("follow", "a")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0] == "devino: 1 UNKNOWN"
    assert "check the login and password" in result.stderr


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two words\n", 1),
        (receipt("1") + "{}x\n", 2),
        (receipt("1", state="LOST"), 1),
        ('{"ids": 5}\n', 1),
        ("to\tstate\tids\n1\tACCEPTED\n", 2),
        (b"\xff\n", 1),
    ],
)
def test_what_is_no_receipt_is_named_by_its_line(
    platform: Platform, text: str | bytes, line: int
) -> None:
    result = platform.devino("follow", "-", input=text)
    assert result.exit_code == 2
    assert f"-: line {line} is no receipt: give what `devino send` printed" in result.stderr
    assert platform.asked == []


def test_a_missing_file_is_named(platform: Platform) -> None:
    result = platform.devino("follow", "no/such.jsonl")
    assert (result.exit_code, result.stderr) == (
        2,
        "devino: cannot read no/such.jsonl: No such file or directory\n",
    )


def test_ctrl_c_ends_it_with_the_counts(platform: Platform) -> None:
    def strike(kind: object) -> None:
        async def status(*_: object, **__: object) -> None:
            signal.raise_signal(signal.SIGINT)
            await platform.clock.sleep(0)
            raise Unavailable("no answer")

        kind.status = status  # type: ignore[attr-defined]

    platform.extend = strike  # type: ignore[method-assign]
    result = platform.devino("follow", "a")
    assert result.exit_code == 130
    assert result.stderr.split("\n", 1)[0] == "devino: 1 UNKNOWN"
    assert result.stderr.endswith("devino: interrupted\n")


def test_what_is_scheduled_stays_so_until_its_time(platform: Platform) -> None:
    platform.states = {"id-1": State.ACCEPTED}
    text = receipt("1", state="SCHEDULED", send_at="2030-02-28T09:00:00")
    result = platform.devino("follow", "-", "--timeout", "1m", input=text)
    assert (result.exit_code, result.stderr) == (3, "devino: 1 SCHEDULED\n")


# send --wait


def test_send_waits_for_what_it_sent(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "n.csv"
    file.write_text("to\n79031234561\n79031234562\n")
    platform.states = {"id-79031234562": State.EXPIRED}
    result = platform.devino("send", "--file", str(file), "Hi", "--wait", "--json")
    assert result.exit_code == 1
    *rows, last = objects(result.stdout)
    assert [row["state"] for row in rows] == ["ACCEPTED", "ACCEPTED", "DELIVERED", "EXPIRED"]
    assert last == {"counts": {"EXPIRED": 1, "DELIVERED": 1}}
    assert result.stderr == "devino: 2 accepted\n"
    result = platform.devino("send", "79031234561", "Hi", "--wait")
    assert (result.exit_code, result.stderr) == (0, "devino: 1 DELIVERED\n")
    assert [line.split("\t")[1] for line in result.stdout.splitlines()] == [
        "state",
        "ACCEPTED",
        "DELIVERED",
    ]


def test_send_waits_for_nothing_that_it_did_not_send(platform: Platform) -> None:
    platform.failing = {"79031234561": OutcomeUnknown("no answer")}
    result = platform.devino("send", "79031234561", "Hi", "--wait")
    assert result.exit_code == 3
    assert platform.asked == []


# status -


def test_status_reads_ids_from_stdin(platform: Platform) -> None:
    text = receipt("1") + receipt("2", medium="VIBER", ids=["p1", "p2"]) + "bare\n"
    result = platform.devino("status", "-", "--json", input=text)
    assert result.exit_code == 0
    (rows,) = objects(result.stdout)
    assert [(row["id"], row["medium"]) for row in rows] == [
        ("id-1", "SMS"),
        ("p1", "VIBER"),
        ("p2", "VIBER"),
        ("bare", "SMS"),
    ]
    assert {row["state"] for row in rows} == {"DELIVERED"}
    assert sorted(platform.asked) == [
        (("bare",), Medium.SMS),
        (("id-1",), Medium.SMS),
        (("p1", "p2"), Medium.VIBER),
    ]
