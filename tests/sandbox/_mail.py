"""The standard library's mail client against a sandbox: no client of ours."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from typing import NamedTuple, TypeVar

from devino_sandbox import Sandbox
from tests.sandbox._http import LOGIN, PASSWORD

FROM = "service@example.org"
GATEWAY = "email2sms@integrationapi.net"
TO = "79161234567"

T = TypeVar("T")


class Mailbox(NamedTuple):
    host: str
    port: int

    @classmethod
    def of(cls, sandbox: Sandbox) -> Mailbox:
        host, _, port = sandbox.endpoints["smtp"].rpartition(":")
        return cls(host, int(port))

    async def talk(self, talk: Callable[[smtplib.SMTP], T]) -> T:
        """What a conversation gives, held in a thread of its own."""

        def run() -> T:
            with smtplib.SMTP(self.host, self.port, local_hostname="localhost", timeout=60) as smtp:
                return talk(smtp)

        return await asyncio.to_thread(run)

    async def send(self, mail: EmailMessage | bytes, to: str = GATEWAY) -> None:
        """Raises smtplib's errors."""
        data = mail if isinstance(mail, bytes) else mail.as_bytes(policy=POLICY)
        await self.talk(lambda smtp: smtp.sendmail(FROM, [to], data))

    async def raw(self, *lines: bytes) -> list[bytes]:
        """Send these at once, and give every line that is answered to the end."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(b"".join(lines))
        answered = (await reader.read()).split(b"\r\n")
        writer.close()
        await writer.wait_closed()
        return answered[:-1]


def template(
    to: str = "+" + TO, text: str = "Привет", *, password: str = PASSWORD, sender: str = "DEVINO"
) -> str:
    return "\n".join(
        [
            "==|| НАЧАЛО ТЕКСТА ||==",
            f"UserLogin={LOGIN}",
            f"Password={password}",
            f"SourceAddress={sender}",
            f"PhoneNumber={to}",
            text,
            "==|| КОНЕЦ ТЕКСТА ||==",
        ]
    )


def mail(
    body: str, *, subject: str = "", charset: str = "windows-1251", cte: str = "quoted-printable"
) -> EmailMessage:
    made = EmailMessage()
    made["From"] = FROM
    made["To"] = GATEWAY
    if subject:
        made["Subject"] = subject
    made.set_content(body, charset=charset, cte=cte)
    return made
