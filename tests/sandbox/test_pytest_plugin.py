"""The fixtures of pytest and the case of unittest, in projects of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from devino_sandbox import LocalSandbox

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ENVIRON = {
    **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
    "PYTHONDONTWRITEBYTECODE": "1",
    # Another plugin's default, which is about to change.
    "PYTEST_ADDOPTS": "-p no:asyncio",
}


def run(*command: str, cwd: Path, **environ: str) -> tuple[int, str]:
    """The exit code of a Python program, and what it printed."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=ENVIRON | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout


def pytest_of(folder: Path, *options: str, **environ: str) -> tuple[int, str]:
    return run("-m", "pytest", "-p", "no:cacheprovider", *options, cwd=folder, **environ)


def project(folder: Path, code: str) -> Path:
    head = "import os, sys\nfrom datetime import timedelta\nimport pytest\n"
    folder.joinpath("test_it.py").write_text(head + textwrap.dedent(code))
    return folder


SUITE = """
from devino import Client, Message, State

@pytest.mark.parametrize("number", range(20))
def test_each_has_its_own_state(devino_sandbox, devino_client, devino_sent, number):
    assert len(devino_sent) == 0
    receipt = devino_client.send(Message("79031234567", f"Hello {number}"))
    assert devino_client.status(receipt).state is State.ACCEPTED
    devino_sandbox.advance(timedelta(seconds=1))
    assert devino_client.status(receipt).state is State.DELIVERED
    (message,) = devino_sent
    assert message.text == f"Hello {number}"
    with open("ports.txt", "a") as ports:
        print(devino_sandbox.endpoints["rest"], file=ports)
"""


@pytest.mark.parametrize("options", [(), ("-n", "2"), ("--strict-markers", "-W", "error")])
def test_every_test_has_a_sandbox_of_its_own_on_the_same_ports(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    code, said = pytest_of(project(tmp_path, SUITE), *options)
    assert code == 0, said
    assert "20 passed" in said
    ports = tmp_path.joinpath("ports.txt").read_text().split()
    assert len(ports) == 20
    assert len(set(ports)) == (2 if "-n" in options else 1)


def test_the_environment_leads_to_the_sandbox_and_to_nobody_else(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        """
        from devino import Client, Message

        def test_it(devino_environ, devino_sent):
            assert set(devino_environ) == {n for n in os.environ if n.startswith("DEVINO__")}
            assert "DEVINO_CONFIG" not in os.environ
            assert "DEVINO_PLUGINS" in os.environ
            with Client() as client:
                assert list(client.channels) == ["rest"]
                client.send(Message("79031234567", "Hello"))
            assert [message.via for message in devino_sent] == ["rest"]

        def test_then():
            assert os.environ["DEVINO__PROMO__LOGIN"] == "me"
            assert os.environ["DEVINO_CONFIG"] == "/nonexistent"
            assert "DEVINO__REST__LOGIN" not in os.environ

        @pytest.mark.devino(kinds=["smpp", "rest-v2"])
        def test_kinds(devino_environ, devino_client, devino_sent):
            assert list(devino_client.channels) == ["smpp", "rest-v2"]
            with Client() as client:
                for name in client.channels:
                    client.send(Message("79031234567", "Hello"), channel=name)
            assert [message.via for message in devino_sent] == ["rest-v2", "smpp"]
        """,
    )
    code, said = pytest_of(
        folder, DEVINO__PROMO__LOGIN="me", DEVINO_CONFIG="/nonexistent", DEVINO_PLUGINS="json"
    )
    assert code == 0, said


def test_marks_say_what_the_sandbox_is_like_and_the_nearest_wins(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        """
        from devino import Client, InsufficientFunds, Message, State

        pytestmark = pytest.mark.devino(senders=["SHOP"], balance="1.5")

        @pytest.mark.devino(pace="instant", strict=True)
        def test_it(devino_client, devino_sandbox):
            assert devino_client.send(Message("79031234567", "a", sender="OTHER")).refused
            receipt = devino_client.send(Message("79031234567", "a", sender="SHOP"))
            assert devino_client.status(receipt).state is State.DELIVERED
            with pytest.raises(InsufficientFunds):
                devino_client.send(Message("79031234567", "a", sender="SHOP"))
            assert devino_sandbox.world.strict

        @pytest.mark.devino(balance="0")
        def test_nearest(devino_client, devino_sandbox):
            with pytest.raises(InsufficientFunds):
                devino_client.send(Message("79031234567", "a", sender="SHOP"))
            assert not devino_sandbox.world.strict

        @pytest.mark.devino(ballance="0")
        def test_misspelt(devino_sandbox): ...
        """,
    )
    code, said = pytest_of(folder)
    assert code == 1
    assert "2 passed, 1 error" in said
    assert "@pytest.mark.devino: ballance is none of senders, balance" in said


def test_a_failed_test_shows_what_arrived_and_what_was_refused(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        """
        from devino import AuthenticationFailed, Client, Message

        def test_it(devino_sandbox, devino_client, devino_sent):
            devino_client.send(Message("79031234567", "Code 1234", sender="SHOP"))
            with Client({"rest": devino_sandbox.settings(password="hunter2")}) as stranger:
                with pytest.raises(AuthenticationFailed):
                    stranger.balance()
            print(devino_sent)
            assert not devino_sent

        def test_nothing(devino_sandbox):
            devino_sandbox.assert_sent()

        def test_without():
            assert False
        """,
    )
    code, said = pytest_of(folder)
    assert code == 1
    assert "<to 79031234567 from SHOP: 'Code 1234' ACCEPTED>" in said
    first, second = re.findall(r"-+ devino sandbox -+\n(.*?)\n[-_=]", said, re.DOTALL)
    message, call = first.splitlines()
    assert message == "rest SMS SHOP > 79031234567 'Code 1234' ACCEPTED"
    assert re.fullmatch(r"[0-9:]{8} failed: rest user/sessionid > 401.*", call, re.IGNORECASE)
    assert second == "no message"
    assert "hunter2" not in first


QUIET = """
def test_it():
    ours = [name for name in sys.modules if name.startswith("devino")]
    assert ours == ["devino_sandbox", "devino_sandbox.pytest_plugin"]
    theirs = {"aiohttp", "construct", "lxml", "msgspec", "starlette", "uvicorn"}
    assert not theirs & set(sys.modules)
    assert "DEVINO__PROMO__LOGIN" in os.environ
"""


def test_a_project_that_does_not_use_it_is_left_alone(tmp_path: Path) -> None:
    code, said = pytest_of(project(tmp_path, QUIET), "-W", "error", DEVINO__PROMO__LOGIN="me")
    assert code == 0, said
    asked = "def test_it(devino_sandbox): ..."
    code, said = pytest_of(project(tmp_path, asked), "-p", "no:devino")
    assert code == 1
    assert "fixture 'devino_sandbox' not found" in said


def test_without_the_extra_its_tests_are_skipped_with_the_advice(tmp_path: Path) -> None:
    tmp_path.joinpath("conftest.py").write_text("import sys; sys.modules['starlette'] = None")
    code, said = pytest_of(project(tmp_path, "def test_it(devino_client): ..."), "-rs")
    assert code == 0, said
    assert re.search(r'the sandbox needs starlette\S*: pip install "devino\[sandbox\]"', said)


def test_a_sandbox_that_runs_already_is_used(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        """
        from devino import Message

        def test_it(devino_client, devino_sandbox):
            devino_client.send(Message("79031234567", "Hello"))
            devino_sandbox.assert_sent(text="Hello")

        @pytest.mark.devino(balance="0")
        def test_other(devino_sandbox): ...
        """,
    )
    with LocalSandbox() as sandbox:
        base = sandbox.endpoints["inspect"].removesuffix("/_sandbox")
        code, said = pytest_of(folder, "--devino-url", base, "-rs")
        assert code == 0, said
        assert "1 passed, 1 skipped" in said
        assert "a sandbox that runs already keeps its accounts" in said
        assert sandbox.messages() == []
        code, said = pytest_of(folder, "--devino-url", base, "-n", "1")
        assert code == 1
        assert "one sandbox has one state, so leave out -n" in said
    code, said = pytest_of(folder, "--devino-url", base)
    assert code == 1
    assert "no sandbox answers at 127.0.0.1:" in said


# Projects that the documentation shows


def shown(name: str, folder: Path) -> Path:
    """A project of the documentation, outside of this one and its settings."""
    return shutil.copytree(EXAMPLES / name, folder / name)


@pytest.mark.pythons
def test_the_project_of_pytest_passes(tmp_path: Path) -> None:
    code, said = pytest_of(shown("testing-pytest", tmp_path))
    assert code == 0, said
    assert "3 passed" in said


@pytest.mark.pythons
def test_the_project_of_unittest_passes(tmp_path: Path) -> None:
    code, said = run("-m", "unittest", cwd=shown("testing-unittest", tmp_path))
    assert code == 0, said
    assert "Ran 4 tests" in said


@pytest.mark.pythons
@pytest.mark.parametrize("options", [(), ("--parallel", "2")])
def test_the_project_of_django_passes(tmp_path: Path, options: tuple[str, ...]) -> None:
    pytest.importorskip("django")
    code, said = run("manage.py", "test", *options, cwd=shown("testing-django", tmp_path))
    assert code == 0, said
    assert re.search(r"Ran 5 tests.*\bOK\b", said, re.DOTALL)


CASE = """
import os, unittest
from devino import Client, Message
from devino_sandbox.testing import SandboxTestCase

class Case(SandboxTestCase):
    devino_kinds = ("rest", "smpp")
    devino_senders = ("SHOP",)
    devino_balance = "3"
    devino_strict = True
    devino_pace = "instant"

    def test_first(self):
        self.assertNotIn("DEVINO__PROMO__LOGIN", os.environ)
        with Client() as client:
            self.assertEqual(list(client.channels), ["rest", "smpp"])
            client.send(Message("79031234567", "a"))
        self.devino.assert_sent(count=1)
        self.assertTrue(self.devino.world.strict)

    test_second = test_first

class Other(SandboxTestCase):
    def test_it(self):
        self.devino.assert_nothing_sent()
        self.assertFalse(self.devino.world.strict)

class After(unittest.TestCase):
    def test_it(self):
        self.assertEqual(os.environ["DEVINO__PROMO__LOGIN"], "me")
        self.assertNotIn("DEVINO__REST__LOGIN", os.environ)
"""


def test_a_case_of_unittest_says_what_its_sandbox_is_like(tmp_path: Path) -> None:
    tmp_path.joinpath("test_case.py").write_text(CASE)
    code, said = run(
        "-m", "unittest", "test_case.Case", "test_case.Other", "test_case.After",
        cwd=tmp_path, DEVINO__PROMO__LOGIN="me",
    )  # fmt: skip
    assert code == 0, said
    assert "Ran 4 tests" in said
