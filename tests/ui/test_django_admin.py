"""The admin of the example project of Django: a person looks at a doubt and decides it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from devino_sandbox import DropAnswer, Fault, LocalSandbox
from tests.contrib._django_shop import Bakery, environ_of
from tests.ui._eyes import PATIENCE

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

NUMBER = "79031234567"
USER = """
from django.contrib.auth.models import Permission, User
chief = ["view_entry", "see_content", "decide_entry"]
for name, codenames in (("clerk", ["view_entry"]), ("chief", chief)):
    user = User.objects.create_user(name, password="a long password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
"""


# Each starts seven processes and a browser.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def bakery(tmp_path: Path) -> Bakery:
    """The project, with an order whose message is in doubt."""
    pytest.importorskip("django")
    with LocalSandbox() as sandbox:
        bakery = Bakery(tmp_path, environ_of({**sandbox.environ("rest"), "DEBUG": "1"}))
        bakery.manage("migrate")
        bakery.manage("shell", "-c", USER)
        sandbox.fault(Fault(operation="Sms/Send", action=DropAnswer()))
        with bakery.served() as site:
            urlopen(f"{site}/orders/", urlencode({"phone": NUMBER}).encode()).close()
        bakery.manage("devino_worker", "--once")
    return bakery


@asynccontextmanager
async def doubts(browser: Browser, site: str, name: str) -> AsyncIterator[Page]:
    """The list of what is in doubt, as a user sees it. The page complains of nothing."""
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    # The project has no icon.
    await page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    await page.goto(f"{site}/admin/")
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password").fill("a long password")
    await page.get_by_role("button", name="Log in").click()
    await page.get_by_role("link", name="Messages").first.click()
    await page.get_by_role("link", name="DOUBT").click()
    await page.get_by_role("link", name="order-1").wait_for()
    yield page
    assert complaints == []
    await context.close()


async def test_a_clerk_sees_a_doubt_and_no_number(browser: Browser, bakery: Bakery) -> None:
    with bakery.served() as site:
        async with doubts(browser, site, "clerk") as page:
            listed = await page.locator("#result_list").inner_text()
            assert "7903***4567" in listed
            assert "DOUBT" in listed
            assert await page.locator("select[name=action]").count() == 0
            await page.get_by_role("link", name="order-1").click()
            await page.get_by_text("OutcomeUnknown").wait_for()
            shown = await page.content()
            assert NUMBER not in shown
            assert "in the oven" not in shown


async def test_a_chief_decides(browser: Browser, bakery: Bakery) -> None:
    with bakery.served() as site:
        async with doubts(browser, site, "chief") as page:
            assert NUMBER in await page.locator("#result_list").inner_text()
            await page.locator("input.action-select").check()
            await page.locator("select[name=action]").select_option("resolve_not_sent")
            # It is called Go, and from Django 6.1 on Run.
            await page.locator(".actions button[type=submit]").click()
            await page.get_by_text("1 changed.").wait_for()
    listed = bakery.manage("devino_outbox", "list", "--json")
    assert '"phase":"queued"' in listed.replace(" ", "").lower()
