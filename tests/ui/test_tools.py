"""Incoming messages, faults, calls, campaigns, the account, the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devino_core import Medium, Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, Drop, Fault, Sandbox, Submission, World
from tests.sandbox._email import Post, add_contact
from tests.sandbox._http import LOGIN, PASSWORD, Http
from tests.ui._eyes import Eyes

if TYPE_CHECKING:
    from playwright.async_api import Browser


async def test_one_writes_as_a_subscriber(eyes: Eyes, http: Http, world: World) -> None:
    await eyes.section("Incoming")
    page = eyes.page
    await page.get_by_label("From, a phone number").fill("+7 916 123-45-67")
    await page.get_by_label("To, a number or sender of yours").fill("1234")
    await page.get_by_label("Text", exact=True).fill("Да, приду")
    await eyes.button("Send").click()
    await eyes.row("Да, приду").get_by_text("+7 916 123-45-67").wait_for()
    listed = await http.v2("Sms/In", minDateUTC="2026-05-12", maxDateUTC="2026-05-13")
    assert [one["Data"] for one in listed.json] == ["Да, приду"]
    # One that comes from elsewhere appears, too.
    world.receive(sender="79031234567", to="1234", text="by itself")
    await eyes.row("by itself").wait_for()
    await page.get_by_label("From, a phone number").fill("nobody")
    await page.get_by_label("Text", exact=True).fill("x")
    await eyes.button("Send").click()
    await page.locator(".toast.is-bad", has_text="sender").wait_for()
    # The browser tells of the refusal.
    assert all("400" in one for one in eyes.complaints)
    eyes.complaints.clear()


async def test_a_message_is_answered_as_its_recipient(
    eyes: Eyes, world: World, account: Account
) -> None:
    order = Submission(
        account=account, via="viber", sender="SHOP", text="Coming?", medium=Medium.VIBER
    )
    [message] = world.submit(order, ["79161234567"])
    await eyes.go(f"/messages/{message.handle}")
    await eyes.page.get_by_role("link", name="Reply").click()
    await eyes.page.get_by_text("It answers").wait_for()
    await eyes.page.keyboard.type("Yes")
    await eyes.button("Send").click()
    await eyes.row("Yes").get_by_text("an answer").wait_for()
    [incoming] = world.all_incoming()
    assert (incoming.sender, incoming.to) == ("79161234567", "SHOP")
    assert (incoming.medium, incoming.in_reply_to) == (Medium.VIBER, message.ids[0])


async def test_a_failure_is_ordered_met_and_shown_in_red(
    eyes: Eyes, http: Http, world: World
) -> None:
    page = eyes.page
    await eyes.section("Faults")
    await page.get_by_label("Protocol", exact=True).fill("rest-v2")
    await page.get_by_label("Operation", exact=True).fill("Sms/Send")
    await page.get_by_label("What happens").select_option("http")
    await page.get_by_label("Status", exact=True).fill("502")
    await eyes.button("Order it").click()
    await page.locator(".fault-list li", has_text="502").wait_for()
    [fault] = world.faults.listing()
    assert (fault.protocol, fault.operation, fault.times) == ("rest-v2", "Sms/Send", 1)
    form = {"SourceAddress": "DEVINO", "DestinationAddress": "79161234567", "Data": "test"}
    assert (await http.v2("Sms/Send", **form)).status == 502
    # It has met its only call.
    await page.get_by_text("Nothing is to fail").wait_for()
    await page.locator("nav .badge", has_text="1").wait_for()
    await eyes.section("Calls")
    await page.locator(".row.call.is-bad", has_text="Sms/Send").get_by_text("fault").wait_for()
    await page.locator(".row.call.is-bad").click()
    await page.locator(".note.is-warn", has_text="has met it").wait_for()


async def test_failures_are_listed_in_words_and_cancelled(eyes: Eyes, world: World) -> None:
    world.faults.add(Fault(protocol="rest", operation="Sms/Send", nth=2, action=Drop()))
    world.faults.add(Fault(to="79161234567", times=None, chance=0.5, action=Drop()))
    await eyes.section("Faults")
    listed = eyes.page.locator(".fault-list li")
    await listed.nth(1).wait_for()
    assert "rest · Sms/Send · from call 2 on" in (await listed.nth(0).text_content() or "")
    assert "to 79161234567 · all of them" in (await listed.nth(1).text_content() or "")
    await listed.nth(0).get_by_role("button").click()
    await eyes.page.locator(".fault-list li:only-child").wait_for()
    assert [one.to for one in world.faults.listing()] == ["79161234567"]
    await listed.nth(0).get_by_role("button").click()
    await eyes.page.get_by_text("Nothing is to fail").wait_for()
    assert not world.faults


async def test_an_order_that_cannot_be_is_explained(eyes: Eyes) -> None:
    await eyes.section("Faults")
    await eyes.page.get_by_label("Protocol", exact=True).fill("rst")
    await eyes.page.get_by_label("What happens").select_option("drop")
    await eyes.button("Order it").click()
    await eyes.page.locator(".toast.is-bad", has_text="mean").wait_for()
    assert all("400" in one for one in eyes.complaints)
    eyes.complaints.clear()


async def test_failed_calls_are_told_apart(eyes: Eyes, http: Http) -> None:
    await http.send()
    assert (await http.v1("User/Balance", "X" * 36)).status == 401
    await eyes.section("Calls")
    await eyes.page.locator(".row.call").nth(1).wait_for()
    assert await eyes.page.locator(".row.call.is-bad").count() == 1
    await eyes.button("Failed").click()
    await eyes.page.locator(".count", has_text="1 call").wait_for()
    await eyes.row("User/Balance").get_by_text("401").wait_for()


async def test_campaigns_are_shown_with_what_became_of_their_mails(
    eyes: Eyes, http: Http, world: World, clock: ManualClock
) -> None:
    link = eyes.page.get_by_role("navigation").get_by_role("link", name="Campaigns")
    assert not await link.is_visible()
    for address in ("a@b.ru", "bounced@fate.test"):
        add_contact(world, address)
    task = await Post(http).task(Name="Spring")
    await link.click()
    card = eyes.page.locator(".campaign", has_text="Spring")
    await card.get_by_text("New").wait_for()
    await Post(http).set_state(task, "Started")
    await card.get_by_text("Finished").wait_for()
    clock.advance(10)
    world.advance()
    await card.get_by_text("2 of 2 recipients · 1 read · 1 bounced").wait_for()


async def test_the_account_tells_balance_senders_and_sessions(browser: Browser) -> None:
    account = Account(login=LOGIN, password=Secret(PASSWORD), senders=frozenset({"SHOP", "DEVINO"}))
    world = World([account])
    async with (
        Sandbox(world, discover=False) as sandbox,
        Eyes.opened(browser, sandbox.endpoints["page"]) as eyes,
    ):
        world.open_session(account)
        await eyes.section("Account")
        card = eyes.page.locator(".account")
        await card.get_by_text("1,000,000").wait_for()
        said = await card.text_content() or ""
        assert "DEVINO, SHOP" in said
        assert "Sessions1" in said
        assert PASSWORD not in (await eyes.page.content())
        await eyes.button("End all sessions").click()
        await card.get_by_text("Sessions0").wait_for()
        order = Submission(account=account, via="rest", sender="SHOP", text="x")
        world.submit(order, ["79161234567"])
        await card.get_by_text("999,99").wait_for()
        await eyes.button("Reset the sandbox").click()
        await eyes.button("Forget all").click()
        await eyes.page.locator(".first").wait_for()
        assert list(world.messages()) == []
        await eyes.section("Account")
        await card.get_by_text("1,000,000").wait_for()


async def test_a_driven_clock_goes_on_by_a_button(
    eyes: Eyes, http: Http, clock: ManualClock
) -> None:
    await http.send()
    await eyes.section("Clock")
    await eyes.page.locator(".clock-face", has_text="12:30:00").wait_for()
    await eyes.button("+1 h").click()
    await eyes.page.locator(".clock-face", has_text="13:30:00").wait_for()
    assert clock.now().hour == 10
    await eyes.section("Messages")
    await eyes.row("+7 916 123-45-67").get_by_text("Delivered").wait_for()


async def test_a_clock_that_runs_by_itself_has_no_section(browser: Browser) -> None:
    async with (
        Sandbox(World(), discover=False) as sandbox,
        Eyes.opened(browser, sandbox.endpoints["page"]) as eyes,
    ):
        links = eyes.page.get_by_role("navigation").get_by_role("link")
        await links.nth(1).wait_for()
        assert "Clock" not in [one.strip() for one in await links.all_text_contents()]
