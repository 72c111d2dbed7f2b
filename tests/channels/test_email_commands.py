"""``devino send --subject`` and ``devino decode email``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from click.testing import CliRunner, Result

from devino_codecs import email
from devino_core.cli._app import Devino
from devino_sandbox import Pace, Sandbox, World
from devino_sandbox._mail import MailContent
from tests._vectors import VECTORS


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(Sandbox(World(pace=Pace.instant()))) as sandbox,
    ):
        yield sandbox


def send(sandbox: Sandbox, *args: str, given: bytes = b"") -> Result:
    host, _, port = sandbox.endpoints["email_smtp"].rpartition(":")
    environ = {
        "DEVINO_CONFIG": "",
        "DEVINO__EMAIL__LOGIN": "demo",
        "DEVINO__EMAIL__PASSWORD": "demo",
        "DEVINO__EMAIL__SENDER": "Shop <shop@example.com>",
        "DEVINO__EMAIL__BASE_URL": sandbox.endpoints["email"],
        "DEVINO__MAILS__KIND": "email-smtp",
        "DEVINO__MAILS__LOGIN": "demo",
        "DEVINO__MAILS__PASSWORD": "demo",
        "DEVINO__MAILS__SENDER": "shop@example.com",
        "DEVINO__MAILS__HOST": host,
        "DEVINO__MAILS__PORT": port,
        "DEVINO__MAILS__TLS": "none",
        "DEVINO__MAILS__LOCAL_HOSTNAME": "localhost",
    }
    return CliRunner(env=environ).invoke(Devino(), ["send", *args], input=given)


def arrived(sandbox: Sandbox) -> list[tuple[str, MailContent]]:
    found = [(each.to, each.submission.content) for each in sandbox.world.messages()]
    return [(to, content) for to, content in found if isinstance(content, MailContent)]


def test_a_mail(sandbox: Sandbox, tmp_path: Path) -> None:
    html = tmp_path / "hello.html"
    html.write_text("<p>Привет</p>", "utf-8")
    args = ["--medium", "email", "--subject", "Тема {x}", "--html", str(html)]
    result = send(sandbox, "Иван <ivan@example.com>", "Hello", *args)
    assert result.exit_code == 0, result.output
    ((to, content),) = arrived(sandbox)
    assert (to, content.subject, content.text) == ("ivan@example.com", "Тема {x}", "Hello")
    assert content.html == "<p>Привет</p>"


def test_a_subject_makes_it_a_mail_and_html_alone_is_enough(sandbox: Sandbox) -> None:
    result = send(sandbox, "ivan@example.com", "--subject", "Hi", "--html", "-", given=b"<p>")
    assert result.exit_code == 0, result.output
    assert [content.html for _, content in arrived(sandbox)] == ["<p>"]


def test_headers_go_over_smtp(sandbox: Sandbox) -> None:
    args = ["--subject", "Hi", "--header", "X-Tag: a: b", "--channel", "mails"]
    result = send(sandbox, "ivan@example.com", "Hello", *args)
    assert result.exit_code == 0, result.output
    ((_, content),) = arrived(sandbox)
    assert content.headers["X-Tag"] == "a: b"


def test_a_mail_to_each_row_of_a_file(sandbox: Sandbox, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("to,text\nivan@example.com,One\nanna@example.com,\n", "utf-8")
    result = send(sandbox, "--file", str(rows), "Two", "--subject", "Hi")
    assert result.exit_code == 0, result.output
    assert sorted((to, content.text) for to, content in arrived(sandbox)) == [
        ("anna@example.com", "Two"),
        ("ivan@example.com", "One"),
    ]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["a@b.ru", "Hello", "--header", "X-Tag: 1"], "needs --subject"),
        (["a@b.ru", "Hello", "--subject", "Hi", "--header", "X-Tag"], "expected 'Name: value'"),
        (["a@b.ru", "--subject", "Hi"], "give TO and TEXT"),
        (["a@b.ru", "Hello", "--medium", "email"], "or --subject to"),
        (["nobody", "Hello", "--subject", "Hi"], "expected one address"),
        (["a@b.ru", "Hello", "--subject", "a\nb"], "line breaks"),
    ],
)
def test_what_is_wrong_is_told(sandbox: Sandbox, args: list[str], says: str) -> None:
    result = send(sandbox, *args)
    assert result.exit_code not in {0, 3}
    assert says in " ".join(result.output.split())
    assert arrived(sandbox) == []


def decode(*args: str, given: bytes = b"") -> Result:
    runner = CliRunner(env={"DEVINO_CONFIG": ""})
    return runner.invoke(Devino(), ["decode", "email", *args], input=given)


EXAMPLES = [
    vector.id
    for vector in VECTORS.values()
    if vector.chapter == 14 and vector.direction in {"request", "response", "callback"}
]


@pytest.mark.parametrize("id_", EXAMPLES)
def test_every_example_of_the_manual_is_told(id_: str) -> None:
    result = decode(str(VECTORS[id_].file), "--json")
    assert result.exit_code == 0, result.output
    kinds = {"request": "request", "response": "answer", "callback": "callback"}
    kind = "refusal" if id_ == "14-004" else kinds[VECTORS[id_].direction]
    told = json.loads(result.stdout)
    assert told["kind"] == kind
    assert len(told) >= 2 or id_ in {"14-009", "14-010", "14-016", "14-023"}


def test_a_callback_for_people() -> None:
    lines = decode("-", given=VECTORS["14-040"].data).stdout.splitlines()
    assert "  reason: bad-mailbox" in lines


def test_a_mail_is_told() -> None:
    mail = email.Mail(
        sender=email.Mailbox("a@b.ru", "Иван"),
        to=(email.Mailbox("c@d.ru"),),
        subject="Тема",
        html="<p>",
        headers=(("X-Tag", "1"),),
    )
    told = json.loads(decode("-", "--json", given=email.encode_mail(mail)).stdout)
    assert told["kind"] == "mail"
    assert told["mail"]["sender"] == {"address": "a@b.ru", "name": "Иван"}
    assert told["mail"]["subject"] == "Тема"


@pytest.mark.parametrize("given", [b"", b"nonsense", b'{"a": 1}', b"[", b"<a>"])
def test_nonsense_is_no_traceback(given: bytes) -> None:
    result = decode("-", given=given)
    assert result.exit_code == 2
    assert "Invalid value for 'FILE'" in result.output
