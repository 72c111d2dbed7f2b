"""Mails that come by SMTP, as messages of the World."""
# ruff: noqa: N802 - aiosmtpd's names

from __future__ import annotations

import logging

from aiosmtpd.smtp import Envelope, Session, TLSSetupException

from devino_codecs import DecodeError
from devino_codecs.email import Mail as WireMail
from devino_codecs.email import Mailbox, SmtpError, decode_mail, decode_mailbox
from devino_core import Medium
from devino_sandbox._accounts import NOBODY, Account
from devino_sandbox._faults import DropAnswer
from devino_sandbox._mail import OWN_MACROS, Links, MailSenders, MailText
from devino_sandbox._messages import Refused, Submission
from devino_sandbox._world import World
from devino_sandbox.services.smtp._conversation import Conversation

__all__ = ["PROTOCOL", "TOO_LARGE", "Handler"]

_log = logging.getLogger(__name__)

PROTOCOL = "email-smtp"
"""As messages and faults name it."""

_NO = "554 "
TOO_LARGE = _NO + SmtpError.SIZE
_LOGIN = _NO + SmtpError.LOGIN
_MOST_ADDRESSES = 1000
_ONLY_THE_FIRST = "only the first recipient of a mail gets it"
_NO_EXTENSION = "unknown"


class Handler:
    """Takes mails on behalf of a World: aiosmtpd's handler."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_MAIL(
        self,
        server: Conversation,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Only who has logged in, and only from an approved address."""
        account = _account(session)
        if account is None:
            return _LOGIN
        if not self._may_send(account, address):
            return f"{_NO}{SmtpError.SENDER} {address}"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self,
        server: Conversation,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Any address; the first one gets the mail."""
        if _mailbox(address) is None:
            return f"{_NO}{SmtpError.RECIPIENT} {address}"
        if len(envelope.rcpt_tos) >= _MOST_ADDRESSES:
            return f"452 4.5.3 a mail goes to at most {_MOST_ADDRESSES} addresses"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Conversation, session: Session, envelope: Envelope) -> str:
        """A whole mail."""
        account, [to, *others] = _account(session) or NOBODY, envelope.rcpt_tos
        reply = "250 2.0.0 OK"
        with server.during():
            action = self._world.faults.strike(PROTOCOL, "DATA", [to])
            if action is None or isinstance(action, DropAnswer):
                reply = self._take(account, envelope, to, others)
        return reply if action is None else await server.suffer(action)

    async def handle_exception(self, error: Exception) -> str:
        """A failure of this server, as the platform says it."""
        if isinstance(error, TLSSetupException):
            return "454 4.7.0 TLS has failed"  # nobody reads it: aiosmtpd closes
        _log.error("the mail server of the sandbox failed", exc_info=error)
        return _NO + SmtpError.INTERNAL

    def refuse(self, from_addr: str, reason: str) -> None:
        """Put on record a mail of which nothing is known but where it came from."""
        self._refuse(NOBODY, from_addr, "", reason)

    def _take(self, account: Account, envelope: Envelope, to: str, others: list[str]) -> str:
        try:
            mail = decode_mail(envelope.original_content or b"")
        except DecodeError as error:
            self._refuse(account, envelope.mail_from or "", to, str(error))
            return f"554 5.6.0 {error}"
        reason = self._fault(account, mail)
        if not reason:
            reason = self._send(account, mail, to)
        else:
            self._refuse(account, mail.sender.address, to, reason)
        for other in others:
            self._refuse(account, mail.sender.address, other, _ONLY_THE_FIRST)
        return f"{_NO}{reason}" if reason else "250 2.0.0 OK"

    def _fault(self, account: Account, mail: WireMail) -> str:
        """Why a mail is not taken; "" if it is."""
        if not self._may_send(account, mail.sender.address):
            return f"{SmtpError.SENDER} {mail.sender.address}"
        if mail.files:
            extension = mail.files[0].rpartition(".")[2] if "." in mail.files[0] else ""
            return f"{SmtpError.ATTACHMENT} {extension or _NO_EXTENSION}"
        text = mail.html or mail.text
        if self._world.strict and not all(f"[{name}]" in text for name in OWN_MACROS):
            return "the text must have the macros [Unsubscribe] and [WebVersion]"
        return ""

    def _send(self, account: Account, mail: WireMail, to: str) -> str:
        """Send it to its recipient. Gives the reason if it is refused, which is then on record."""
        said = MailText(subject=mail.subject, text=mail.text, html=mail.html)
        address = _mailbox(to) or Mailbox(to)
        named = next((one for one in mail.to if one.address == address.address), address)
        try:
            self._world.of(Links).send(
                account,
                PROTOCOL,
                said,
                sender=mail.sender,
                to=Mailbox(address.address, named.name),
                headers=dict(mail.headers),
                drops_bounced=True,
            )
        except Refused as refused:
            return refused.reason
        return ""

    def _may_send(self, account: Account, address: str) -> bool:
        try:
            return self._world.of(MailSenders).may_send(account, address)
        except ValueError:
            return False

    def _refuse(self, account: Account, sender: str, to: str, reason: str) -> None:
        order = Submission(
            account=account, via=PROTOCOL, medium=Medium.EMAIL, sender=sender, text=""
        )
        self._world.refuse(order, [to], reason)


def _account(session: Session) -> Account | None:
    found = session.auth_data if session.authenticated else None
    return found if isinstance(found, Account) else None


def _mailbox(address: str) -> Mailbox | None:
    try:
        return decode_mailbox(address)
    except DecodeError:
        return None
