"""A window of the browser on the page of a sandbox, and what no page of it may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator, Page

__all__ = ["DESKTOP", "PATIENCE", "PHONE", "Eyes"]

DESKTOP = (1360, 860)
PHONE = (390, 844)
PATIENCE = 20_000
"""Milliseconds that a check waits, on a machine that is busy."""


class Eyes:
    """One window.

    ``complaints``: what the browser's console said, errors of the page's own, and requests to
    anywhere but the sandbox. A test that expects one takes it away.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self._origin = urlsplit(url).netloc
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", lambda request: self._asked(request.url))

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        browser: Browser,
        url: str,
        *,
        size: tuple[int, int] = DESKTOP,
        colours: Literal["light", "dark"] = "light",
        sharp: bool = False,
    ) -> AsyncIterator[Eyes]:
        """A window of its own, which has no complaints when it is closed."""
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=colours,
            device_scale_factor=2 if sharp else 1,
            has_touch=size == PHONE,
            locale="en-GB",
            timezone_id="Europe/Moscow",
            reduced_motion="reduce",
        )
        eyes = cls(await context.new_page(), url)
        try:
            await eyes.go("")
            yield eyes
            assert eyes.complaints == []
        finally:
            await context.close()

    async def go(self, path: str) -> None:
        """Open a section: ``/calls``; wait until the page hears of what happens."""
        await self.page.goto(f"{self.url}#{path}" if path else self.url)
        await self.page.locator(".live.is-up").wait_for()

    def row(self, text: str) -> Locator:
        """A row of a list."""
        return self.page.locator(".rows > li", has_text=text)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def tab(self, name: str) -> None:
        await self.page.get_by_role("tab", name=name, exact=True).click()

    async def section(self, name: str) -> None:
        """Go there as a person does."""
        await self.page.get_by_role("navigation").get_by_role("link", name=name).click()

    async def is_too_wide(self) -> bool:
        """Whether one has to scroll sideways."""
        wide: bool = await self.page.evaluate(
            "document.documentElement.scrollWidth > window.innerWidth"
        )
        return wide

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")

    def _asked(self, url: str) -> None:
        if urlsplit(url).netloc != self._origin and not url.startswith(("data:", "blob:")):
            self.complaints.append(f"asked for {url}")
