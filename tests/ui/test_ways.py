"""Ways to use the page: by keyboard, on a phone, in the dark, with a hundred thousand messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from devino_core import State
from devino_core.testing import ManualClock
from devino_sandbox import Pace, Sandbox, Submission, World
from tests.sandbox._http import Http
from tests.ui._eyes import PHONE, Eyes

if TYPE_CHECKING:
    from playwright.async_api import Browser

SECTIONS = ("messages", "incoming", "calls", "faults", "campaigns", "account", "clock")


async def test_everything_is_reached_by_keyboard(eyes: Eyes, http: Http, world: World) -> None:
    for number in range(3):
        await http.send(f"7916123456{number}", Data=f"text {number}")
    await eyes.row("text 2").wait_for()
    page, press = eyes.page, eyes.page.keyboard.press
    current = page.locator(".row[aria-current=true]")
    await press("j")
    await current.get_by_text("text 2").wait_for()
    await press("j")
    await current.get_by_text("text 1").wait_for()
    await press("k")
    await current.get_by_text("text 2").wait_for()
    await press("2")
    await page.locator("[role=tab][aria-selected=true]", has_text="Life").wait_for()
    await page.locator("[role=tab][aria-selected=true]").focus()
    await press("ArrowRight")
    await page.locator("[role=tab][aria-selected=true]", has_text="Wire").wait_for()
    assert await page.evaluate("document.activeElement.textContent") == "Wire"
    await press("Escape")
    await page.get_by_text("No message is chosen").wait_for()
    await press("/")
    await page.keyboard.type("text 0")
    await page.locator(".count", has_text="1 message of this filter").wait_for()
    await press("Escape")
    # A letter that is typed is a letter again only in a field.
    await press("j")
    await current.get_by_text("text 0").wait_for()
    await press("g")
    await press("f")
    await page.get_by_role("heading", name="Order a failure").wait_for()
    await press("?")
    await page.get_by_role("dialog").get_by_text("Filter the messages").wait_for()
    await press("Escape")
    await page.get_by_role("dialog").wait_for(state="hidden")


async def test_one_sees_and_hears_where_one_is(eyes: Eyes, http: Http) -> None:
    await http.send()
    await eyes.row("+7 916 123-45-67").wait_for()
    page = eyes.page
    await page.locator("#spoken", has_text="A message to +7 916 123-45-67").wait_for(
        state="attached"
    )
    link = page.get_by_role("navigation").get_by_role("link", name="Messages")
    assert await link.get_attribute("aria-current") == "page"
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    nameless = await page.evaluate(
        """() => [...document.querySelectorAll("button, a, input, select, textarea")]
            .filter(one => !(one.textContent.trim() || one.ariaLabel || one.title
                || one.labels?.length)).length"""
    )
    assert nameless == 0


@pytest.mark.parametrize("section", SECTIONS)
async def test_every_section_fits_a_phone(
    browser: Browser, sandbox: Sandbox, http: Http, section: str
) -> None:
    await http.send(Data="A text that is longer than the width of a telephone allows it to be")
    await http.send("79990000042", Data="W" * 600)
    async with Eyes.opened(browser, sandbox.endpoints["page"], size=PHONE) as eyes:
        await eyes.go(f"/{section}")
        await eyes.page.locator("main *").first.wait_for()
        assert not await eyes.is_too_wide()


async def test_on_a_phone_one_message_takes_the_place_of_the_list(
    browser: Browser, sandbox: Sandbox, http: Http
) -> None:
    [message_id, *_] = await http.send(Data="W" * 600)
    async with Eyes.opened(browser, sandbox.endpoints["page"], size=PHONE) as eyes:
        page = eyes.page
        await eyes.row("WWW").get_by_role("link").click()
        await page.locator(".bubble").wait_for()
        assert not await eyes.row("WWW").is_visible()
        for tab in ("Life", "Wire", "Receipts", "Message"):
            await eyes.tab(tab)
            await page.locator("#panel > *").first.wait_for()
            assert not await eyes.is_too_wide()
        assert page.url.endswith(f"#/messages/{message_id}/message")
        await page.get_by_role("link", name="Back to the list").click()
        await eyes.row("WWW").wait_for()


async def test_colours_follow_the_system_until_one_chooses(
    browser: Browser, sandbox: Sandbox
) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    async with Eyes.opened(browser, sandbox.endpoints["page"], colours="dark") as eyes:
        dark = await eyes.page.evaluate(ground)
        button = eyes.page.get_by_role("button", name="Colours")
        await button.click()
        light = await eyes.page.evaluate(ground)
        assert light != dark
        await eyes.page.reload()
        assert await eyes.page.evaluate(ground) == light
        await button.click()
        assert await eyes.page.evaluate(ground) == dark


# WCAG's contrast of every text that is seen with what is behind it.
_POOR = """() => {
  const channels = colour => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, place) => sum + v * [.2126, .7152, .0722][place], 0);
  const behind = one => {
    for (let at = one; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage.includes("gradient") && !at.matches("select")) return null;
      const found = channels(style.backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const one of document.querySelectorAll("body *")) {
    const says = [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    const isHidden = !one.checkVisibility({visibilityProperty: true});
    if (!says || isHidden || one.closest(":disabled, .unseen, .skip")) continue;
    const ground = behind(one);
    if (ground === null) continue;
    const [a, b] = [light(channels(getComputedStyle(one).color)), light(ground)];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push([one.className || one.tagName, one.textContent.slice(0, 30), ratio]);
  }
  return poor;
}"""


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_every_text_stands_out_from_its_ground(
    browser: Browser, sandbox: Sandbox, http: Http, world: World, colours: Literal["light", "dark"]
) -> None:
    ids = [(await http.send(f"7916000{n:04}"))[0] for n, _ in enumerate(State)]
    for message_id, state in zip(ids, State, strict=True):
        message = world.stored(message_id)
        assert message is not None
        if state is not State.SCHEDULED:
            world.force(message, state)
    await http.send("79161234567", SendDate="2026-05-13T10:00:00")
    await http.v1("User/Balance", "X" * 36)
    async with Eyes.opened(browser, sandbox.endpoints["page"], colours=colours) as eyes:
        for path in (f"/messages/{ids[0]}", f"/messages/{ids[1]}/life", f"/messages/{ids[2]}/wire"):
            await eyes.go(path)
            await eyes.page.locator("#panel > *").first.wait_for()
            assert await eyes.page.evaluate(_POOR) == []
        for section in SECTIONS:
            await eyes.go(f"/{section}")
            await eyes.page.locator("main *").first.wait_for()
            assert await eyes.page.evaluate(_POOR) == []


async def test_a_hundred_thousand_messages_are_paged_and_scrolled(browser: Browser) -> None:
    clock = ManualClock()
    world = World(clock=clock, pace=Pace.instant())
    [account] = world.accounts.values()
    for batch in range(100):
        order = Submission(account=account, via="rest", sender="DEVINO", text=f"batch {batch}")
        world.submit(order, [f"79{batch:02}{number:07}" for number in range(1000)])
    async with (
        Sandbox(world, discover=False) as sandbox,
        Eyes.opened(browser, sandbox.endpoints["page"]) as eyes,
    ):
        page, rows = eyes.page, eyes.page.locator(".rows > li")
        await page.locator(".count", has_text="100,000 messages").wait_for()
        assert await rows.count() == 50
        for more in range(2, 8):
            await page.locator(".scroller").evaluate("one => one.scrollTo(0, one.scrollHeight)")
            await page.wait_for_function(
                "least => document.querySelectorAll('.rows > li').length >= least", arg=50 * more
            )
        texts = await rows.locator(".row-to").all_text_contents()
        assert len(texts) == len(set(texts))
        # What comes meanwhile does not move what one reads.
        top = await page.locator(".scroller").evaluate("one => one.scrollTop")
        order = Submission(account=account, via="rest", sender="DEVINO", text="the newest")
        world.submit(order, ["79161234567"])
        await eyes.button("1 new").click()
        assert top > 0
        await eyes.row("the newest").wait_for()
        assert await page.locator(".scroller").evaluate("one => one.scrollTop") < 40
        await page.get_by_role("searchbox").fill("batch 42")
        await page.locator(".count", has_text="1,000 messages of this filter").wait_for()
