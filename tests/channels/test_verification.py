"""Two-factor codes: what each answer becomes, and what the guards keep from leaving."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from devino_core import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InvalidArgument,
    OutcomeUnknown,
    ProtocolViolation,
    Rejected,
    Secret,
    Throttled,
)
from devino_plugins.verification import Check, Sent, Verification
from tests.channels._verification import (
    KEY,
    NUMBER,
    OTHER,
    Asked,
    Platform,
    always,
    breaks,
    said,
    settings,
    wired,
)
from tests.core._peer import Peer, answer

IMSI = "D92C2B0A1D5C64BBA8DD8BCE43C4BA11"

ANSWERS: list[tuple[Peer, object, object]] = [
    # Of generate, of check.
    (said(0), Sent.SENT, Check.VALID),
    (said("0", "Code Sent"), Sent.SENT, Check.VALID),
    (said(1), AuthenticationFailed, AuthenticationFailed),
    (said(2), Rejected, Rejected),
    (said(3), Throttled, Throttled),
    (said(4), OutcomeUnknown, OutcomeUnknown),
    (said(5), Rejected, Check.WRONG),
    (said(6), Sent.SIM_MISMATCH, Check.EXPIRED),
    (said(7), Sent.ALREADY_SENT, ProtocolViolation),
    (said(8), ProtocolViolation, ProtocolViolation),
    (said(-1), ProtocolViolation, ProtocolViolation),
    (said(None), ProtocolViolation, ProtocolViolation),
    (said(False), ProtocolViolation, ProtocolViolation),
    (said(0, status="500 Oh"), OutcomeUnknown, OutcomeUnknown),
    (said(8, status="503 Oh"), OutcomeUnknown, OutcomeUnknown),
    (said(0, status="404 Not Found"), ConfigurationError, ConfigurationError),
    (said(0, status="400 Bad Request"), Rejected, Rejected),
    (answer("401 Unauthorized", b"<html>"), AuthenticationFailed, AuthenticationFailed),
    (answer("502 Bad Gateway", b"<html>"), OutcomeUnknown, OutcomeUnknown),
    (answer("200 OK", b"<html>"), ProtocolViolation, ProtocolViolation),
    (answer("302 Found"), ProtocolViolation, ProtocolViolation),
    (answer("429 Too Many"), Throttled, Throttled),
    (breaks, OutcomeUnknown, OutcomeUnknown),
]


@pytest.mark.parametrize(("peer", "of_generate", "of_check"), ANSWERS)
async def test_each_answer_is_data_or_the_error_that_says_what_to_do(
    peer: Peer, of_generate: object, of_check: object
) -> None:
    async with wired(lambda _: peer) as (service, asked, _):
        for call, expected in (
            (service.generate(NUMBER), of_generate),
            (service.check(NUMBER, "01234"), of_check),
        ):
            try:
                came: object = await call
            except DevinoError as error:
                came = type(error)
            assert came is expected
    assert asked == [
        ("GenerateCode", {"DestinationNumber": NUMBER}),
        ("CheckCode", {"DestinationNumber": NUMBER, "Code": "01234"}),
    ]


def test_only_the_valid_code_is_true() -> None:
    assert [bool(each) for each in Check] == [True, False, False]
    assert list(Check) == ["VALID", "WRONG", "EXPIRED"]


async def test_a_refusal_keeps_the_platforms_code_and_words() -> None:
    async with wired(lambda _: said(5, "Error sending message")) as (service, _, _):
        with pytest.raises(Rejected, match="Error sending message") as caught:
            await service.generate(NUMBER)
    assert caught.value.code == 5


async def test_the_platforms_own_limit_is_over_in_a_minute() -> None:
    async with wired(always(3)) as (service, _, _):
        for call in (service.generate(NUMBER), service.check(NUMBER, "1")):
            with pytest.raises(Throttled) as caught:
                await call
            assert caught.value.retry_after == 60


async def test_the_sim_is_asked_for_beside_the_number() -> None:
    async with wired(always(6)) as (service, asked, _):
        assert await service.generate("+7 903 123-45-67", imsi=Secret(IMSI)) is Sent.SIM_MISMATCH
        assert asked == [("GenerateCode", {"DestinationNumber": NUMBER, "IMSICode": IMSI})]


async def test_what_cannot_be_asked_leaves_neither_a_request_nor_a_count() -> None:
    async with wired(always(5), max_attempts=1, max_per_number=1) as (service, asked, _):
        wrong: list[tuple[str, Any]] = [
            ("number", service.generate("903")),
            ("number", service.check("903", "01234")),
            # The wire has no word for it: the code would go to whatever SIM.
            ("imsi", service.generate(NUMBER, imsi=Secret(""))),
            *(("code", service.check(NUMBER, each)) for each in ("", "1" * 17, "1\n", "\ud800")),
            ("code", service.check(NUMBER, cast("Any", 1234))),
            ("code", service.check(NUMBER, cast("Any", None))),
        ]
        for field, call in wrong:
            with pytest.raises(InvalidArgument) as caught:
                await call
            assert caught.value.field == field
        assert not asked
        assert await service.check(NUMBER, "0" * 16) is Check.WRONG


@pytest.mark.parametrize("given", [{"api_key": ""}, {"max_attempts": 0}, {"resend_after": 3601}])
def test_settings_that_would_let_everybody_in_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        settings(**given)


async def test_of_ten_thousand_guesses_only_max_attempts_leave() -> None:
    async with wired(Platform()) as (service, asked, clock):
        assert await service.generate(NUMBER) is Sent.SENT
        outcomes = await asyncio.gather(
            *(service.check(NUMBER, f"{guess:05}") for guess in range(10_000, 20_000)),
            return_exceptions=True,
        )
        assert outcomes.count(Check.WRONG) == 5
        refused = [each for each in outcomes if isinstance(each, Throttled)]
        assert len(refused) == 9_995
        assert {each.retry_after for each in refused} == {3600}
        assert len(asked) == 6
        # The right one comes too late, and other numbers have their own.
        with pytest.raises(Throttled, match="ask for a new code"):
            await service.check(NUMBER, "01234")
        assert await service.check(OTHER, "00000") is Check.WRONG
        clock.advance(3600)
        assert await service.check(NUMBER, "01234") is Check.VALID


async def test_of_a_hundred_right_checks_at_once_one_is_valid() -> None:
    async with wired(Platform(), max_attempts=1000) as (service, asked, _):
        checks = await asyncio.gather(*(service.check(NUMBER, "01234") for _ in range(100)))
        assert checks.count(Check.VALID) == 1
        assert checks.count(Check.WRONG) == 99
        assert len(asked) == 100


async def test_numbers_do_not_wait_for_each_other() -> None:
    answers = asyncio.Event()

    def answered(asked: Asked) -> Peer:
        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if asked[1]["DestinationNumber"] == NUMBER:
                await answers.wait()
            await said(0)(reader, writer)

        return respond

    async with wired(answered) as (service, _, _):
        waiting = asyncio.create_task(service.check(NUMBER, "1"))
        assert await service.check(OTHER, "1")
        assert not waiting.done()
        answers.set()
        assert await waiting


@pytest.mark.parametrize(
    ("answer_to_generate", "is_anew"), [(0, True), (7, False), (6, False), (4, False)]
)
async def test_guesses_count_anew_only_with_a_new_code(
    answer_to_generate: int, is_anew: bool
) -> None:
    def answered(asked: Asked) -> Peer:
        return said(answer_to_generate if asked[0] == "GenerateCode" else 5)

    async with wired(answered, max_attempts=1) as (service, _, _):
        assert not await service.check(NUMBER, "1")
        try:
            await service.generate(NUMBER)
        except OutcomeUnknown:
            assert answer_to_generate == 4
        if is_anew:
            assert not await service.check(NUMBER, "1")
        with pytest.raises(Throttled, match="guesses"):
            await service.check(NUMBER, "1")


async def test_a_right_code_ends_the_count_of_the_guesses_before_it() -> None:
    async with wired(Platform(), max_attempts=2) as (service, _, _):
        assert not await service.check(NUMBER, "1")
        assert await service.check(NUMBER, "01234")
        assert not await service.check(NUMBER, "1")
        assert not await service.check(NUMBER, "1")


@pytest.mark.parametrize(
    "peer",
    [said(4), said(8), said(2), said(6), answer("502 Bad Gateway", b""), breaks],
)
async def test_a_check_that_may_have_been_made_is_a_guess(peer: Peer) -> None:
    async with wired(lambda _: peer, max_attempts=1) as (service, asked, _):
        try:
            assert not await service.check(NUMBER, "1")
        except DevinoError as error:
            if isinstance(error, Throttled):
                raise
        with pytest.raises(Throttled):
            await service.check(NUMBER, "1")
        assert len(asked) == 1


async def test_a_check_that_was_cancelled_is_a_guess() -> None:
    never = asyncio.Event()

    def answered(_: Asked) -> Peer:
        async def respond(*_: object) -> None:
            arrived.set()
            await never.wait()

        return respond

    arrived = asyncio.Event()
    async with wired(answered, max_attempts=1) as (service, _, _):
        checking = asyncio.create_task(service.check(NUMBER, "1"))
        await arrived.wait()
        checking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await checking
        with pytest.raises(Throttled):
            await service.check(NUMBER, "1")
        never.set()


@pytest.mark.parametrize("peer", [said(3), answer("429 Too Many")])
async def test_what_the_platform_put_off_does_not_count(peer: Peer) -> None:
    answers = [peer, peer, said(0), said(0)]
    async with wired(lambda _: answers.pop(0), max_attempts=1) as (service, asked, _):
        for call in (service.generate(NUMBER), service.check(NUMBER, "1")):
            with pytest.raises(Throttled):
                await call
        assert await service.generate(NUMBER) is Sent.SENT
        assert await service.check(NUMBER, "1") is Check.VALID
        assert len(asked) == 4


async def test_what_found_no_connection_does_not_count() -> None:
    async with Verification(settings(max_attempts=1), name="codes") as service:
        for _ in range(3):
            with pytest.raises(ConnectFailed):
                await service.generate(NUMBER)
            with pytest.raises(ConnectFailed):
                await service.check(NUMBER, "1")


async def test_of_two_who_ask_for_a_code_at_once_the_second_is_told_to_wait() -> None:
    async with wired(Platform()) as (service, asked, clock):
        first, second = await asyncio.gather(
            service.generate(NUMBER), service.generate(f"8{NUMBER[1:]}"), return_exceptions=True
        )
        assert first is Sent.SENT
        assert isinstance(second, Throttled)
        assert second.retry_after == 60
        clock.advance(59)
        with pytest.raises(Throttled) as caught:
            await service.generate(NUMBER)
        assert caught.value.retry_after == pytest.approx(1)
        assert len(asked) == 1
        clock.advance(1)
        assert await service.generate(NUMBER) is Sent.SENT


async def test_a_number_gets_so_many_codes_an_hour() -> None:
    async with wired(always(0), resend_after=0) as (service, asked, clock):
        for _ in range(5):
            await service.generate(NUMBER)
            clock.advance(60)
        with pytest.raises(Throttled) as caught:
            await service.generate(NUMBER)
        assert caught.value.retry_after == 3300
        assert await service.generate(OTHER) is Sent.SENT
        clock.advance(3300)
        assert await service.generate(NUMBER) is Sent.SENT
        assert len(asked) == 7


async def test_so_many_numbers_of_a_prefix_get_codes_an_hour() -> None:
    async with wired(always(0), max_per_prefix=3) as (service, asked, clock):
        numbers = [f"790312{last % 10}{last:04}" for last in range(50)]
        outcomes = await asyncio.gather(*map(service.generate, numbers), return_exceptions=True)
        assert outcomes.count(Sent.SENT) == 3
        assert sum(isinstance(each, Throttled) for each in outcomes) == 47
        assert len(asked) == 3
        clock.advance(60)
        # One of those that have their place, and one of another prefix.
        assert await service.generate(numbers[0]) is Sent.SENT
        assert await service.generate("79031300000") is Sent.SENT
        clock.advance(3540)
        # Two have left.
        assert await service.generate(numbers[8]) is Sent.SENT
        assert await service.generate(numbers[9]) is Sent.SENT
        with pytest.raises(Throttled) as caught:
            await service.generate(numbers[10])
        assert caught.value.retry_after == 60


async def test_unless_a_limit_is_set_any_number_of_a_prefix_gets_codes() -> None:
    async with wired(always(0)) as (service, asked, _):
        await asyncio.gather(*(service.generate(f"7903123{last:04}") for last in range(50)))
        assert len(asked) == 50


async def test_neither_key_nor_number_is_in_a_repr() -> None:
    async with wired(always(0)) as (service, _, _):
        assert KEY not in f"{service!r} {service.settings!r}"
