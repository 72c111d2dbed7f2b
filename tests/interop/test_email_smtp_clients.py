"""Mail programs of others against the sandbox's mail server."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import django
import pytest
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from devino_core import Secret, State
from devino_core.testing import ManualClock
from devino_sandbox import Account, Sandbox, StoredMessage, World
from devino_sandbox._mail import MailContent

pytestmark = pytest.mark.pythons

LOGIN, PASSWORD = "demo", "p&ss w0rd"
FROM, TO = "shop@example.com", "ivan@example.com"
TEXT = "Здравствуйте, Иван!"
# The manual's program (chapter 13), with this server in place of the platform's, in the clear.
CSHARP = """
using System; using System.Net; using System.Net.Mail;
class Program { static int Main(string[] args) {
  using (var smtpClient = new SmtpClient()) {
    smtpClient.Host = args[0]; smtpClient.Port = int.Parse(args[1]); smtpClient.EnableSsl = false;
    smtpClient.Credentials = new NetworkCredential(args[2], args[3]);
    var sourceEmail = args[4];
    var message = new MailMessage(sourceEmail, args[5]) { Sender = new MailAddress(sourceEmail),
      Subject = "Test from smtp", Body = args[6] };
    smtpClient.Send(message); return 0;
  } } }
"""


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    account = Account(login=LOGIN, password=Secret(PASSWORD))
    async with Sandbox(World([account], clock=ManualClock()), discover=False) as sandbox:
        yield sandbox


def place(sandbox: Sandbox) -> tuple[str, str]:
    host, _, port = sandbox.endpoints["email_smtp"].rpartition(":")
    return host, port


def content(sandbox: Sandbox) -> tuple[StoredMessage, MailContent]:
    """The one mail that came."""
    [message] = sandbox.world.messages()
    assert message.reason is None
    assert isinstance(message.submission.content, MailContent)
    return message, message.submission.content


async def run(*command: str, data: str = "") -> None:
    """Run a program to its end, which must be good."""
    done = await asyncio.to_thread(
        subprocess.run, command, input=data.encode(), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")


# Django 6.1 announces another way to name a backend.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
async def test_djangos_own_backend(sandbox: Sandbox) -> None:
    host, port = place(sandbox)
    if not settings.configured:
        settings.configure()
    django.setup()

    def send() -> int:
        connection = get_connection(
            "django.core.mail.backends.smtp.EmailBackend",
            host=host,
            port=int(port),
            username=LOGIN,
            password=PASSWORD,
        )
        mail = EmailMultiAlternatives(
            "Привет", TEXT, f"Магазин <{FROM}>", [TO], headers={"X-Order": "17"}
        )
        mail.attach_alternative("<b>Привет</b>", "text/html")
        mail.connection = connection
        sent: int = mail.send()
        return sent

    assert await asyncio.to_thread(send) == 1
    message, said = content(sandbox)
    # Newer versions of Django end each body with a line break.
    assert (message.to, said.subject, said.text.rstrip("\n"), said.html.rstrip("\n")) == (
        TO,
        "Привет",
        TEXT,
        "<b>Привет</b>",
    )
    assert (said.sender_name, said.headers["X-Order"]) == ("Магазин", "17")


@pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is not installed")
async def test_swaks(sandbox: Sandbox) -> None:
    host, port = place(sandbox)
    await run(
        "swaks",
        *("--server", host, "--port", port),
        *("--auth", "LOGIN", "--auth-user", LOGIN, "--auth-password", PASSWORD),
        *("--from", FROM, "--to", TO, "--header", "Subject: Hi", "--body", "Hello"),
        *("--add-header", "X-Order: 17"),
    )
    message, said = content(sandbox)
    assert (message.to, said.subject, said.text.strip()) == (TO, "Hi", "Hello")
    assert said.headers["X-Order"] == "17"


@pytest.mark.skipif(shutil.which("msmtp") is None, reason="msmtp is not installed")
async def test_msmtp(sandbox: Sandbox, tmp_path: Path) -> None:
    host, port = place(sandbox)
    mail = f"From: {FROM}\nTo: {TO}\nSubject: Hi\nContent-Type: text/plain; charset=utf-8\n"
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    await run(
        "msmtp",
        "--file=/dev/null",
        *(f"--host={host}", f"--port={port}", f"--from={FROM}", "--auth=plain"),
        *(f"--user={LOGIN}", f"--passwordeval=cat {password}", "--tls=off", TO),
        data=f"{mail}\n{TEXT}\n",
    )
    message, said = content(sandbox)
    assert (message.to, said.subject, said.text.strip()) == (TO, "Hi", TEXT)


@pytest.mark.skipif(
    shutil.which("mcs") is None or shutil.which("mono") is None, reason="mono is not installed"
)
async def test_the_manuals_program(sandbox: Sandbox, tmp_path: Path) -> None:
    source, program = tmp_path / "mail.cs", tmp_path / "mail.exe"
    source.write_text(CSHARP)
    await run("mcs", f"-out:{program}", str(source))
    body = 'Привет! <a href="http://www.devinotele.com">Кликни меня</a>'
    await run("mono", str(program), *place(sandbox), LOGIN, PASSWORD, FROM, TO, body)
    message, said = content(sandbox)
    assert (message.to, said.subject, said.text.strip()) == (TO, "Test from smtp", body)
    assert isinstance(sandbox.world.clock, ManualClock)
    sandbox.world.clock.advance(10)
    sandbox.world.advance()
    assert message.state is State.READ
