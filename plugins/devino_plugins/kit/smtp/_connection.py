"""A conversation with a mail server, and what each way of its ending says about the mail."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from aiosmtplib import SMTPException, SMTPResponseException

from devino_core import (
    Body,
    DevinoError,
    InvalidMessage,
    OutcomeUnknown,
    ProtocolViolation,
    Secret,
    Unavailable,
)
from devino_core.observe import Running
from devino_plugins.kit.masking import masked, printable, readable, without_echo

from ._login import MECHANISMS, NEXT_MECHANISM, Login
from ._refusals import AUTH, CLOSING
from ._replies import Replies, Reply
from ._showing import shown_line, shown_mail, shown_reply

__all__ = ["Connection", "Terms", "what_happened"]

_FAREWELL = 2.0
"""Seconds to wait for the answer to QUIT."""
_MAX_TEXT = 200
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_is_address = re.compile(r"[ -;=?-~]+").fullmatch
"""Whether an address cannot end its command or begin another."""


class Terms(NamedTuple):
    """What holds for every conversation with one server."""

    host: str
    timeout: float
    """Seconds for an answer."""
    secrets: tuple[Secret, ...]
    """What no answer may be quoted with."""
    in_mails: tuple[Secret, ...]
    """What no mail may be shown with."""
    refused: Callable[[str, Reply], DevinoError]

    def told(self, data: bytes) -> str:
        """A reply's text on one line, without what a server should not have repeated."""
        secrets = [secret.reveal() for secret in self.secrets]
        text = " ".join(masked(readable(data), *secrets).split())
        return printable(without_echo(text[:_MAX_TEXT], *secrets))


class Connection:
    """A conversation of one mail after another. It belongs to one task at a time.

    A mail is :meth:`begin` and then :meth:`finish`. Until the mail itself has left, every failure
    says that nothing was sent.
    """

    def __init__(self, replies: Replies, terms: Terms) -> None:
        self._replies = replies
        self._terms = terms
        self._between_mails = True
        self._abandoned = False
        self.call: Running | None = None
        """The call that its next lines belong to."""

    @property
    def usable(self) -> bool:
        """Whether another mail may follow."""
        return self._between_mails and self._replies.is_open and not self._replies.ahead

    async def log_in(self, login: Login, mechanisms: Sequence[str]) -> None:
        """Log in, by the first of these mechanisms that the server can do.

        Raises what its refusal means, or Unavailable.
        """
        self._between_mails = False
        first, *others = mechanisms
        reply = await self._tried(login, first)
        for mechanism in others:
            if reply.code not in NEXT_MECHANISM:
                break
            reply = await self._tried(login, mechanism)
        self._between_mails = True
        if reply.code // 100 != 2:
            self.drop()
            raise self._terms.refused(AUTH, reply)

    async def _tried(self, login: Login, mechanism: str) -> Reply:
        reply = Reply(0, "")
        for write in MECHANISMS[mechanism]:
            reply = await self._ask(AUTH, write(login, reply.text), expected=(2, 3, 4, 5))
            if reply.code // 100 != 3:
                return reply
        self.drop()
        raise self._nothing_sent(f"an unexpected answer ({reply.code})", AUTH)

    async def begin(self, from_addr: str) -> None:
        """Announce a mail from this address.

        Raises what the server's refusal means, or Unavailable; nothing was sent then. An address
        that would not stay within its command is InvalidMessage.
        """
        line = _line("MAIL FROM", "from_addr", from_addr)
        self._between_mails = False
        if self._abandoned:
            await self._ask("RSET", b"RSET\r\n")
            self._abandoned = False
        await self._ask("MAIL", line)

    async def finish(self, to_addr: str, mail: Body) -> Reply:
        """Send the mail to this address, and give the reply to it.

        ``mail`` has CRLF at the end of each line. Raises as :meth:`begin`, and OutcomeUnknown or
        ProtocolViolation when the mail left and it is not known whether it was taken.
        """
        line = _line("RCPT TO", "to_addr", to_addr)
        if not mail.endswith(b"\r\n"):
            raise ValueError("the last line of the mail has no CRLF")
        self._abandoned = True
        await self._ask("RCPT", line)
        await self._ask("DATA", b"DATA\r\n", expected=(3,))
        reply = await self._deliver(mail)
        self._between_mails = True
        return reply

    async def quit(self) -> None:
        """Take leave, in good order if the server lets us."""
        try:
            with contextlib.suppress(SMTPException, OSError):
                await self._replies.ask(b"QUIT\r\n", _FAREWELL)
        finally:
            self._replies.close()

    def drop(self) -> None:
        """End it now. A server that waits for the next mail is told so."""
        if self.usable:
            self._replies.tell(b"QUIT\r\n")
        self._replies.close()

    def _check_turn(self, verb: str) -> None:
        """Raise where nothing can be written, or the reply to it could not be told."""
        if not self._replies.is_open:
            what = "the connection broke"
        elif self._replies.ahead:
            what = "a reply came too early"
        else:
            return
        self.drop()
        raise self._nothing_sent(what, verb)

    async def _ask(self, verb: str, line: bytes, *, expected: Sequence[int] = (2,)) -> Reply:
        self._check_turn(verb)
        if self.call is not None:
            self.call.wire("request", lambda: shown_line(verb, line))
        try:
            reply = await self._heard(verb, line)
        except (SMTPException, OSError) as error:
            what = what_happened(error, self._terms.timeout)
        else:
            if reply.code // 100 in expected:
                return reply
            self._heed_refusal(verb, reply)
            what = f"an unexpected answer ({reply.code})"
        self.drop()
        raise self._nothing_sent(what, verb)

    async def _heard(self, verb: str, data: bytes) -> Reply:
        reply = await self._replies.ask(data, self._terms.timeout)
        if self.call is not None:
            self.call.wire_code = reply.code
            self.call.wire("answer", lambda: shown_reply(verb, reply))
        return reply

    def _nothing_sent(self, what: str, verb: str) -> Unavailable:
        return Unavailable(f"{self._terms.host}: {what} at {verb}; nothing was sent")

    async def _deliver(self, mail: Body) -> Reply:
        self._check_turn("the mail")
        if mail.startswith(b".") or mail.find(b"\n.") >= 0:
            mail = Body(_LEADING_DOT.sub(b"..", mail))
        answered = False
        if self.call is not None:
            self.call.wire("request", lambda: shown_mail(mail, self._terms.in_mails))
        try:
            reply = await self._heard("the mail", Body(mail + b".\r\n"))
        except (SMTPException, OSError) as error:
            what = what_happened(error, self._terms.timeout)
            answered = isinstance(error, SMTPResponseException)
        else:
            # Taken or not, the mail is dealt with.
            self._abandoned = False
            if reply.code // 100 == 2:
                return reply
            self._heed_refusal("the mail", reply)
            what, answered = f"an unexpected answer ({reply.code})", True
        self.drop()
        text = f"{self._terms.host}: {what} after the mail was sent; it may have been taken"
        raise (
            ProtocolViolation(text)
            if answered
            else OutcomeUnknown(f"{text}, and a repeat may send it twice")
        )

    def _heed_refusal(self, verb: str, reply: Reply) -> None:
        """Raise what a 4xx or 5xx means. The conversation goes on, unless the server ends it."""
        if 400 <= reply.code <= 599:
            self._between_mails = True
            if reply.code == CLOSING:
                self.drop()
            raise self._terms.refused(verb, reply)


def what_happened(error: Exception, timeout: float | None = None) -> str:
    """How a conversation ended, in words."""
    if isinstance(error, SMTPResponseException):
        return "an answer that is not SMTP"
    if isinstance(error, TimeoutError) and timeout is not None:
        return f"no answer within {timeout:g} s"
    return "the connection broke"


def _line(command: str, field: str, address: str) -> bytes:
    if not _is_address(address):
        raise InvalidMessage(field, "no address that fits into an SMTP command")
    return f"{command}:<{address}>\r\n".encode()
