"""What is sent appears by itself, and is found again."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Access, Account, Pace, Sandbox, Submission, World
from devino_sandbox.services.ftp._folders import Folders
from tests.attack._channels import KINDS, client, message
from tests.sandbox._http import Http
from tests.ui._eyes import Eyes

if TYPE_CHECKING:
    from playwright.async_api import Browser

ONE = Account(login="demo", password=Secret("demo"))


def _settings(sandbox: Sandbox, kind: str) -> Mapping[str, Any]:
    access = Access(endpoints=sandbox.endpoints, account=ONE, sender="DEVINO")
    for service in sandbox.services:
        for name, settings in service.demo_channels(access).items():
            if name.split()[0] == kind:
                return settings
    raise LookupError(kind)


async def test_a_message_over_each_protocol_appears_by_itself(browser: Browser) -> None:
    world = World([ONE], pace=Pace.instant())
    async with (
        Sandbox(world, discover=False) as sandbox,
        Eyes.opened(browser, sandbox.endpoints["page"]) as eyes,
    ):
        for number, kind in enumerate(KINDS):
            text = f"Hello by {kind}"
            async with client(kind, _settings(sandbox, kind), patience=20) as opened:
                receipt = await opened.send(message(kind, number, text))
            assert receipt.error is None
            await world.of(Folders).look()
            taken = world.snapshot()[-1]
            shown = eyes.page.locator(f".rows > li[data-id='{taken.handle}']")
            await shown.locator(".row-meta", has_text=taken.submission.via).wait_for()
        count = len(list(world.messages()))
        assert await eyes.page.locator(".count").text_content() == f"{count} messages"


async def test_a_state_changes_before_ones_eyes(
    eyes: Eyes, http: Http, clock: ManualClock, world: World
) -> None:
    await http.send("79990000042")
    row = eyes.row("+7 999 000-00-42")
    await row.locator(".pill", has_text="Accepted").wait_for()
    clock.advance(10)
    world.advance()
    await row.locator(".pill", has_text="Rejected").wait_for()


async def test_a_refused_message_is_shown_with_the_reason(eyes: Eyes, http: Http) -> None:
    form = {"SourceAddress": "NOT-A-SENDER-AT-ALL", "DestinationAddress": "79161234567"}
    answer = await http.v2("Sms/Send", **form, Data="test")
    assert answer.status == 400
    await eyes.row("+7 916 123-45-67").get_by_role("link").click()
    await eyes.page.locator(".note.is-bad", has_text="Refused.").wait_for()


async def test_messages_are_found_by_text_number_state_and_protocol(
    eyes: Eyes, http: Http, world: World, clock: ManualClock
) -> None:
    await http.send("79161234567", Data="Your code is 4711")
    await http.send("79031234567", Data="Ваш заказ собран")
    await http.send("79990000042", Data="gone")
    session = await http.login()
    form = {"SourceAddress": "SHOP", "DestinationAddress": "79161234567", "Data": "sale"}
    await http.v1("Sms/Send", session, **form)
    clock.advance(10)
    world.advance()
    page = eyes.page
    search = page.get_by_role("searchbox")

    async def fits(*texts: str) -> None:
        await page.wait_for_function(_FITS, arg=list(texts))

    await fits("sale", "gone", "Ваш заказ", "4711")
    await search.fill("ЗАКАЗ")
    await fits("Ваш заказ")
    await search.fill("916123")
    await fits("sale", "4711")
    await page.get_by_label("Protocol").select_option("rest")
    await fits("sale")
    await search.fill("")
    await page.get_by_label("Protocol").select_option("")
    await page.get_by_label("State").select_option("REJECTED")
    await fits("gone")
    # One that does not fit does not come in; one that gets there does.
    await http.send("79264445566", Data="another")
    await http.send("79990000042", Data="gone, too")
    clock.advance(10)
    world.advance()
    await fits("gone, too", "gone")
    await search.fill("nothing of the kind")
    await eyes.button("Clear the filter").click()
    await fits("gone, too", "another", "sale", "gone", "Ваш заказ", "4711")


async def test_a_text_is_shown_as_a_text(eyes: Eyes, http: Http) -> None:
    text = "<img src=x onerror=alert(1)><script>alert(2)</script> &amp; <b>"
    [message_id] = await http.send(Data=text, SourceAddress="DEVINO")
    await eyes.row("onerror").get_by_role("link").click()
    assert await eyes.page.locator(".bubble p").text_content() == text
    await eyes.go(f"/messages/{message_id}/wire")
    await eyes.page.locator(".wire").first.wait_for()
    assert await eyes.page.locator("img[src=x], main script").count() == 0


async def test_a_flood_is_folded_and_all_of_it_is_counted(
    eyes: Eyes, world: World, account: Account
) -> None:
    order = Submission(account=account, via="rest", sender="DEVINO", text="flood")
    for number in range(500):
        world.submit(order, [f"7916{number:07}"])
    await eyes.page.locator(".count", has_text="500 messages").wait_for()
    rows = eyes.page.locator(".rows > li")
    await eyes.row("+7 916 000-04-99").wait_for()
    assert await rows.count() <= 200


async def test_the_page_finds_its_sandbox_again(browser: Browser, world: World) -> None:
    async with Sandbox(world, discover=False) as first:
        port = int(first.endpoints["rest"].split(":")[2].split("/")[0])
        async with Eyes.opened(browser, first.endpoints["page"]) as eyes:
            await first.__aexit__(None, None, None)
            await eyes.page.locator(".live", has_text="offline").wait_for()
            async with (
                Sandbox(world, http_port=port, discover=False) as again,
                aiohttp.ClientSession() as session,
            ):
                await eyes.page.locator(".live", has_text="live").wait_for()
                await Http(session, again.endpoints).send("79161234567", Data="here again")
                await eyes.row("here again").wait_for()
            # The browser tells of each try to connect, and of nothing else.
            assert all("ERR_" in one for one in eyes.complaints), eyes.complaints
            eyes.complaints.clear()


async def test_the_first_lines_of_configuration_work(eyes: Eyes, world: World, http: Http) -> None:
    lines = eyes.page.locator(".steps dd code")
    await lines.first.wait_for()
    told = [(await lines.nth(n).text_content() or "") for n in range(await lines.count())]
    names = await eyes.page.locator(".steps dt").all_text_contents()
    assert names == ["Python", "curl", "PHP", "SMPP"]
    python, curl, php, smpp = told
    assert http.endpoints["rest"] in python
    assert f"{http.endpoints['rest_v2']}/Sms/Send" in curl
    assert f"{http.endpoints['rest_v2']}/Sms/Send" in php
    host, _, port = http.endpoints["smpp"].rpartition(":")
    assert smpp == f"host={host} port={port} system_id=demo password=demo"
    # The page knows no password: it names the usual one.
    await http.raw("POST", "/rest/v2/Sms/Send", _form(curl), {"Content-Type": _FORM})
    await eyes.row("+7 916 123-45-67").wait_for()
    await eyes.page.locator(".first").wait_for(state="detached")


_FITS = """texts => {
  const rows = [...document.querySelectorAll(".rows > li")].map(row => row.textContent);
  return rows.length === texts.length && rows.every((row, place) => row.includes(texts[place]));
}"""
_FORM = "application/x-www-form-urlencoded"


def _form(curl: str) -> bytes:
    words = curl.split()
    pairs = [after for word, after in pairwise(words) if word == "-d"]
    return "&".join(pairs).replace("Password=demo", "Password=canary-7b1e").encode()


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_a_sandbox_of_its_own_password_is_not_promised_demo(
    browser: Browser, colours: Any
) -> None:
    world = World([Account(login="shop", password=Secret("s3cret"))])
    async with (
        Sandbox(world, discover=False) as sandbox,
        Eyes.opened(browser, sandbox.endpoints["page"], colours=colours) as eyes,
    ):
        shown = await eyes.page.locator(".steps").text_content() or ""
        assert "shop" in shown
        assert "PASSWORD" in shown
        assert "s3cret" not in shown
