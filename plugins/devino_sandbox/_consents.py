"""What recipients of mails have decided, and which addresses are none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from ._accounts import Account
from ._admission import same_address
from ._fates import Consent
from ._latest import Latest
from ._messages import StoredMessage

__all__ = ["ConsentGiven", "Consents"]


class ConsentGiven(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A recipient has decided about further mails of an account."""

    account: Account
    address: str
    consent: Consent
    at: datetime
    reason: str = ""
    """In words, for people."""
    task_id: int | None = None
    """The campaign whose mail led to it."""
    message: StoredMessage | None = None
    """That mail, if it is known."""


class Consents:
    """Who gets no more mails. At most ``keep`` addresses are remembered of each sort."""

    def __init__(self, keep: int) -> None:
        self._opted_out: Latest[tuple[Account, str], ConsentGiven] = Latest(keep)
        self._hard_bounced: Latest[tuple[Account, str], None] = Latest(keep)

    def record(self, given: ConsentGiven) -> None:
        """Note a decision. The last one counts."""
        key = given.account, same_address(given.address)
        self._opted_out.pop(key, None)
        if given.consent is not Consent.SUBSCRIBED:
            self._opted_out[key] = given

    def bounced(self, account: Account, address: str) -> None:
        """Note that an address is none."""
        self._hard_bounced[account, same_address(address)] = None

    def unsubscribed(self, account: Account) -> Sequence[ConsentGiven]:
        """Those who get no more mails of this account, in the order of their decisions."""
        return [given for (owner, _), given in self._opted_out.items() if owner is account]

    def has_unsubscribed(self, account: Account, address: str) -> bool:
        """Whether this address gets no mails of the account because its owner said so."""
        return (account, same_address(address)) in self._opted_out

    def has_bounced(self, account: Account, address: str) -> bool:
        """Whether this address is known to be none."""
        return (account, same_address(address)) in self._hard_bounced
