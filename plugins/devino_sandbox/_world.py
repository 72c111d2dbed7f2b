"""The platform's one state, behind every protocol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import TypeVar, cast

from devino_core import Medium, Secret, State
from devino_core.clock import SYSTEM_CLOCK, Clock

from ._accounts import DEMO, Account, AsMade, Sessions
from ._admission import (
    charge,
    check_sender,
    destination,
    readable,
    segments,
    sending_at,
    wall_clock_of,
)
from ._consents import ConsentGiven, Consents
from ._fates import Consent, Fate, Pace, Step
from ._faults import Faults, Hold
from ._inbox import Inbox
from ._journal import Journal
from ._lives import Lives, TakenRecipient
from ._messages import IncomingMessage, Refused, StoredMessage, Submission
from ._numbers import LIVES, default_fate
from ._subscribers import Subscribers
from ._timeline import Timeline

__all__ = ["World"]

B = TypeVar("B")

_UNSENT = frozenset({State.SCHEDULED, State.ACCEPTED})


class World:
    """Accounts, messages and their lives, on a clock. It knows no protocol.

    Services hand in a :class:`Submission` and read :class:`StoredMessage`; what only one protocol
    has to remember is a book of its own, see :meth:`of`. Nothing happens by itself:
    :meth:`advance` applies what is due. Every method that takes or shows messages begins with it,
    and the :class:`Sandbox` calls it in time for those that :meth:`subscribe`. A World belongs to
    one thread.

    ``accounts``: by default one, login ``demo``, password ``demo``. ``prices``: of one segment, in
    the account's currency. ``fate_of`` and ``zone_of`` choose a message's fate and a number's
    zone, by default :func:`devino_core.zone_of`. ``strict``: hold clients to the manual where the
    platform is known to be lenient. ``seed``: for the dice of faults by chance; except for secrets
    (session ids, codes) everything repeats itself exactly.
    ``keep``: how many messages that have ended the World remembers, how many incoming ones, and
    how many deliveries the SMSC holds for an account. Older ones are forgotten. ``calls``: how many
    calls the :attr:`journal` keeps. Raises ValueError for a ``keep`` that is no whole number of 1
    or more.
    """

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        *,
        clock: Clock = SYSTEM_CLOCK,
        prices: Mapping[Medium, Decimal] | None = None,
        pace: Pace | None = None,
        fate_of: Callable[[Medium, str], Fate] = default_fate,
        zone_of: Callable[[str], tzinfo] = wall_clock_of,
        strict: bool = False,
        seed: int = 0,
        keep: int = 100_000,
        calls: int = 1000,
    ) -> None:
        known = list(accounts) or [Account(login=DEMO, password=Secret(DEMO))]
        self.accounts: dict[str, Account] = {account.login: account for account in known}
        self.clock: Clock = clock
        self.prices: dict[Medium, Decimal] = {
            m: Decimal(life.price) for m, life in LIVES.items()
        } | dict(prices or {})
        self.pace: Pace = pace or Pace()
        self.fate_of: Callable[[Medium, str], Fate] = fate_of
        self.zone_of: Callable[[str], tzinfo] = zone_of
        self.strict: bool = strict
        self.keep: int = keep
        self.journal: Journal = Journal(clock, calls)
        self.faults: Faults = Faults(seed, self.journal.struck)
        self.timeline: Timeline = Timeline(clock)
        self._subscribers = Subscribers()
        self.consents: Consents = Consents(keep)
        self._lives = Lives(self.timeline, keep, self._subscribers, self._resend, self._settle)
        self._sessions = Sessions()
        self._inbox = Inbox(keep)
        self._books: dict[object, object] = {}
        self._as_made = AsMade(known)
        self._settings = self.prices, self.pace, self.fate_of, self.zone_of, self.strict
        self.prices = dict(self.prices)

    def of(self, book: Callable[[World], B]) -> B:
        """The one ``book`` of this World: what one service, or several, keep in it.

        ``book`` is a class that is made of a World, on first use. :meth:`reset` forgets it; so ask
        for it whenever you need it, and do not keep it. A book with a method ``reset`` is told to
        instead, and stays.
        """
        found = self._books.get(book)
        if found is None:
            found = self._books[book] = book(self)
        return cast("B", found)

    def authenticate(self, login: str, password: str) -> Account | None:
        """The account of this login, if the password is right."""
        account = self.accounts.get(login)
        return account if account is not None and account.password == Secret(password) else None

    def account_of_key(self, key: str) -> Account | None:
        """The account whose :attr:`~Account.api_key` this is.

        Any other key is the first account's, if that account has none of its own. An empty key is
        nobody's.
        """
        if not key:
            return None
        first, *_ = accounts = list(self.accounts.values())
        owners = [account for account in accounts if account.api_key == Secret(key)]
        return next(iter(owners), first if first.api_key is None else None)

    def open_session(self, account: Account) -> str:
        """A new session id, good for 120 minutes."""
        return self._sessions.open(account, self.clock.now())

    def session(self, session: str) -> Account | None:
        """Whose session it is; None if it is unknown or has ended."""
        return self._sessions.account(session, self.clock.now())

    def sessions(self) -> Counter[str]:
        """How many session ids are good, by login."""
        return self._sessions.count(self.clock.now())

    def end_sessions(self) -> None:
        """End every session at once, as a restart of the platform does.

        Session ids are good no more, and services end connections that are sessions: the SMSC
        sends ``unbind`` in each of its own and cuts the connection, without waiting for the answer.
        """
        self._sessions.close_all()
        self._subscribers.sessions_ended.tell()

    def submit(self, submission: Submission, to: Sequence[str]) -> list[StoredMessage]:
        """Take a message for each recipient, in order, and charge for them; all or none.

        Raises :exc:`Refused`: nothing was charged or sent then, and the refusal is on record.
        """
        self.advance()
        now = self.clock.now()
        try:
            addresses = [destination(submission.medium, address) for address in to]
            check_sender(submission)
            taken = self._take(submission, addresses, now, self._call())
        except Refused as refused:
            self._refuse(submission, to, refused.reason, now)
            raise
        self.journal.brought(taken)
        self.advance()
        return taken

    def refuse(self, submission: Submission, to: Sequence[str], reason: str) -> None:
        """Put on record that a service refused this, for a reason of its protocol."""
        self.advance()
        # A protocol's words may be members of a StrEnum, which no JSON encoder takes for a string.
        self._refuse(submission, to, str(reason), self.clock.now())

    def find(
        self, account: Account, message_id: str, *, memory: timedelta | None = None
    ) -> StoredMessage | None:
        """The message with this id of a segment, as state requests see it.

        None if this account has no such message, if it was sent longer ago than ``memory``, or if
        it is forgotten.
        """
        self.advance()
        if not _is_number(message_id):
            return None
        message = self._lives.find(int(message_id))
        if message is None or message.submission.account is not account or not message.found:
            return None
        if memory is not None and self.clock.now() - message.sending_at > memory:
            return None
        return message

    def messages(self, *, to: str | None = None) -> Iterator[StoredMessage]:
        """Every message that is remembered, oldest first, refused ones too; ``to`` in any notation.

        A segment that came by itself is not listed: it is among its message's ``further``.
        """
        self.advance()
        wanted = None if to is None else readable(to)
        return (
            message
            for message in self._lives
            if message.listed and (wanted is None or message.to == wanted)
        )

    def snapshot(self) -> Sequence[StoredMessage]:
        """The same, as they are now: a list of its own."""
        self.advance()
        return self._lives.snapshot()

    def cancel(self, message: StoredMessage) -> bool:
        """Take back a message that was not sent yet; False if it is too late. Not refunded."""
        self.advance()
        if message.state not in _UNSENT:
            return False
        self._lives.withdraw(message, self.clock.now())
        return True

    def replace(self, message: StoredMessage, submission: Submission) -> bool:
        """Send something else, or at another time, in place of what is scheduled and paid.

        False if it is too late. Raises :exc:`Refused`, and then the message stays as it is.
        """
        self.advance()
        if message.state is not State.SCHEDULED:
            return False
        now = self.clock.now()
        recipient = self._recipient(submission, message.to, now)
        self._lives.replace(message, submission, recipient, self.pace, now)
        self.advance()
        return True

    def stored(self, message_id: str) -> StoredMessage | None:
        """The message with this id of a segment, whoever sent it; None if none is remembered.

        Or the one with this :attr:`~StoredMessage.handle`, which refused ones have, too.
        """
        self.advance()
        number, is_refused, refusal = message_id.partition("-")
        if not is_refused:
            return self._lives.find(int(number)) if _is_number(number) else None
        known = _is_number(number) and _is_number(refusal)
        return self._lives.refused(int(number), int(refusal)) if known else None

    def force(self, message: StoredMessage, state: State) -> None:
        """Put a message into a state by hand. It stays there, and is reported as any other.

        A fallback goes if it fails so. Raises ValueError for a message that was refused, and for
        SCHEDULED.
        """
        self.advance()
        if message.reason is not None:
            raise ValueError("a refused message has no other state")
        if state is State.SCHEDULED:
            raise ValueError("a message that was taken is not scheduled by hand")
        self._lives.force(message, state, self.clock.now())
        self.advance()

    def delete(self, message: StoredMessage) -> None:
        """Forget a message; nothing more becomes of it. It stays paid."""
        self._lives.forget(message)
        self._subscribers.forgotten.tell()

    def delete_all(self) -> None:
        """Forget all messages."""
        self._lives.clear()
        self._subscribers.forgotten.tell()

    def reset(self) -> None:
        """Make it as it was made: no messages, faults, callbacks or calls, the accounts as then.

        What services keep in it (codes, contacts, campaigns, ...) is forgotten, too. Connections
        and sessions stay, and the clock goes on; so a client that is connected works on. Ids go on,
        so that an old one never means a new message.
        """
        self.timeline.clear()
        self._lives.clear()
        self._inbox.clear()
        self.consents = Consents(self.keep)
        self.faults.reset()
        self.journal.clear()
        self.accounts = self._as_made.restored()
        self.prices, self.pace, self.fate_of, self.zone_of, self.strict = self._settings
        self.prices = dict(self.prices)
        self._books = {kind: book for kind, book in self._books.items() if _was_reset(book)}
        self._subscribers.forgotten.tell()
        self._subscribers.was_reset.tell()

    def tally(
        self, account: Account, medium: Medium, since: datetime, until: datetime
    ) -> Counter[Step]:
        """How many segments that were taken in this period, bounds included, are where.

        Only messages that are remembered count.
        """
        self.advance()
        counts: Counter[Step] = Counter()
        for message in self._lives:
            if (
                message.reason is None
                and since <= message.created_at <= until
                and message.submission.account is account
                and message.submission.medium is medium
            ):
                counts[message.step] += message.parts
        return counts

    def receive(
        self,
        *,
        sender: str,
        to: str = "",
        text: str,
        account: Account | None = None,
        prefix: str = "",
        medium: Medium = Medium.SMS,
        in_reply_to: str | None = None,
    ) -> IncomingMessage:
        """A subscriber writes to a number of the account (by default the first one's).

        ``to``: by default the sender of the message that is answered. ``in_reply_to``: the id of
        that message, which Viber always tells. Raises ValueError for a sender that is no phone
        number, and for a message that the account has not sent by this medium.
        """
        self.advance()
        account = account or next(iter(self.accounts.values()))
        answered = None if in_reply_to is None else self.find(account, in_reply_to)
        incoming = self._inbox.take(
            account,
            sender=sender,
            to=to,
            text=text,
            at=self.clock.now(),
            prefix=prefix,
            medium=medium,
            in_reply_to=in_reply_to,
            answered=answered,
        )
        self._subscribers.arrived.tell(incoming)
        return incoming

    def all_incoming(self) -> Sequence[IncomingMessage]:
        """Everything that came in and is remembered, oldest first."""
        return self._inbox.all()

    def incoming(self, account: Account, since: datetime, until: datetime) -> list[IncomingMessage]:
        """The SMS that came in for the account in this period, bounds included, oldest first."""
        return self._inbox.sms(account, since, until)

    def consent(
        self,
        account: Account,
        address: str,
        consent: Consent,
        *,
        reason: str = "",
        message: StoredMessage | None = None,
        task_id: int | None = None,
        at: datetime | None = None,
    ) -> None:
        """A recipient decides about further mails of the account.

        ``message`` led to it, or ``task_id``, a campaign.
        """
        if task_id is None and message is not None:
            task_id = message.submission.task_id or None
        given = ConsentGiven(
            account=account,
            address=address,
            consent=consent,
            at=at or self.clock.now(),
            reason=reason,
            task_id=task_id,
            message=message,
        )
        self.consents.record(given)
        self._subscribers.consented.tell(given)

    def advance(self) -> None:
        """Apply every change that is due by the clock, in order, and tell the subscribers."""
        self.timeline.advance()

    def subscribe(
        self,
        *,
        recorded: Callable[[StoredMessage], None] | None = None,
        changed: Callable[[StoredMessage], None] | None = None,
        arrived: Callable[[IncomingMessage], None] | None = None,
        consented: Callable[[ConsentGiven], None] | None = None,
        sessions_ended: Callable[[], None] | None = None,
        forgotten: Callable[[], None] | None = None,
        was_reset: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Be called, at once and in order, when a message was taken or refused, when one has a new
        state, when one came in, when a recipient has decided about further ones, when all sessions
        are ended, when messages were deleted, and after :meth:`reset`.

        Gives a function that ends it. What a callback raises is logged and goes no further.
        """
        ends = (
            self._subscribers.recorded.add(recorded),
            self._subscribers.changed.add(changed),
            self._subscribers.arrived.add(arrived),
            self._subscribers.consented.add(consented),
            self._subscribers.sessions_ended.add(sessions_ended),
            self._subscribers.forgotten.add(forgotten),
            self._subscribers.was_reset.add(was_reset),
        )

        def unsubscribe() -> None:
            for end in ends:
                end()

        return unsubscribe

    def _call(self) -> int:
        """The call of the journal that is being carried out."""
        return 0 if self.journal.now is None else self.journal.now.id

    def _refuse(
        self, submission: Submission, to: Sequence[str], reason: str, now: datetime
    ) -> None:
        call = self._call()
        self.journal.brought(self._lives.refuse(submission, to, reason, now, call), refused=True)

    def _take(
        self, submission: Submission, addresses: Sequence[str], now: datetime, call: int
    ) -> list[StoredMessage]:
        recipients = [self._recipient(submission, address, now) for address in addresses]
        parts = segments(submission)
        price = self.prices[submission.medium]
        charge(submission.account, price * parts * len(recipients))
        return self._lives.begin(
            submission, recipients, parts=parts, price=price, pace=self.pace, now=now, call=call
        )

    def _recipient(self, submission: Submission, address: str, now: datetime) -> TakenRecipient:
        return TakenRecipient(
            address,
            sending_at(submission, address, now, self.zone_of),
            submission.fate or self.fate_of(submission.medium, address),
        )

    def _settle(self, message: StoredMessage, due: datetime) -> None:
        """Note what a step says of the recipient."""
        step, account = message.step, message.submission.account
        if step.is_hard:
            self.consents.bounced(account, message.to)
        if step.consent is not None:
            self.consent(account, message.to, step.consent, message=message, at=due)

    def _resend(self, failed: StoredMessage, fallback: Submission, now: datetime) -> None:
        """Send what goes in place of a message that has failed, unless a fault holds it back."""
        to = fallback.to or failed.to
        action = self.faults.strike_resending(fallback.medium, to) if self.faults else None
        if isinstance(action, Hold):
            due = now + timedelta(seconds=action.seconds)
            self.timeline.at(due, lambda due: self._take_fallback(failed, fallback, to, due))
        elif action is None:
            self._take_fallback(failed, fallback, to, now)

    def _take_fallback(
        self, failed: StoredMessage, fallback: Submission, to: str, now: datetime
    ) -> None:
        try:
            check_sender(fallback)
            address = destination(fallback.medium, to)
            [sent] = self._take(fallback, [address], now, failed.call)
        except Refused as refused:
            [sent] = self._lives.refuse(fallback, [to], refused.reason, now, failed.call)
        else:
            failed.resent = sent
        sent.instead_of = failed.first_id


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _was_reset(book: object) -> bool:
    """Whether it stays when the World is reset, as it can do that itself."""
    reset = getattr(book, "reset", None)
    if reset is None:
        return False
    reset()
    return True
