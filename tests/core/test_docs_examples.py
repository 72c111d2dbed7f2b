"""Runs every program and every session of the docs against the sandbox."""

from __future__ import annotations

import doctest
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from anyio.from_thread import BlockingPortal, start_blocking_portal

from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    Client,
    Message,
    NotFound,
    Rejected,
    State,
)
from devino_core.cli.toolkit import ExitCode
from devino_core.testing import ManualClock
from devino_sandbox import Account, AnswerError, Fault, Pace, Sandbox, StoredMessage, World
from tests.check_docs_types import program

pytestmark = pytest.mark.pythons

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
ACME = EXAMPLES / "devino-acme"
PIGEON = EXAMPLES / "devino-pigeon"


@contextmanager
def _running(world: World) -> Iterator[tuple[Sandbox, BlockingPortal]]:
    """A sandbox in a thread of its own."""
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(Sandbox(world)) as sandbox,
    ):
        yield sandbox, portal


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox in which messages end at once. The environment is as in the tutorial."""
    with _running(World(pace=Pace.instant())) as (sandbox, _):
        _export(sandbox, monkeypatch)
        yield sandbox


def _export(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("DEVINO_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("DEVINO__REST__LOGIN", "demo")
    monkeypatch.setenv("DEVINO__REST__PASSWORD", "demo")
    monkeypatch.setenv("DEVINO__REST__SENDER", "DEVINO")
    monkeypatch.setenv("DEVINO__REST__BASE_URL", sandbox.endpoints["rest"])


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as if typed into a terminal that is 200 characters wide."""
    terminal, inside = os.openpty()
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TERM": "dumb",
        "COLUMNS": "200",
    }
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=inside,
        stderr=subprocess.STDOUT,
    ) as process:
        os.close(inside)
        shown = b""
        while True:
            try:
                chunk = os.read(terminal, 65536)
            except OSError:  # Linux raises it at the end of a terminal
                break
            if not chunk:
                break
            shown += chunk
    os.close(terminal)
    return subprocess.CompletedProcess(
        command, process.returncode, shown.decode().replace("\r\n", "\n")
    )


def _sessions(page: Path) -> list[tuple[str, str]]:
    """The commands of the page's console blocks, with their output."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"```console\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of its own")
def test_the_tutorial_is_true(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Beside the examples lies a file of settings, which the command line would find.
    shutil.copy(EXAMPLES / "tutorial.py", tmp_path)
    page = ROOT / "docs" / "tutorial.md"
    (ordered,) = re.findall(r"/_sandbox/faults -d \\\n  '(.*)'", page.read_text("utf-8"))
    same = doctest.OutputChecker().check_output
    clock = ManualClock()
    world = World(clock=clock)
    find = world.find

    def find_and_let_time_pass(
        account: Account, message_id: str, *, memory: timedelta | None = None
    ) -> StoredMessage | None:
        found = find(account, message_id, memory=memory)
        clock.advance(0.5)
        return found

    # The program sees each state of its message, however slow this machine is.
    monkeypatch.setattr(world, "find", find_and_let_time_pass)
    with _running(world) as (sandbox, portal):
        _export(sandbox, monkeypatch)
        for command, expected in _sessions(page):
            if "Once or twice" in command:
                world.faults.add(msgspec.json.decode(ordered, type=Fault))
            done = _run(command, tmp_path)
            assert same(expected, done.stdout, doctest.ELLIPSIS), f"$ {command}\n{done.stdout}"
            # A reader needs that long to type the next command.
            portal.call(clock.advance, 10)
    assert done.returncode == ExitCode.OUTCOME_UNKNOWN


def test_the_five_lines_of_the_readme_send_and_follow(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    (program,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL
    )
    assert len([line for line in program.splitlines() if line.startswith(("with", " "))]) <= 5
    exec(compile(program, "README.md", "exec"), {})
    assert capsys.readouterr().out.split()[-1] == State.DELIVERED
    assert [message.state for message in sandbox.world.messages()] == [State.DELIVERED]


async def test_the_shown_test_passes() -> None:
    await _load(EXAMPLES / "test_with_sandbox.py").test_a_phone_that_stays_off_gets_nothing()


def test_the_shown_configuration_file_is_one(tmp_path: Path) -> None:
    secret = tmp_path / "devino"
    secret.write_text("hunter2\n")
    text = (EXAMPLES / "devino.toml").read_text("utf-8")
    shown = tmp_path / "devino.toml"
    shown.write_text(text.replace("/run/secrets/devino", secret.as_posix()))
    client = AsyncClient(shown)
    assert list(client.channels) == ["promo", "codes"]


def test_the_page_about_embedding_counts_what_was_delivered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "embedding.md").read_text("utf-8")
    # The wire asks for whole seconds; the page asks for those until now.
    clock = ManualClock(datetime.now(UTC) - timedelta(hours=1))
    with _running(World(clock=clock, pace=Pace.instant())) as (sandbox, _):
        _export(sandbox, monkeypatch)
        with Client() as client:
            client.send(Message("79031234567", "Hello"))
        exec(compile(program(page), "embedding.md", "exec"), {})
    assert capsys.readouterr().out.startswith("1\n")


async def test_a_service_of_a_plugin_is_configured_by_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def carriers(request: web.Request) -> web.Response:
        question = await request.json()
        assert question["token"] == "open-sesame"
        return web.json_response(dict.fromkeys(question["numbers"], "Pigeon Mobile"))

    gateway = web.Application()
    gateway.add_routes([web.post("/carriers", carriers)])
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv("DEVINO_PLUGINS", "acme_lookup")
    monkeypatch.setenv("DEVINO__ACME_LOOKUP__TOKEN", "open-sesame")
    async with TestServer(gateway) as server:
        monkeypatch.setenv("DEVINO__ACME_LOOKUP__BASE_URL", str(server.make_url("/")))
        async with AsyncClient() as client:
            lookup = client.service(
                "acme-lookup", importlib.import_module("acme_lookup").AcmeLookup
            )
            assert await lookup.carriers(["7903"]) == {"7903": "Pigeon Mobile"}


async def test_a_service_over_one_http_interface_names_its_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book: dict[str, object] = {}

    async def contacts(request: web.Request) -> web.Response:
        if request.headers.get("X-Api-Key") != "open-sesame":
            said = {"code": "bad_key", "message": "who is open-says-me?"}
            return web.json_response(said, status=401)
        name = request.match_info["id"]
        if request.method == "PUT":
            book[name] = await request.json()
        elif name not in book:
            return web.json_response({"code": "no_contact", "message": name}, status=404)
        elif request.method == "DELETE":
            del book[name]
        return web.json_response(book.get(name))

    gateway = web.Application()
    gateway.add_routes([web.route("*", "/contacts/{id}", contacts)])
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv("DEVINO_PLUGINS", "acme_contacts")
    monkeypatch.setenv("DEVINO__ACME_CONTACTS__API_KEY", "open-sesame")
    monkeypatch.setenv("DEVINO__OTHER__KIND", "acme-contacts")
    monkeypatch.setenv("DEVINO__OTHER__API_KEY", "open-says-me")
    shown = importlib.import_module("acme_contacts")
    ann = shown.Contact("Ann", "79031234567")
    async with TestServer(gateway) as server:
        for name in ("ACME_CONTACTS", "OTHER"):
            monkeypatch.setenv(f"DEVINO__{name}__BASE_URL", str(server.make_url("/")))
        async with AsyncClient() as client:
            service = client.service("acme-contacts", shown.AcmeContacts)
            await service.put("a/b", ann)
            assert book == {"a/b": {"name": "Ann", "number": "79031234567"}}
            assert await service.contact("a/b") == ann
            await service.delete("a/b")
            with pytest.raises(NotFound, match="a/b"):
                await service.contact("a/b")
            stranger = client.service("other", shown.AcmeContacts)
            with pytest.raises(AuthenticationFailed, match=r"who is \*\*\*\?"):
                await stranger.delete("a/b")


def test_a_blocking_program_learns_who_was_not_reached(sandbox: Sandbox) -> None:
    remind = _load(EXAMPLES / "embed_blocking.py").remind
    assert remind(["79031234567", "79990000041"], "Tomorrow at nine") == ["79990000041"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_each_process_opens_a_client_of_its_own(sandbox: Sandbox) -> None:
    program = """
import os, sys
from devino_core import Message
from embed_forking import client
first = client()
assert client() is first
first.send(Message("79031234567", "from the parent"))
child = os.fork()
if child == 0:
    mine = client()
    mine.send(Message("79031234567", "from the child"))
    sys.exit(0 if mine is not first else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=EXAMPLES,
        env=os.environ | {"PYTHONPATH": str(EXAMPLES)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    texts = {message.submission.text for message in sandbox.world.messages()}
    assert texts == {"from the parent", "from the child"}


async def test_a_starlette_service_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Sandbox() as sandbox:
        _export(sandbox, monkeypatch)
        shown = _load(EXAMPLES / "embed_starlette.py")
        async with shown.lifespan(shown.app) as state:
            good = await _post(shown.app, state, {"phone": "79031234567", "text": "Hello"})
            assert good["status"] == 200
            assert good["body"]["state"] == "ACCEPTED"
            bad = await _post(shown.app, state, {"phone": "79031234567", "text": "x" * 2001})
            assert (bad["status"], bad["body"]["field"]) == (422, "text")


async def _post(app: object, state: Mapping[str, object], body: object) -> dict[str, Any]:
    """One request to an ASGI application, without a server."""
    answer: dict[str, Any] = {}

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": json.dumps(body).encode()}

    async def send(event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            answer["status"] = event["status"]
        else:
            answer["body"] = json.loads(event["body"])

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/notify",
        "query_string": b"",
        "headers": [],
        "state": dict(state),
    }
    await app(scope, receive, send)  # type: ignore[operator]
    return answer


async def test_an_aiohttp_service_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Sandbox() as sandbox:
        _export(sandbox, monkeypatch)
        runner = web.AppRunner(_load(EXAMPLES / "embed_aiohttp.py").app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = "http://{}:{}/notify".format(*runner.addresses[0][:2])
            async with (
                ClientSession() as session,
                session.post(url, json={"phone": "79031234567", "text": "Hello"}) as answer,
            ):
                assert (await answer.json())["state"] == "ACCEPTED"
        finally:
            await runner.cleanup()


async def test_a_plugin_and_its_service_in_the_sandbox_meet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.syspath_prepend(str(ACME))
    monkeypatch.setenv("DEVINO_PLUGINS", "devino_acme, acme_sandbox")
    world = World(pace=Pace.instant())
    async with Sandbox(world) as sandbox:
        settings = {"base_url": sandbox.endpoints["acme"], "token": "demo", "sender": "ACME"}
        async with AsyncClient({"acme": settings}) as client:
            receipt = await client.send(Message("79031234567", "Hello"))
            assert (await client.status(receipt)).state is State.DELIVERED
            lost = await client.send(Message("79990000041", "Hello"))
            assert (await client.status(lost)).state is State.UNDELIVERABLE
            world.faults.add(Fault(protocol="acme", action=AnswerError("closed on Sundays")))
            with pytest.raises(Rejected, match="closed on Sundays"):
                await client.send(Message("79031234567", "Hello"))


async def test_a_service_over_a_table_in_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv("DEVINO_PLUGINS", "owl_sandbox")
    world = World(pace=Pace.instant())
    async with Sandbox(world) as sandbox, ClientSession() as session:
        url = f"{sandbox.endpoints['owl']}/letters"
        letter = {"to": "79031234567", "text": "Hoo", "ref": "first"}

        async def ask(method: str, to: str = url, key: str = "demo") -> tuple[int, object]:
            headers, json = {"X-Owl-Key": key}, letter if method == "POST" else None
            async with session.request(method, to, json=json, headers=headers) as answer:
                return answer.status, await answer.json()

        status, sent = await ask("POST")
        assert (status, sent) == (200, {"id": "579700854169272358", "state": "DELIVERED"})
        assert await ask("GET", f"{url}/first") == (200, sent)
        assert (await ask("GET", f"{url}/second"))[0] == 404
        assert (await ask("POST"))[0] == 409
        assert (await ask("GET", f"{url}/first", key=""))[0] == 401
        world.faults.add(Fault(protocol="owl", to="79031234567", action=AnswerError(503)))
        assert await ask("POST") == (503, {"error": ""})
        kinds = [kind for service in sandbox.services for kind in service.callback_kinds]
        assert "owl" in kinds


async def test_a_plugin_over_a_table_and_its_gateway_in_the_sandbox_meet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(PIGEON))
    monkeypatch.setenv("DEVINO_PLUGINS", "devino_pigeon")
    world = World(pace=Pace.instant())
    async with Sandbox(world) as sandbox:
        settings = {"base_url": sandbox.endpoints["pigeon"], "api_key": "demo", "sender": "COO"}
        async with AsyncClient({"pigeon": settings}) as client:
            receipt = await client.send(Message("79031234567", "Hello"))
            assert (await client.status(receipt)).state is State.DELIVERED
            world.faults.add(Fault(protocol="pigeon", action=AnswerError("bad_call", "no demo")))
            refused = await client.send(Message("79031234567", "Hello"))
            assert isinstance(refused.error, Rejected)
            assert "no ***" in str(refused.error)


def test_a_plugin_is_on_the_command_line_with_all_that_it_brings() -> None:
    environ = os.environ | {
        "DEVINO_CONFIG": "",
        "DEVINO_PLUGINS": "devino_pigeon",
        "PYTHONPATH": str(PIGEON),
    }
    devino = (sys.executable, "-m", "devino_core.cli")
    shown = subprocess.run(
        [*devino, "channels", "--json"], env=environ, capture_output=True, check=True, timeout=60
    )
    assert "pigeon" in {kind["kind"] for kind in json.loads(shown.stdout)["kinds"]}
    callback = "pigeon=http://127.0.0.1:9/some-secret-of-yours/pigeon"
    command = [*devino, "sandbox", "--json", "--callback", callback]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
        finally:
            process.kill()
    assert told["pigeon"].endswith("/pigeon")


def test_the_names_that_the_docs_call_by_are_there() -> None:
    """Roles such as {exc}`~devino_core.errors.Rejected` in pages name objects that exist."""
    for page in (ROOT / "docs").rglob("*.md"):
        for target in re.findall(
            r"\{(?:class|exc|meth|attr|func|mod)\}`[^`]*?~?([\w.]+)>?`", page.read_text("utf-8")
        ):
            _resolve(target)


def _resolve(target: str) -> object:
    parts = target.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            found = getattr(found, name)
        return found
    raise AssertionError(f"the docs name {target}, which is not there")


def test_the_start_page_begins_with_the_same_lines() -> None:
    (program,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "index.md").read_text("utf-8"), re.DOTALL
    )
    assert program in (ROOT / "README.md").read_text("utf-8")
