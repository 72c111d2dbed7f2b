"""Who may use the platform."""

from __future__ import annotations

import secrets
import string
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from devino_core import Secret

__all__ = ["DEMO", "NOBODY", "Account", "AsMade", "Sessions"]

DEMO = "demo"
"""Login, password and API key where nothing else is chosen."""

_SESSION_ALPHABET = string.ascii_uppercase + string.digits
_SESSION_LENGTH = 36
_SESSION_LIFE = timedelta(minutes=120)
_SESSIONS = 100_000
"""Open at once: a client that logs in for every message would open more in 120 minutes."""


class Account(msgspec.Struct, kw_only=True, eq=False):
    """A customer of the platform. Two accounts are never equal."""

    login: str
    password: Secret
    balance: Decimal = Decimal(1_000_000)
    """What is left, in the account's currency."""
    senders: frozenset[str] | None = None
    """The approved sender names and numbers; None: every well-formed one."""
    mail_senders: frozenset[str] | None = None
    """The addresses that mails may come from, from the start. Other addresses of the same domains
    can be asked for. None: every address may be used, and is approved as soon as it is added."""
    api_key: Secret | None = None
    """What it proves itself with where a protocol wants a key instead of login and password.

    None: any key is good for the first account, and no key for another one."""
    callbacks: Mapping[str, Secret] = {}
    """The URLs that the platform calls, by the kind of callback. Each may hold a secret."""
    reply: str | None = None
    """The general reply: goes to who wrote an SMS, unless the handler of incoming SMS has given a
    reply of its own."""
    replies: bool = False
    """That handler is waited for 60 seconds, because it replies; otherwise for 30."""
    templates: Mapping[str, str] | None = None
    """The texts that messages to VK may have, by their ids, with fields as ``#name#``. None: every
    number is the id of a template, which takes any values."""
    sim_check: bool = False
    """The SIM of a number is compared before an SMS goes to it over SMPP, and before a two-factor
    code goes, where the client names an IMSI."""
    sim_warning: str = "Ваша SIM-карта не прошла проверку, обратитесь в Банк"
    """What goes to a number with another SIM in place of an SMS over SMPP."""

    @property
    def sender(self) -> str:
        """A sender that it may use."""
        return min(self.senders or {"DEVINO"})


class AsMade:
    """Accounts as they are now, to be made so again."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._fields = [(one, msgspec.structs.asdict(one)) for one in accounts]

    def restored(self) -> dict[str, Account]:
        """The same accounts by login, made what they were."""
        for account, fields in self._fields:
            for name, value in fields.items():
                setattr(account, name, value)
        return {account.login: account for account, _ in self._fields}


NOBODY = Account(login="", password=Secret(""))
"""Stands on record as the sender where a refused call does not say who makes it."""


class Sessions:
    """Session ids of the session protocols: 36 of ``[A-Z0-9]``, good for 120 minutes each.

    At most a hundred thousand are open; one more ends the oldest.
    """

    def __init__(self) -> None:
        # In the order of their ends, because all live equally long.
        self._open: dict[str, tuple[Account, datetime]] = {}

    def open(self, account: Account, now: datetime) -> str:
        """A new session id; earlier ones of the account stay good."""
        for ended in self._ended(now):
            del self._open[ended]
        if len(self._open) == _SESSIONS:
            del self._open[next(iter(self._open))]
        session = "".join(secrets.choice(_SESSION_ALPHABET) for _ in range(_SESSION_LENGTH))
        self._open[session] = account, now + _SESSION_LIFE
        return session

    def account(self, session: str, now: datetime) -> Account | None:
        """Whose session it is; None if it is unknown or has ended."""
        account, end = self._open.get(session, (None, now))
        return account if now < end else None

    def count(self, now: datetime) -> Counter[str]:
        """How many are open, by login."""
        return Counter([account.login for account, end in self._open.values() if now < end])

    def close_all(self) -> None:
        """End every session at once, as a restart of the platform does."""
        self._open.clear()

    def _ended(self, now: datetime) -> Iterable[str]:
        ended = []
        for session, (_, end) in self._open.items():
            if now < end:
                break
            ended.append(session)
        return ended
