"""Viber over HTTP in the sandbox: what is told of a message, and failures on order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import aiohttp
import pytest

from devino_core import Card, State
from devino_core.testing import ManualClock
from devino_sandbox import Account, AnswerError, AnswerHttp, DropAnswer, Fault, World
from tests.sandbox._http import Http
from tests.sandbox._messengers import BUTTON, TO, Messenger, text, with_sms

OTHER = "79161234568"
LONG = "я" * 1001
IMAGE = {"imageUrl": "https://shop.example/1.png"}


@pytest.fixture
def viber(http: Http, clock: ManualClock) -> Messenger:
    return Messenger(http, clock)


class TestStatus:
    """What is told of a message."""

    @pytest.mark.parametrize(
        ("number", "told"),
        [
            ("79990000001", {"status": "sent"}),
            ("79990000002", {"status": "delivered"}),
            ("79990000003", {"status": "read"}),
            ("79990000004", {"status": "undelivered"}),
            ("79990000005", {"status": "failed"}),
            ("79990000006", {"status": "sent"}),
            ("79990000007", {"status": "vp_expired"}),
            ("79990000008", {"status": "visited"}),
            ("79990003920", {"status": "vp_expired"}),
            ("79990003930", {"status": "failed"}),
            ("79990003950", {"status": "delivered"}),
            ("79990002001", {"status": "undelivered", "errorCode": "user-blocked"}),
            ("79990002002", {"status": "undelivered", "errorCode": "not-viber-user"}),
            *[
                (f"7999000200{n}", {"status": "undelivered", "errorCode": "unknown-error"})
                for n in range(3, 9)
            ],
        ],
    )
    async def test_a_message_ends_as_its_number_says(
        self, viber: Messenger, clock: ManualClock, number: str, told: Mapping[str, str]
    ) -> None:
        [message_id] = await viber.sent(text(number))
        clock.advance(4000)
        found = await viber.status(message_id)
        del found["statusAt"]
        assert found == {"providerId": message_id, "code": "ok", **told}

    async def test_times_are_in_utc(self, viber: Messenger, clock: ManualClock) -> None:
        [message_id] = await viber.sent(text())
        seen = []
        for seconds in (0, 0.5, 1, 1):
            clock.advance(seconds)
            found = await viber.status(message_id)
            seen.append((found["status"], found["statusAt"]))
        assert seen == [
            ("enqueued", "2011-01-15 12:00:00"),
            ("sent", "2011-01-15 12:00:00"),
            ("delivered", "2011-01-15 12:00:01"),
            ("read", "2011-01-15 12:00:02"),
        ]

    async def test_ids_are_digits_in_a_string_too(self, viber: Messenger) -> None:
        [message_id] = await viber.sent(text())
        assert (await viber.status(str(message_id)))["providerId"] == message_id

    async def test_each_id_has_its_answer_in_order(self, viber: Messenger) -> None:
        first, second = await viber.sent(text(), text(OTHER))
        answer = await viber.ask(second, 1, first, second, 0, -1, 1.5, "x", None, True, 2**63)
        begins = "error-instant-message-provider-id"
        assert [(one.get("providerId"), one["code"]) for one in answer["messages"]] == [
            (second, "ok"),
            (1, f"{begins}-unknown"),
            (first, "ok"),
            (second, f"{begins}-duplicate"),
            *[(None, f"{begins}-format")] * 7,
        ]

    async def test_an_sms_of_another_protocol_is_unknown_here(
        self, viber: Messenger, http: Http
    ) -> None:
        [message_id] = await http.send()
        assert (await viber.status(int(message_id)))["code"].endswith("unknown")

    async def test_a_number_that_is_never_found_is_unknown(self, viber: Messenger) -> None:
        [message_id] = await viber.sent(text("79990000255"))
        assert (await viber.status(message_id))["code"].endswith("unknown")

    async def test_a_message_is_known_for_five_days(
        self, viber: Messenger, clock: ManualClock
    ) -> None:
        [message_id] = await viber.sent(text())
        clock.advance(5 * 24 * 3600)
        assert (await viber.status(message_id))["status"] == "read"
        clock.advance(1)
        unknown = {"providerId": message_id, "code": "error-instant-message-provider-id-unknown"}
        assert await viber.status(message_id) == unknown

    @pytest.mark.parametrize(
        ("number", "sms"),
        [
            ("79990003910", "delivered"),
            ("79990003911", "undelivered"),
            ("79990003922", "undelivered"),
            ("79990003933", "undelivered"),
            ("79990003914", "sent"),
            ("79990002007", "delivered"),
        ],
    )
    async def test_of_what_was_resent_the_sms_alone_is_told(
        self, viber: Messenger, clock: ManualClock, number: str, sms: str
    ) -> None:
        [message_id] = await viber.sent(with_sms(number, smsText="я" * 100), resend=True)
        clock.advance(9000)
        told = await viber.status(message_id)
        states = told.pop("smsStates")
        assert told == {"providerId": message_id, "code": "ok"}
        # One for each segment, with an id of its own.
        assert [one["status"] for one in states] == [sms, sms]
        assert len({one["id"] for one in states} | {message_id}) == 3

    async def test_a_late_success_is_told_beside_the_sms(
        self, viber: Messenger, clock: ManualClock
    ) -> None:
        [message_id] = await viber.sent(with_sms("79990003951", validityPeriodSec=30), resend=True)
        clock.advance(31)
        assert "status" not in await viber.status(message_id)
        clock.advance(60)
        told = await viber.status(message_id)
        assert (told["status"], told["statusAt"]) == ("delivered", "2011-01-15 12:01:30")
        assert told["smsStates"][0]["status"] == "undelivered"

    async def test_an_sms_that_cannot_be_paid_is_not_told(
        self, viber: Messenger, clock: ManualClock, account: Account
    ) -> None:
        account.balance = Decimal("1.8")
        [message_id] = await viber.sent(with_sms("79990003910"), resend=True)
        clock.advance(5)
        told = await viber.status(message_id)
        assert told["status"] == "undelivered"
        assert "smsStates" not in told


class TestRecord:
    """What the World shows of a message."""

    async def test_a_card_is_shown(
        self, viber: Messenger, http: Http, world: World, account: Account
    ) -> None:
        before = account.balance
        await viber.sent(text(contentType="button", content={**BUTTON, **IMAGE}))
        [message] = world.messages()
        assert isinstance(message.submission.content, Card)
        [shown] = await http.messages()
        assert shown["content"] == {
            "type": "card",
            "text": "Look",
            "image": IMAGE["imageUrl"],
            "button": {"caption": "Open", "url": "https://shop.example/1"},
        }
        assert (shown["via"], shown["medium"], shown["priority"]) == ("viber", "VIBER", "HIGH")
        assert (message.submission.validity, message.state) == (timedelta(hours=1), State.ACCEPTED)
        assert account.balance == before - Decimal("1.8")


class TestFaults:
    """Failures on order."""

    @pytest.mark.parametrize(
        "word",
        [
            "error-auth",
            "error-system",
            "error-account-locked",
            "error-instant-message-typeformat",
            "error-instant-message-content-type-format",
            "error-instant-message-content-image-id-format",
        ],
    )
    async def test_a_word_of_a_request_is_the_answer(
        self, viber: Messenger, world: World, word: str
    ) -> None:
        for operation, asking in (("send", viber.send(text())), ("status", viber.ask(1))):
            fault = Fault(protocol="viber", operation=operation, action=AnswerError(word))
            world.faults.add(fault)
            assert await asking == {"status": word}
        assert list(world.messages()) == []

    @pytest.mark.parametrize(
        "word",
        ["error-address-unknown", "not-permitted", "error-route-not-found", "SUBJECT_UNKNOWN"],
    )
    async def test_a_word_of_a_message_is_that_of_the_number(
        self, viber: Messenger, world: World, word: str
    ) -> None:
        world.faults.add(Fault(protocol="viber", to="+79161234568", action=AnswerError(word)))
        answer = await viber.send(text(), text(OTHER), text())
        said = "error-subject-unknown" if word.isupper() else word
        assert [one["code"] for one in answer["messages"]] == ["ok", said, "ok"]
        assert [message.to for message in world.messages() if message.reason is None] == [TO, TO]
        assert await viber.code(text(OTHER)) == "ok"

    async def test_a_word_of_a_message_without_a_number_is_everybodys(
        self, viber: Messenger, world: World
    ) -> None:
        world.faults.add(Fault(protocol="viber", action=AnswerError("error-route-not-found")))
        answer = await viber.send(text(), text(OTHER))
        assert {one["code"] for one in answer["messages"]} == {"error-route-not-found"}

    async def test_a_word_about_ids_is_that_of_each(self, viber: Messenger, world: World) -> None:
        number = await viber.sent(text())
        action = AnswerError("error-system")
        world.faults.add(Fault(protocol="viber", operation="status", action=action))
        # This word is one of a request, too: so it is about the whole of it.
        assert await viber.ask(number) == {"status": "error-system"}
        action = AnswerError("error-instant-message-provider-id-unknown")
        world.faults.add(Fault(protocol="viber", operation="status", action=action))
        answer = await viber.ask(*number, 17)
        assert answer == {
            "status": "ok",
            "messages": [{"providerId": one, "code": action.code} for one in (*number, 17)],
        }
        assert (await viber.status(*number))["code"] == "ok"

    async def test_a_proxy_and_a_broken_connection(self, viber: Messenger, world: World) -> None:
        world.faults.add(Fault(protocol="viber", action=AnswerHttp(429)))
        assert (await viber.post("/send", {"messages": [text()]})).status == 429
        world.faults.add(Fault(protocol="viber", to=TO, action=DropAnswer()))
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await viber.send(text())
        assert len(list(world.messages())) == 1

    async def test_a_stranger_is_one_under_a_fault_too(
        self, viber: Messenger, world: World
    ) -> None:
        world.faults.add(Fault(protocol="viber", action=AnswerError("not-permitted")))
        answer = await viber.post("/send", {"messages": [text()]}, Authorization="")
        assert answer.status == 401
