"""VK in the sandbox: what is taken, or why not, and what is told of it and of its legs."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from devino_core import Medium, Template
from devino_core.testing import ManualClock
from devino_sandbox import Account, AnswerError, Drop, Fault, Hold, World
from tests._vectors import VECTORS
from tests.sandbox._http import Answer, Http
from tests.sandbox._messengers import BUTTON, TO, basic
from tests.sandbox._vk import Vk, by_sms, by_viber, by_whatsapp, message

URL = "https://shop.example/1"
ALL = ("viber", "whatsapp", "sms")


@pytest.fixture
def vk(http: Http) -> Vk:
    return Vk(http)


class TestRequests:
    """Whole requests."""

    @pytest.mark.parametrize("vector", ["15-003", "15-003.pdf"])
    async def test_what_the_manual_prints_is_taken(self, vk: Vk, world: World, vector: str) -> None:
        answer = await vk.post(VECTORS[vector].data)
        assert answer.json["result"]["code"] == "ok"
        assert answer.json["result"]["messageId"] > 2**53
        [sent] = world.messages()
        values = {"param1": "value1", "param2": "value2"}
        assert sent.submission.content == Template("123456", values)
        assert (sent.submission.medium, sent.submission.priority) == (Medium.VK, "HIGH")

    @pytest.mark.parametrize(
        ("body", "description"),
        [
            (b"", "messages_not_specified"),
            (b"{}", "messages_not_specified"),
            (b'{"vk":null}', "messages_not_specified"),
            (b'{"viber":{}}', "messages_not_specified"),
            (b"{", "invalid_json"),
            (b"[]", "invalid_json"),
            (b"\xff", "invalid_json"),
            (b"[" * 10_000, "invalid_json"),
            (b'{"vk":[]}', "invalid_json"),
            (b'{"vk":"x"}', "invalid_json"),
            (b'{"vk":{},"sms":1}', "invalid_json"),
        ],
    )
    async def test_what_is_no_request_is_told(self, vk: Vk, body: bytes, description: str) -> None:
        answer = await vk.post(body)
        assert answer.status == 200
        assert answer.json == {"code": "validation_error", "description": description}

    async def test_a_stranger_gets_springs_error(self, vk: Vk) -> None:
        for body in (b"{", {"vk": message()}):
            answer = await vk.post(body, Authorization=basic("demo", "wrong"))
            assert (answer.status, answer.json["error"]) == (401, "Unauthorized")
            assert answer.headers["WWW-Authenticate"].startswith("Basic")

    async def test_who_gives_no_login_is_told_in_the_interfaces_words(self, http: Http) -> None:
        expected = {"code": "validation_error", "description": "login_not_specified"}
        for method, path in (("POST", "/send/vk"), ("GET", "/status/vk?message=1")):
            body = b'{"vk":{}}' if method == "POST" else None
            answer = await http.raw(method, path, body)
            assert (answer.status, answer.json) == (200, expected)

    @pytest.mark.parametrize(("method", "path"), [("GET", "/send/vk"), ("POST", "/status/vk")])
    async def test_other_verbs_are_not_allowed(self, http: Http, method: str, path: str) -> None:
        answer = await http.raw(method, path, headers={"Authorization": basic()})
        assert answer.status == 405


class TestCodes:
    """What is wrong with a leg, and with which code the message is refused."""

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"subject": None}, "subject_not_specified"),
            ({"subject": ""}, "subject_not_specified"),
            ({"subject": "x" * 12}, "subject_invalid"),
            ({"subject": {}}, "subject_invalid"),
            ({"priority": None}, "priority_not_specified"),
            ({"priority": "urgent"}, "priority_invalid"),
            ({"routes": None}, "routes_not_specified"),
            ({"routes": []}, "routes_not_specified"),
            ({"routes": ["ok", "ok"]}, "routes_invalid"),
            ({"routes": ["fb"]}, "routes_invalid"),
            ({"routes": "vk"}, "routes_invalid"),
            ({"validityPeriod": None}, "vp_invalid"),
            ({"validityPeriod": 14}, "vp_invalid"),
            ({"validityPeriod": 86401}, "vp_invalid"),
            ({"validityPeriod": "soon"}, "vp_invalid"),
            ({"phone": None}, "phone_not_specified"),
            ({"phone": "12"}, "phone_invalid"),
            ({"templateId": None}, "text_not_specified"),
            ({"templateId": ""}, "text_not_specified"),
            ({"templateId": "welcome"}, "text_invalid"),
            ({"templateId": [1]}, "text_invalid"),
            ({"templateData": []}, "text_invalid"),
            ({"templateData": {"a": {}}}, "text_invalid"),
            ({"templateId": 123456}, "ok"),
            ({"templateData": None}, "ok"),
            ({"priority": "normal"}, "ok"),
            ({"routes": ["ok", "vk"]}, "ok"),
            ({"routes": ["vk", "ok"]}, "ok"),
            ({"routes": ["ok"]}, "ok"),
            ({"validityPeriod": 15}, "ok"),
            ({"deliveryPolicy": "mobile_device_required"}, "ok"),
            ({"phone": "+79161234567"}, "ok"),
        ],
    )
    async def test_of_the_message(self, vk: Vk, changes: dict[str, Any], code: str) -> None:
        assert await vk.code(vk=message(**changes)) == code

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"subject": None}, "subject_not_specified"),
            ({"subject": "x" * 12}, "subject_invalid"),
            ({"priority": None}, "priority_not_specified"),
            ({"priority": "urgent"}, "priority_invalid"),
            ({"validityPeriodSec": None}, "vp_invalid"),
            ({"validityPeriodSec": 14}, "vp_invalid"),
            ({"type": None}, "text_not_specified"),
            ({"type": "vk"}, "text_invalid"),
            ({"contentType": None}, "text_not_specified"),
            ({"contentType": "video"}, "text_invalid"),
            ({"text": None}, "text_not_specified"),
            ({"text": "я" * 1001}, "text_invalid"),
            ({"text": {}}, "text_invalid"),
            ({"comment": {}}, "text_invalid"),
            ({"contentType": "button"}, "text_invalid"),
            ({"contentType": "image"}, "text_invalid"),
            ({"dstAddress": None}, "phone_not_specified"),
            ({"dstAddress": "12"}, "phone_invalid"),
            ({"validityPeriodSec": None, "validityPeriod": 15}, "ok"),
            ({"contentType": "button", **BUTTON}, "ok"),
            ({"contentType": "button", "text": None, "content": BUTTON}, "ok"),
            ({"contentType": "image", "imageUrl": URL}, "ok"),
        ],
    )
    async def test_of_the_viber_leg(self, vk: Vk, changes: dict[str, Any], code: str) -> None:
        assert await vk.code(viber=by_viber(**changes)) == code

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"type": "viber"}, "text_invalid"),
            ({"validityPeriodSec": 29}, "vp_invalid"),
            ({"contentType": "image", "imageUrl": URL}, "text_invalid"),
            ({}, "ok"),
        ],
    )
    async def test_of_the_whatsapp_leg(self, vk: Vk, changes: dict[str, Any], code: str) -> None:
        assert await vk.code(whatsapp=by_whatsapp(**changes)) == code

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"srcAddress": None}, "sms_subject_not_specified"),
            ({"srcAddress": "Магазин"}, "sms_subject_not_specified"),
            ({"text": None}, "sms_text_not_specified"),
            ({"text": "x" * 2001}, "text_invalid"),
            ({"validityPeriod": None}, "sms_validity_period_not_specified"),
            ({"validityPeriod": 59}, "invalid_sms_validity_period"),
            ({"validityPeriod": "x"}, "invalid_sms_validity_period"),
            ({"dstAddress": None}, "phone_not_specified"),
            ({"dstAddress": "x"}, "phone_invalid"),
            ({}, "ok"),
        ],
    )
    async def test_of_the_sms(self, vk: Vk, changes: dict[str, Any], code: str) -> None:
        assert await vk.code(sms=by_sms(**changes)) == code

    async def test_only_senders_of_the_account_may_send(self, vk: Vk, account: Account) -> None:
        account.senders = frozenset({"TEST"})
        assert await vk.code(vk=message(subject="SHOP")) == "subject_invalid"
        assert await vk.code(sms=by_sms()) == "sms_subject_not_specified"
        assert await vk.code(viber=by_viber(subject="SHOP")) == "subject_invalid"
        assert await vk.code() == "ok"

    async def test_an_empty_purse(self, vk: Vk, account: Account) -> None:
        account.balance = Decimal(1)
        assert await vk.code() == "not-enough-credits"

    @pytest.mark.parametrize(
        ("template", "values", "code"),
        [
            ("7", {"name": "Anna", "code": "1"}, "ok"),
            ("7", {"name": "Anna", "code": "1", "more": "x"}, "ok"),
            ("7", {"name": "Anna"}, "text_invalid"),
            ("8", {"name": "Anna", "code": "1"}, "text_invalid"),
        ],
    )
    async def test_an_account_may_have_templates(
        self,
        vk: Vk,
        account: Account,
        world: World,
        template: str,
        values: dict[str, str],
        code: str,
    ) -> None:
        account.templates = {"7": "Hello #name#, your code is #code#"}
        assert await vk.code(vk=message(templateId=template, templateData=values)) == code
        if code == "ok":
            [sent] = world.messages()
            assert sent.submission.text == "Hello Anna, your code is 1"


class TestStatus:
    """What is told of a message."""

    @pytest.mark.parametrize(
        ("number", "status", "error"),
        [
            ("79161234567", "read", None),
            ("79990003000", "delivered", None),
            ("79990003100", "undelivered", "Не доставлено"),
            ("79990003200", "vp_expired", "Истек срок доставки"),
            ("79990003300", "failed", "Ошибка отправки"),
            ("79990003400", "sent", None),
            ("79990003500", "delivered", None),
            ("79990003600", "read", None),
        ],
    )
    async def test_it_ends_as_its_number_says(
        self, vk: Vk, clock: ManualClock, number: str, status: str, error: str | None
    ) -> None:
        message_id = await vk.sent(vk=message(number))
        clock.advance(400)
        told = await vk.status(message_id)
        assert (told["providerId"], told["code"]) == (message_id, "ok")
        assert (told["status"], told.get("error")) == (status, error)
        assert not {"viberStatus", "smsStates"} & told.keys()

    async def test_times_are_those_of_moscow(self, vk: Vk) -> None:
        told = await vk.status(await vk.sent())
        assert (told["status"], told["statusAt"]) == ("enqueued", "2011-01-15 15:00:00")

    @pytest.mark.parametrize(
        "query", ["", "?message=", "?message=x", "?message=0", "?message=-1", "?id=1"]
    )
    async def test_what_is_no_id_is_told(self, vk: Vk, query: str) -> None:
        expected = {"code": "validation_error", "description": "message_not_specified"}
        assert await vk.ask(query) == expected

    async def test_an_unknown_id_is_echoed(self, vk: Vk) -> None:
        expected = {"providerId": 9223372036854775807, "code": "unknown_message_id"}
        assert await vk.status(9223372036854775807) == expected

    async def test_the_id_has_two_names(self, vk: Vk) -> None:
        message_id = await vk.sent()
        for name in ("message", "messageId", "MESSAGE"):
            assert (await vk.ask(f"?{name}={message_id}"))["result"]["code"] == "ok"

    async def test_a_message_is_known_for_five_days(self, vk: Vk, clock: ManualClock) -> None:
        message_id = await vk.sent()
        clock.advance(timedelta(days=5).total_seconds())
        assert (await vk.status(message_id))["code"] == "ok"
        clock.advance(1)
        assert (await vk.status(message_id))["code"] == "unknown_message_id"

    async def test_viber_does_not_know_it(self, vk: Vk, http: Http) -> None:
        body = json.dumps({"messages": [await vk.sent()]}).encode()
        answer = await http.raw("POST", "/status", body, {"Authorization": basic()})
        assert answer.json["messages"][0]["code"].endswith("unknown")


class TestLegs:
    """What goes in its place."""

    @pytest.mark.parametrize(
        ("number", "legs", "status", "viber", "sms"),
        [
            ("79990003000", ("viber", "sms"), "delivered", None, None),
            ("79990003400", ("viber", "sms"), "sent", None, None),
            ("79990003110", ("viber", "sms"), "undelivered", "undelivered", "delivered"),
            ("79990003111", ("viber", "sms"), "undelivered", "undelivered", "undelivered"),
            ("79990003160", ("viber", "sms"), "undelivered", "read", None),
            ("79990003140", ("viber", "sms"), "undelivered", "sent", None),
            ("79990003330", ("viber", "sms"), "failed", "failed", "delivered"),
            ("79990003224", ("viber", "sms"), "vp_expired", "vp_expired", "sent"),
            ("79990003550", ("viber", "sms"), "delivered", "delivered", "delivered"),
            ("79990003190", ("sms",), "undelivered", None, "delivered"),
            ("79990003110", ("viber",), "undelivered", "undelivered", None),
            # No answer tells of WhatsApp.
            ("79990003100", ("whatsapp", "sms"), "undelivered", None, None),
            ("79990003110", ("whatsapp", "sms"), "undelivered", None, "delivered"),
            (
                "79990003110",
                ("viber", "whatsapp", "sms"),
                "undelivered",
                "undelivered",
                "delivered",
            ),
        ],
    )
    async def test_each_has_its_fate_and_all_are_told_at_once(
        self,
        vk: Vk,
        clock: ManualClock,
        number: str,
        legs: tuple[str, ...],
        status: str,
        viber: str | None,
        sms: str | None,
    ) -> None:
        message_id = await vk.chain(number, *legs)
        clock.advance(600)
        told = await vk.status(message_id)
        assert told["status"] == status
        assert (told.get("viberStatus") or {}).get("status") == viber
        assert [one["status"] for one in told.get("smsStates", [])] == ([sms] if sms else [])

    async def test_the_viber_message_has_the_id_and_a_reason(
        self, vk: Vk, clock: ManualClock
    ) -> None:
        message_id = await vk.sent(
            vk=message("79990003100"), viber=by_viber("79990002002"), sms=by_sms()
        )
        clock.advance(5)
        told = await vk.status(message_id)
        assert told["viberStatus"] == {
            "id": message_id,
            "status": "undelivered",
            "statusAt": "2011-01-15 15:00:02",
            "code": "not-viber-user",
        }
        [sms] = told["smsStates"]
        assert sms["status"] == "delivered"
        assert sms["id"] not in (message_id, told["viberStatus"]["id"])

    async def test_each_is_charged_when_it_goes(
        self, vk: Vk, clock: ManualClock, account: Account
    ) -> None:
        spent, before = [], account.balance
        await vk.chain("79990003110", "viber", "sms")
        for _ in range(4):
            spent.append(before - account.balance)
            clock.advance(1)
            await vk.ask("?message=1")
        assert spent == [Decimal("1.8"), Decimal("3.6"), Decimal("5.1"), Decimal("5.1")]

    async def test_each_may_go_to_a_number_of_its_own_and_has_its_own_words(
        self, vk: Vk, clock: ManualClock, world: World
    ) -> None:
        await vk.sent(
            vk=message("79990003100"),
            viber=by_viber("+79990003910", contentType="button", **BUTTON),
            whatsapp=by_whatsapp("79990003919"),
            sms=by_sms("79161234568"),
        )
        clock.advance(9)
        assert [
            (one.submission.medium, one.to, one.submission.sender, one.submission.text)
            for one in world.messages()
        ] == [
            (Medium.VK, "79990003100", "TEST", ""),
            (Medium.VIBER, "79990003910", "TEST", "Look"),
            (Medium.WHATSAPP, "79990003919", "TEST", "By WhatsApp"),
            (Medium.SMS, "79161234568", "SHOP", "By SMS"),
        ]

    async def test_a_leg_can_be_held_back_on_order(
        self, vk: Vk, clock: ManualClock, world: World
    ) -> None:
        world.faults.add(Fault(protocol="resend", operation="SMS", action=Hold(60)))
        message_id = await vk.chain("79990003110", "viber", "sms")
        clock.advance(30)
        assert "smsStates" not in await vk.status(message_id)
        clock.advance(60)
        assert (await vk.status(message_id))["smsStates"][0]["status"] == "delivered"


class TestStrict:
    """Five notices a day."""

    async def test_the_sixth_of_a_day_to_one_person_fails(
        self, vk: Vk, clock: ManualClock, world: World
    ) -> None:
        async def ends(**changes: object) -> tuple[str, str | None]:
            message_id = await vk.sent(vk=message(**changes))
            clock.advance(5)
            told = await vk.status(message_id)
            return told["status"], told.get("error")

        for _ in range(6):
            assert await ends() == ("read", None)
        world.strict = True
        for _ in range(5):
            assert await ends() == ("read", None)
        assert await ends() == ("failed", "limit")
        assert await ends(phone="79161234568") == ("read", None)
        assert await ends(subject="OTHER") == ("read", None)
        clock.advance(24 * 3600)
        assert await ends() == ("read", None)


class TestFaults:
    """Failures on order."""

    @pytest.mark.parametrize(
        ("action", "answer"),
        [
            (AnswerError("queue_full"), {"code": "queue_full"}),
            (AnswerError("QUEUE_FULL"), {"code": "queue_full"}),
            (AnswerError("system_error", "out of memory"), {"code": "system_error"}),
            (
                AnswerError("login_send_queue_overflow"),
                {"code": "queue_full", "description": "login_send_queue_overflow"},
            ),
            (
                AnswerError("messages_not_specified"),
                {"code": "validation_error", "description": "messages_not_specified"},
            ),
            (
                AnswerError("validation_error", "login_not_specified"),
                {"code": "validation_error", "description": "login_not_specified"},
            ),
        ],
    )
    async def test_a_word_of_a_request_is_the_answer(
        self, vk: Vk, world: World, action: AnswerError, answer: dict[str, str]
    ) -> None:
        for ask in (vk.post({"vk": message()}), vk.ask("?message=1")):
            world.faults.add(Fault(protocol="vk", action=action))
            got = await ask
            said = got.json if isinstance(got, Answer) else got
            assert said.items() >= answer.items()
            assert "result" not in said
        assert list(world.messages()) == []

    @pytest.mark.parametrize(
        "word",
        ["not-enough-credits", "text_invalid", "error-route-not-found", "error-subject-unknown"],
    )
    async def test_a_word_of_a_message_is_its_code(self, vk: Vk, world: World, word: str) -> None:
        world.faults.add(Fault(protocol="vk", to=TO, action=AnswerError(word)))
        assert await vk.code() == word
        assert await vk.code() == "ok"

    @pytest.mark.parametrize("word", ["unknown_message_id", "error-system", "UNKNOWN"])
    async def test_a_word_about_an_id_is_its_code(self, vk: Vk, world: World, word: str) -> None:
        number = await vk.sent()
        world.faults.add(Fault(protocol="vk", operation="status/vk", action=AnswerError(word)))
        said = word if word.islower() else "unknown_message_id"
        assert await vk.status(number) == {"providerId": number, "code": said}
        assert (await vk.status(number))["code"] == "ok"

    async def test_a_fault_may_be_about_the_number_of_a_leg(self, vk: Vk, world: World) -> None:
        world.faults.add(Fault(protocol="vk", to="79161234500", action=Drop()))
        assert await vk.code() == "ok"
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await vk.code(sms=by_sms("79161234500"))
