"""docs/methods.md: every row is executed, does what it says on the wire, and none is missing."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from devino_codecs import addressbook, email, rest, soap, verification, viber, vk
from devino_codecs.smpp import CommandId, EncodedRequest, Pdu
from devino_core import AsyncClient, DevinoError, Event, Incoming, Secret, State, StatusChanged
from devino_core.callbacks import CallbackAnswer, CallbackRequest
from devino_core.http import HttpSession
from devino_core.sim import SimGuard, SimRecord
from devino_plugins.ftp._delivery import Delivery
from devino_plugins.kit.smtp import Pool
from devino_plugins.smpp._session import SmppSession
from devino_sandbox import Pace, Sandbox, World
from devino_sandbox._demo import _configured
from tests._vectors import VECTORS
from tests.check_docs_types import program

PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods.md"
SECRET = "a-secret-of-the-methods-page"

NAMES = {
    "smpp udh": "smpp",
    "smpp sar": "smpp-sar",
    "smpp payload": "smpp-payload",
    "email2sms template": "email2sms",
    "email2sms semicolon": "semicolon",
    "email2sms base64": "base64",
}
"""The page's names of channels of which the demo has several."""

# By what the page says beside "callback": the manual's own examples.
POSTED = {
    ("sms", False): "11-008",
    ("viber", False): "12-012",
    ("viber", True): "12-013",
    ("whatsapp", False): "12-012",
    ("whatsapp", True): "12-013",
    ("email", False): "14-031",
    ("vk", False): "15-007",
}


class Method(NamedTuple):
    chapter: str
    title: str
    wire: tuple[str, ...]
    call: str


def rows() -> Iterator[Method]:
    chapter = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            chapter = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith(("| ---", "| the manual's")):
            title, _, wire, call = re.split(r" *\| *", line.strip("| "))
            yield Method(chapter, title, tuple(re.findall("`([^`]+)`", wire)), call.strip("`"))


METHODS = list(rows())
CHAPTERS = list(dict.fromkeys(method.chapter for method in METHODS))


def test_every_operation_of_every_table_is_on_the_page() -> None:
    wires = {wire.rpartition(" ")[2] for method in METHODS for wire in method.wire}
    tables = (rest.V1, email.API, addressbook.API, verification.API, vk.API, viber.API)
    for api in tables:
        assert {row.path for row in api.operations} <= wires
    for service in (soap.SMS, soap.VIBER):
        assert {request.operation.name for request in service.requests} <= wires
    by_chapter = {chapter: [m for m in METHODS if m.chapter == chapter] for chapter in CHAPTERS}
    first, second = (by_chapter[name] for name in CHAPTERS[:2])
    assert [m.title for m in first[1:]] == [m.title for m in second]
    assert len(by_chapter) == 20


def test_the_titles_are_the_manuals_and_each_chapter_has_its_own() -> None:
    text = PAGE.read_text("utf-8")
    for part in text.split("\n## ")[1:]:
        assert re.match(r".+\n\n\*[^*]+\*", part), part[:60]
    assert sum(bool(re.search("[А-я]", method.title)) for method in METHODS) > len(METHODS) / 2


class Spy:
    """What went over the wires."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        self._patch(monkeypatch, HttpSession, "request", self._http)
        self._patch(monkeypatch, SmppSession, "request", self._smpp)
        self._patch(monkeypatch, Pool, "send", lambda *_, **__: "DATA")
        self._patch(monkeypatch, Delivery, "deliver", lambda *_, **__: "STOR")

    def _patch(self, monkeypatch: pytest.MonkeyPatch, of: type, name: str, named: Any) -> None:
        original = getattr(of, name)

        def spying(this: Any, *args: Any, **kwargs: Any) -> Any:
            self.seen.append(named(*args, **kwargs))
            return original(this, *args, **kwargs)

        monkeypatch.setattr(of, name, spying)

    @staticmethod
    def _http(method: str, segments: Any, *, body: bytes = b"", **_: Any) -> str:
        operation = re.search(rb"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)", bytes(body))
        if operation is not None:
            return operation[1].decode()
        return f"{method} {'/'.join(segments)}"

    @staticmethod
    def _smpp(request: Pdu | EncodedRequest[Pdu], *_: Any, **__: Any) -> str:
        kind: Any = request.kind if isinstance(request, EncodedRequest) else type(request)
        return CommandId(kind.command_id).name.lower()

    def saw(self, wire: str) -> bool:
        method, _, path = wire.rpartition(" ")
        pattern = re.escape(path).replace(r"\{", "{").replace(r"\}", "}")
        pattern = re.sub(r"{\w+}", "[^/]+", pattern)
        wanted = rf"(?:{method or '[A-Z]+'} )?(?:.+/)?{pattern}"
        return any(re.fullmatch(wanted, one, re.IGNORECASE) for one in self.seen)


class Memory:
    """References of SIMs, for as long as the test lasts."""

    def __init__(self) -> None:
        self._records: dict[str, SimRecord] = {}

    async def get(self, number: str, /) -> SimRecord | None:
        return self._records.get(number)

    async def put(self, number: str, record: SimRecord, /, *, replaces: SimRecord | None) -> bool:
        if self._records.get(number) != replaces:
            return False
        self._records[number] = record
        return True


class Imsis:
    """The SIM that every number has."""

    async def imsi(self, number: str, /) -> Secret:
        return Secret("250011234567890")


def posted(source: str, *, answer: bool = False) -> CallbackRequest:
    """What the platform posts to a source."""
    vector = VECTORS[POSTED[source, answer]]
    path = f"/devino/{SECRET}/{source}"
    if source == "sms":
        query = vector.data.strip().partition(b"?")[2].replace(b"\n", b"").replace(b" ", b"")
        return CallbackRequest(method="GET", path=path, query=query)
    return CallbackRequest(method="POST", path=path, body=vector.data)


@asynccontextmanager
async def names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[dict[str, Any], World, list[Event]]]:
    """The page's names, on a sandbox where everything happens at once."""
    world = World(pace=Pace.instant())
    async with Sandbox(world, discover=False) as sandbox:
        account = next(iter(world.accounts.values()))
        book = {"base_url": sandbox.endpoints["addressbook"], "login": "demo", "password": "demo"}
        configured = _configured(sandbox, account)
        channels = {NAMES.get(name, name): one for name, one in configured["channels"].items()}
        channels["plain"] = {**channels["ftp"], "archive": "plain", "sender": None}
        for name in ("smpp", "smpp-sar", "smpp-payload"):
            channels[name] = {**channels[name], "bind": "transceiver"}
        config = tmp_path / "devino.toml"
        config.write_text(
            toml("channels", channels)
            + toml("services", {**configured["services"], "addressbook": book}),
            "utf-8",
        )
        monkeypatch.setenv("DEVINO_CONFIG", str(config))
        scope: dict[str, Any] = {}
        exec(compile(program(PAGE.read_text("utf-8")), str(PAGE), "exec"), scope)
        client: AsyncClient = scope["client"]
        taken: list[Event] = []

        def take(event: Event) -> str | None:
            taken.append(event)
            return "Thank you" if isinstance(event, Incoming) else None

        scope["posted"] = posted
        scope["guard"] = SimGuard(Imsis(), Memory(), key=Secret("k" * 32))

        async def take_it(event: Event) -> str | None:
            return take(event)

        client.callbacks(take_it, secrets=[Secret(SECRET)])
        async with client:
            yield scope, world, taken


def toml(what: str, tables: Mapping[str, Mapping[str, object]]) -> str:
    lines = []
    for name, values in tables.items():
        lines.append(f'[{what}."{name}"]')
        for key, value in values.items():
            plain = value.reveal() if isinstance(value, Secret) else value
            if plain is not None:
                shown = str(plain).lower() if isinstance(plain, bool | int) else f'"{plain}"'
                lines.append(f"{key} = {shown}")
    return "\n".join([*lines, ""])


@pytest.mark.parametrize("chapter", CHAPTERS)
async def test_every_row_of_a_chapter_does_what_it_says(
    chapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = Spy(monkeypatch)
    async with names(tmp_path, monkeypatch) as (scope, world, taken):
        for method in METHODS:
            if method.chapter != chapter:
                continue
            await prepare(scope, world, method)
            spy.seen.clear()
            taken.clear()
            found = await execute(method.call, scope)
            for wire in method.wire:
                if wire.startswith("callback "):
                    assert isinstance(found, CallbackAnswer), method
                    assert found.status == 200, method
                    # What was told before is not told again, and is answered as then.
                    assert taken or found.body, method
                elif wire == "deliver_sm":
                    assert isinstance(scope["event"], StatusChanged | Incoming), method
                else:
                    assert spy.saw(wire), f"{method}: {spy.seen}"
            assert_went_well(found, method)


async def prepare(scope: dict[str, Any], world: World, method: Method) -> None:
    """What must have happened before."""
    if method.wire == ("deliver_sm",):
        world.receive(sender=scope["number"], to="1234", text="Hello")
    if method.wire == ("POST Tasks",):
        group = await scope["book"].groups.add("Customers")
        refs = (email.ContactRef(group, included=True),)
        scope["draft"] = replace(scope["draft"], contact_groups=refs)


def assert_went_well(found: object, method: Method) -> None:
    results = found if isinstance(found, list) else [found]
    for one in results:
        error = getattr(one, "error", None)
        assert not isinstance(error, DevinoError), f"{method}: {error}"
        state = getattr(one, "state", getattr(getattr(one, "status", None), "state", None))
        if isinstance(state, State):
            assert state not in {State.REJECTED, State.UNDELIVERABLE}, f"{method}: {one}"


async def execute(call: str, scope: dict[str, Any]) -> object:
    """Execute a statement that may await, and give the value of its expression."""
    (statement,) = ast.parse(call).body
    assert isinstance(statement, ast.Expr | ast.Assign), call
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    kept = ast.Assign([ast.Name("found", ast.Store()), *targets], statement.value)
    module = ast.fix_missing_locations(ast.Module([ast.copy_location(kept, statement)], []))
    code: Any = compile(module, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    running = eval(code, scope)
    if inspect.iscoroutine(running):
        await running
    return scope["found"]
