"""The pictures in the documentation: `tox -e ui -- tests/ui --screenshots docs/images`.

Every run takes them, so that a picture cannot show what the page no longer is; with the option they
are kept.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest

from devino_core import Button, Card, Medium
from devino_core.testing import ManualClock
from devino_sandbox import Account, Drop, Fault, Sandbox, Submission, World
from tests.sandbox._email import Post
from tests.sandbox._http import Http
from tests.ui._eyes import DESKTOP, PHONE, Eyes

if TYPE_CHECKING:
    from playwright.async_api import Browser

MOST = 200_000
"""Octets of a picture; the repository keeps each version."""
PNG = b"\x89PNG\r\n\x1a\n"


class Picture(NamedTuple):
    name: str
    path: str
    """With the name of a message in braces."""
    shows: str
    """What is waited for."""
    size: tuple[int, int] = DESKTOP
    colours: Literal["light", "dark"] = "light"


PICTURES = [
    Picture("page", "/messages/{long}", ".cut li"),
    Picture("page-dark", "/messages/{card}", ".bubble", colours="dark"),
    Picture("page-phone", "/messages", ".row", PHONE),
    Picture("page-phone-message", "/messages/{card}", ".bubble", PHONE, "dark"),
    Picture("page-life", "/messages/{expired}/life", ".step"),
    Picture("page-wire", "/messages/{code}/wire", ".wire"),
    Picture("page-mail", "/messages/{mail}", ".mail iframe"),
    Picture("page-calls", "/calls", ".row"),
    Picture("page-faults", "/faults", ".fault-list li"),
]
IN_DOCS = {"page", "page-dark", "page-phone", "page-wire"}

HTML = """<body style="margin:0;font-family:Georgia,serif;background:#f3f7f2">
<div style="padding:36px">
<h1 style="color:#1d5b3a;font-weight:400">Spring has come to the shop</h1>
<p>Dear [FirstName],<br>the first tulips are here, and they are yours for half the price.</p>
<p><a style="background:#1d5b3a;color:#fff;padding:11px 20px;border-radius:8px;
text-decoration:none" href="https://shop.example">See the tulips</a></p></div></body>"""


@pytest.fixture
def account(account: Account) -> Account:
    account.senders = frozenset({"TRATTORIA", "SHOP", "BANK", "DEVINO"})
    return account


async def _story(http: Http, world: World, account: Account, clock: ManualClock) -> dict[str, str]:
    """A morning of an application; gives its messages by name."""

    def wait(seconds: float) -> None:
        clock.advance(seconds)
        world.advance()

    def send(text: str, to: str, sender: str, via: str, **more: object) -> str:
        order = Submission(account=account, via=via, sender=sender, text=text, **more)  # type: ignore[arg-type]
        [message] = world.submit(order, [to])
        wait(47)
        return message.handle

    names: dict[str, str] = {}
    send("Ваш заказ 1024 собран. Ждём вас до 21:00", "79161112233", "SHOP", "soap")
    names["expired"] = send("Are you there?", "79990000046", "DEVINO", "xml")
    await http.v2(
        "Sms/Send", SourceAddress="STRANGER", DestinationAddress="79031234567", Data="Who am I?"
    )
    wait(30)
    names["long"] = send(
        "Dear Anna, your table for two is booked for tonight at half past seven, on the terrace if "
        "the weather allows. Reply 1 to confirm, 2 to change the time, or 3 to cancel. We keep the "
        "table for a quarter of an hour. See you tonight!",
        "79264445566",
        "TRATTORIA",
        "smpp",
    )
    await Post(http).send(
        "anna@example.org",
        Sender={"Address": "hello@shop.example", "Name": "The Shop"},
        Recipients=[{"Address": "anna@example.org", "Name": "Anna"}],
        Subject="Spring has come to the shop",
        Body={"Html": HTML.replace("[FirstName]", "Anna"), "PlainText": "Dear Anna"},
    )
    names["mail"] = world.snapshot()[-1].handle
    wait(65)
    names["card"] = send(
        "Your parcel has come. The courier is with you between six and eight",
        "79035550199",
        "SHOP",
        "viber",
        medium=Medium.VIBER,
        content=Card(
            "Your parcel has come. The courier is with you between six and eight",
            image="https://shop.example/parcel.png",
            button=Button("Follow it", "https://shop.example/parcels/1"),
        ),
    )
    await http.v1("User/Balance", "X" * 36)
    world.faults.add(Fault(protocol="rest-v2", operation="Sms/Send", nth=3, action=Drop()))
    world.faults.add(Fault(to="79161234567", times=None, chance=0.1, action=Drop()))
    send("See you at nine", "79161234567", "BANK", "rest", send_at=clock.now() + timedelta(hours=5))
    send("We have tried to reach you", "79990000041", "BANK", "email2sms")
    [names["code"]] = await http.send(SourceAddress="BANK", Data="Your code is 4711.")
    wait(0.5)
    return names


@pytest.mark.parametrize("picture", PICTURES, ids=[one.name for one in PICTURES])
async def test_the_page_is_worth_a_picture(
    browser: Browser,
    sandbox: Sandbox,
    http: Http,
    world: World,
    account: Account,
    clock: ManualClock,
    picture: Picture,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    names = await _story(http, world, account, clock)
    kept = request.config.getoption("--screenshots")
    folder = Path(kept) if kept and (picture.name in IN_DOCS) else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    async with Eyes.opened(
        browser,
        sandbox.endpoints["page"],
        size=picture.size,
        colours=picture.colours,
        sharp=picture.size == PHONE,
    ) as eyes:
        await eyes.go(picture.path.format(**names))
        await eyes.page.locator(picture.shows).first.wait_for()
        path = folder / f"{picture.name}.png"
        await eyes.page.screenshot(path=path)
    data = path.read_bytes()
    assert data.startswith(PNG)
    assert len(data) < MOST
    # An empty page is smaller.
    assert len(data) > 20_000


def test_the_documentation_has_each_picture() -> None:
    folder = Path(__file__).parents[2] / "docs" / "images"
    assert {one.stem for one in folder.glob("*.png")} == IN_DOCS
    said = (folder.parent / "sandbox.md").read_text("utf-8")
    assert all(f"images/{name}.png" in said for name in IN_DOCS)
