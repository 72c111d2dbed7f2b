"""Viber over HTTP in the sandbox: what is taken, or why not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from devino_core import Button, Card, Medium, Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, World
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
