"""The example project of Django: its own tests, and a request to it, in SQLite and PostgreSQL."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest

from devino_sandbox import LocalSandbox
from tests.outbox.server import Server, given_or_started

from ._django_shop import PATIENCE, Bakery, environ_of
from ._sandboxed import CALLBACK_SECRET, NUMBER, PASSWORD, assert_discreet

# Each starts ten processes.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with given_or_started() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def bakery(request: pytest.FixtureRequest, tmp_path: Path, sandbox: LocalSandbox) -> Bakery:
    variables = {
        **sandbox.environ("rest"),
        "DEVINO__REST__PASSWORD": PASSWORD,
        "CALLBACK_SECRET": CALLBACK_SECRET,
    }
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("server")
        url = urlsplit(server.database())
        variables |= {
            "PGDATABASE": url.path.lstrip("/"),
            "PGHOST": url.hostname or "",
            "PGPORT": str(url.port or 5432),
            "PGUSER": url.username or "",
            "PGPASSWORD": url.password or "",
        }
    return Bakery(tmp_path, environ_of(variables))


def asked(url: str, **form: str) -> Any:
    with urlopen(url, urlencode(form).encode() if form else None, timeout=PATIENCE) as answer:
        return json.load(answer)


def test_its_own_tests_pass(bakery: Bakery) -> None:
    assert re.search(r"Ran 4 tests.*\bOK\b", bakery.manage("test", "--noinput"), re.DOTALL)


def test_an_order_is_sent_by_the_worker_and_the_customer_answers(
    bakery: Bakery, sandbox: LocalSandbox
) -> None:
    bakery.manage("migrate")
    assert "No changes detected" in bakery.manage("makemigrations", "--check", "--dry-run")
    # The sandbox is this machine's, and DEBUG is off.
    assert re.findall(r"devino\.\w+", bakery.manage("check", "--deploy")) == ["devino.W003"]
    said = bakery.manage("devino_check")
    assert "login" in said
    assert_discreet(said)
    with bakery.served() as site:
        number = asked(f"{site}/orders/", phone=NUMBER)["order"]
        assert not sandbox.messages()
        listed = bakery.manage("devino_outbox", "list", "--phase", "queued")
        assert f"order-{number}" in listed
        assert_discreet(listed)
        with bakery.running("devino_worker", until=""):
            (sent,) = sandbox.wait_for(to=NUMBER, timeout=PATIENCE)
            assert sent.text == f"Order {number} is in the oven"
            end = time.monotonic() + PATIENCE
            while asked(f"{site}/orders/{number}")["sms"] != "ACCEPTED":
                assert time.monotonic() < end
                time.sleep(0.05)
        sms = urlencode({"sourcePhone": NUMBER, "number": 2435, "text": "hi", "messageId": 5})
        with urlopen(f"{site}/devino/{CALLBACK_SECRET}/sms?{sms}", timeout=PATIENCE) as answer:
            assert f"Thank you, order {number}" in answer.read().decode()
        assert asked(f"{site}/orders/{number}")["answer"] == "hi"
    assert len(sandbox.messages()) == 1


def test_the_outbox_in_the_projects_own_transaction(bakery: Bakery, sandbox: LocalSandbox) -> None:
    """The statement's dialect `django`, over Django's own connection."""
    bakery.manage("migrate")
    said = bakery.manage(
        "shell",
        "-c",
        """
from django.db import transaction
from devino_contrib.django.outbox import enqueue
from devino_contrib.django.outbox.models import Entry
from devino_core import Message
from devino_core.outbox import RefTaken
message = Message("79031234567", "100 % ready: {} %s", ref="one")
with transaction.atomic():
    print(enqueue(message), enqueue(message))
    try:
        enqueue(Message("79031234567", "another", ref="one"))
    except RefTaken as error:
        print(type(error).__name__)
with transaction.atomic():
    enqueue(Message("79031234567", "never", ref="two"))
    transaction.set_rollback(True)
print([(one.ref, one.get_phase_display(), one.state) for one in Entry.objects.all()])
""",
    )
    assert "new same\nRefTaken\n[('one', 'QUEUED: waits until it is due', None)]" in said
    bakery.manage("devino_worker", "--once")
    assert [one.text for one in sandbox.messages()] == ["100 % ready: {} %s"]
    bakery.manage("devino_outbox", "run", "--once")
    assert len(sandbox.messages()) == 1
