"""Starting, serving and stopping the sandbox."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from ssl import SSLContext
from types import ModuleType

import aiohttp
import pytest

import devino_sandbox
import devino_sandbox.services
from devino_core import ConfigurationError, PluginError, State, hookimpl
from devino_core.plugins import PluginWarning
from devino_core.testing import ManualClock
from devino_sandbox import (
    ASGIApp,
    HttpService,
    PortService,
    RawAnswer,
    RawRequest,
    Sandbox,
    Service,
    Submission,
    World,
    answering,
    services_at,
    shows,
)
from tests.sandbox._http import PASSWORD, Http

pytestmark = pytest.mark.pythons


async def test_it_says_where_its_services_are(sandbox: Sandbox) -> None:
    root = sandbox.endpoints["rest"].removesuffix("/rest")
    assert root.startswith("http://127.0.0.1:")
    assert sandbox.endpoints["rest_v2"] == f"{root}/rest/v2"
    assert sandbox.endpoints["inspect"] == f"{root}/_sandbox"


async def test_a_port_in_use_is_a_configuration_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ConfigurationError, match=f"127.0.0.1 port {port}: Address already in"
        ) as raised:
            async with Sandbox(http_port=port, discover=False):
                pass
    assert str(raised.value).endswith("; choose another port, or 0 for a free one")


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no host at all"])
async def test_a_host_of_another_machine_is_a_configuration_error(host: str) -> None:
    with pytest.raises(ConfigurationError, match=f"cannot listen on {host} port 0: ") as raised:
        async with Sandbox(host=host, discover=False):
            pass
    assert str(raised.value).endswith("; choose an address of this machine, such as 127.0.0.1")


async def test_where_no_choice_would_help_none_is_advised(monkeypatch: pytest.MonkeyPatch) -> None:
    async def exhausted(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_server", exhausted)
    with pytest.raises(ConfigurationError, match=r"port 0: Too many open files$"):
        async with Sandbox(discover=False):
            pass


@pytest.mark.parametrize(
    ("host", "told"), [("::1", "[::1]"), ("localhost", "localhost"), ("0.0.0.0", "127.0.0.1")]
)
async def test_what_it_is_bound_to_can_be_reached(host: str, told: str) -> None:
    if host == "::1" and not _has_ipv6():
        pytest.skip("no IPv6 here")
    async with Sandbox(host=host, discover=False) as sandbox:
        assert sandbox.endpoints["rest"].startswith(f"http://{told}:")
        async with (
            aiohttp.ClientSession() as session,
            session.get(sandbox.endpoints["inspect"]) as response,
        ):
            assert response.status == 200


def _has_ipv6() -> bool:
    """Asked of the system and not of the sandbox, whose failure is to be seen."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_its_port_is_free_again_at_once(world: World) -> None:
    async with Sandbox(world, discover=False) as first, aiohttp.ClientSession() as session:
        await Http(session, first.endpoints).login()
        port = int(first.endpoints["rest"].split(":")[2].split("/")[0])
    async with Sandbox(world, http_port=port, discover=False) as again:
        assert again.endpoints["rest"] == first.endpoints["rest"]


async def test_a_client_that_stops_in_the_middle_of_its_request_does_not_hold_it_up(
    world: World,
) -> None:
    async with Sandbox(world, discover=False) as sandbox:
        host, port = sandbox.endpoints["rest"].removeprefix("http://").split("/")[0].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /rest/v2/Sms/Send HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nLogin"
        )
        await writer.drain()
        await asyncio.sleep(0)
    assert await reader.read() == b""
    writer.close()


async def test_subscribers_are_told_without_anyone_asking(
    sandbox: Sandbox, clock: ManualClock
) -> None:
    world = sandbox.world
    told: list[State] = []
    world.subscribe(changed=lambda message: told.append(message.state))
    [account] = world.accounts.values()
    world.submit(Submission(account=account, via="test", sender="X", text="x"), ["79161234567"])
    await clock.tick(0.1)
    assert told == []
    await clock.tick(0.1)
    assert told == [State.ENROUTE]
    # An earlier change than the one that is waited for.
    world.pace = devino_sandbox.Pace(sent=0.1, final=0.2)
    world.submit(Submission(account=account, via="test", sender="X", text="x"), ["79161234568"])
    await clock.tick(0.1)
    assert told == [State.ENROUTE] * 2
    await clock.tick(10)
    assert told == [State.ENROUTE, State.ENROUTE, State.DELIVERED, State.DELIVERED]


async def test_no_log_shows_a_password(http: Http, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await http.login()
        await http.send()
        await http.raw("GET", f"/rest/v2/Sms/Nothing?Login=demo&Password={PASSWORD}")
    assert PASSWORD not in caplog.text


class Echo(HttpService):
    name = "echo"
    prefixes = ("/Echo", "/rest/echo")
    _heard: str | None = None

    @property
    def app(self) -> ASGIApp:
        return answering(self._echo)

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {"echo": f"{base_url}/Echo"}

    @shows("heard", "the last request")
    def heard(self, to: str | None) -> str | None:
        return self._heard

    def _echo(self, request: RawRequest) -> RawAnswer:
        self._heard = repr(request)
        return RawAnswer(200, f"{request!r}".encode() + request.body)


class Port(PortService):
    name = "lines"

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def start(self) -> None:
        self.calls.append("start")

    async def listen(
        self, host: str, port: int, tls: SSLContext | None = None
    ) -> Mapping[str, str]:
        if port == 1:
            raise PermissionError(13, "Permission denied")
        self.calls.append(f"listen {port}")
        return {"lines": f"{host}:{port}"}

    async def close(self) -> None:
        self.calls.append("close")

    async def stop(self) -> None:
        self.calls.append("stop")


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[Service]:
    """What a plugin of a third party brings."""
    services: list[Service] = [Echo(), Port()]
    module = ModuleType("devino_stranger")

    @hookimpl(optionalhook=True)
    def devino_sandbox_services(world: World) -> list[Service]:
        return services

    module.devino_sandbox_services = devino_sandbox_services  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "devino_stranger", module)
    monkeypatch.setenv("DEVINO_PLUGINS", "devino_stranger")
    return services


async def test_a_plugin_brings_services_of_its_own(plugged: list[Service], world: World) -> None:
    async with Sandbox(world, ports={"lines": 4321}) as sandbox, aiohttp.ClientSession() as session:
        http = Http(session, sandbox.endpoints)
        assert sandbox.endpoints["lines"] == "127.0.0.1:4321"
        assert sandbox.endpoints["echo"] == f"{http.root}/Echo"
        answer = await http.raw("POST", "/eCHO//more?Password=x", b"body")
        assert answer.body == b"RawRequest(POST /eCHO//more)body"
        assert (await http.raw("GET", "/rest/echo")).status == 200
        assert (await http.v2("User/Balance")).status == 200
        assert (await http.raw("GET", "/echoes")).json["endpoints"] == sandbox.endpoints
    port = plugged[1]
    assert isinstance(port, Port)
    assert port.calls == ["start", "listen 4321", "close", "stop"]


async def test_a_service_of_any_kind_shows_what_it_keeps(world: World) -> None:
    class Whispering(Echo):
        def heard(self, to: str | None) -> str | None:
            heard = super().heard(to)
            return heard and heard.lower()

    services: list[Callable[[World], Service]] = [lambda _: Echo(), lambda _: Whispering()]
    async with (
        Sandbox(world, services=services) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        http = Http(session, sandbox.endpoints)
        assert (await http.raw("GET", "/_sandbox/heard")).json is None
        await http.raw("POST", "/echo/more", b"body")
        assert (await http.raw("GET", "/_sandbox/heard")).json == "rawrequest(post /echo/more)"


async def test_a_plugin_names_services_that_are_imported_when_a_sandbox_is_made(
    plugged: list[Service], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger, gateway = sys.modules["devino_stranger"], ModuleType("devino_stranger_gateway")
    brought = services_at("devino_stranger_gateway:Echo")
    monkeypatch.setattr(stranger, "devino_sandbox_services", brought)
    gateway.Echo = lambda world: plugged[0]  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="devino_stranger_gateway"):
        brought(world)
    monkeypatch.setitem(sys.modules, "devino_stranger_gateway", gateway)
    async with Sandbox(world) as sandbox:
        assert plugged[0] in sandbox.services
    itself = services_at(lambda world: plugged[1])
    monkeypatch.setattr(stranger, "devino_sandbox_services", itself)
    async with Sandbox(world) as sandbox:
        assert plugged[1] in sandbox.services


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("devino_stranger_gateway:Echo", "ModuleNotFoundError: No module named 'devino_strang"),
        ("devino_stranger:Nothing", "AttributeError: .* has no attribute 'Nothing'"),
        ("devino_stranger.Echo", "ValueError: it must be of the form 'package.module:name'"),
        ("builtins:repr", "gave a str, expected Service"),
    ],
)
async def test_a_plugin_whose_services_cannot_be_made_is_left_out(
    place: str, says: str, plugged: list[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = sys.modules["devino_stranger"]
    monkeypatch.setattr(stranger, "devino_sandbox_services", services_at(place))
    with pytest.warns(PluginWarning, match=rf"'devino_stranger' of DEVINO_PLUGINS .*: {says}"):
        async with Sandbox() as sandbox:
            assert "rest" in sandbox.endpoints


async def test_services_are_brought_under_a_misspelt_name_too(
    plugged: list[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = sys.modules["devino_stranger"]
    monkeypatch.delattr(stranger, "devino_sandbox_services")
    brought = services_at("devino_stranger:Echo")
    monkeypatch.setattr(stranger, "devino_sandbox_servces", brought, raising=False)
    monkeypatch.setattr(stranger, "Echo", lambda world: plugged[0], raising=False)
    async with Sandbox() as sandbox:
        assert plugged[0] in sandbox.services


async def test_a_service_without_a_name_is_an_error(
    plugged: list[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Echo, "name")
    with pytest.raises(PluginError, match="the service Echo of DEVINO_PLUGINS has no name"):
        async with Sandbox():
            pass


async def test_two_services_of_one_name_are_an_error(plugged: list[Service]) -> None:
    plugged.append(Echo())
    with pytest.raises(PluginError, match="two services are named 'echo'"):
        async with Sandbox():
            pass


async def test_two_services_under_one_path_are_an_error(plugged: list[Service]) -> None:
    second = Echo()
    second.name = "second"
    plugged.append(second)
    with pytest.raises(PluginError, match="service 'second': /echo is another's"):
        async with Sandbox():
            pass


async def test_a_service_may_stand_in_for_another(plugged: list[Service]) -> None:
    second = Port()
    async with Sandbox(services=[lambda _: second]) as sandbox:
        assert sandbox.endpoints["lines"] == "127.0.0.1:0"
        assert sandbox.endpoints["echo"]
    first = plugged[1]
    assert isinstance(first, Port)
    assert (len(first.calls), len(second.calls)) == (0, 4)


async def test_what_was_started_is_stopped_when_a_port_is_refused(plugged: list[Service]) -> None:
    with pytest.raises(ConfigurationError, match=r"lines: .* 127\.0\.0\.1 port 1: Perm"):
        async with Sandbox(ports={"lines": 1}):
            pass
    port = plugged[1]
    assert isinstance(port, Port)
    assert port.calls == ["start", "close", "stop"]


async def test_a_port_for_no_service_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="'smtpp'"):
        async with Sandbox(ports={"smtpp": 25}, discover=False):
            pass


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Adds a service whose module begins with this line."""

    def service(line: str) -> None:
        (tmp_path / "brokenly.py").write_text(line)
        paths = [*devino_sandbox.services.__path__, str(tmp_path)]
        monkeypatch.setattr(devino_sandbox.services, "__path__", paths)

    return service


async def test_a_package_that_is_missing_is_told_with_its_cure(
    broken: Callable[[str], None],
) -> None:
    broken("import no_such_package.part")
    with pytest.raises(ConfigurationError, match=r"no_such_package.*pip install"):
        async with Sandbox(discover=False):
            pass


@pytest.mark.parametrize(
    "line", ["import devino_sandbox.nothing", "from devino_sandbox import Nothing"]
)
async def test_a_mistake_of_ones_own_is_no_missing_package(
    broken: Callable[[str], None], line: str
) -> None:
    broken(line)
    with pytest.raises(ImportError):
        async with Sandbox(discover=False):
            pass


def test_every_public_name_can_be_imported() -> None:
    assert sorted(devino_sandbox._HOMES) == sorted(devino_sandbox.__all__)
    for name in devino_sandbox.__all__:
        assert getattr(devino_sandbox, name) is not None
    with pytest.raises(AttributeError):
        devino_sandbox.Nothing  # type: ignore[attr-defined]  # noqa: B018
