"""The page, as far as no browser is needed: where it is, what it may load, what it is made of."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from decimal import Decimal
from importlib.resources import files

import aiohttp
import pytest

from devino_sandbox import Account, HttpService, Sandbox, Submission, World
from devino_sandbox._http import ASGIApp, RawAnswer, RawRequest, answering
from tests._quick import bound
from tests.sandbox._email import Post, add_contact, content_of, pass_by
from tests.sandbox._http import LOGIN, Http

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
STATIC = files("devino_sandbox.services.page") / "static"
FILES = {one.name: one.read_text("utf-8") for one in STATIC.iterdir()}


async def opened(http: Http, method: str, target: str, headers: Mapping[str, str]) -> RawAnswer:
    """What a client gets that follows no redirect."""
    async with http.session.request(
        method, http.root + target, headers=headers, allow_redirects=False
    ) as answer:
        head = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
        return RawAnswer(answer.status, await answer.read(), tuple(head))


async def test_who_looks_at_the_page_is_not_in_the_journal(http: Http, world: World) -> None:
    await http.raw("GET", "/", headers=BROWSER)
    await http.raw("GET", "/_sandbox/ui/app.js")
    assert world.journal.calls() == []


async def test_a_browser_that_opens_the_root_is_sent_to_the_page(http: Http) -> None:
    for method in ("GET", "HEAD"):
        answer = await opened(http, method, "/", BROWSER)
        assert answer.status == 302
        assert (b"location", b"/_sandbox/ui") in answer.headers
    page = await http.raw("GET", "/", headers=BROWSER)
    assert page.status == 200
    assert b"<title>devino sandbox</title>" in page.body


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/", {"Accept": "application/json"}),
        ("GET", "/", {}),
        ("POST", "/", BROWSER),
        ("GET", "/nothing", BROWSER),
    ],
)
async def test_whoever_else_asks_for_what_is_not_there_is_told_so(
    http: Http, method: str, target: str, headers: Mapping[str, str]
) -> None:
    answer = await opened(http, method, target, headers)
    assert answer.status == 404
    assert b"no service here" in answer.body


class Everything(HttpService):
    """A service of somebody else's that takes all paths."""

    name = "everything"
    prefixes: tuple[str, ...] = ("/",)

    @property
    def app(self) -> ASGIApp:
        return answering(self._answer)

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {"everything": base_url}

    def _answer(self, request: RawRequest) -> RawAnswer:
        return RawAnswer(200, request.path.encode())


async def test_a_service_may_have_the_root_and_then_gets_what_is_nobody_elses(
    world: World,
) -> None:
    async with (
        Sandbox(world, services=[lambda world: Everything()], discover=False) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        http = Http(session, sandbox.endpoints)
        assert (await opened(http, "GET", "/", BROWSER)).body == b"/"
        assert (await http.raw("GET", "/what/ever")).body == b"/what/ever"
        assert (await http.raw("GET", "/_sandbox")).json["accounts"]
        assert await http.send()


async def test_the_page_may_load_nothing_from_elsewhere(http: Http) -> None:
    for name in ("", *FILES):
        answer = await http.raw("GET", f"/_sandbox/ui/{name}")
        assert answer.status == 200, name
        rules = answer.headers["Content-Security-Policy"].split(";")
        policy = {kind: where for kind, *where in map(str.split, rules)}
        assert policy.pop("default-src") == ["'none'"]
        assert policy.pop("connect-src") == policy.pop("script-src") == ["'self'"]
        assert {one for where in policy.values() for one in where} <= {"'self'", "'none'"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_every_file_of_the_page_says_what_it_is(http: Http) -> None:
    kinds = {
        "css": "text/css",
        "html": "text/html",
        "js": "text/javascript",
        "svg": "image/svg+xml",
    }
    for name, content in FILES.items():
        answer = await http.raw("GET", f"/_sandbox/ui/{name}")
        assert answer.headers["Content-Type"].startswith(kinds[name.rpartition(".")[2]])
        assert answer.body.decode() == content
        again = {"If-None-Match": answer.headers["Etag"]}
        unchanged = await http.raw("GET", f"/_sandbox/ui/{name}", headers=again)
        assert (unchanged.status, unchanged.body) == (304, b"")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/_sandbox/ui/nothing.js", 404),
        ("GET", "/_sandbox/ui/%2e%2e/__init__.py", 404),
        ("GET", "/_sandbox/ui/mails/1", 404),
        ("POST", "/_sandbox/ui", 405),
    ],
)
async def test_what_the_page_does_not_have_is_refused(
    http: Http, method: str, target: str, status: int
) -> None:
    assert (await http.raw(method, target)).status == status


@pytest.mark.parametrize("name", FILES)
def test_no_file_of_the_page_names_another_host(name: str) -> None:
    # The name of a vocabulary is no address that anybody asks.
    said = FILES[name].replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(?:https?:)?//[\w-]+\.\w", said)
    assert not re.search(r"@import|\burl\((?!#)", said)


@pytest.mark.parametrize("name", FILES)
def test_no_file_of_the_page_writes_html_or_runs_texts(name: str) -> None:
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", FILES[name]
    )
    # The policy of the page forbids both.
    assert not re.search(r"<[^>]+\s(?:style|on\w+)=", FILES[name])
    assert "<style" not in FILES[name]


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".js")])
def test_every_module_that_the_page_imports_is_there(name: str) -> None:
    for imported in re.findall(r'from "\./([\w.-]+)"', FILES[name]):
        assert imported in FILES


def test_what_the_page_names_is_there() -> None:
    for named in re.findall(r'(?:href|src)="/_sandbox/ui/([\w.-]+)"', FILES["index.html"]):
        assert named in FILES


async def test_a_mail_is_shown_so_that_it_loads_and_runs_nothing(http: Http, world: World) -> None:
    html = '<p style="color: red">Здравствуйте</p><img src="https://a.example/x"><script></script>'
    await Post(http).send("anna@example.org", Body={"Html": html})
    [message] = world.messages()
    answer = await http.raw("GET", f"/_sandbox/ui/mails/{message.ids[0]}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    said = content_of(message).html
    assert answer.body.decode() == f'<base target="_blank">{said}'
    policy = [one.strip() for one in answer.headers["Content-Security-Policy"].split(";")]
    assert {"sandbox", "default-src 'none'", "img-src data:", "form-action 'none'"} <= set(policy)
    assert not any("http" in one or "*" in one or "script" in one for one in policy)


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ('<link rel="preconnect">', '<x-link rel="preconnect">'),
        ("<LINK/rel=preconnect>", "<x-LINK/rel=preconnect>"),
        ("<meta\nhttp-equiv=x>", "<x-meta\nhttp-equiv=x>"),
        ("<!--><link>-->", "<!--><x-link>-->"),
        ("<links> < link", "<links> < link"),
        ("<iframe src=x></iframe>", "<x-iframe src=x></iframe>"),
        ("<a Target = _self href=x>target=1</a>", "<a data-target= _self href=x>target=1</a>"),
    ],
)
async def test_a_mail_connects_to_no_host_in_advance(
    http: Http, world: World, html: str, shown: str
) -> None:
    await Post(http).send("anna@example.org", Body={"Html": html})
    [message] = world.messages()
    answer = await http.raw("GET", f"/_sandbox/ui/mails/{message.ids[0]}")
    assert answer.body.decode() == f'<base target="_blank">{shown}'


async def test_links_of_a_mail_lead_nowhere_and_it_keeps_its_document_type(
    http: Http, world: World
) -> None:
    await Post(http).send("anna@example.org", Body={"Html": "<!DOCTYPE html>\n<p>Hello"})
    [message] = world.messages()
    answer = await http.raw("GET", f"/_sandbox/ui/mails/{message.ids[0]}")
    assert answer.body == b'<!DOCTYPE html><base target="_blank">\n<p>Hello'


async def test_what_is_no_mail_is_not_shown_as_one(http: Http) -> None:
    [message_id] = await http.send()
    assert (await http.raw("GET", f"/_sandbox/ui/mails/{message_id}")).status == 404


async def test_the_page_can_tell_what_may_fail(http: Http) -> None:
    shown = (await http.raw("GET", "/_sandbox/operations")).json
    assert "Sms/Send" in shown["rest"]
    assert "submit_sm" in shown["smpp"]
    assert shown["resend"]


async def test_campaigns_are_shown_with_what_became_of_their_mails(
    http: Http, world: World
) -> None:
    assert (await http.raw("GET", "/_sandbox/campaigns")).json == []
    for address in ("a@b.ru", "bounced@fate.test"):
        add_contact(world, address)
    task = await Post(http).task()
    await Post(http).set_state(task, "Started")
    pass_by(world, 10)
    [shown] = (await http.raw("GET", "/_sandbox/campaigns")).json
    assert shown == {
        "id": task,
        "login": LOGIN,
        "name": "spring",
        "sender": "shop@example.com",
        "subject": "Hi",
        "state": "Finished",
        "starts_at": "2011-01-15T12:00:00Z",
        "total": 2,
        "sent": 2,
        "states": {"READ": 1, "BOUNCED": 1},
    }
    assert (await http.raw("GET", "/_sandbox/campaigns?to=a@b.ru")).json == [shown]
    assert (await http.raw("GET", "/_sandbox/campaigns?to=c@d.ru")).json == []


async def test_a_page_under_a_strangers_name_is_not_shown(http: Http) -> None:
    answer = await http.raw("GET", "/_sandbox/ui", headers={"Host": "rebound.example"})
    assert answer.status == 403


async def test_a_page_of_a_hundred_thousand_messages_takes_less_than_50_ms(
    http: Http, world: World, account: Account
) -> None:
    """Fifty of them, in CPU time; the client's share is in it."""
    account.balance = Decimal(1_000_000)
    for batch in range(100):
        order = Submission(account=account, via="rest", sender="DEVINO", text=f"batch {batch}")
        world.submit(order, [f"7916{batch:02}{number:05}" for number in range(1000)])
    pass_by(world, 10)
    fits = {"": 100_000, "&q=batch%2042": 1000, "&state=DELIVERED": 100_000, "&via=smpp": 0}
    for query, total in fits.items():
        took: list[float] = []
        for _ in range(10):
            began = time.process_time()
            answer = await http.raw("GET", f"/_sandbox/messages?limit=50{query}")
            took.append(time.process_time() - began)
            assert answer.headers["x-total"] == str(total)
        assert min(took) < bound(), query
