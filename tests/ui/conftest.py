"""A sandbox on a driven clock, and a browser that looks at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, Sandbox, World
from tests.sandbox._http import LOGIN, PASSWORD, Http
from tests.ui._eyes import Eyes

if TYPE_CHECKING:
    from playwright.async_api import Browser

HERE = Path(__file__).parent
START = datetime(2026, 5, 12, 9, 30, tzinfo=UTC)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that stands here needs a browser."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.ui)


def chromium() -> str | None:
    """The browser to run."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next((found for found in map(shutil.which, _NAMES) if found), None)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    api = pytest.importorskip(
        "playwright.async_api", reason="no Playwright to drive a browser: pip install playwright"
    )
    path = chromium()
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium, or name one by CHROMIUM")
    # Chromium's own sandbox does not run as root. A name of any host but this one is not found.
    options = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")
    async with api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        await browser.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def account() -> Account:
    return Account(login=LOGIN, password=Secret(PASSWORD))


@pytest.fixture
def world(account: Account, clock: ManualClock) -> World:
    return World([account], clock=clock)


@pytest.fixture
async def sandbox(world: World) -> AsyncIterator[Sandbox]:
    async with Sandbox(world, discover=False) as sandbox:
        yield sandbox


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[Http]:
    async with aiohttp.ClientSession() as session:
        yield Http(session, sandbox.endpoints)


@pytest.fixture
async def eyes(browser: Browser, sandbox: Sandbox) -> AsyncIterator[Eyes]:
    """Looks at the page on a desktop. Whatever is wrong with the page fails the test."""
    async with Eyes.opened(browser, sandbox.endpoints["page"]) as eyes:
        yield eyes
