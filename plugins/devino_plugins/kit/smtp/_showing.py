"""What the log shows of a conversation and of a mail."""

from __future__ import annotations

import email
from collections.abc import Iterable
from email.message import EmailMessage
from email.policy import default

from devino_core import Body, Secret
from devino_core.observe import discreet
from devino_plugins.kit.masking import masked, printable_lines

from ._refusals import AUTH
from ._replies import Reply

__all__ = ["shown_line", "shown_mail", "shown_reply"]


def shown_line(verb: str, line: bytes) -> str:
    """A command, without the addresses' owners. What belongs to AUTH is not shown."""
    return "AUTH ***" if verb == AUTH else discreet("words", line.decode(errors="replace").strip())


def shown_reply(verb: str, reply: Reply) -> str:
    """A reply, whose text has no secret in it."""
    # That to AUTH may be a challenge.
    return f"{reply.code} {'***' if verb == AUTH else discreet('words', reply.text)}"


def shown_mail(mail: Body, secrets: Iterable[Secret]) -> str:
    """A mail's subject and texts as a reader has them, as far as the log shows texts."""
    read = email.message_from_bytes(bytes(mail), _class=EmailMessage, policy=default)
    texts = [
        str(part.get_content())
        for part in read.walk()
        if isinstance(part, EmailMessage) and part.get_content_maintype() == "text"
    ]
    lines = [f"Subject: {read['subject'] or ''}", "", *texts]
    told = "\n".join(lines).replace("\r\n", "\n").strip()
    told = discreet("words", masked(told, *(secret.reveal() for secret in secrets)))
    return f"a mail of {len(mail)} bytes\n{printable_lines(discreet('text', told))}"
