"""A service or a channel over one HTTP interface."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import unquote

from devino_codecs.errors import DecodeError, EncodeError
from devino_codecs.http import (
    Answered,
    Coded,
    Credentials,
    HttpRequest,
    Login,
    Refusal,
    Request,
    secret_values,
)
from devino_codecs.masking import Kinds, masked_answer, masked_request
from devino_core import (
    DevinoError,
    InvalidArgument,
    Machine,
    Rejected,
    Secret,
    Service,
    Throttled,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.http import Body, FetchedAnswer, HttpSession
from devino_core.login import LoginSession
from devino_core.observe import Running, discreet

from .answered import ANSWERED
from .masking import masked, printable_lines, readable
from .refusals import A_PAGE, is_page, refusal, unreadable
from .settings import ChannelConnectionSettings, ConnectionSettings

__all__ = ["ApiClient", "Wire"]

A = TypeVar("A")
SettingsT_co = TypeVar(
    "SettingsT_co", bound=ConnectionSettings | ChannelConnectionSettings, covariant=True
)


_FAILED = 500
"""From this HTTP status on the platform says that it failed."""


class _Row(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def changes(self) -> bool: ...


class Wire(Protocol):
    """What :class:`ApiClient` needs of an interface: half of a :class:`devino_codecs.http.Api`.

    A wire that is no table, such as SOAP's, is fitted to it by a small class with these methods.
    """

    def row(self, request: type[Request[Any]], /) -> _Row:
        """What is known of this type of requests: its ``name``, as logs have it, and ``changes``,
        which says that they have an effect."""
        ...

    def encode_request(self, request: Request[Any], credentials: Any, /) -> HttpRequest:
        """Write a request, its path below the base URL. Raises EncodeError."""
        ...

    def decode_answer(self, request: type[Request[A]], answer: Answered, /) -> A | Refusal:
        """Read the answer to a request of this type, or the interface's no. Raises DecodeError."""
        ...

    def kinds(self, request: type[Request[Any]], /) -> tuple[Kinds, Kinds]:
        """What the values of such a request are, and those of its answer: the log shows by them
        what went over the wire (:mod:`devino_codecs.masking`)."""
        ...


class ApiClient(Service[SettingsT_co]):
    """A service over one HTTP interface: name the :attr:`api`, and :meth:`ask`.

    The settings say where it is and who asks: inherit
    :class:`~devino_plugins.kit.settings.ServiceKeySettings` or
    :class:`~devino_plugins.kit.settings.ServiceLoginSettings`. A channel inherits this class beside
    :class:`~devino_core.Channel`, and its settings
    :class:`~devino_plugins.kit.settings.ChannelKeySettings` or
    :class:`~devino_plugins.kit.settings.ChannelLoginSettings`::

        class AddressBook(ApiClient[ServiceLoginSettings]):
            api = ADDRESS_BOOK

            async def contacts(self, group: str) -> tuple[Contact, ...]:
                return await self.ask(GetContacts(group))

    Who asks in another way, such as with an id and a key, is a struct with the property ``secret``
    (:class:`~devino_codecs.http.Credentials`): the settings' ``credentials`` give it, and the
    interface's :class:`~devino_codecs.http.Auth` says where it stands.

    One HTTP session serves all calls, from ``open`` to ``aclose``.
    """

    api: Wire
    """The interface, usually an :class:`~devino_codecs.http.Api`: of the class, or set by
    ``__init__`` where the settings decide."""
    log_in: ClassVar[Request[Any] | None] = None
    """The request that is answered with a session, if all others need one. It is then made with
    the settings' credentials, once for all calls, and again when the session has expired."""

    repeatable: ClassVar[frozenset[str]] = frozenset({"PUT", "DELETE"})
    """The verbs whose requests may be made twice, and do what they do once (RFC 9110, 9.2.2). After
    a failure of the platform (HTTP 500 and above) they raise Unavailable, and others
    OutcomeUnknown."""

    knows_all_codes: ClassVar[bool] = False
    """The interface's documentation lists every code. Then another one, under HTTP's success, is no
    refusal but a ProtocolViolation."""
    busy_for: float | None = None
    """How many seconds to wait after the interface said that it is busy, where its documentation
    tells that."""

    def __init__(self, settings: SettingsT_co, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._credentials: Credentials = settings.credentials
        self._session: LoginSession[Any] | None = None
        if self.log_in is not None:
            log_in = partial(self._call, self.log_in, self._credentials)
            self._session = LoginSession(log_in, clock=clock)
        self._http = HttpSession(
            settings.base_url,
            connect_timeout=settings.connect_timeout,
            timeout=settings.timeout,
            connections=settings.connections,
            keep_alive=settings.keep_alive,
            proxy=settings.proxy.reveal() if settings.proxy else None,
            plain_http=settings.plain_http,
            calls=self.observed,
            clock=clock,
        )

    async def open(self) -> None:
        await self._http.open()

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.aclose()
        await self._http.aclose()

    def machines(self) -> Sequence[Machine]:
        return (self._http.machine,)

    def ask(
        self, request: Request[A], *, messages: int = 0, max_answer: int | None = None
    ) -> Coroutine[Any, Any, A]:
        """Make one call and give its answer, of at most ``max_answer`` bytes, else of 16 MiB.

        ``messages`` is how many the request carries: logs and observers learn it.

        Raises InvalidArgument, with the field, for a request that cannot be written, what
        :meth:`HttpSession.request <devino_core.http.HttpSession.request>` raises for a call without
        an answer, and for a refusal the error that its :class:`~devino_codecs.http.Verdict` means:
        Rejected, NotFound, AuthenticationFailed, InsufficientFunds, Throttled, and of a failure of
        the platform, or an answer that cannot be read, OutcomeUnknown or ProtocolViolation where
        the request has an effect (Unavailable after a failure where it is :attr:`repeatable`). No
        error shows credentials, nor a field of the request that is
        marked :data:`~devino_codecs.http.SECRET`, even if the platform repeats them.
        """
        # An `async def` would cost each call one coroutine more.
        if self._session is None:
            return self._call(request, self._credentials, max_answer, messages)
        attempts = count(1)
        return self._session.run(
            lambda session: self._call(request, session, max_answer, messages, next(attempts))
        )

    def exchange(
        self, http: HttpRequest, *, call: Running, changes: bool, max_answer: int | None = None
    ) -> Coroutine[Any, Any, FetchedAnswer]:
        """Make the HTTP call. Override it where calls must wait for their turn."""
        return self._http.request(
            http.method,
            http.segments,
            query=http.query,
            body=Body(http.body),
            content_type=http.content_type,
            headers=http.headers,
            changes=changes,
            max_answer=max_answer,
            call=call,
        )

    def error_of(self, refused: Refusal, *, changes: bool) -> DevinoError:
        """The error to raise for a refusal, secrets already gone from it. Override it where the
        interface's documentation says more."""
        error = refusal(
            refused.code,
            refused.description,
            changes=changes,
            status=refused.http_status,
            knows_all=self.knows_all_codes,
        )
        if isinstance(error, Throttled):
            error.retry_after = self.busy_for
        return error

    def id_in(self, answer: Any) -> str | None:
        """The platform's id in the answer to a call that sent one message: observers are told it.
        Override it where an answer has one."""
        return None

    async def _call(
        self,
        request: Request[A],
        credentials: Any,
        max_answer: int | None = None,
        messages: int = 0,
        attempt: int = 1,
    ) -> A:
        row = self.api.row(type(request))
        changes = row.changes
        try:
            http = self.api.encode_request(request, credentials)
        except EncodeError as error:
            raise InvalidArgument(error.path, error.reason) from None
        peer = self._http.peer
        observed = self.observed
        with observed.begin(row.name, peer=peer, messages=messages, attempt=attempt) as call:
            shows_wire = call.is_logged and observed.shows_wire
            if shows_wire:
                call.wire("request", partial(self._shown, request, credentials, http, row.name))
            answer = await self.exchange(http, call=call, changes=changes, max_answer=max_answer)
            if shows_wire:
                call.wire("answer", partial(self._shown_answer, request, credentials, answer))
            # Whatever the platform did before it failed, doing it again comes to the same.
            if answer.status >= _FAILED and http.method in self.repeatable:
                changes = False
            outcome = self._outcome(request, credentials, answer, changes)
            if isinstance(outcome, DevinoError):
                if outcome.retry_after is None:
                    outcome.retry_after = answer.retry_after(self.clock.now())
                call.wire_code = outcome.code if isinstance(outcome, Rejected) else None
                # Its headers can repeat a secret.
                del answer
                raise outcome
            if messages:
                ANSWERED.set(call)
                if messages == 1 and observed.observers.all:
                    call.message_id = self.id_in(outcome)
            return outcome

    def _outcome(
        self, request: Request[A], credentials: Any, answer: FetchedAnswer, changes: bool
    ) -> A | DevinoError:
        """What was asked for, or the error to raise: not here, where a refusal may hold a secret
        that a crash reporter would show with this frame.
        """
        try:
            value = self.api.decode_answer(type(request), answer)
        except DecodeError as error:
            reason = A_PAGE if is_page(answer.body) else error.reason
            return unreadable(answer.status, reason, changes=changes)
        if isinstance(value, Refusal):
            hidden = _hidden(request, credentials)
            code = value.code
            if isinstance(code, str) and not isinstance(code, Coded):
                # Of its own words a platform might make one of what it was sent.
                code = masked(code, *hidden)
            told = masked(value.description, *hidden)
            return self.error_of(Refusal(code, told, value.http_status), changes=changes)
        return value

    def _shown(self, request: Request[Any], credentials: Any, http: HttpRequest, path: str) -> str:
        asked, _ = self.api.kinds(type(request))
        shown = masked_request(http, asked, discreet, path=path)
        head = {
            **shown.headers,
            **({"content-type": http.content_type} if http.content_type else {}),
        }
        first = f"{shown.method} {unquote(shown.target)}"
        return masked(_as_text(first, head, shown.body), *_hidden(request, credentials))

    def _shown_answer(self, request: Request[Any], credentials: Any, answer: FetchedAnswer) -> str:
        _, told = self.api.kinds(type(request))
        shown = masked_answer(answer, told, discreet)
        text = _as_text(f"HTTP {shown.status}", shown.headers, shown.body)
        return masked(text, *_hidden(request, credentials))

    def hide(self, text: str) -> str:
        """A text of the platform's with ``***`` for the credentials, and for every other Secret of
        the settings."""
        values = map(partial(getattr, self.settings), self.settings.__struct_fields__)
        others = [value.reveal() for value in values if isinstance(value, Secret)]
        return masked(text, *_secrets_of(self._credentials), *others)


def _as_text(first: str, headers: Mapping[str, str], body: bytes) -> str:
    lines = [first, *(f"{name}: {value}" for name, value in headers.items())]
    return printable_lines("\n".join([*lines, "", readable(body)]).rstrip())


def _hidden(request: Request[Any], credentials: Any) -> tuple[str, ...]:
    return (*_secrets_of(credentials), *secret_values(request))


def _secrets_of(credentials: Any) -> tuple[str, ...]:
    if isinstance(credentials, Login):
        pair = f"{credentials.login}:{credentials.password}"
        # As HTTP's Basic has them.
        return credentials.password, b64encode(pair.encode(errors="replace")).decode()
    return (credentials.secret,)
