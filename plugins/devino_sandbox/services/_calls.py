"""Calls over HTTP, of any wire: read, struck by faults, carried out and answered, in one place."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar, cast

import msgspec
from msgspec.structs import replace

from devino_codecs.http import ApiKey, Credentials, Login, Refusal, Request, Session
from devino_codecs.masking import Kinds, kinds_of, together
from devino_sandbox._accounts import Account
from devino_sandbox._faults import Action, AnswerError, Fault
from devino_sandbox._http import ASGIApp, Outcome, RawAnswer, RawRequest, answering, struck
from devino_sandbox._journal import USUAL
from devino_sandbox._messages import RefusalReason, Refused, StoredMessage, Submission
from devino_sandbox._service import HttpService
from devino_sandbox._world import World

__all__ = ["Asked", "CallService", "answers"]

A = TypeVar("A")
R = TypeVar("R")
S = TypeVar("S")
No = TypeVar("No")

_log = logging.getLogger(__name__)


class Asked(msgspec.Struct, Generic[R], frozen=True):
    """A call as it was read. Its repr shows what was called, and nothing of the content."""

    via: str
    """The protocol, as :attr:`Submission.via` and :attr:`Fault.protocol` name it."""
    operation: str
    """As :attr:`Fault.operation` names it."""
    request: R
    credentials: Credentials
    http: RawRequest
    """The same call, unread."""
    wire: Any = None
    """What else decides how its answer is written."""
    fault: Fault | None = None
    """What was ordered and strikes it."""

    def ordered(self, to: str) -> int | str | None:
        """The code that a fault orders for the message to this recipient, if any: see
        :meth:`CallService.is_of_messages`."""
        return None if self.fault is None else self.fault.code_for(to)

    def __repr__(self) -> str:
        return f"Asked({self.via} {self.operation})"

    # msgspec gives rich an attribute list of its own, which would print the content.
    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("via", self.via), ("operation", self.operation)]


def answers(
    *requests: type[Request[A]],
) -> Callable[
    [Callable[[S, Account, Asked[R]], A | Refusal]],
    Callable[[S, Account, Asked[R]], A | Refusal],
]:
    """Marks the method of a service that carries these requests out.

    It gets the account that asks, and the call. It gives what the type of the requests promises,
    or a :class:`~devino_codecs.http.Refusal`. A :exc:`Refused` of the World may leave it.
    """

    def mark(
        method: Callable[[S, Account, Asked[R]], A | Refusal],
    ) -> Callable[[S, Account, Asked[R]], A | Refusal]:
        cast("Any", method).answers = requests
        return method

    return mark


@cache
def _kinds(request: type) -> tuple[Kinds, Kinds]:
    return together([USUAL, kinds_of(request)]), USUAL


class CallService(HttpService):
    """A service in which each HTTP request is one call, answered at once.

    A subclass reads calls and writes answers, says its protocol's refusals, and marks the methods
    that carry calls out with :func:`answers`. The order of events, the faults, who asks and what
    becomes of an error are here. As nothing waits between reading and answering, a call is atomic.
    """

    marked: ClassVar[Mapping[type, str]] = {}
    """The names of the marked methods, by type of request."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.marked = {
            request: name
            for base in reversed(cls.__mro__)
            for name, method in vars(base).items()
            for request in getattr(method, "answers", ())
        }

    def __init__(self, world: World) -> None:
        self.world = world
        self._app = answering(self.handle)
        self._kinds = self.kinds
        self._methods = {request: getattr(self, name) for request, name in self.marked.items()}

    @property
    def app(self) -> ASGIApp:
        return self._app

    def handle(self, http: RawRequest) -> Outcome:
        """The outcome of one HTTP request."""
        asked = self.read(http)
        if isinstance(asked, RawAnswer):
            return asked
        self.world.journal.called(asked.via, asked.operation, self._kinds, type(asked.request))
        if self.world.faults:
            to = self.recipients(asked.request)
            fault = self.world.faults.strike_call(asked.via, asked.operation, to)
            if fault is not None:
                hit = replace(asked, fault=fault)
                return struck(
                    cast("Action", fault.action),
                    lambda: self._carry_out(hit),
                    lambda ordered: self._answer_ordered(hit, ordered),
                )
        return self._carry_out(asked)

    @abstractmethod
    def read(self, http: RawRequest) -> Asked[Any] | RawAnswer:
        """Read the call. If nothing can be called, or the call is unreadable, give the answer."""

    @abstractmethod
    def write(self, asked: Asked[Any], answer: Any) -> RawAnswer:
        """Write what a marked method gave, or one of the methods below."""

    @abstractmethod
    def stranger(self, asked: Asked[Any]) -> object:
        """The answer to credentials that nobody has."""

    @abstractmethod
    def refused(self, asked: Asked[Any], why: Refused) -> object:
        """The answer to what the World does not take."""

    @abstractmethod
    def failed(self, asked: Asked[Any]) -> object:
        """The answer when the platform itself has failed."""

    @abstractmethod
    def ordered(self, asked: Asked[Any], action: AnswerError) -> object:
        """The answer that a fault asks for."""

    def is_of_messages(self, asked: Asked[Any], action: AnswerError) -> bool:
        """Whether the code of a fault refuses messages of the call, and not the whole of it.

        Then the marked method carries the call out, and refuses by that code each message for which
        :meth:`Asked.ordered` gives it. By default there is no such code.
        """
        return False

    def take(
        self, order: Submission, to: str, no: No | None, words: Mapping[RefusalReason, No]
    ) -> StoredMessage | No:
        """Hand one message of a call to the World: the message as it was taken, or why it was not.

        ``no`` is why the service itself refuses it, which goes on record as text; ``words`` are
        those of the protocol for the World's own refusals.
        """
        if no is not None:
            self.world.refuse(order, [to], str(no))
            return no
        try:
            [stored] = self.world.submit(order, [to])
        except Refused as refused:
            return words[refused.refusal]
        return stored

    def send_sms(
        self, account: Account, asked: Asked[Any], to: str, text: str, *, sender: str | None = None
    ) -> StoredMessage:
        """Hand the World the one SMS that a call sends: the message as it was taken.

        Without a ``sender`` it comes from the account's own. Raises :exc:`Refused`.
        """
        own = account.sender if sender is None else sender
        order = Submission(account=account, via=asked.via, sender=own, text=text)
        [stored] = self.world.submit(order, [to])
        return stored

    def kinds(self, request: type) -> tuple[Kinds, Kinds]:
        """What the values of a request of this type are, and those of its answer, for the journal.

        By default as the marks of the type say, and by the usual names of credentials.
        """
        return _kinds(request)

    def code(self, answer: object) -> object:
        """The code by which an answer refuses a call, for the journal; None: it does not."""
        return answer.code if isinstance(answer, Refusal) else None

    def recipients(self, request: Any) -> Sequence[str]:
        """The phone numbers that a request is about, for faults."""
        return ()

    def account(self, credentials: Credentials) -> Account | None:
        """Whose credentials these are, None if nobody's. Override it for a kind of your own."""
        if isinstance(credentials, Login):
            return self.world.authenticate(credentials.login, credentials.password)
        if isinstance(credentials, Session):
            return self.world.session(credentials.id)
        if isinstance(credentials, ApiKey):
            return self.world.account_of_key(credentials.key)
        return None

    def perform(self, account: Account, asked: Asked[Any]) -> object:
        """Carry a call out."""
        return self._methods[type(asked.request)](account, asked)

    def raised(self, asked: Asked[Any], error: Exception) -> object:
        """The answer to an error. What no protocol has a word for is logged, as a failure."""
        if isinstance(error, Refused):
            return self.refused(asked, error)
        _log.error("the sandbox failed on %s of %s", asked.operation, asked.via, exc_info=error)
        return self.failed(asked)

    def _answer_ordered(self, asked: Asked[Any], action: AnswerError) -> RawAnswer:
        if self.is_of_messages(asked, action):
            return self._carry_out(asked)
        return self._written(asked, self.ordered(asked, action))

    def _carry_out(self, asked: Asked[Any]) -> RawAnswer:
        try:
            account = self.account(asked.credentials)
            answer = self.stranger(asked) if account is None else self.perform(account, asked)
            if (code := self.code(answer)) is not None:
                self.world.journal.refused(code)
            return self.write(asked, answer)
        except Exception as error:  # noqa: BLE001 - the platform has a word for its own failures
            return self._written(asked, self.raised(asked, error))

    def _written(self, asked: Asked[Any], answer: object) -> RawAnswer:
        code = self.code(answer)
        if code is not None:
            self.world.journal.refused(code)
        return self.write(asked, answer)
