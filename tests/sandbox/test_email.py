"""The e-mail interface: what the sandbox answers, by plain HTTP."""

from __future__ import annotations

import json
from decimal import Decimal

import aiohttp
import pytest

from devino_codecs.email import SenderState
from devino_core import Secret
from devino_sandbox import Account, AnswerError, AnswerHttp, Fault, Sandbox, World
from devino_sandbox._mail import MailSenders
from tests._vectors import VECTORS
from tests.sandbox._email import FROM, TEXT, Post, content_of, pass_by
from tests.sandbox._http import Http

RANGE = {"Range": "items=1-100"}


@pytest.fixture
def post(http: Http) -> Post:
    return Post(http)


# Senders.


async def test_an_address_is_added_once_and_given_back(post: Post) -> None:
    asked = VECTORS["14-008"].data
    answer = await post.ask("POST", "/UserSettings/SourceAddresses", asked)
    assert (answer.status, answer.json) == (201, json.loads(VECTORS["14-009"].data))
    answer = await post.ask("POST", "/UserSettings/SourceAddresses", asked)
    assert (answer.status, answer.json) == (200, {"Code": "ok", "Description": "ok"})
    await post.done("POST", "/UserSettings/SourceAddresses", {"SenderAddress": "B@EXAMPLE.com"})
    assert await post.done("GET", "/UserSettings/SourceAddresses") == [
        {"SourceAddress": "test@gmail.com", "State": 1, "IsDefault": True},
        {"SourceAddress": "B@example.com", "State": 1, "IsDefault": False},
    ]
    answer = await post.ask("DELETE", "/UserSettings/SourceAddresses/test%40gmail.com")
    assert (answer.status, answer.json) == (200, json.loads(VECTORS["14-010"].data))
    assert await post.no("DELETE", "/UserSettings/SourceAddresses/test@gmail.com") == (
        404,
        "no such sender address",
    )


async def test_an_address_waits_for_approval_where_the_account_has_approved_ones(
    post: Post, account: Account, world: World
) -> None:
    account.mail_senders = frozenset({"me@shop.example"})
    path = "/UserSettings/SourceAddresses"
    assert await post.no("POST", path, {"SourceAddress": "x@gmail.com"}) == (
        400,
        "the domain is not confirmed",
    )
    assert (await post.no("POST", path, {"SourceAddress": "nobody"}))[0] == 400
    await post.done("POST", path, {"SourceAddress": "you@shop.example"})
    listed = await post.done("GET", path)
    assert [(one["SourceAddress"], one["State"]) for one in listed] == [
        ("me@shop.example", 1),
        ("you@shop.example", 0),
    ]
    body = {
        "Sender": {"Address": "you@shop.example"},
        "Recipients": [{"Address": "a@b.ru"}],
        "Subject": "Hi",
        "Body": {"Html": "Hi"},
    }
    assert await post.no("POST", "/messages", body) == (400, "the sender address is not approved")
    answer = await post.http.raw(
        "POST",
        "/_sandbox/mail-senders",
        b'{"address": "you@shop.example", "state": "Approve"}',
    )
    assert answer.status == 200, answer.body
    assert len(await post.done("POST", "/messages", body)) == 1
    world.of(MailSenders).decide(account, "you@shop.example", SenderState.REJECTED)
    assert len(await post.done("GET", path)) == 1


# Templates.


async def test_templates_as_the_manual_prints_them(post: Post) -> None:
    answer = await post.ask("POST", "/Templates", VECTORS["14-019"].data)
    assert (answer.status, answer.json) == (
        201,
        {**json.loads(VECTORS["14-020"].data), "Result": 1},
    )
    sender = json.loads(VECTORS["14-019"].data)["Sender"]
    found = json.loads(VECTORS["14-017"].data)["Result"]
    assert await post.done("GET", "/Templates/1") == {**found, "Sender": sender}
    answer = await post.ask("PUT", "/Templates/1", VECTORS["14-021"].data)
    assert (answer.status, answer.json) == (200, json.loads(VECTORS["14-022"].data))
    [listed] = await post.done("GET", "/Templates/")
    assert "MergeFields" not in listed
    await post.done("DELETE", "/Templates/1")
    assert await post.no("GET", "/Templates/1") == (404, "template not found")
    assert await post.no("DELETE", "/Templates/1") == (404, "template not found")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Name": " "}, "the name is empty"),
        ({"Body": {"Html": "x", "PlainText": TEXT}}, "the text must have the macros"),
        ({"Body": {}}, "subject and text are required"),
        ({"Sender": {"Name": "Stop-Word"}}, "the text has a stop word"),
        ({"Sender": {"Address": "nobody"}}, "not an e-mail address"),
    ],
)
async def test_a_template_that_may_not_be(
    post: Post, changes: dict[str, object], reason: str
) -> None:
    draft = {"Name": "x", "Body": {"PlainText": TEXT}, **changes}
    status, why = await post.no("POST", "/Templates", draft)
    assert (status, reason in why) == (400, True), why
    assert await post.done("GET", "/Templates/") == []


# Messages.


async def test_the_message_of_the_manual(post: Post, world: World) -> None:
    answer = await post.ask("POST", "/messages", VECTORS["14-026"].data)
    [taken] = answer.json["Result"]
    message_id = taken.pop("MessageId")
    assert (answer.status, taken) == (
        201,
        {"Index": 0, "Address": "ivan@example.com", "Code": "ok"},
    )
    assert (len(message_id), message_id.isalnum()) == (11, True)
    [message] = world.messages()
    content = content_of(message)
    assert (content.subject, content.sender_name) == ("Ув. Иван!", "Test")
    assert content.html.startswith('Ув. Иван! Осталось 5 дней<br><a href="http://127.0.0.1:')
    # Braces are no macros.
    assert content.text.startswith("Ув. {ExtField}! Ждем вас завтра! http://127.0.0.1:")
    assert message.submission.campaign == "1234"
    [shown] = await post.http.messages("?to=ivan@EXAMPLE.com")
    assert shown["content"]["subject"] == "Ув. Иван!"
    assert shown["content"]["html"] == content.html


async def test_each_recipient_has_a_message_of_its_own_in_order(post: Post, world: World) -> None:
    recipients = [
        {"Address": "a@b.ru", "MergeFields": {"n": "1"}, "RecipientId": "r1"},
        {"Address": "nobody"},
        {"Address": "A@b.ru", "MergeFields": {"n": "2"}, "RecipientId": ""},
        {"Address": "c@b.ru", "RecipientId": "x" * 33},
        {"Address": "d@b.ru", "MergeFields": {"a-b": "1"}},
        {"Address": "e@b.ru", "Name": "a STOP-word"},
        {"Address": "a@b.ru", "MergeFields": {"n": "3"}},
    ]
    taken = await post.send(Recipients=recipients, Subject="[n] [m]")
    assert [one["Index"] for one in taken] == [*range(7)]
    assert [one["Code"] for one in taken] == [
        "ok",
        "validation_error",
        "ok",
        *["validation_error"] * 3,
        "ok",
    ]
    assert taken[1]["Description"] == "not an e-mail address"
    assert "MessageId" not in taken[1]
    sent = [one for one in world.messages() if one.reason is None]
    # A macro without a value stays.
    assert [content_of(one).subject for one in sent] == ["1 [m]", "2 [m]", "3 [m]"]
    ids = ",".join(one["MessageId"] for one in taken if one["Code"] == "ok")
    found = await post.done("GET", f"/Messages/{ids}")
    assert [one.get("RecipientId") for one in found] == ["r1", None, None]


async def test_a_value_may_be_a_whole_number(post: Post, world: World) -> None:
    to = [{"Address": "a@b.ru", "MergeFields": {"n": 5, "big": 2**60}}]
    await post.send(Recipients=to, Subject="[n] [big]")
    [sent] = world.messages()
    assert content_of(sent).subject == f"5 {2**60}"


async def test_a_call_of_which_nobody_was_taken_is_refused_and_says_of_each_why(
    post: Post,
) -> None:
    body = {
        "Sender": {"Address": FROM},
        "Recipients": [{"Address": "nobody"}],
        "Subject": "x",
        "Body": {"Html": "x"},
    }
    answer = await post.ask("POST", "/messages", body)
    assert (answer.status, answer.json["Code"]) == (400, "validation_error")
    [one] = answer.json["Result"]
    assert (one["Index"], one["Code"]) == (0, "validation_error")


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"Recipients": []}, 400, "no recipients"),
        ({"Subject": ""}, 400, "subject and text are required"),
        ({"Body": {"Html": ""}}, 400, "subject and text are required"),
        ({"Subject": "a stop-word"}, 400, "the text has a stop word"),
        ({"TemplateId": "9"}, 400, "template not found"),
        ({"Sender": {"Address": "x"}}, 400, "not an e-mail address"),
    ],
)
async def test_a_message_that_may_not_be(
    post: Post, world: World, changes: dict[str, object], status: int, reason: str
) -> None:
    body = {
        "Sender": {"Address": FROM},
        "Recipients": [{"Address": "a@b.ru"}],
        "Subject": "x",
        "Body": {"Html": "x"},
        **changes,
    }
    found, why = await post.no("POST", "/messages", body)
    assert (found, reason in why) == (status, True), why
    assert list(world.messages()) == []


@pytest.mark.parametrize("key", ["1", 1, "mine"])
async def test_a_template_gives_what_the_message_lacks(
    post: Post, world: World, key: object
) -> None:
    draft = {
        "Name": "x",
        "Subject": "Dear [Name]",
        "Body": {"Html": "[Unsubscribe][WebVersion]!"},
        "UserTemplateId": "mine",
    }
    await post.done("POST", "/Templates", draft)
    to = [{"Address": "a@b.ru", "MergeFields": {"Name": "Ann"}}]
    await post.send(Recipients=to, Subject=None, Body=None, TemplateId=key)
    await post.send(Recipients=to, Subject="Own", Body={}, TemplateId=key)
    assert [content_of(one).subject for one in world.messages()] == ["Dear Ann", "Own"]
    assert all(content_of(one).html.endswith("!") for one in world.messages())


async def test_who_cannot_pay_for_all_sends_to_nobody(post: Post, account: Account) -> None:
    account.balance = Decimal("0.15")
    body = {
        "Sender": {"Address": FROM},
        "Recipients": [{"Address": "a@b.ru"}, {"Address": "c@b.ru"}],
        "Subject": "x",
        "Body": {"Html": "x"},
    }
    assert await post.no("POST", "/messages", body) == (402, "not enough credits")
    assert account.balance == Decimal("0.15")
    await post.send("a@b.ru")
    assert account.balance == Decimal("0.05")


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("notsent", "NotSent"),
        ("sent", "Sent"),
        ("delivered", "Delivered"),
        ("read", "Read"),
        ("anybody", "Read"),
        ("clicked", "Clicked"),
        ("bounced", "Bounced"),
        ("bounced.spam-related", "Bounced"),
        ("bounced.message-expired", "Bounced"),
        ("bounced.invalid-sender", "Rejected"),
        ("rejected", "Rejected"),
        ("unsubscribed", "Read"),
        ("complained", "Read"),
        ("notfound", None),
    ],
)
async def test_the_address_chooses_the_fate(
    post: Post, world: World, name: str, state: str | None
) -> None:
    message_id = await post.id_of(f"{name}@fate.test")
    assert await post.state(message_id) == (None if state is None else "NotSent")
    pass_by(world, 10)
    assert await post.state(message_id) == state


async def test_a_mail_may_come_back_after_it_was_delivered(post: Post, world: World) -> None:
    message_id = await post.id_of("late-bounced@fate.test")
    pass_by(world, 10)
    assert await post.state(message_id) == "Delivered"
    pass_by(world, 60)
    assert await post.state(message_id) == "Bounced"


async def test_who_has_unsubscribed_gets_nothing_more(post: Post, world: World) -> None:
    await post.send("unsubscribed@fate.test")
    pass_by(world, 10)
    message_id = await post.id_of("unsubscribed@FATE.test")
    pass_by(world, 10)
    assert await post.state(message_id) == "Rejected"
    assert [one.step.reason for one in world.messages()] == ["", "already_unsubscribed"]


async def test_statuses_of_at_most_150_own_messages(http: Http, post: Post, world: World) -> None:
    mine = await post.id_of("a@b.ru")
    ids = [mine, mine, "00000000000", "nonsense!", "579700854169272358"]
    [found] = await post.done("GET", f"/Messages/{','.join(ids)}")
    assert found == {"MessageId": mine, "Email": "a@b.ru", "State": "NotSent"}
    assert await post.done("GET", "/Messages/00000000000") == []
    assert await post.no("GET", "/Messages/" + ",".join(["a"] * 151)) == (400, "more than 150 ids")
    world.accounts["other"] = Account(login="other", password=Secret("other"))
    other = Post(http, "other", "other")
    assert await other.done("GET", f"/Messages/{mine}") == []
    [sms] = await http.send()
    assert int(sms) == 579700854169272359


async def test_version_1_and_paths_without_a_version(http: Http, world: World) -> None:
    old = Post(http, base="/email/v1")
    answer = await old.ask("POST", "/Messages", VECTORS["14-028"].data)
    told = json.loads(VECTORS["14-029"].data)
    assert (answer.status, {**answer.json, "Result": ""}) == (201, {**told, "Result": ""})
    bare = Post(http, base="")
    assert isinstance(await bare.done("POST", "/messages", VECTORS["14-028"].data), str)
    [one] = await bare.done("POST", "//MESSAGES/", VECTORS["14-026"].data)
    assert one["Code"] == "ok"
    [one] = await Post(http, base="/v2").done("POST", "/messages", VECTORS["14-026"].data)
    assert one["Code"] == "ok"
    assert [one.submission.via for one in world.messages()] == [*["email-v1"] * 2, *["email"] * 2]
    await old.done("POST", "/UserSettings/SenderAddresses", {"SenderAddress": "a@b.ru"})
    assert await old.done("GET", "/UserSettings/SenderAddresses") == [
        {"SenderAddress": "a@b.ru", "State": 1, "IsDefault": True}
    ]
    number = await old.done("POST", "/Templates", {"Name": "x", "Text": TEXT})
    assert (await old.done("GET", f"/Templates/{number}"))["Text"] == TEXT
    assert (await bare.done("GET", f"/Templates/{number}"))["Body"] == {"Html": TEXT}


# Statistics.


async def test_statistics_count_each_mail_where_it_is(post: Post, world: World) -> None:
    for name in ("notsent", "sent", "delivered", "read", "clicked", "bounced", "rejected"):
        await post.send(f"{name}@fate.test")
    pass_by(world, 10)
    await post.send("late@b.ru")
    span = "StartDateTime=2011-01-15T12:00:00&EndDateTime=2011-01-15T12:00:05"
    assert await post.done("GET", f"/Statistics?{span}") == {
        **dict.fromkeys(
            ("NotSent", "Sent", "Delivered", "Read", "Clicked", "Bounced", "Rejected"), 1
        ),
        "Total": 7,
    }
    whole = "StartDateTime=2011-01-15&EndDateTime=01/16/2011%2000:00:00&Login=x"
    assert (await post.done("GET", f"/Statistics?{whole}"))["Total"] == 8
    answer = await post.ask("GET", f"/Statistics/Messages?{whole}", headers={"Range": "items=2-3"})
    assert (answer.status, answer.headers["Content-Range"]) == (206, "items 2-3/8")
    assert [one["State"] for one in answer.json["Result"]] == ["Sent", "Delivered"]
    [read] = await post.done("GET", f"/Statistics/Messages?{whole}&State=read", **RANGE)
    assert read == {
        "State": "Read",
        "Price": 0.1,
        "Id": 579700854169272361,
        "DestinationEmail": "read@fate.test",
        "LastUpdateUtc": "/Date(1295092802000-0000)/",
        "CreatedDateUtc": "/Date(1295092800000-0000)/",
    }


@pytest.mark.parametrize("path", ["/Statistics", "/Statistics/Messages"])
async def test_statistics_are_of_a_campaign_or_of_a_whole_time(post: Post, path: str) -> None:
    for query in ("", "?StartDateTime=2011-01-15"):
        status, why = await post.no("GET", path + query, **RANGE)
        assert (status, "TaskId" in why) == (400, True)
    assert await post.no("GET", f"{path}?TaskId=1", **RANGE) == (404, "task not found")
    assert (await post.no("GET", f"{path}?StartDateTime=x&EndDateTime=y", **RANGE))[0] == 400


# What is the same for all.


@pytest.mark.parametrize("said", [None, "items=0-1", "items=5-1", "bytes=1-2", "items=a-b"])
@pytest.mark.parametrize("path", ["/Tasks", "/Statistics/Messages?TaskId=1"])
async def test_a_list_needs_a_range(post: Post, path: str, said: str | None) -> None:
    headers = {} if said is None else {"Range": said}
    status, why = await post.no("GET", path, **headers)
    assert (status, "Range: items=1-100" in why) == (416, True)


async def test_a_range_beyond_the_end_is_an_empty_list(post: Post) -> None:
    answer = await post.ask("GET", "/Tasks", headers={"Range": "items=100-200"})
    assert (answer.status, answer.json["Result"]) == (200, [])


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (None, "task not found"),
        ("ru-RU", "рассылка не найдена"),
        ("de, ru;q=0.5, en", "рассылка не найдена"),
        ("de", "task not found"),
        ("en-US, ru", "task not found"),
    ],
)
async def test_descriptions_are_in_the_language_that_is_asked_for(
    post: Post, language: str | None, said: str
) -> None:
    headers = {} if language is None else {"Accept-Language": language}
    assert await post.no("GET", "/Tasks/1", **headers) == (404, said)


async def test_a_stranger_is_told_how_to_log_in(http: Http) -> None:
    for stranger in (Post(http, password="wrong"), Post(http, login="nobody")):
        answer = await stranger.ask("GET", "/Templates")
        assert (answer.status, answer.json["Code"]) == (401, "validation_error")
        assert answer.json["Description"] == "user not found"
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="devino"'


async def test_only_json_is_spoken(post: Post) -> None:
    for query, kind in (("?format=xml", "application/json"), ("", "application/xml")):
        answer = await post.ask("POST", f"/Templates{query}", b"{}", {"Content-Type": kind})
        assert (answer.status, answer.json["Code"]) == (400, "validation_error")
    assert await post.done("GET", "/Templates?format=json") == []


async def test_a_body_that_cannot_be_read_is_400(post: Post, world: World) -> None:
    for body in (b"", b"{", b"[]", b'{"Sender": 5}', b"\xff", b"null"):
        assert (await post.no("POST", "/messages", body))[0] == 400
    assert list(world.messages()) == []


async def test_errors_on_order(post: Post, world: World) -> None:
    orders = [
        (AnswerError("internal_error"), 500, "internal_error"),
        (AnswerError(503), 503, "internal_error"),
        (AnswerError(403, "not you"), 403, "validation_error"),
        (AnswerError("not_found"), 404, "not_found"),
        (AnswerError("strange"), 400, "strange"),
    ]
    for action, status, code in orders:
        to = "a@b.ru"
        world.faults.add(Fault(protocol="email", operation="messages", to=to, action=action))
        assert (await post.send("c@b.ru"))[0]["Code"] == "ok"
        body = {
            "Sender": {"Address": FROM},
            "Recipients": [{"Address": "A@B.ru"}],
            "Subject": "x",
            "Body": {"Html": "x"},
        }
        answer = await post.ask("POST", "/messages", body)
        assert (answer.status, answer.json["Code"]) == (status, code)
    world.faults.add(Fault(protocol="email-v1", action=AnswerHttp(502, "<html>")))
    answer = await Post(post.http, base="/email/v1").ask("GET", "/Templates")
    assert (answer.status, answer.body) == (502, b"<html>")


async def test_a_link_changes_nothing_until_its_reader_decides(post: Post, world: World) -> None:
    told = []
    world.subscribe(consented=lambda given: told.append((given.address, str(given.consent))))
    await post.send("a@b.ru", Body={"Html": "<script>x</script>[Unsubscribe] [WebVersion]"})
    [message] = world.messages()
    unsubscribe, web = content_of(message).html.removeprefix("<script>x</script>").split()
    root = post.http.root
    shown = await post.http.raw("GET", web.removeprefix(root))
    assert (shown.status, b"<script>" in shown.body) == (200, True)
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    path = unsubscribe.removeprefix(root)
    assert (await post.http.raw("GET", path)).status == 200
    assert (await post.http.raw("HEAD", path)).status == 200
    assert told == []
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for consent in ("UNSUBSCRIBED", "SUBSCRIBED"):
        said = await post.http.raw("POST", path, f"consent={consent}".encode(), form)
        assert said.status == 200
    assert (await post.http.raw("POST", path, b"consent=x", form)).status == 400
    assert (await post.http.raw("GET", "/_mail/web/zz")).status == 404
    assert (await post.http.raw("DELETE", path)).status == 405
    assert told == [("a@b.ru", "UNSUBSCRIBED"), ("a@b.ru", "SUBSCRIBED")]
    assert await post.state(await post.id_of("a@b.ru")) == "NotSent"


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_subject_and_texts_have_10_mb_at_most(world: World) -> None:
    most = 10 * 1024 * 1024
    async with (
        Sandbox(world, max_body=2 * most, discover=False) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        post = Post(Http(session, sandbox.endpoints))
        body = {"PlainText": "я", "Html": "a" * (most - 3)}
        assert (await post.send("a@b.ru", Subject="x", Body=body))[0]["Code"] == "ok"
        for path in ("/messages", "/Templates", "/Tasks"):
            draft = {
                **post.draft(),
                "Recipients": [{"Address": "a@b.ru"}],
                "Subject": "xy",
                "Body": {"PlainText": "я", "Html": TEXT + "a" * (most - 3 - len(TEXT))},
            }
            assert await post.no("POST", path, draft) == (
                400,
                "subject and text are larger than 10 MB",
            )
