"""Fixtures of pytest: the platform on this machine, for the tests of an application.

They are there wherever devino is installed. Nothing is imported or started before a test asks for
one of them. ``-p no:devino`` leaves the plugin out.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, overload

import pytest

if TYPE_CHECKING:
    from devino_core import Client

    from ._control import SandboxControl
    from ._shown import MessageView

__all__ = [
    "SentMessages",
    "devino_client",
    "devino_environ",
    "devino_sandbox",
    "devino_sandbox_server",
    "devino_sent",
]

_MARK = "devino"
_KEPT = frozenset({"DEVINO_PLUGINS", "DEVINO_DISABLED_PLUGINS", "DEVINO_LOG", "DEVINO_LOG_TEXTS"})
"""What a developer sets for devino itself, and not for an application."""


class SentMessages(Sequence["MessageView"]):
    """The messages that arrived by now, oldest first, refused ones too: a list that grows."""

    def __init__(self, sandbox: SandboxControl) -> None:
        self._sandbox = sandbox

    @overload
    def __getitem__(self, index: int) -> MessageView: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[MessageView]: ...
    def __getitem__(self, index: int | slice) -> MessageView | Sequence[MessageView]:
        return self._sandbox.messages()[index]

    def __len__(self) -> int:
        return len(self._sandbox.messages())

    def __repr__(self) -> str:
        shown = [
            f"<to {one.to} from {one.sender or 'nobody'}: {one.text!r} {one.state}>"
            for one in self._sandbox.messages()
        ]
        return f"[{', '.join(shown)}]"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("devino", "the sandbox of devino").addoption(
        "--devino-url",
        metavar="URL",
        help="use the sandbox that runs there, as http://127.0.0.1:8080, in place of an own one",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{_MARK}(senders=, balance=, strict=, pace=, kinds=): what the sandbox of devino is like "
        "in this test",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    sandbox = item.stash.get(_USED, None)
    if sandbox is not None and report.when == "call" and report.failed:
        report.sections.append(("devino sandbox", _described(sandbox)))
    return report


@pytest.fixture(scope="session")
def devino_sandbox_server(request: pytest.FixtureRequest) -> Iterator[SandboxControl]:
    """A sandbox with a driven clock, started at its first use; of xdist's workers one each."""
    url: str | None = request.config.getoption("--devino-url")
    if url is not None:
        yield _running_at(url, request.config)
        return
    with _skipped_without_extra():
        from . import LocalSandbox

        server = LocalSandbox(clock="driven").start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def devino_sandbox(
    request: pytest.FixtureRequest, devino_sandbox_server: SandboxControl
) -> SandboxControl:
    """The sandbox, empty, as the test's mark says. Its ports are the same in every test."""
    node: pytest.Item = request.node
    devino_sandbox_server.reset()
    options = _options(node)
    options.pop("kinds", None)
    if options:
        _configure(devino_sandbox_server, options)
    node.stash[_USED] = devino_sandbox_server
    return devino_sandbox_server


@pytest.fixture
def devino_environ(
    request: pytest.FixtureRequest,
    devino_sandbox: SandboxControl,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    """The environment leads an application to the sandbox, by ``rest`` or the mark's ``kinds``.

    Other settings of devino are taken away from the environment; those of the log and of plugins
    stay.
    """
    for name in [name for name in os.environ if name.upper().startswith("DEVINO_")]:
        if name.upper() not in _KEPT:
            monkeypatch.delenv(name)
    variables = devino_sandbox.environ(*_kinds(request.node))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def devino_client(
    request: pytest.FixtureRequest, devino_sandbox: SandboxControl
) -> Iterator[Client]:
    """An open client of the sandbox, with a channel ``rest`` or those of the mark's ``kinds``."""
    from devino_core import Client

    channels = {kind: devino_sandbox.settings(kind) for kind in _kinds(request.node)}
    with Client(channels) as client:
        yield client


@pytest.fixture
def devino_sent(devino_sandbox: SandboxControl) -> SentMessages:
    """What arrived in the sandbox, as a list."""
    return SentMessages(devino_sandbox)


_USED: pytest.StashKey[Any] = pytest.StashKey()
"""The sandbox that a test has used."""


def _running_at(url: str, config: pytest.Config) -> SandboxControl:
    if hasattr(config, "workerinput"):
        raise pytest.UsageError("--devino-url: one sandbox has one state, so leave out -n")
    from . import RemoteSandbox

    return RemoteSandbox(url)


_OPTIONS = ("senders", "balance", "strict", "pace", "kinds")


def _options(node: pytest.Item) -> dict[str, Any]:
    """What the marks of a test say: that nearest to it wins."""
    found: dict[str, Any] = {}
    for mark in node.iter_markers(_MARK):
        unknown = [*map(repr, mark.args), *(name for name in mark.kwargs if name not in _OPTIONS)]
        if unknown:
            raise pytest.UsageError(
                f"@pytest.mark.{_MARK}: {unknown[0]} is none of {', '.join(_OPTIONS)}"
            )
        found = {**mark.kwargs, **found}
    return found


def _kinds(node: pytest.Item) -> Sequence[str]:
    return tuple(_options(node).get("kinds", ("rest",)))


def _configure(sandbox: SandboxControl, options: dict[str, Any]) -> None:
    from devino_core import ConfigurationError

    try:
        sandbox.configure(**options)
    except ConfigurationError as error:
        pytest.skip(f"--devino-url: {error}")


def _described(sandbox: SandboxControl) -> str:
    from devino_core import DevinoError

    try:
        return sandbox.described()
    except (DevinoError, RuntimeError) as error:
        return f"the sandbox does not answer: {error}"


@contextmanager
def _skipped_without_extra() -> Iterator[None]:
    from devino_core import ConfigurationError

    try:
        yield
    except ConfigurationError as error:
        if "pip install" not in str(error):
            raise
        pytest.skip(str(error))
