"""What Viber, WhatsApp and VK post: when, how often, and what is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from devino_codecs import viber, vk
from devino_core.testing import ManualClock
from devino_sandbox import Account, Fault, Hold, Repeat, Sandbox, World
from tests._vectors import VECTORS
from tests.sandbox._callbacks import Receiver, concluded, shown, silent, wait
from tests.sandbox._http import Http
from tests.sandbox._messengers import TO, Messenger, basic, calling, text, with_sms
from tests.sandbox._vk import message as vk_message

STATES = {
    "79990000002": [("DELIVERED", None)],
    "79990000003": [("DELIVERED", None), ("READ", None)],
    "79990000008": [("DELIVERED", None), ("READ", None), ("VISITED", None)],
    "79990000001": [],
    "79990000006": [],
    "79990000255": [],
    "79990000004": [("UNDELIVERED", None)],
    "79990000005": [("FAILED", None)],
    "79990000007": [("VP_EXPIRED", "ERROR_VP_EXPIRED")],
    "79990003950": [("VP_EXPIRED", "ERROR_VP_EXPIRED"), ("DELIVERED", None)],
    "79990002001": [("UNDELIVERED", "USER_BLOCKED")],
    "79990002002": [("UNDELIVERED", "NOT_VIBER_USER")],
    "79990002003": [("UNDELIVERED", "NO_SUITABLE_DEVICE")],
    "79990002004": [("UNDELIVERED", "BAD_DATA")],
    "79990002005": [("UNDELIVERED", "BAD_PARAMETERS")],
    "79990002006": [("UNDELIVERED", "ERROR_INSTANT_MESSAGE_TYPE_FORMAT")],
    "79990002007": [("UNDELIVERED", "BLOCKED_MESSAGE_TYPE")],
    "79990002008": [("UNDELIVERED", "UNKNOWN_ERROR")],
}


async def posted(receiver: Receiver, http: Http) -> list[Any]:
    """The items of all the callbacks so far, in the order in which they came."""
    await concluded(http)
    items: list[Any] = []
    while not receiver.nothing_more:
        items += json.loads((await receiver.call()).body)
    return items


async def live(http: Http, *seconds: float) -> None:
    for span in seconds or (1, 1, 1, 100):
        await wait(http, span)
        await concluded(http)


class TestStatuses:
    """The kind ``viber``, and ``whatsapp`` likewise."""

    @pytest.mark.parametrize(("number", "expected"), STATES.items())
    async def test_what_a_message_becomes_is_posted(
        self,
        world: World,
        account: Account,
        receiver: Receiver,
        clock: ManualClock,
        number: str,
        expected: list[tuple[str, str | None]],
    ) -> None:
        async with calling(world, account, {"viber": receiver.url("viber")}) as http:
            client = Messenger(http, clock)
            [message_id] = await client.sent(text(number, validityPeriodSec=30))
            await live(http)
            items = await posted(receiver, http)
        assert [(one["status"], one.get("errorCode")) for one in items] == expected
        assert {one["id"] for one in items} <= {message_id}

    async def test_the_form_is_the_manuals(
        self, world: World, account: Account, receiver: Receiver, clock: ManualClock
    ) -> None:
        async with calling(world, account, {"viber": receiver.url("viber")}) as http:
            [message_id] = await Messenger(http, clock).sent(text("79990002001"))
            await live(http, 1)
            call = await receiver.call()
        assert (call.method, call.headers["Content-Type"]) == ("POST", "application/json")
        assert json.loads(call.body) == [
            {
                "id": message_id,
                "receivedAt": "1295092801000",
                "status": "UNDELIVERED",
                "errorCode": "USER_BLOCKED",
            }
        ]
        # With the fields of the manual's example, in its order.
        assert list(json.loads(call.body)[0]) == list(json.loads(VECTORS["12-012"].data)[0])
        [read] = viber.decode_callback(call.body)
        assert isinstance(read, viber.StatusCallback)

    async def test_arrays_have_a_hundred_items_at_most(
        self, world: World, account: Account, receiver: Receiver, clock: ManualClock
    ) -> None:
        async with calling(world, account, {"viber": receiver.url("viber")}) as http:
            client = Messenger(http, clock)
            for _ in range(2):
                await client.sent(*[text("79990000002")] * 75)
            await live(http, 1)
            sizes = [len(json.loads((await receiver.call()).body)) for _ in range(2)]
            assert receiver.nothing_more
        assert sizes == [100, 50]
        assert receiver.most_at_once == 1

    async def test_the_sms_is_not_told_nor_what_other_protocols_sent(
        self, world: World, account: Account, receiver: Receiver, clock: ManualClock
    ) -> None:
        kinds = {kind: receiver.url(kind) for kind in ("viber", "whatsapp")}
        async with calling(world, account, kinds) as http:
            await Messenger(http, clock).sent(with_sms("79990003910"), resend=True)
            await Messenger(http, clock, "/whatsapp").sent(text(type="whatsapp"))
            form = {"SourceAddress": "X", "DestinationAddress": TO, "Data": "x", "Validity": "10"}
            assert (await http.v2("Viber/Send", **form)).status == 200
            await live(http)
            items = await posted(receiver, http)
        assert [one["status"] for one in items] == ["UNDELIVERED", "DELIVERED", "READ"]

    @pytest.mark.parametrize("kind", ["viber", "whatsapp"])
    async def test_it_is_repeated_for_a_day(
        self, world: World, account: Account, receiver: Receiver, clock: ManualClock, kind: str
    ) -> None:
        receiver.answers = [500, silent]
        suffix = "" if kind == "viber" else "/whatsapp"
        async with calling(world, account, {kind: receiver.url(kind)}) as http:
            await Messenger(http, clock, suffix).sent(text("79990003900", type=kind))
            await wait(http, 1)
            first = await receiver.call()
            # A minute after the error; then thirty seconds of silence, and a minute.
            await concluded(http)
            await wait(http, 60)
            second = await receiver.call()
            await wait(http, 30)
            await concluded(http)
            assert receiver.nothing_more
            await wait(http, 60)
            third = await receiver.call()
            assert first == second == third
            [row] = await concluded(http)
            assert (row["kind"], row["attempt"], row["answered"]) == (kind, 3, 200)

    async def test_it_is_given_up_after_a_day_and_can_be_asked_for(
        self, world: World, account: Account, receiver: Receiver, clock: ManualClock
    ) -> None:
        receiver.answers = [500] * 10
        async with calling(world, account, {"viber": receiver.url("viber")}) as http:
            client = Messenger(http, clock)
            [message_id] = await client.sent(text("79990000002"))
            await wait(http, 1)
            await receiver.call()
            await concluded(http)
            await wait(http, 24 * 3600)
            await receiver.call()
            [row] = await concluded(http)
            assert (row["given_up"], row["due"]) == (True, None)
            assert (await client.status(message_id))["status"] == "delivered"

    @pytest.mark.parametrize("strict", [False, True])
    async def test_an_answer_with_a_body_takes_it_unless_the_world_is_strict(
        self, world: World, account: Account, receiver: Receiver, clock: ManualClock, strict: bool
    ) -> None:
        world.strict = strict
        receiver.answers = ["OK"]
        async with calling(world, account, {"viber": receiver.url("viber")}) as http:
            await Messenger(http, clock).sent(text("79990000002"))
            await wait(http, 1)
            await receiver.call()
            [row] = await concluded(http)
            assert (row["answered"], row["due"] is None) == (200, not strict)

    async def test_repeated_and_held_back_on_order(
        self, world: World, account: Account, receiver: Receiver, clock: ManualClock
    ) -> None:
        world.faults.add(Fault(protocol="viber-callback", action=Hold(600)))
        world.faults.add(Fault(protocol="viber-callback", nth=2, action=Repeat(2)))
        async with calling(world, account, {"viber": receiver.url("viber")}) as http:
            await Messenger(http, clock).sent(text())
            await live(http, 1, 1)
            assert [one["status"] for one in await posted(receiver, http)] == ["READ"] * 3
            assert [row["due"] for row in await shown(http)] == ["2011-01-15T12:10:01Z", None]
            await live(http, 600)
            assert [one["status"] for one in await posted(receiver, http)] == ["DELIVERED"]


class TestReplies:
    """The kinds ``viber-reply`` and ``whatsapp-reply``."""

    async def reply(self, http: Http, **body: object) -> dict[str, Any]:
        sent = json.dumps({"sender": TO, "text": "Да", **body}).encode()
        answer = await http.raw("POST", "/_sandbox/incoming", sent)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json
        return found

    @pytest.mark.parametrize("kind", ["viber", "viber-reply"])
    async def test_it_names_the_message_that_it_answers(
        self, world: World, account: Account, receiver: Receiver, clock: ManualClock, kind: str
    ) -> None:
        async with calling(world, account, {kind: receiver.url(kind)}) as http:
            [message_id] = await Messenger(http, clock).sent(text())
            came = await self.reply(http, medium="VIBER", in_reply_to=str(message_id))
            call = await receiver.call()
            [row] = await concluded(http)
        assert row["kind"] == "viber-reply"
        assert json.loads(call.body) == [
            {
                "id": int(came["id"]),
                "parentId": message_id,
                "receivedAt": "2011-01-15 12:00:00",
                "subject": "DEVINO",
                "address": TO,
                "contentType": "text",
                "content": "Да",
            }
        ]
        assert json.loads(call.body)[0].keys() == json.loads(VECTORS["12-013"].data)[0].keys()

    async def test_statuses_and_replies_may_have_urls_of_their_own(
        self, world: World, account: Account, receiver: Receiver, clock: ManualClock
    ) -> None:
        kinds = {kind: receiver.url(kind) for kind in ("viber", "viber-reply")}
        async with calling(world, account, kinds) as http:
            [message_id] = await Messenger(http, clock).sent(text("79990000002"))
            await self.reply(http, medium="VIBER", in_reply_to=str(message_id))
            assert (await receiver.call()).path.endswith("/viber-reply")
            await wait(http, 1)
            assert (await receiver.call()).path.endswith("/viber")
            await concluded(http)
            assert receiver.nothing_more

    async def test_over_whatsapp_the_message_may_be_unknown(
        self, world: World, account: Account, receiver: Receiver
    ) -> None:
        async with calling(world, account, {"whatsapp": receiver.url("whatsapp")}) as http:
            await self.reply(http, medium="WHATSAPP", to="SHOP")
            [item] = await posted(receiver, http)
        assert (item["parentId"], item["subject"], item["content"]) == (0, "SHOP", "Да")

    async def test_it_is_repeated_for_an_hour(
        self, world: World, account: Account, receiver: Receiver
    ) -> None:
        receiver.answers = [500] * 100
        async with calling(world, account, {"whatsapp": receiver.url("whatsapp")}) as http:
            await self.reply(http, medium="WHATSAPP", to="SHOP")
            while not (row := (await concluded(http))[0])["given_up"]:
                await wait(http, 60)
        assert row["attempt"] == 61

    @pytest.mark.parametrize(
        "body", [{"medium": "VIBER"}, {"medium": "VIBER", "in_reply_to": "1"}, {"medium": "FAX"}]
    )
    async def test_what_nobody_can_write_is_explained(
        self, http: Http, body: Mapping[str, str]
    ) -> None:
        sent = json.dumps({"sender": TO, "text": "x", **body}).encode()
        answer = await http.raw("POST", "/_sandbox/incoming", sent)
        assert answer.status == 400
        assert "in_reply_to" in answer.json["error"] or "medium" in answer.json["error"]


class TestVk:
    """The kind ``vk``."""

    async def test_every_change_is_posted_in_moscows_time(
        self, world: World, account: Account, receiver: Receiver
    ) -> None:
        async with calling(world, account, {"vk": receiver.url("vk")}) as http:
            body = json.dumps({"vk": vk_message()}).encode()
            answer = await http.raw("POST", "/send/vk", body, {"Authorization": basic()})
            message_id = answer.json["result"]["messageId"]
            await live(http, 0.5, 0.5, 1, 100)
            items = await posted(receiver, http)
        assert items == [
            {"messageId": message_id, "status": status, "receivedAt": at, "error": error}
            for status, at, error in (
                ("SENT", "2011-01-15 15:00:00", "Отправлено"),
                ("DELIVERED", "2011-01-15 15:00:01", "Доставлено"),
                ("READ", "2011-01-15 15:00:02", "Прочитано"),
            )
        ]
        assert items[0].keys() == json.loads(VECTORS["15-007"].data)[0].keys()

    async def test_nothing_is_told_of_what_goes_in_its_place(
        self, world: World, account: Account, receiver: Receiver
    ) -> None:
        kinds = {kind: receiver.url(kind) for kind in ("vk", "viber")}
        async with calling(world, account, kinds) as http:
            body = json.loads(VECTORS["15-003.pdf"].data)
            for leg in ("vk", "viber", "sms"):
                body[leg]["phone" if leg == "vk" else "dstAddress"] = "79990003110"
            sent = json.dumps(body).encode()
            await http.raw("POST", "/send/vk", sent, {"Authorization": basic()})
            await live(http)
            rows = await concluded(http)
        assert {row["kind"] for row in rows} == {"vk"}
        read = [one for row in rows for one in vk.decode_callback(row["body"].encode())]
        assert [one.status for one in read if isinstance(one, vk.StatusCallback)] == [
            vk.VkStatus.SENT,
            vk.VkStatus.UNDELIVERED,
        ]


async def test_the_kinds_are_those_that_a_fault_can_name(sandbox: Sandbox) -> None:
    kinds = {"sms", "viber", "viber-reply", "whatsapp", "whatsapp-reply", "vk"}
    protocols = sandbox.world.faults.operations
    assert {f"{kind}-callback" for kind in kinds} <= protocols.keys()
    assert protocols["sms-callback"] == ("GET",)
