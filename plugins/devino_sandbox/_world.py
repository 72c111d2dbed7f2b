"""The platform's one state, behind every protocol."""

from __future__ import annotations

import logging
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any, ParamSpec

from devino_codecs import EncodeError
from devino_codecs.text import count_parts
from devino_core import Medium, Secret, State, phone
from devino_core.clock import SYSTEM_CLOCK, Clock

from . import _zones
from ._accounts import Account, Sessions
from ._archive import Archive
from ._fates import LIVES, Fate, Pace, Step, Way, default_fate, plan
from ._faults import Faults
from ._messages import IncomingMessage, Refusal, Refused, StoredMessage, Submission
from ._timeline import Timeline

__all__ = ["World"]

P = ParamSpec("P")

_log = logging.getLogger(__name__)

# The first ids of the manual's examples.
_FIRST_ID = 579700854169272358
_FIRST_INCOMING_ID = 539187174

_MEMORY = timedelta(hours=48)
_MOST_RECIPIENTS = 2999

_REFUSED = Step(State.REJECTED)
_UNSENT = frozenset({State.SCHEDULED, State.ACCEPTED})
_FAILED = frozenset({State.UNDELIVERABLE, State.EXPIRED, State.REJECTED, State.DELETED})

_NAME = r"[!-~](?:[ -~]{0,9}[!-~])?"
_SENDERS: Mapping[Medium, re.Pattern[str]] = {
    Medium.SMS: re.compile(rf"\+?[0-9]{{1,15}}|{_NAME}"),
    Medium.VIBER: re.compile(_NAME),
}


class World:
    """Accounts, messages and their lives, on a clock; no protocol is known here.

    Services hand in a :class:`Submission` and read :class:`StoredMessage`. Nothing happens by
    itself: :meth:`advance` applies what is due, every method that takes or shows messages begins
    with it, and the :class:`Sandbox` calls it in time for those who :meth:`subscribe`. A World
    belongs to one thread.

    ``accounts``: by default one, login ``demo``, password ``demo``. ``prices``: of one segment, in
    the account's currency. ``fate_of`` and ``zone_of`` choose a message's fate and a number's
    zone. ``strict``: hold clients to the manual where the platform is known to be lenient.
    ``seed``: for the dice of faults by chance; session ids apart, all else repeats itself exactly.
    ``keep``: how many messages with which nothing more will happen are remembered, and incoming
    ones, and how many deliveries the SMSC holds for an account; about the oldest beyond, no method
    knows anything any more. Raises ValueError for one that
    is no whole number of 1 or more.
    """

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        *,
        clock: Clock = SYSTEM_CLOCK,
        prices: Mapping[Medium, Decimal] | None = None,
        pace: Pace | None = None,
        fate_of: Callable[[Medium, str], Fate] = default_fate,
        zone_of: Callable[[str], tzinfo] = _zones.zone_of,
        strict: bool = False,
        seed: int = 0,
        keep: int = 100_000,
    ) -> None:
        known = list(accounts) or [Account(login="demo", password=Secret("demo"))]
        self.accounts = {account.login: account for account in known}
        self.clock = clock
        self.prices = {m: Decimal(life.price) for m, life in LIVES.items()} | dict(prices or {})
        self.pace = pace or Pace()
        self.fate_of = fate_of
        self.zone_of = zone_of
        self.strict = strict
        self.keep = keep
        self.faults = Faults(seed)
        self.timeline = Timeline(clock)
        self._sessions = Sessions()
        self._messages = Archive(keep)
        self._incoming: deque[IncomingMessage] = deque(maxlen=keep)
        self._next_id = _FIRST_ID
        self._incoming_ids = count(_FIRST_INCOMING_ID)
        self._on_record: list[Callable[[StoredMessage], None]] = []
        self._on_change: list[Callable[[StoredMessage], None]] = []
        self._on_incoming: list[Callable[[IncomingMessage], None]] = []
        self._on_end: list[Callable[[], None]] = []

    def authenticate(self, login: str, password: str) -> Account | None:
        """The account of this login, if the password is right."""
        account = self.accounts.get(login)
        return account if account is not None and account.password == Secret(password) else None

    def open_session(self, account: Account) -> str:
        """A new session id, good for 120 minutes."""
        return self._sessions.open(account, self.clock.now())

    def session(self, session: str) -> Account | None:
        """Whose session it is; None if it is unknown or has ended."""
        return self._sessions.account(session, self.clock.now())

    def end_sessions(self) -> None:
        """End every session at once, as a restart of the platform does.

        Session ids are good no more, and services end the connections that are sessions: the SMSC
        sends ``unbind`` in each of its own and cuts the connection, without waiting for the answer.
        """
        self._sessions.close_all()
        _tell(self._on_end)

    def submit(self, submission: Submission, to: Sequence[str]) -> list[StoredMessage]:
        """Take a message for each recipient, in order, and charge them; all or none.

        Raises :exc:`Refused`: nothing was charged or sent then, and the refusal is on record.
        """
        self.advance()
        now = self.clock.now()
        try:
            addresses = [_address(submission.medium, address) for address in to]
            _check_sender(submission)
            accepted = self._accept(submission, addresses, now)
        except Refused as refused:
            self._record_refusal(submission, to, refused.reason, now)
            raise
        self.advance()
        return accepted

    def refuse(self, submission: Submission, to: Sequence[str], reason: str) -> None:
        """Put on record that a service refused this, for a reason of its protocol.

        Of more recipients than any call of the platform may have, the first 2999.
        """
        self.advance()
        # A protocol's words may be members of a StrEnum, which is no string to whoever encodes it.
        self._record_refusal(submission, to[:_MOST_RECIPIENTS], str(reason), self.clock.now())

    def find(self, account: Account, message_id: str) -> StoredMessage | None:
        """The message with this id of a segment, as state requests see it.

        None if there is none of this account, it was sent more than 48 hours ago, or it is
        forgotten.
        """
        self.advance()
        if not (message_id.isascii() and message_id.isdecimal() and len(message_id) < 20):
            return None
        message = self._messages.find(int(message_id))
        if (
            message is None
            or message.submission.account is not account
            or not message.found
            or self.clock.now() - message.sending_at > _MEMORY
        ):
            return None
        return message

    def messages(self, *, to: str | None = None) -> Iterator[StoredMessage]:
        """Every message that is remembered, oldest first, refused ones too; ``to`` in any notation.

        A segment that came by itself is not listed: it is among its message's ``further``.
        """
        self.advance()
        wanted = None if to is None else _readable(to)
        return (
            message
            for message in self._messages
            if message.listed and (wanted is None or message.to == wanted)
        )

    def cancel(self, message: StoredMessage) -> bool:
        """Take back a message that has not been sent yet; False if it is too late. Not refunded."""
        self.advance()
        if message.state not in _UNSENT:
            return False
        self._end([message])
        message.step = LIVES[message.submission.medium].withdrawn
        message.reported_at = self.clock.now()
        _tell(self._on_change, message)
        return True

    def replace(self, message: StoredMessage, submission: Submission) -> bool:
        """Send something else, or at another time, in place of what is scheduled and paid.

        False if it is too late. Raises :exc:`Refused`, and then it stays as it is.
        """
        self.advance()
        if message.state is not State.SCHEDULED:
            return False
        now = self.clock.now()
        message.send_at = self._send_at(submission, message.to, now)
        message.submission = submission
        life, fate = LIVES[submission.medium], self.fate_of(submission.medium, message.to)
        message.step = life.queued if message.send_at is None else life.scheduled
        self._begin([message], fate, message.send_at or now, now)
        self.advance()
        return True

    def tally(
        self, account: Account, medium: Medium, since: datetime, until: datetime
    ) -> Counter[Step]:
        """How many segments taken in this period, bounds included, are where.

        Of those that are remembered.
        """
        self.advance()
        counts: Counter[Step] = Counter()
        for message in self._messages:
            if (
                message.reason is None
                and since <= message.created_at <= until
                and message.submission.account is account
                and message.submission.medium is medium
            ):
                counts[message.step] += message.parts
        return counts

    def receive(
        self, *, sender: str, to: str, text: str, account: Account | None = None
    ) -> IncomingMessage:
        """A subscriber writes to a number of the account (by default the first one's).

        Raises ValueError for a sender that is no phone number.
        """
        self.advance()
        incoming = IncomingMessage(
            id=next(self._incoming_ids),
            account=account or next(iter(self.accounts.values())),
            sender=phone.normalize(sender),
            to=_readable(to),
            text=text,
            at=self.clock.now(),
        )
        self._incoming.append(incoming)
        _tell(self._on_incoming, incoming)
        return incoming

    def incoming(self, account: Account, since: datetime, until: datetime) -> list[IncomingMessage]:
        """What came in for the account in this period, bounds included, oldest first."""
        return [m for m in self._incoming if m.account is account and since <= m.at <= until]

    def advance(self) -> None:
        """Apply every change that is due by the clock, in order, and tell the subscribers."""
        self.timeline.advance()

    def subscribe(
        self,
        *,
        recorded: Callable[[StoredMessage], None] | None = None,
        changed: Callable[[StoredMessage], None] | None = None,
        arrived: Callable[[IncomingMessage], None] | None = None,
        sessions_ended: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Be called, at once and in order, when a message was taken or refused, when one has a new
        state, when one came in, and when all sessions are ended.

        Gives a function that ends it. What a callback raises is logged and goes no further.
        """
        subscriptions: Sequence[tuple[list[Any], object]] = (
            (self._on_record, recorded),
            (self._on_change, changed),
            (self._on_incoming, arrived),
            (self._on_end, sessions_ended),
        )
        for callbacks, callback in subscriptions:
            if callback is not None:
                callbacks.append(callback)

        def unsubscribe() -> None:
            for callbacks, callback in subscriptions:
                if callback in callbacks:
                    callbacks.remove(callback)

        return unsubscribe

    def _accept(
        self, submission: Submission, addresses: Sequence[str], now: datetime
    ) -> list[StoredMessage]:
        medium = submission.medium
        times = [self._send_at(submission, address, now) for address in addresses]
        parts = _parts(submission)
        price = self.prices[medium]
        _charge(submission.account, price * parts * len(addresses))
        life = LIVES[medium]
        accepted: list[StoredMessage] = []
        # By identity: a fate is long to hash, and the few there are live in tables.
        groups: dict[tuple[datetime, int], tuple[Fate, list[StoredMessage]]] = {}
        for address, send_at in zip(addresses, times, strict=True):
            fate = self.fate_of(medium, address)
            message = StoredMessage(
                submission=submission,
                to=address,
                first_id=self._next_id,
                parts=parts,
                price=price,
                created_at=now,
                step=life.queued if send_at is None else life.scheduled,
                send_at=send_at,
                found=fate.found,
            )
            self._next_id += parts
            accepted.append(message)
            groups.setdefault((message.sending_at, id(fate)), (fate, []))[1].append(message)
        if submission.part_of is not None:
            submission.part_of.further += tuple(accepted)
        for (began, _), (fate, messages) in groups.items():
            self._begin(messages, fate, began, now)
        self._record(accepted)
        return accepted

    def _begin(
        self, messages: Sequence[StoredMessage], fate: Fate, began: datetime, now: datetime
    ) -> None:
        """Let messages of one submission live."""
        submission = messages[0].submission
        way = plan(LIVES[submission.medium], fate, self.pace, submission.validity)
        for message in messages:
            message.way = way
        # Who is not scheduled is queued already.
        self._follow(messages, way, 1 if began == now else 0, began)

    def _send_at(self, submission: Submission, address: str, now: datetime) -> datetime | None:
        """The instant that it is scheduled for; None for now."""
        at = submission.send_at
        if at is None:
            return None
        try:
            if at.utcoffset() is None:
                at = at.replace(tzinfo=self.zone_of(address))
            at = at.astimezone(now.tzinfo)
        except OverflowError:
            raise Refused(Refusal.SEND_AT, "the sending time is out of range") from None
        return at if at > now else None

    def _follow(
        self, messages: Sequence[StoredMessage], way: Way, index: int, began: datetime
    ) -> None:
        """Put the next step of messages that live alike on the timeline."""
        if index == len(way):
            self._end(messages)
            return
        try:
            due = began + way[index][0]
        except OverflowError:
            return  # beyond the year 9999
        self.timeline.at(due, partial(self._take_step, messages, way, index, began))

    def _end(self, messages: Sequence[StoredMessage]) -> None:
        """Nothing more will happen with them."""
        ending = [message for message in messages if message.way]
        for message in ending:
            message.way = ()
        self._messages.ended(len(ending))

    def _take_step(
        self,
        messages: Sequence[StoredMessage],
        way: Way,
        index: int,
        began: datetime,
        due: datetime,
    ) -> None:
        step = way[index][1]
        # It may have been taken back meanwhile, or scheduled anew.
        messages = [message for message in messages if message.way is way]
        if not messages:
            return
        for message in messages:
            message.step = step
            if step.state is State.ENROUTE:
                message.submitted_at = due
            elif step.state is not State.ACCEPTED:
                message.reported_at = due
        self._follow(messages, way, index + 1, began)
        if step.state in _FAILED:
            for message in messages:
                if message.submission.fallback is not None:
                    self._resend(message, message.submission.fallback, due)
        if self._on_change:
            for message in messages:
                _tell(self._on_change, message)

    def _resend(self, failed: StoredMessage, fallback: Submission, now: datetime) -> None:
        try:
            _check_sender(fallback)
            [failed.resent] = self._accept(fallback, [failed.to], now)
        except Refused as refused:
            self._record_refusal(fallback, [failed.to], refused.reason, now)

    def _record_refusal(
        self, submission: Submission, to: Sequence[str], reason: str, now: datetime
    ) -> None:
        refused = [
            StoredMessage(
                submission=submission,
                to=_readable(address),
                # No id of its own: the next to be given away keeps the order.
                first_id=self._next_id,
                parts=0,
                price=Decimal(0),
                created_at=now,
                step=_REFUSED,
                found=False,
                reason=reason,
            )
            for address in to
        ]
        self._record(refused)
        self._messages.ended(len(refused))

    def _record(self, messages: Sequence[StoredMessage]) -> None:
        self._messages.add(messages)
        if self._on_record:
            for message in messages:
                _tell(self._on_record, message)


def _address(medium: Medium, address: str) -> str:
    if medium is Medium.EMAIL:
        return address.strip()
    try:
        return phone.normalize(address)
    except ValueError as error:
        raise Refused(Refusal.DESTINATION, f"destination address: {error}") from None


def _readable(address: str) -> str:
    """In the form in which messages have it, whatever it is."""
    try:
        return phone.normalize(address)
    except ValueError:
        return address


def _check_sender(submission: Submission) -> None:
    pattern = _SENDERS.get(submission.medium)
    if pattern is not None and pattern.fullmatch(submission.sender) is None:
        raise Refused(
            Refusal.SENDER_MALFORMED,
            "source address: up to 11 Latin characters"
            + (" or 15 digits" if submission.medium is Medium.SMS else ""),
        )
    approved = submission.account.senders
    if approved is not None and submission.sender not in approved:
        raise Refused(
            Refusal.SENDER_UNKNOWN, "source address: not among the account's approved senders"
        )


def _parts(submission: Submission) -> int:
    if submission.parts is not None:
        return submission.parts
    if submission.medium is not Medium.SMS:
        return 1
    try:
        return count_parts(submission.text)
    except EncodeError as error:
        raise Refused(Refusal.TEXT, f"text: {error}") from None


def _charge(account: Account, cost: Decimal) -> None:
    if cost > account.balance:
        raise Refused(Refusal.BALANCE, f"not enough credits: {cost} needed, {account.balance} left")
    account.balance -= cost


def _tell(callbacks: Sequence[Callable[P, None]], *args: P.args, **kwargs: P.kwargs) -> None:
    for callback in tuple(callbacks):
        try:
            callback(*args, **kwargs)
        except Exception:  # noqa: BLE001 - a subscriber is a stranger here
            _log.exception("a subscriber of the sandbox failed")
