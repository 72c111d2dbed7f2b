"""What the SMSC keeps for each account, and who may bind."""

from __future__ import annotations

from collections import Counter
from math import inf

from devino_codecs.smpp import BindRequest, CommandStatus
from devino_sandbox._accounts import Account
from devino_sandbox._world import World

from ._deliveries import Deliveries
from ._settings import SmppSettings
from ._texts import Texts

__all__ = ["Customer", "Customers"]


class Customer:
    """An account as the SMSC knows it."""

    def __init__(self, account: Account, settings: SmppSettings, keep: int) -> None:
        self.account = account
        self.deliveries = Deliveries(keep if settings.queue is None else settings.queue)
        self._alphabet = settings.alphabet
        self.texts = Texts(settings.alphabet)
        self.sessions = 0
        self.refused: Counter[str] = Counter()
        """How often the SMSC refused a number that asks to be refused, and then is taken."""
        self.barred_until = -inf
        """When it may bind again, by the World's monotonic clock."""

    def reset(self) -> None:
        """Forget what is to be delivered and what was sent; the sessions stay."""
        self.deliveries.clear()
        self.texts = Texts(self._alphabet)
        self.refused.clear()
        self.barred_until = -inf


class Customers:
    """The accounts of a World, as far as they use the SMSC."""

    def __init__(self, world: World, settings: SmppSettings) -> None:
        self._world = world
        self._settings = settings
        self._by_login: dict[str, Customer] = {}

    def of(self, account: Account) -> Customer:
        """The customer for this account."""
        customer = self._by_login.get(account.login)
        if customer is None or customer.account is not account:
            customer = Customer(account, self._settings, self._world.keep)
            self._by_login[account.login] = customer
        return customer

    def reset(self) -> None:
        """Make each as it was at first, but for its sessions."""
        for customer in self._by_login.values():
            customer.reset()

    def bind(self, request: BindRequest) -> Customer | CommandStatus:
        """The customer who binds, with one session more; or why he may not."""
        account = self._world.accounts.get(request.system_id)
        if account is None:
            return CommandStatus.ESME_RINVSYSID
        customer = self.of(account)
        status = self._refusal(customer, request)
        if status is None:
            customer.sessions += 1
            return customer
        self._bar(customer, self._settings.reconnect_after_failure)
        return status

    def unbind(self, customer: Customer) -> None:
        """A session has ended."""
        customer.sessions -= 1
        self._bar(customer, self._settings.reconnect_after)

    def _bar(self, customer: Customer, seconds: float) -> None:
        until = self._world.clock.monotonic() + seconds
        customer.barred_until = max(customer.barred_until, until)

    def _refusal(self, customer: Customer, request: BindRequest) -> CommandStatus | None:
        if self._world.authenticate(request.system_id, request.password) is None:
            return CommandStatus.ESME_RINVPASWD
        if customer.sessions >= self._settings.sessions:
            return CommandStatus.ESME_RBINDFAIL
        if self._world.strict:
            if self._world.clock.monotonic() < customer.barred_until:
                return CommandStatus.ESME_RBINDFAIL
            if request.system_type:
                return CommandStatus.ESME_RINVSYSTYP
        return None
