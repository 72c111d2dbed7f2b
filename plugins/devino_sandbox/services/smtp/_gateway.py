"""Mails to the gateway, as messages of the World."""

from __future__ import annotations

import logging
import re

from aiosmtpd.smtp import Envelope, Session, TLSSetupException
from msgspec.structs import replace

from devino_codecs import CodecError, DecodeError, email2sms
from devino_sandbox._accounts import NOBODY
from devino_sandbox._faults import DropAnswer
from devino_sandbox._messages import Refused, Submission
from devino_sandbox._world import World
from devino_sandbox.services._limits import MOST_RECIPIENTS

from ._conversation import Conversation
from ._strict import unlike_the_manual

__all__ = ["PROTOCOL", "Gateway", "masked"]

_log = logging.getLogger(__name__)

PROTOCOL = "email2sms"
"""As messages and faults name it."""

_MOST_ADDRESSES = 1000
_MAILBOX = email2sms.GATEWAY.partition("@")[0]


class Gateway:
    """Takes mails on behalf of a World: aiosmtpd's handler."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: Conversation,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Only the gateway's mailbox, at any host."""
        if address.partition("@")[0].lower() != _MAILBOX:
            return f"550 5.1.1 no such mailbox here; {_MAILBOX}@ is the gateway"
        if len(envelope.rcpt_tos) >= _MOST_ADDRESSES:
            return f"452 4.5.3 a mail goes to at most {_MOST_ADDRESSES} addresses"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: Conversation, session: Session, envelope: Envelope
    ) -> str:
        """A whole mail."""
        content, from_addr = envelope.original_content or b"", envelope.mail_from or ""
        said: email2sms.Submission | None = None
        problem = ""
        try:
            said = email2sms.decode(content)
        except DecodeError as error:
            problem = str(error)
        if said is not None and self._world.strict:
            problem = unlike_the_manual(content, said)
            said = None if problem else said
        with server.during():
            action = self._world.faults.strike(PROTOCOL, "DATA", said.numbers if said else ())
            if action is None or isinstance(action, DropAnswer):
                if said is None:
                    self.refuse(from_addr, problem)
                else:
                    problem = self._submit(said)
        if action is not None:
            return await server.suffer(action)
        return f"554 5.6.0 {problem}" if problem else "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        """A failure of this server. aiosmtpd's own reply would tell the client of our insides."""
        if isinstance(error, TLSSetupException):
            return "454 4.7.0 TLS has failed"  # nobody reads it: aiosmtpd closes
        _log.error("the mail server of the sandbox failed", exc_info=error)
        return "451 4.3.0 the sandbox failed; see its log"

    def refuse(self, from_addr: str, reason: str) -> None:
        """Put on record a mail of which nothing is known but where it came from."""
        unread = Submission(account=NOBODY, via=PROTOCOL, sender=from_addr, text="")
        self._world.refuse(unread, [_MAILBOX], reason)

    def _submit(self, said: email2sms.Submission) -> str:
        """Send what a mail says. Gives the reason if it is refused, which is then on record."""
        account = self._world.authenticate(said.login, said.password)
        submission = Submission(
            account=account or NOBODY, via=PROTOCOL, sender=said.sender, text=said.text
        )
        reason = ""
        if account is None:
            reason = "wrong login or password"
        elif not said.text.strip():
            reason = "text: is empty"
        if reason:
            self._world.refuse(submission, said.numbers[:MOST_RECIPIENTS], reason)
            return reason
        try:
            self._world.submit(submission, said.numbers)
        except Refused as refused:
            return refused.reason
        return ""


def masked(mail: bytes) -> bytes:
    """A mail with its login and password masked. What has one of the formats is shown unpacked."""
    head, blank, body = mail.partition(b"\r\n\r\n")
    try:
        said = email2sms.decode(mail)
        text = email2sms.encode_body(replace(said, login=_MASK, password=_MASK))
        shown = text.decode(email2sms.CHARSET).encode()
    except CodecError:
        if _BASE64.search(head):
            shown = b"*** (base64, which is none of the formats)"
        else:
            lines = _FIELDS.sub(rb"\1;***;***;", body)
            shown = _NAMED.sub(rb"\1***", lines)
    return head + blank + shown


_MASK = "***"
_BASE64 = re.compile(rb"^content-transfer-encoding:\s*base64", re.IGNORECASE | re.MULTILINE)
_NAMED = re.compile(rb"((?:login|pass\w*)\s*[=:]\s*)[^\r\n]+", re.IGNORECASE)
_FIELDS = re.compile(rb"(?m)^([^;\r\n]{0,40});[^;\r\n]*;[^;\r\n]*;")
