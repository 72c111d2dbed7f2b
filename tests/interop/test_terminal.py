"""A bulk run on a real terminal: its bar, Ctrl-C, and windows that are narrow."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from devino_core import Secret
from devino_sandbox import Account, Pace, Sandbox, World

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

ROWS = 400
NUMBERS = [f"7903{nth:07}" for nth in range(ROWS)]
# The library readline, which pytest loads, tells all child processes the size of its own terminal.
ENVIRON = {
    **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")},
    "TERM": "xterm-256color",
    "LC_ALL": "C.UTF-8",
}


class Window:
    """A shell in a window of tmux."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def tmux(self, *args: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *("tmux", "-L", self._name, "-f", os.devnull, *args),
            env=ENVIRON,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        return out.decode()

    async def type(self, text: str) -> None:
        await self.tmux("send-keys", "-l", text)
        await self.tmux("send-keys", "Enter")

    async def shows(self, wanted: Callable[[str], object], seconds: float = 60) -> str:
        """The screen, as soon as it is as it is wanted."""
        screen = ""
        try:
            async with asyncio.timeout(seconds):
                # A terminal tells nobody that it has changed.
                while not wanted(screen):
                    await asyncio.sleep(0.05)
                    screen = await self.tmux("capture-pane", "-p")
        except TimeoutError:
            pytest.fail(f"after {seconds:g} s the terminal still shows\n{screen}")
        return screen


@pytest.fixture(params=[100, 40], ids=["wide", "narrow"])
async def window(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Window, World]]:
    world = World([Account(login="demo", password=Secret("demo"))], pace=Pace.instant())
    window = Window(f"devino-{os.getpid()}-{request.param}")
    file = tmp_path / "rows.csv"
    file.write_text("to,name\n" + "".join(f"{number},N\n" for number in NUMBERS))
    async with Sandbox(world, discover=False) as sandbox:
        python, path = shlex.quote(sys.executable), shlex.quote(str(file))
        script = tmp_path / "go"
        script.write_text(
            f"exec {python} -m devino_core.cli send --file {path} 'Hello {{name}}' "
            f'--journal {shlex.quote(str(tmp_path / "run.jsonl"))} "$@"\n'
        )
        environ = {
            "DEVINO_CONFIG": "",
            "DEVINO__REST__LOGIN": "demo",
            "DEVINO__REST__PASSWORD": "demo",
            "DEVINO__REST__SENDER": "SHOP",
            "DEVINO__REST__BASE_URL": sandbox.endpoints["rest"],
            "PS1": "$ ",
        }
        given = [word for name, value in environ.items() for word in ("-e", f"{name}={value}")]
        size = ["-x", str(request.param), "-y", "20"]
        await window.tmux("new-session", "-d", *size, *given, "-c", str(tmp_path), "sh")
        try:
            yield window, world
        finally:
            await window.tmux("kill-server")


BAR = re.compile(r"^[^\S\n]*[━╸╺]+ +(\d+)/400 +[-\d:]+$", re.MULTILINE)
"""A bar on a line of its own, not broken."""


async def test_a_run_is_stopped_and_resumed_at_a_terminal(window: tuple[Window, World]) -> None:
    terminal, world = window
    await terminal.type("sh go --rate 40/s")
    screen = await terminal.shows(lambda screen: (m := BAR.search(screen)) and int(m[1]) >= 100)
    assert "7903" not in screen, "what was accepted is not listed"
    await terminal.tmux("send-keys", "C-c")
    screen = await terminal.shows(lambda screen: " accepted" in screen.replace("\n", ""))
    joined = screen.replace("\n", "")
    assert "devino: interrupted" in joined
    assert "the same command with --resume goes on" in joined
    sent = sum(1 for _ in world.messages())
    assert 100 <= sent < ROWS
    assert f"devino: {sent} accepted" in joined
    await terminal.type("clear; sh go --resume; echo code=$?")
    screen = await terminal.shows(lambda screen: "code=0" in screen)
    assert f"devino: {ROWS - sent} accepted, {sent} accepted before" in screen.replace("\n", "")
    assert BAR.search(screen)
    assert Counter(one.to for one in world.messages()) == Counter(NUMBERS)
