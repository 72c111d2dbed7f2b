"""Campaigns: their states on the World's clock, and whom they reach."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from devino_core import Medium, Secret, State
from devino_sandbox import Account, Drop, Fault, World
from devino_sandbox._book import Book
from tests._vectors import VECTORS
from tests.sandbox._email import TEXT, Post, add_contact, content_of, pass_by
from tests.sandbox._http import Http

SMS = {"Text": "Dear [FirstName]", "SenderAddress": "DEVINO", "StartDelay": "00:10:00"}


@pytest.fixture
def post(http: Http) -> Post:
    return Post(http)


def reached(world: World) -> list[str]:
    """Who got something, in order."""
    return [one.to for one in world.messages() if one.reason is None]


async def test_a_campaign_as_the_manual_prints_it(
    post: Post, account: Account, world: World
) -> None:
    draft = json.loads(VECTORS["14-013"].data)
    book = world.of(Book).of(account)
    while len(book.groups) < 2:
        group = book.add_group("more").id
    draft["ContactGroups"][1]["Id"] = group
    add_contact(world, "a@b.ru")
    answer = await post.ask("POST", "/Tasks", draft)
    told = json.loads(VECTORS["14-014"].data)
    told["Result"] |= {"TaskId": answer.json["Result"]["TaskId"], "OverPackage": 0, "SpamScore": 0}
    assert (answer.status, answer.json) == (201, told)
    number = told["Result"]["TaskId"]
    answer = await post.ask("PUT", f"/Tasks/{number}/State", VECTORS["14-015"].data)
    assert (answer.status, answer.json) == (200, json.loads(VECTORS["14-016"].data))
    found = await post.done("GET", f"/Tasks/{number}")
    shown = json.loads(VECTORS["14-012"].data)["Result"]
    assert found.keys() - shown.keys() == {"Body"}
    assert shown.keys() - found.keys() == set()
    # As in the manual's example, the empty name comes back.
    assert (found["UserCampaignId"], found["Text"]) == ("", draft["Text"])
    [listed] = await post.done("GET", "/Tasks", Range="items=1-100")
    assert list(listed) == list(json.loads(VECTORS["14-011"].data)["Result"][0])


async def test_it_goes_to_each_contact_with_values_of_the_contact(post: Post, world: World) -> None:
    add_contact(
        world, "a@b.ru", first_name="Ann", last_name="Lee", merge_fields={"Code": "17", "x": "y"}
    )
    add_contact(world, "c@d.ru")
    task = await post.task(
        Subject="[FirstName] %Имя% %Фамилия%",
        Body={"Html": "[Code] [code] [ExtraField1] [Unsubscribe][WebVersion]", "PlainText": "[x]"},
        UserCampaignId="mine",
    )
    assert await post.task_state(task) == "New"
    assert reached(world) == []
    await post.set_state(task, "Started")
    assert await post.task_state(task) == "Finished"
    first, second = world.messages()
    assert (content_of(first).subject, content_of(first).text) == ("Ann Ann Lee", "y")
    assert content_of(first).html.startswith("17 [code] [ExtraField1] http://127.0.0.1:")
    assert content_of(second).subject == "[FirstName] %Имя% %Фамилия%"
    assert (first.submission.via, first.submission.task_id, first.submission.campaign) == (
        "email",
        task,
        "mine",
    )
    pass_by(world, 10)
    assert (await post.done("GET", f"/Statistics?TaskId={task}"))["Read"] == 2


async def test_contacts_are_left_out_in_the_manuals_order(
    post: Post, account: Account, world: World
) -> None:
    spared = world.of(Book).of(account).add_group("spared").id
    first = add_contact(world, "a@b.ru")
    add_contact(world, "a@B.ru")
    add_contact(world, phone_number="79161234567")
    add_contact(world, "nonsense")
    gone = add_contact(world, "gone@b.ru")
    alone = add_contact(world, "alone@b.ru", group=spared)
    add_contact(world, "left@b.ru")
    world.of(Book).of(account).unsubscribe("left@b.ru")
    counts = {"TotalContacts": 5, "Dublicates": 1, "Excluded": 1, "Unsubscribed": 1}
    draft = post.draft(
        ContactGroups=[{"Id": 252, "Included": True}, {"Id": 252, "Included": True}],
        Contacts=[
            {"Id": alone, "Included": True},
            {"Id": first, "Included": True},
            {"Id": gone, "included": False},
            {"Id": 999, "Included": True},
        ],
    )
    made = await post.done("POST", "/Tasks", draft)
    assert {name: made[name] for name in counts} == counts
    await post.set_state(made["TaskId"], 2)
    assert reached(world) == ["a@b.ru", "alone@b.ru"]
    again = await post.done("POST", "/Tasks", {**draft, "SendDuplicates": True})
    assert (again["TotalContacts"], again["Dublicates"]) == (5, 0)
    await post.set_state(again["TaskId"], 2)
    assert reached(world)[2:] == ["a@b.ru", "a@b.ru", "alone@b.ru"]
    # Who leaves a group, or joins it, counts when it is sent.
    third = await post.task(ContactGroups=[{"Id": spared, "Included": True}])
    add_contact(world, "new@b.ru", group=spared)
    await post.set_state(third, 2)
    assert reached(world)[5:] == ["alone@b.ru", "new@b.ru"]


async def test_it_starts_by_itself_at_its_time(post: Post, world: World) -> None:
    add_contact(world, "a@b.ru")
    task = await post.task(StartDateTime="01/15/2011 13:00:00")
    pass_by(world, 7200)
    assert await post.task_state(task) == "New"
    task = await post.task(StartDateTime="01/15/2011 16:00:00")
    await post.set_state(task, "created")
    pass_by(world, 7100)
    assert (await post.task_state(task), reached(world)) == ("Created", [])
    pass_by(world, 100)
    assert (await post.task_state(task), reached(world)) == ("Finished", ["a@b.ru"])
    [message] = world.messages()
    assert f"{message.created_at:%H:%M}" == "16:00"


async def test_mails_are_spread_until_its_end_and_it_can_be_stopped_meanwhile(
    post: Post, world: World
) -> None:
    for number in range(5):
        add_contact(world, f"{number}@b.ru")
    task = await post.task(EndDateTime="01/15/2011 12:40:00")
    await post.set_state(task, "Started")
    sent = []
    for _ in range(3):
        sent.append(len(reached(world)))
        pass_by(world, 600)
    assert sent == [1, 2, 3]
    await post.set_state(task, "Stopped")
    listed = (await post.done("GET", "/Tasks", Range="items=1-1"))[0]
    assert (listed["CompletedContacts"], listed["PercentageCompleted"]) == (4, 80)
    pass_by(world, 3600)
    assert reached(world) == [f"{number}@b.ru" for number in range(4)]
    await post.set_state(task, "Started")
    assert (await post.task_state(task), len(reached(world))) == ("Finished", 5)


WAYS = {
    "New": "Created Started Canceled Deleted",
    "Created": "Started Canceled Deleted",
    "Started": "Stopped Canceled",
    "Stopped": "Started Canceled Deleted",
    "Canceled": "Deleted",
    "Finished": "Deleted",
    "Failed": "Deleted",
}
STATES = (*WAYS, "Deleted")


@pytest.mark.parametrize("before", list(WAYS))
@pytest.mark.parametrize("after", STATES)
async def test_every_way_from_state_to_state(
    post: Post, world: World, before: str, after: str
) -> None:
    for number in range(3):
        add_contact(world, f"{number}@b.ru")
    end = {} if before == "Finished" else {"EndDateTime": "01/20/2011 12:00:00"}
    task = await post.task(StartDateTime="01/16/2011 12:00:00", **end)
    if before == "Failed":
        world.faults.add(Fault(protocol="email-task", action=Drop()))
    steps = {
        "Created": ["Created"],
        "Started": ["Started"],
        "Stopped": ["Started", "Stopped"],
        "Canceled": ["Canceled"],
        "Finished": ["Started"],
        "Failed": ["Started"],
    }
    for step in steps.get(before, []):
        await post.set_state(task, step)
    assert await post.task_state(task) == before
    answer = await post.ask("PUT", f"/Tasks/{task}/State", {"State": after})
    can_be = after in WAYS[before].split() or after == before
    assert answer.status == (200 if can_be else 400)
    if after == "Deleted" and can_be:
        assert await post.no("GET", f"/Tasks/{task}") == (404, "task not found")
    else:
        assert await post.task_state(task) == (after if can_be else before)
    if not can_be:
        assert answer.json["Description"] == "the state cannot be changed so"


async def test_only_a_new_one_is_replaced_and_then_all_of_it(post: Post, world: World) -> None:
    add_contact(world, "a@b.ru")
    task = await post.task(UserCampaignId="mine", EndDateTime="01/20/2011 12:00:00")
    draft = post.draft(Subject="Other", ContactGroups=None)
    made = await post.done("PUT", f"/Tasks/{task}", draft)
    assert (made["TaskId"], made["TotalContacts"]) == (task, 0)
    found = await post.done("GET", f"/Tasks/{task}")
    assert found["Subject"] == "Other"
    assert found.keys().isdisjoint({"UserCampaignId", "EndDateTime"})
    await post.set_state(task, "Created")
    assert await post.no("PUT", f"/Tasks/{task}", draft) == (
        400,
        "only a task in state New can be changed",
    )
    assert await post.no("PUT", "/Tasks/7", draft) == (404, "task not found")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Name": ""}, "Name"),
        ({"Body": {"Html": "x"}}, "the text must have the macros"),
        ({"Body": None}, "subject and text are required"),
        ({"Text": "[Unsubscribe]", "Body": None}, "the text must have the macros"),
        ({"Subject": "стоп-слово"}, "the text has a stop word"),
        ({"Sender": {"Address": "x"}}, "not an e-mail address"),
        ({"Sender": {"Address": "a@b.ru", "Name": "stop-word"}}, "the text has a stop word"),
        ({"ContactGroups": [{"Id": 5, "Included": True}]}, "contact group not found"),
        ({"SmsResendTask": {**SMS, "ContactGroupId": 5}}, "contact group not found"),
        ({"SmsResendTask": {**SMS, "StartDelay": "-00:00:01"}}, "within a year"),
        ({"SmsResendTask": {**SMS, "StartDelay": "3000000.00:00:00"}}, "within a year"),
        ({"Type": 3}, "the type must be 1 or 2"),
        ({"TemplateId": "5"}, "template not found"),
        ({"StartDateTime": "tomorrow"}, "StartDateTime"),
    ],
)
async def test_a_campaign_that_may_not_be(
    post: Post, changes: dict[str, object], reason: str
) -> None:
    status, why = await post.no("POST", "/Tasks", post.draft(**changes))
    assert (status, reason.lower() in why.lower()) == (400, True), why
    assert await post.done("GET", "/Tasks", Range="items=1-9") == []


async def test_a_template_may_give_its_text(post: Post, world: World) -> None:
    add_contact(world, "a@b.ru")
    template = await post.done(
        "POST", "/Templates", {"Name": "x", "Subject": "From it", "Body": {"Html": TEXT}}
    )
    task = await post.task(Subject=None, Body=None, TemplateId=str(template))
    await post.set_state(task, "Started")
    [message] = world.messages()
    assert content_of(message).subject == "From it"


async def test_who_did_not_open_the_mail_gets_an_sms(
    post: Post, account: Account, world: World
) -> None:
    other = world.of(Book).of(account).add_group("other").id
    for name, phone, group in (
        ("delivered", "79161234561", 252),
        ("read", "79161234562", 252),
        ("sent", "79161234563", other),
        ("bounced", "79161234564", 252),
    ):
        add_contact(world, f"{name}@fate.test", group=group, phone_number=phone, first_name=name)
    add_contact(world, "notsent@fate.test")
    groups = [{"Id": group, "Included": True} for group in (252, other)]
    task = await post.task(ContactGroups=groups, SmsResendTask=SMS)
    await post.set_state(task, "Started")
    pass_by(world, 599)
    assert len(reached(world)) == 5
    balance = account.balance
    pass_by(world, 1)
    texts = [one for one in world.messages() if one.submission.medium is Medium.SMS]
    assert [(one.to, one.submission.text) for one in texts] == [
        ("79161234561", "Dear delivered"),
        ("79161234564", "Dear bounced"),
        ("79161234563", "Dear sent"),
    ]
    assert {(one.submission.via, one.submission.sender) for one in texts} == {("email", "DEVINO")}
    assert balance - account.balance == 3 * Decimal("1.5")
    # Only mails count in the campaign's statistics.
    assert (await post.done("GET", f"/Statistics?TaskId={task}"))["Total"] == 5
    task = await post.task(ContactGroups=groups, SmsResendTask={**SMS, "ContactGroupId": other})
    await post.set_state(task, "Started")
    pass_by(world, 600)
    texts = [one for one in world.messages() if one.submission.medium is Medium.SMS]
    assert [one.to for one in texts[3:]] == ["79161234563"]


async def test_birthdays_by_the_platforms_calendar(post: Post, world: World) -> None:
    for number, day in enumerate([date(1980, 1, 16), date(1990, 1, 17), date(1990, 1, 15)]):
        add_contact(world, f"{number}@b.ru", date_of_birth=day)
    add_contact(world, "never@b.ru")
    # 22:00 in London is one o'clock of the next day in Moscow.
    task = await post.task(Type="Birthday", StartDateTime="01/10/2011 22:00:00")
    await post.set_state(task, "Created")
    assert await post.task_state(task) == "Started"
    assert reached(world) == []
    pass_by(world, 10 * 3600)
    assert reached(world) == ["0@b.ru"]
    pass_by(world, 24 * 3600)
    assert reached(world) == ["0@b.ru", "1@b.ru"]
    assert (await post.done("GET", "/Tasks", Range="items=1-1"))[0]["NextStartDateTime"] == (
        "/Date(1295301600000-0000)/"
    )
    pass_by(world, 363 * 24 * 3600)
    assert reached(world)[2:] == ["2@b.ru"]
    pass_by(world, 2 * 24 * 3600)
    assert reached(world)[3:] == ["0@b.ru", "1@b.ru"]
    await post.set_state(task, "Canceled")
    pass_by(world, 366 * 24 * 3600)
    assert len(reached(world)) == 5


async def test_who_cannot_pay_for_all_pays_for_some(
    post: Post, account: Account, world: World
) -> None:
    account.balance = Decimal("0.1")
    for number in range(2):
        add_contact(world, f"{number}@b.ru")
    task = await post.task()
    await post.set_state(task, "Started")
    assert (await post.task_state(task), reached(world)) == ("Finished", ["0@b.ru"])
    refused = [one for one in world.messages() if one.reason]
    assert [(one.to, one.state) for one in refused] == [("1@b.ru", State.REJECTED)]


async def test_campaigns_are_the_accounts_own(http: Http, post: Post, world: World) -> None:
    world.accounts["other"] = Account(login="other", password=Secret("other"))
    task = await post.task()
    other = Post(http, "other", "other")
    assert await other.no("GET", f"/Tasks/{task}") == (404, "task not found")
    assert await other.done("GET", "/Tasks", Range="items=1-9") == []
    assert await post.done("GET", "/Tasks?CreatorLogin=sub", Range="items=1-9") == []
    assert len(await post.done("GET", "/Tasks?CreatorLogin=demo&Login=x", Range="items=1-9")) == 1
