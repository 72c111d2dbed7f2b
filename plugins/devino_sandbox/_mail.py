"""Mails in a World: who may send them, what they say to each recipient, whom they never reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count

import msgspec

from devino_codecs.email import Mailbox, SenderState
from devino_core import Medium

from ._accounts import Account
from ._admission import mail_address
from ._fates import Fate
from ._kept import Kept
from ._messages import StoredMessage, Submission
from ._numbers import filtered
from ._world import World

__all__ = [
    "MAX_SIZE",
    "OWN_MACROS",
    "PAGES",
    "Links",
    "MailContent",
    "MailSenders",
    "MailText",
    "filled",
]

MAX_SIZE = 10 * 1024 * 1024
"""Octets of subject and texts together."""
OWN_MACROS = ("Unsubscribe", "WebVersion")
"""The macros that the platform fills with links, whatever values a mail has."""

_MACRO = re.compile(r"\[(\w+)\]|%(\w+)%")
PAGES = "/_mail"
"""Where the pages are that mails link to."""


class MailText(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail says, before or after its macros are filled."""

    subject: str = ""
    text: str = ""
    html: str = ""

    @property
    def size(self) -> int:
        """Its octets."""
        return sum(len(part.encode(errors="replace")) for part in self)

    @property
    def macros(self) -> tuple[str, ...]:
        """The names of what can be filled in it, each once."""
        found = [one or other for part in self for one, other in _MACRO.findall(part)]
        return tuple(dict.fromkeys(found))

    def __iter__(self) -> Iterator[str]:
        return iter((self.subject, self.text, self.html))


class MailContent(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as its recipient has it; the inspection API shows it."""

    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = {}
    """Those that the client has given, by SMTP."""
    sender_name: str = ""
    recipient_name: str = ""


def filled(said: MailText, values: Mapping[str, str]) -> MailText:
    """The text with these values in place of ``[name]`` and ``%name%``; other macros stay."""

    def value(match: re.Match[str]) -> str:
        return values.get(match[1] or match[2], match[0])

    subject, text, html = [_MACRO.sub(value, part) for part in said]
    return MailText(subject=subject, text=text, html=html)


class MailSenders:
    """A book of the World: the addresses that mails of each account may come from."""

    def __init__(self, world: World) -> None:
        self._known: dict[Account, dict[str, SenderState]] = {}

    def of(self, account: Account) -> dict[str, SenderState]:
        """By address, in the order in which they were added; the first is the default."""
        known = self._known.get(account)
        if known is None:
            first = sorted(map(mail_address, account.mail_senders or ()))
            known = self._known[account] = dict.fromkeys(first, SenderState.APPROVED)
        return known

    def listed(self, account: Account) -> list[tuple[str, SenderState]]:
        """The approved ones, and those that were asked for."""
        shown = (SenderState.APPROVED, SenderState.REQUESTED)
        return [(one, state) for one, state in self.of(account).items() if state in shown]

    def may_send(self, account: Account, address: str) -> bool:
        """Whether a mail may come from there. Raises ValueError for what is no address."""
        address = mail_address(address)
        return account.mail_senders is None or (
            self.of(account).get(address) is SenderState.APPROVED
        )

    def is_confirmed(self, account: Account, address: str) -> bool:
        """Whether an address of this domain can be asked for."""
        if account.mail_senders is None:
            return True
        domains = {mail_address(one).rpartition("@")[2] for one in account.mail_senders}
        return address.rpartition("@")[2] in domains

    def add(self, account: Account, address: str) -> None:
        """Ask for an address."""
        is_free = account.mail_senders is None
        self.of(account)[address] = SenderState.APPROVED if is_free else SenderState.REQUESTED

    def decide(self, account: Account, address: str, state: SenderState) -> None:
        """Approve an address, or reject it, as the platform's support does."""
        self.of(account)[address] = state

    def remove(self, account: Account, address: str) -> None:
        """Give an address back."""
        self.of(account)[address] = SenderState.DELETED


class Links:
    """A book of the World: mails are sent from here, with links to pages of the sandbox's own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens = count(1)
        self._mails: Kept[str, StoredMessage] = Kept(world)
        self.base_url = "http://localhost"

    def reset(self) -> None:
        """Forget all mails. Where the pages are stays, and so do the tokens' numbers."""
        self._mails.clear()

    def find(self, token: str) -> StoredMessage | None:
        """The mail whose link has this token."""
        return self._mails.get(token)

    def send(
        self,
        account: Account,
        via: str,
        said: MailText,
        *,
        sender: Mailbox,
        to: Mailbox,
        values: Mapping[str, str] = {},
        headers: Mapping[str, str] = {},
        task_id: int = 0,
        ref: str | None = None,
        campaign: str | None = None,
        drops_bounced: bool = False,
    ) -> StoredMessage:
        """Send a mail to one recipient, with its macros filled; the sender was checked.

        Who has unsubscribed does not get it, and with ``drops_bounced`` an address that is known to
        be none does not, either: the mail is taken and then not sent. Raises Refused.
        """
        token = f"{next(self._tokens):x}"
        page = f"{self.base_url}{PAGES}"
        links = {"Unsubscribe": f"{page}/unsubscribe/{token}", "WebVersion": f"{page}/web/{token}"}
        whole = filled(said, {**values, **links})
        order = Submission(
            account=account,
            via=via,
            medium=Medium.EMAIL,
            sender=sender.address,
            text=whole.text,
            content=MailContent(
                subject=whole.subject,
                text=whole.text,
                html=whole.html,
                headers=headers,
                sender_name=sender.name,
                recipient_name=to.name,
            ),
            fate=self._fate(account, to.address, drops_bounced=drops_bounced),
            sender_checked=True,
            task_id=task_id,
            ref=ref,
            campaign=campaign,
        )
        [message] = self._world.submit(order, [to.address])
        if any(f"[{name}]" in part for name in OWN_MACROS for part in said):
            self._mails[token] = message
        return message

    def _fate(self, account: Account, address: str, *, drops_bounced: bool) -> Fate | None:
        consents, address = self._world.consents, mail_address(address)
        if consents.has_unsubscribed(account, address):
            return filtered("already_unsubscribed")
        if drops_bounced and consents.has_bounced(account, address):
            return filtered("bad-mailbox")
        return None
