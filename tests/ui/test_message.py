"""One message: as its recipient sees it, its life, the wire, and what told of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from devino_core import AsyncClient, Message, Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, Pace, Sandbox, World
from tests.sandbox._callbacks import SECRET, calling, concluded, deliver, receiving, wait
from tests.sandbox._email import Post
from tests.sandbox._http import LOGIN, PASSWORD, Http
from tests.ui._eyes import Eyes

if TYPE_CHECKING:
    from playwright.async_api import Browser

LONG = "Dear Anna, your order 4711 is ready, and we are open until nine. " * 5


async def test_a_long_text_is_shown_with_its_parts(eyes: Eyes, http: Http) -> None:
    [*ids] = await http.send(Data=LONG)
    assert len(ids) == 3
    await eyes.go(f"/messages/{ids[0]}")
    cut = eyes.page.locator(".cut")
    await cut.get_by_text("3 parts").wait_for()
    parts = await cut.locator("li").all_text_contents()
    assert "".join(parts) == LONG
    assert len(parts[0]) == 153
    said = await cut.locator("p").text_content() or ""
    assert f"GSM 7-bit · {3 * 153 - len(LONG)} units left" in said
    assert await eyes.page.locator(".bubble p").text_content() == LONG


async def test_a_message_is_put_into_a_state_by_hand(eyes: Eyes, http: Http, world: World) -> None:
    [message_id] = await http.send()
    await eyes.go(f"/messages/{message_id}/life")
    await eyes.page.get_by_role("button", name="Undeliverable").click()
    await eyes.page.locator(".detail-head .pill", has_text="Undeliverable").wait_for()
    await eyes.page.locator(".life .is-undeliverable").wait_for()
    await eyes.row("+7 916 123-45-67").locator(".pill", has_text="Undeliverable").wait_for()
    assert (await http.state(message_id))["State"] != 0
    assert [one.state for one in world.messages()] == ["UNDELIVERABLE"]


async def test_its_life_is_told_with_times(
    eyes: Eyes, http: Http, clock: ManualClock, world: World
) -> None:
    [message_id] = await http.send()
    await eyes.go(f"/messages/{message_id}/life")
    clock.advance(60)
    world.advance()
    await eyes.page.locator(".life .is-delivered").wait_for()
    steps = await eyes.page.locator(".life .step b").all_text_contents()
    assert steps == ["Accepted", "On its way", "Delivered"]
    told = await eyes.page.locator(".life .is-delivered").text_content() or ""
    assert "12 May, 12:30:01" in told  # in Moscow
    assert "ms later" in told


async def test_the_wire_of_a_call_over_http_is_shown_raw_decoded_and_as_curl(
    eyes: Eyes, http: Http
) -> None:
    [message_id] = await http.send(Data="Your code is '4711'")
    await eyes.go(f"/messages/{message_id}/wire")
    request, answer = eyes.page.locator(".wire").first, eyes.page.locator(".wire").last
    told = await request.locator(".facts").text_content() or ""
    assert "DataYour code is '4711'" in told
    assert "Password***" in told
    assert "DestinationAddress79161234567" in told
    await request.get_by_role("button", name="Raw").click()
    raw = await request.locator("pre").text_content() or ""
    assert raw.startswith("POST /rest/v2/Sms/Send HTTP/1.1")
    assert PASSWORD not in raw
    await request.get_by_role("button", name="curl").click()
    command = await request.locator("pre").text_content() or ""
    assert command.startswith(f"curl -X POST '{http.root}/rest/v2/Sms/Send'")
    assert "put yours where ***" in (await request.text_content() or "")
    assert message_id in (await answer.locator("pre").text_content() or "")
    # What a shell makes of it is the call again.
    said = await _run(command.replace("Login=***", f"Login={LOGIN}").replace("***", PASSWORD))
    assert message_id[:12] in said
    await eyes.page.locator(".count", has_text="2 messages").wait_for()


async def _run(command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", f"{command} -sS", stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return said.decode()


async def test_a_mail_is_shown_with_subject_and_html_and_loads_nothing(
    eyes: Eyes, http: Http, clock: ManualClock, world: World
) -> None:
    asked: list[str] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append("connected")
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as elsewhere:
        url = f"http://127.0.0.1:{elsewhere.sockets[0].getsockname()[1]}"
        html = f"""<link rel="preconnect" href="{url}"><link rel="stylesheet" href="{url}/a.css">
            <meta http-equiv="refresh" content="0; url={url}/refresh"><base href="{url}">
            <h1 style="color: rgb(200, 0, 0)">Spring</h1><img src="{url}/pixel.png">
            <style>@import "{url}/b.css"; p {{ background: url({url}/c.png) }}</style>
            <script src="{url}/d.js"></script><script>fetch("{url}/e")</script>
            <a href="{url}/l" target="_self">in here</a><a href="{url}/m" target="_top">up</a>
            <iframe src="{url}/f"></iframe><object data="{url}/g"></object>
            <form action="{url}/h"><button>Go</button></form><a href="{url}/i">over there</a>
            <svg><image href="{url}/j"/></svg><video poster="{url}/k"></video><p>Text</p>"""
        await Post(http).send("anna@example.org", Subject="Tulips <b>", Body={"Html": html})
        clock.advance(10)
        world.advance()
        await eyes.row("Tulips <b>").get_by_role("link").click()
        await eyes.page.get_by_role("heading", name="Tulips <b>").wait_for()
        frame = eyes.page.frame_locator(".mail iframe")
        heading = frame.get_by_role("heading", name="Spring")
        await heading.wait_for()
        colour = await heading.evaluate("one => getComputedStyle(one).color")
        assert colour == "rgb(200, 0, 0)"
        for link in ("over there", "in here", "up"):
            await frame.get_by_role("link", name=link).click()
        await frame.get_by_role("button", name="Go").click()
        await eyes.button("Source").click()
        assert url in (await eyes.page.locator(".mail pre").text_content() or "")
        assert asked == []
    # The browser tells of each thing that it was not allowed to do. What it would have asked for is
    # told, too, though the socket has heard nothing.
    assert all("blocked" in one.lower() or f"asked for {url}" in one for one in eyes.complaints)
    eyes.complaints.clear()


async def test_one_without_html_is_shown_as_text(eyes: Eyes, http: Http) -> None:
    await Post(http).send("anna@example.org", Body={"PlainText": "Plain as it is"})
    await eyes.row("anna@example.org").get_by_role("link").click()
    await eyes.page.locator(".mail-text", has_text="Plain as it is").wait_for()


async def test_a_callback_is_shown_with_its_attempts(
    browser: Browser, world: World, account: Account, clock: ManualClock
) -> None:
    async with (
        receiving() as receiver,
        calling(world, account, {"status": receiver.url("status")}) as http,
        Eyes.opened(browser, http.endpoints["page"]) as eyes,
    ):
        receiver.answers = [500]
        await deliver(http, world)
        await receiver.call()
        await concluded(http)
        [message] = world.messages()
        await eyes.go(f"/messages/{message.handle}/receipt")
        card = eyes.page.locator(".card", has_text="Callback status")
        await card.get_by_text("To be repeated").wait_for()
        said = await card.text_content() or ""
        assert "Attempts1" in said
        assert "HTTP 500" in said
        await wait(http, 60)
        await receiver.call()
        await card.get_by_text("Taken").wait_for()
        assert "Attempts2" in (await card.text_content() or "")
        attempts = eyes.page.locator(".lines .outcome")
        assert await attempts.all_text_contents() == ["500", "200"]
        shown = await eyes.page.locator("main").text_content() or ""
        assert SECRET not in shown


async def test_smpp_is_shown_in_octets_and_decoded_and_its_receipts_are(
    browser: Browser,
) -> None:
    # SMPP has room for 8 characters.
    secret = "s3cr3t-8"
    account = Account(login="demo", password=Secret(secret))
    world = World([account], pace=Pace.instant())
    async with (
        Sandbox(world, discover=False) as sandbox,
        Eyes.opened(browser, sandbox.endpoints["page"]) as eyes,
    ):
        settings = {"login": "demo", "password": secret, "sender": "DEVINO", "tls": False}
        channels = {"smpp": {**settings, "hosts": sandbox.endpoints["smpp"]}}
        async with AsyncClient(channels) as client:
            events = client.events()
            first = asyncio.ensure_future(anext(events))
            receipt = await client.send(Message("79161234567", "Hello, World"))
            await first
            # It is acknowledged when the next one is asked for.
            second = asyncio.ensure_future(anext(events))
            await eyes.go(f"/messages/{receipt.ids[0]}/wire")
            request = eyes.page.locator(".wire").first
            decoded = await request.locator("pre").text_content() or ""
            assert "submit_sm" in decoded
            assert b"Hello, World".hex() in decoded
            await eyes.button("Hex").first.click()
            octets = await request.locator("pre.hex").text_content() or ""
            assert octets.startswith("0000  00 00 00")
            assert b"Hello".hex(" ") in octets or "Hello" in octets
            await eyes.tab("Receipts")
            await eyes.page.locator(".lines", has_text="deliver_sm").wait_for()
            second.cancel()
            await asyncio.wait([second])
        await eyes.section("Calls")
        await eyes.row("bind_receiver").get_by_role("link").click()
        await eyes.page.locator(".wire").first.wait_for()
        shown = await eyes.page.locator("main").text_content() or ""
        assert secret not in shown
        await eyes.button("Hex").first.click()
        shown = await eyes.page.locator("main").text_content() or ""
        assert secret.encode().hex(" ") not in shown.replace("  ", " ")


async def test_a_message_is_forgotten(eyes: Eyes, http: Http, world: World) -> None:
    [message_id] = await http.send()
    await eyes.go(f"/messages/{message_id}")
    await eyes.page.get_by_role("button", name="Forget").click()
    await eyes.page.locator(".first").wait_for()
    assert list(world.messages()) == []
