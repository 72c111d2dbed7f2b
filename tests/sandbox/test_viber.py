"""Viber over HTTP in the sandbox: what is taken, or why not, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from devino_core import Button, Card, Medium, Secret, State
from devino_core.testing import ManualClock
from devino_sandbox import Account, AnswerError, AnswerHttp, DropAnswer, Fault, World
from tests._vectors import VECTORS
from tests.sandbox._http import Http
from tests.sandbox._messengers import BUTTON, TO, Messenger, basic, text, with_sms

OTHER = "79161234568"
LONG = "я" * 1001
IMAGE = {"imageUrl": "https://shop.example/1.png"}


@pytest.fixture
def viber(http: Http, clock: ManualClock) -> Messenger:
    return Messenger(http, clock)


class TestRequests:
    """Whole requests."""

    @pytest.mark.parametrize("vector", ["12-004", "12-006", "12-007", "12-008"])
    async def test_what_the_manual_prints_is_taken(self, viber: Messenger, vector: str) -> None:
        answer = await viber.post("/send", VECTORS[vector].data)
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("application/json")
        taken = answer.json["messages"]
        assert {one["code"] for one in taken} == {"ok"}
        # Beyond what a double holds, so that a client that rounds is found out.
        assert all(one["providerId"] > 2**53 for one in taken)
        assert len({one["providerId"] for one in taken}) == len(taken)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"null",
            b"[]",
            b"1",
            b"\xff",
            b"[" * 10_000,
            b"{}",
            b'{"messages":null}',
            b'{"messages":{}}',
            b'{"messages":"x"}',
            b'{"messages":[]}',
        ],
    )
    @pytest.mark.parametrize("path", ["/send", "/status"])
    async def test_what_is_no_request_is_an_error_of_syntax(
        self, viber: Messenger, path: str, body: bytes
    ) -> None:
        answer = await viber.post(path, body)
        assert (answer.status, answer.json) == (200, {"status": "error-syntax"})

    @pytest.mark.parametrize("message", ["1", "null", "[]", '"x"'])
    async def test_what_is_no_object_is_no_message(self, viber: Messenger, message: str) -> None:
        answer = await viber.post("/send", f'{{"messages":[{message}]}}'.encode())
        assert (answer.status, answer.json) == (200, {"status": "error-syntax"})

    async def test_of_a_hundred_and_one_messages_none_is_taken(
        self, viber: Messenger, world: World
    ) -> None:
        assert await viber.send(*[text()] * 101) == {"status": "error-syntax"}
        assert await viber.ask(*range(1, 102)) == {"status": "error-syntax"}
        assert list(world.messages()) == []
        assert len(await viber.sent(*[text()] * 100)) == 100

    async def test_a_word_that_is_no_boolean_is_an_error_of_syntax(self, viber: Messenger) -> None:
        assert await viber.send(text(), resend="maybe") == {"status": "error-syntax"}

    @pytest.mark.parametrize("resend", [True, "true", "TRUE"])
    async def test_resending_is_a_boolean_or_its_word(
        self, viber: Messenger, resend: object
    ) -> None:
        assert await viber.code(with_sms(), resend=resend) == "ok"

    @pytest.mark.parametrize("path", ["/send/", "/SEND", "//Send//"])
    async def test_a_path_is_read_in_any_case_with_a_slash_at_its_end(
        self, viber: Messenger, path: str
    ) -> None:
        assert (await viber.post(path, {"messages": [text()]})).json["status"] == "ok"

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    async def test_other_verbs_are_not_allowed(self, http: Http, method: str) -> None:
        answer = await http.raw(method, "/send", headers={"Authorization": basic()})
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
        assert answer.json["error"] == "Method Not Allowed"

    async def test_other_paths_are_not_there(self, viber: Messenger) -> None:
        answer = await viber.post("/send/telegram", {})
        assert (answer.status, answer.json["error"]) == (404, "Not Found")

    async def test_one_refused_message_costs_no_other_its_place(
        self, viber: Messenger, world: World
    ) -> None:
        answer = await viber.send(text(), text(priority="soon"), text(), text("12"), text())
        assert [one["code"] for one in answer["messages"]] == [
            "ok",
            "error-priority-format",
            "ok",
            "error-address-format",
            "ok",
        ]
        reasons = [message.reason for message in world.messages()]
        assert reasons == [None, "error-priority-format", None, "error-address-format", None]

    async def test_common_data_is_merged_field_by_field(
        self, viber: Messenger, world: World
    ) -> None:
        await viber.post("/send", VECTORS["12-008"].data)
        first, second = world.messages()
        button = Button("caption", "http://company.com/resource")
        cards = [
            Card(text=said, image="http://company.com/image.jpg", button=button)
            for said in ("text", "Message text")
        ]
        assert [first.submission.content, second.submission.content] == cards
        assert (first.submission.priority, second.submission.priority) == ("HIGH", "LOW")

    async def test_common_data_has_another_name(self, viber: Messenger) -> None:
        common = text(address=None)
        body = {"messageCommonData": common, "messages": [{"address": TO}]}
        assert (await viber.post("/send", body)).json["messages"][0]["code"] == "ok"

    async def test_null_is_as_good_as_absent(self, viber: Messenger) -> None:
        nulls = dict.fromkeys(["comment", "smsText", "smsSrcAddress", "smsValidityPeriodSec"], None)
        message = {**text(), **nulls, "content": {"text": "x", "caption": None, "imageUrl": None}}
        assert await viber.code(message, resend=False) == "ok"
        assert await viber.code(message) == "ok"


class TestLogin:
    """Who asks."""

    @pytest.mark.parametrize(
        "header", ["", "Basic", "Basic !!!", "Bearer x", basic("demo", "wrong"), basic("x")]
    )
    @pytest.mark.parametrize("body", [b"{", b'{"messages":[{}]}'])
    @pytest.mark.parametrize("path", ["/send", "/status"])
    async def test_a_stranger_gets_springs_error(
        self, viber: Messenger, path: str, header: str, body: bytes
    ) -> None:
        answer = await viber.post(path, body, Authorization=header)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
        assert answer.json == {
            "timestamp": 1295092800000,
            "status": 401,
            "error": "Unauthorized",
            "message": "Bad credentials",
            "path": path,
        }

    async def test_what_a_stranger_sends_is_on_record(self, viber: Messenger, world: World) -> None:
        await viber.post("/send", {"messages": [text(), text(OTHER)]}, Authorization="")
        assert [(m.to, m.reason) for m in world.messages()] == [
            (TO, "Unauthorized"),
            (OTHER, "Unauthorized"),
        ]

    @pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
    async def test_a_password_may_be_in_either_charset(
        self, viber: Messenger, account: Account, charset: str
    ) -> None:
        account.password = Secret("pässwörd")
        header = basic(password="pässwörd", charset=charset)
        answer = await viber.post("/send", {"messages": [text()]}, Authorization=header)
        assert answer.json["status"] == "ok"


class TestCodes:
    """What is wrong with a message, and with which code it is refused."""

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"subject": None}, "error-subject-not-specified"),
            ({"subject": ""}, "error-subject-not-specified"),
            ({"subject": "x" * 12}, "error-subject-format"),
            ({"subject": ["x"]}, "error-subject-format"),
            ({"priority": None}, "error-priority-format"),
            ({"priority": "urgent"}, "error-priority-format"),
            ({"priority": 1}, "error-priority-format"),
            ({"validityPeriodSec": None}, "error-validity-period-seconds-format"),
            ({"validityPeriodSec": 29}, "error-validity-period-seconds-format"),
            ({"validityPeriodSec": 86401}, "error-validity-period-seconds-format"),
            ({"validityPeriodSec": "soon"}, "error-validity-period-seconds-format"),
            ({"validityPeriodSec": 10**30}, "error-validity-period-seconds-format"),
            ({"comment": {"a": 1}}, "error-comment-format"),
            ({"type": None}, "error-instant-message-type-not-specified"),
            ({"type": "whatsapp"}, "error-instant-message-type-format"),
            ({"type": 7}, "error-instant-message-type-format"),
            ({"contentType": None}, "error-content-type-format"),
            ({"contentType": "video"}, "error-content-type-format"),
            ({"content": None}, "error-content-not-specified"),
            ({"content": "Hello"}, "error-content-type-format"),
            ({"content": {}}, "error-content-type-format"),
            ({"content": {"text": ""}}, "error-content-type-format"),
            ({"content": {"text": LONG}}, "error-content-type-format"),
            ({"content": {"text": "😀" * 501}}, "error-content-type-format"),
            ({"contentType": "image"}, "error-content-type-format"),
            ({"contentType": "image", "content": {"imageUrl": "x"}}, "error-content-type-format"),
            ({"contentType": "button"}, "error-content-type-format"),
            ({"address": None}, "error-address-not-specified"),
            ({"address": ""}, "error-address-not-specified"),
            ({"address": "12"}, "error-address-format"),
            ({"address": "7 916 123 45 67"}, "error-address-format"),
            ({"address": True}, "error-address-format"),
        ],
    )
    async def test_a_fault_has_its_code(
        self, viber: Messenger, changes: dict[str, Any], code: str
    ) -> None:
        assert await viber.code(text(**changes)) == code

    @pytest.mark.parametrize(
        "changes",
        [
            {"validityPeriodSec": 30},
            {"validityPeriodSec": "86400"},
            {"priority": "medium"},
            {"priority": "REALTIME"},
            {"comment": "x" * 10_000},
            {"content": {"text": "я" * 1000}},
            {"content": {"text": "😀" * 500}},
            {"contentType": "image", "content": IMAGE},
            {"contentType": "image", "content": {"image": "http://shop.example/1.png"}},
            {"contentType": "button", "content": BUTTON},
            {"contentType": "button", "content": {**BUTTON, **IMAGE}},
            {"address": "+79161234567"},
            {"address": 79161234567},
            {"unknown": 1},
            {"subject": "Магазин №1"},
        ],
    )
    async def test_what_is_right_is_taken(self, viber: Messenger, changes: dict[str, Any]) -> None:
        assert await viber.code(text(**changes)) == "ok"

    @pytest.mark.parametrize(
        ("changes", "is_strict_only"),
        [
            ({"text": ""}, False),
            ({"text": LONG}, False),
            ({"caption": ""}, False),
            ({"caption": "x" * 31}, False),
            ({"action": "shop"}, False),
            ({"action": None}, False),
            ({"imageUrl": "ftp://x/y"}, False),
            ({"text": "x"}, True),
            ({"caption": "x" * 20}, True),
            ({"caption": "x" * 30}, True),
        ],
    )
    async def test_a_button_needs_all_of_it(
        self, viber: Messenger, world: World, changes: dict[str, Any], is_strict_only: bool
    ) -> None:
        message = text(contentType="button", content={**BUTTON, **changes})
        refused = "error-content-type-format"
        assert await viber.code(message) == ("ok" if is_strict_only else refused)
        world.strict = True
        assert await viber.code(message) == refused
        content = {**BUTTON, "caption": "x" * 19, "text": "xy"}
        assert await viber.code(text(contentType="button", content=content)) == "ok"

    async def test_only_senders_of_the_account_may_send(
        self, viber: Messenger, account: Account
    ) -> None:
        account.senders = frozenset({"SHOP"})
        assert await viber.code(text()) == "error-subject-unknown"
        assert await viber.code(text(subject="SHOP")) == "ok"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"smsValidityPeriodSec": 59}, "error-resend-sms-validity-period-error"),
            ({"smsValidityPeriodSec": 86401}, "error-resend-sms-validity-period-error"),
            ({"smsValidityPeriodSec": "x"}, "error-resend-sms-validity-period-error"),
            ({"smsText": ""}, "error-resend-sms-error"),
            ({"smsText": "x" * 2001}, "error-resend-sms-error"),
            ({"smsText": {}}, "error-resend-sms-error"),
            ({"smsSrcAddress": "x" * 12}, "error-resend-sms-error"),
            ({"smsSrcAddress": "my shop"}, "error-resend-sms-error"),
            ({"smsSrcAddress": "Магазин"}, "error-resend-sms-error"),
            ({"contentType": "image", "content": IMAGE}, "error-resend-sms-error"),
            ({"smsText": "x" * 2000}, "ok"),
            ({"smsSrcAddress": "1TEST"}, "ok"),
            ({"smsValidityPeriodSec": None}, "ok"),
            ({"smsValidityPeriodSec": "60"}, "ok"),
            ({"contentType": "button", "content": BUTTON}, "ok"),
        ],
    )
    async def test_a_fault_of_the_sms_has_its_code(
        self, viber: Messenger, changes: dict[str, Any], code: str
    ) -> None:
        assert await viber.code(with_sms(**changes), resend=True) == code

    async def test_an_sms_comes_from_a_sender_of_the_account(
        self, viber: Messenger, account: Account
    ) -> None:
        account.senders = frozenset({"DEVINO"})
        assert await viber.code(with_sms(), resend=True) == "error-resend-sms-error"
        assert await viber.code(with_sms(smsSrcAddress="DEVINO"), resend=True) == "ok"

    @pytest.mark.parametrize("resend", [None, False, "false"])
    @pytest.mark.parametrize(
        "field", [{"smsText": "x"}, {"smsSrcAddress": "X"}, {"smsValidityPeriodSec": 60}]
    )
    async def test_fields_of_an_sms_need_resending(
        self, viber: Messenger, field: dict[str, Any], resend: object
    ) -> None:
        assert await viber.code(text(**field), resend=resend) == "error-resend-sms-error"

    async def test_fields_of_an_sms_at_the_top_do_not(self, viber: Messenger) -> None:
        assert await viber.code(text(), smsText="x", smsSrcAddress="X") == "ok"

    async def test_what_lacks_of_the_sms_comes_from_the_top_then_from_the_message(
        self, viber: Messenger, clock: ManualClock, world: World
    ) -> None:
        top = {"smsText": "From the top", "smsValidityPeriodSec": 60}
        lost = "79990003910"
        await viber.send(with_sms(lost), text(lost), resend=True, **top)
        await viber.send(text(lost), resend=True)
        clock.advance(5)
        instead = [m.submission for m in world.messages() if m.submission.medium is Medium.SMS]
        assert [(one.text, one.sender) for one in instead] == [
            ("Instead", "SHOP"),
            ("From the top", "DEVINO"),
            ("Hello", "DEVINO"),
        ]
        assert [one.validity for one in instead] == [
            timedelta(hours=1),
            timedelta(minutes=1),
            None,
        ]

    async def test_an_empty_purse_refuses_that_message_alone(
        self, viber: Messenger, account: Account
    ) -> None:
        account.balance = Decimal("3.6")
        answer = await viber.send(text(), text(OTHER), text())
        codes = [one["code"] for one in answer["messages"]]
        assert codes == ["ok", "ok", "not-permitted"]


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
