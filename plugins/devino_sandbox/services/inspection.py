"""What the sandbox received, for tests and eyes: the inspection API, under ``/_sandbox``.

``GET /_sandbox``
    What there is: this API, the accounts with their balances, the time. Never a password.

``GET /_sandbox/messages``
    Every message that is remembered, oldest first, refused ones too; ``?to=79161234567`` those to
    one number. Fields: ``to``, ``sender``, ``text``, ``content`` (what it holds beside its text),
    ``medium``, ``priority`` (if the client gave one), ``via`` (the protocol), ``state`` (a
    :class:`devino_core.State`), ``code`` (the platform's number of the state), ``parts``, ``ids``,
    the times ``created_at``, ``send_at`` (if it was scheduled), ``submitted_at``, ``reported_at``,
    and ``reason`` of a refused one. What a refused message did not say is empty. Times are ISO 8601
    in UTC, or null.

``POST /_sandbox/incoming``
    ``{"sender": "79161234567", "to": "1234", "text": "hello"}``: a subscriber writes to a number of
    the account (``"login"``, by default the first). The answer is the message with its ``id`` and
    ``at``.

    ``prefix`` (a keyword), ``medium`` (``SMS``, ``VIBER`` or ``WHATSAPP``) and ``in_reply_to`` (the
    id of the message that it answers) may be given too. Over Viber the last must be, and ``to`` is
    then the sender of that message.

``GET``, ``POST``, ``DELETE /_sandbox/faults``
    The failures on order; order one (:class:`devino_sandbox.Fault` as JSON); cancel all::

        {"protocol": "rest", "operation": "Sms/Send", "to": "79161234567", "nth": 2, "times": 1,
         "action": {"do": "error", "code": 8}}

    ``do`` is ``error`` (with ``code``, ``description``), ``http`` (``status``, ``body``,
    ``content_type``), ``drop``, ``drop-answer`` or ``hang``; of callbacks ``drop``,
    ``drop-answer``, ``repeat`` (``times``) or ``hold`` (``seconds``); of what is resent in place of
    another (protocol ``resend``) ``drop`` or ``hold``. A protocol or an operation that no service
    has is refused.

``GET /_sandbox/callbacks``
    The latest thousand callbacks that the platform made, or tried to make, oldest first: ``kind``,
    ``login`` (the account's), ``body`` (the query, of a GET), ``attempt`` (how often it was sent),
    ``answered`` (the HTTP status of the last attempt, or null if nobody answered), ``due`` (when it
    is to be sent, or sent again, or null) and ``given_up``. Never the URL: it holds a secret, and
    only the owner of the sandbox chooses it.

``GET /_sandbox/sims``
    The SIMs of which something is known: ``number``, ``imsi`` (null if nobody can tell it), ``why``
    (``operator``, ``absent`` or ``failure`` then), and ``checks``: by account (``login``) the
    ``state`` (a :class:`devino_core.sim.SimState`), and ``since`` when it is in it.

``GET``, ``PUT``, ``POST /_sandbox/sims/79161234567``
    That of one number; ``{"imsi": "250019161234568"}`` gives the subscriber another SIM;
    ``{"do": "recheck"}`` takes its SIM for the right one, as the account's owner (``"login"``, by
    default the first) does in the cabinet. ``always-send`` and ``always-refuse`` compare no more,
    ``resume`` compares again.

``GET /_sandbox/<name>``
    What a service shows of its own, listed at ``GET /_sandbox``; ``?to=79161234567`` what concerns
    that number.

``GET /_sandbox/codes``
    The two-factor code that was sent to each number last, the latest last; ``?to=79161234567`` that
    of one number. Fields: ``to``, ``code``, ``state`` (``live``, ``used``, ``burnt`` or
    ``expired``), ``attempts`` (wrong codes that were tried while it lived), ``expires_at``.

``DELETE /_sandbox/sessions``
    End all sessions, as a restart of the platform does: session ids are good no more, and each
    SMPP session is sent ``unbind`` and cut, without waiting for the answer.

``POST /_sandbox/clock``
    ``{"advance": 3600}``: let seconds pass, where the World's clock is a driven one; 409 elsewhere.
    ``GET`` tells the time.

What cannot be carried out is answered with ``{"error": ...}`` and 400, 404, 405 or 409; a body that
is not declared as ``application/json`` with 415, one above 4 MiB with 413.

It asks for no password, so it answers only programs and pages of its own. Another ``Host`` than
loopback, the address that the client came to, or the host listened on is refused with 403
(``--allow-host NAME`` allows one), and so is what a browser says that a page of another site asks.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal, Protocol, TypeVar, cast, runtime_checkable

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from devino_core import Medium, State, hookimpl, phone
from devino_core.sim import SimState, SimUnavailable
from devino_sandbox._accounts import Account
from devino_sandbox._admission import readable
from devino_sandbox._callbacks import Callback, Callbacks
from devino_sandbox._faults import Fault
from devino_sandbox._http import ASGIApp
from devino_sandbox._messages import StoredMessage
from devino_sandbox._service import HttpService
from devino_sandbox._sims import Sims
from devino_sandbox._views import Views
from devino_sandbox._world import World
from devino_sandbox.services._codes import code_of

__all__ = ["InspectionService", "MessageView", "devino_sandbox_services"]

T = TypeVar("T")

_ROOT = "/_sandbox"


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message as ``GET /_sandbox/messages`` shows it; the fields are told there."""

    to: str
    sender: str
    text: str
    content: object
    medium: Medium
    priority: str | None
    via: str
    state: State
    code: int | None
    parts: int
    ids: tuple[str, ...]
    created_at: datetime
    send_at: datetime | None
    submitted_at: datetime | None
    reported_at: datetime | None
    reason: str | None

    @classmethod
    def of(cls, message: StoredMessage) -> MessageView:
        return cls(
            to=message.to,
            sender=message.submission.sender,
            text=message.submission.text,
            content=message.submission.content,
            medium=message.submission.medium,
            priority=message.submission.priority,
            via=message.submission.via,
            state=message.state,
            code=code_of(message),
            parts=len(message.ids),
            ids=message.ids,
            created_at=message.created_at,
            send_at=message.send_at,
            submitted_at=message.submitted_at,
            reported_at=message.reported_at,
            reason=message.reason,
        )


class CallbackView(msgspec.Struct, frozen=True, kw_only=True):
    """A callback as ``GET /_sandbox/callbacks`` shows it; the fields are told there."""

    kind: str
    login: str
    body: str
    attempt: int
    answered: int | None
    due: datetime | None
    given_up: bool

    @classmethod
    def of(cls, callback: Callback) -> CallbackView:
        return cls(
            kind=callback.kind,
            login=callback.account.login,
            body=callback.body.decode(errors="replace"),
            attempt=callback.attempt,
            answered=callback.answered,
            due=callback.due,
            given_up=callback.given_up,
        )


class IncomingBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /_sandbox/incoming``."""

    sender: str
    text: str
    to: str = ""
    login: str | None = None
    prefix: str = ""
    medium: Medium = Medium.SMS
    in_reply_to: str | None = None


class SimView(msgspec.Struct, frozen=True, kw_only=True):
    """A SIM as ``GET /_sandbox/sims`` shows it; the fields are told there."""

    number: str
    imsi: str | None
    why: str | None
    checks: Sequence[Mapping[str, object]]

    @classmethod
    def of(cls, world: World, number: str) -> SimView:
        sims = world.of(Sims)
        imsi, why = None, None
        try:
            imsi = sims.current(number)
        except SimUnavailable as error:
            why = error.reason
        records = [(one.login, sims.record(one, number)) for one in world.accounts.values()]
        checks = [
            {"login": login, "state": record.state, "since": record.since}
            for login, record in records
            if record.since is not None
        ]
        return cls(number=number, imsi=imsi, why=why, checks=checks)


class SimBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``PUT /_sandbox/sims/{number}``."""

    imsi: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class DecisionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /_sandbox/sims/{number}``."""

    do: Literal["recheck", "always-send", "always-refuse", "resume"]
    login: str | None = None


class ClockBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /_sandbox/clock``."""

    advance: float


@runtime_checkable
class _Driven(Protocol):
    """A clock that moves when told."""

    def advance(self, seconds: float) -> None: ...


class InspectionService(HttpService):
    """The inspection API of one World."""

    name = "inspect"
    prefixes: tuple[str, ...] = (_ROOT,)
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {}
    known_hosts_only: ClassVar[bool] = True

    def __init__(self, world: World) -> None:
        self._world = world
        self._app = Starlette(
            routes=[
                Route(_ROOT, self._index, methods=["GET"]),
                Route(f"{_ROOT}/messages", self._messages, methods=["GET"]),
                Route(f"{_ROOT}/incoming", self._incoming, methods=["POST"]),
                Route(f"{_ROOT}/faults", self._list_faults, methods=["GET"]),
                Route(f"{_ROOT}/faults", self._add_fault, methods=["POST"]),
                Route(f"{_ROOT}/faults", self._clear_faults, methods=["DELETE"]),
                Route(f"{_ROOT}/callbacks", self._callbacks, methods=["GET"]),
                Route(f"{_ROOT}/sims", self._list_sims, methods=["GET"]),
                Route(f"{_ROOT}/sims/{{number}}", self._show_sim, methods=["GET"]),
                Route(f"{_ROOT}/sims/{{number}}", self._swap_sim, methods=["PUT"]),
                Route(f"{_ROOT}/sims/{{number}}", self._decide_sim, methods=["POST"]),
                Route(f"{_ROOT}/sessions", self._end_sessions, methods=["DELETE"]),
                Route(f"{_ROOT}/clock", self._tell_time, methods=["GET"]),
                Route(f"{_ROOT}/clock", self._move_clock, methods=["POST"]),
                # Last: what services show must not hide any of the others.
                Route(f"{_ROOT}/{{view}}", self._view, methods=["GET"]),
            ],
            exception_handlers={HTTPException: self._explain},
        )

    @property
    def app(self) -> ASGIApp:
        return cast("ASGIApp", self._app)

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {"inspect": f"{base_url}{_ROOT}"}

    async def _index(self, request: Request) -> Response:
        return _json(
            {
                "routes": self._routes(),
                "accounts": [
                    {
                        "login": account.login,
                        "balance": account.balance,
                        "senders": None if account.senders is None else sorted(account.senders),
                    }
                    for account in self._world.accounts.values()
                ],
                "time": self._world.clock.now(),
            }
        )

    async def _messages(self, request: Request) -> Response:
        found = self._world.messages(to=request.query_params.get("to"))
        return _json([MessageView.of(message) for message in found])

    async def _incoming(self, request: Request) -> Response:
        body = await _body(request, IncomingBody)
        try:
            message = self._world.receive(
                sender=body.sender,
                to=body.to,
                text=body.text,
                account=self._account(body.login),
                prefix=body.prefix,
                medium=body.medium,
                in_reply_to=body.in_reply_to,
            )
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return _json(
            {
                "id": str(message.id),
                "sender": message.sender,
                "to": message.to,
                "text": message.text,
                "at": message.at,
                "prefix": message.prefix,
                "medium": message.medium,
                "in_reply_to": message.in_reply_to,
            }
        )

    async def _list_faults(self, request: Request) -> Response:
        return _json(self._world.faults.listing())

    async def _add_fault(self, request: Request) -> Response:
        fault = await _body(request, Fault)
        try:
            self._world.faults.add(fault)
        except ValueError as error:
            raise HTTPException(400, f"body: {error}") from None
        return await self._list_faults(request)

    async def _clear_faults(self, request: Request) -> Response:
        self._world.faults.clear()
        return await self._list_faults(request)

    async def _callbacks(self, request: Request) -> Response:
        return _json([CallbackView.of(one) for one in self._world.of(Callbacks).latest])

    def _account(self, login: str | None) -> Account:
        """The account of a login; by default the first."""
        if login is None:
            return next(iter(self._world.accounts.values()))
        account = self._world.accounts.get(login)
        if account is None:
            raise HTTPException(400, "login: no such account")
        return account

    async def _list_sims(self, request: Request) -> Response:
        return _json([SimView.of(self._world, one) for one in self._world.of(Sims).known()])

    async def _show_sim(self, request: Request) -> Response:
        return _json(SimView.of(self._world, _number(request)))

    async def _swap_sim(self, request: Request) -> Response:
        body = await _body(request, SimBody)
        self._world.of(Sims).swap(_number(request), body.imsi)
        return await self._show_sim(request)

    async def _decide_sim(self, request: Request) -> Response:
        body, number, sims = (
            await _body(request, DecisionBody),
            _number(request),
            self._world.of(Sims),
        )
        account = self._account(body.login)
        if body.do == "recheck":
            try:
                sims.recheck(account, number)
            except SimUnavailable as error:
                raise HTTPException(409, str(error)) from None
        elif body.do == "resume":
            sims.resume(account, number)
        else:
            mark = SimState[body.do.upper().replace("-", "_")]
            sims.mark(account, number, mark)
        return await self._show_sim(request)

    async def _view(self, request: Request) -> Response:
        view = self._world.of(Views).all().get(request.path_params["view"])
        if view is None:
            raise HTTPException(404, "Not Found")
        to = request.query_params.get("to")
        return _json(view.show(None if to is None else readable(to)))

    def _routes(self) -> Mapping[str, str]:
        views = self._world.of(Views).all().items()
        return _ROUTES | {f"GET {_ROOT}/{name}": view.about for name, view in views}

    async def _explain(self, request: Request, error: Exception) -> Response:
        found = cast("HTTPException", error)
        return _json({"error": found.detail, "routes": self._routes()}, found.status_code)

    async def _end_sessions(self, request: Request) -> Response:
        self._world.end_sessions()
        return Response(status_code=204)

    async def _tell_time(self, request: Request) -> Response:
        clock = self._world.clock
        return _json({"now": clock.now(), "driven": isinstance(clock, _Driven)})

    async def _move_clock(self, request: Request) -> Response:
        clock = self._world.clock
        if not isinstance(clock, _Driven):
            raise HTTPException(409, "the clock of this sandbox runs by itself")
        body = await _body(request, ClockBody)
        try:
            clock.advance(body.advance)
        except ValueError as error:
            raise HTTPException(400, f"advance: {error}") from None
        self._world.advance()
        return await self._tell_time(request)


_ROUTES = {
    f"GET {_ROOT}/messages": "every message, refused ones too; ?to=NUMBER: those to one number",
    f"POST {_ROOT}/incoming": "a subscriber writes: {sender, to, text}; optional login, prefix, "
    "medium, in_reply_to",
    f"GET {_ROOT}/faults": "the failures on order",
    f"POST {_ROOT}/faults": "order one: {protocol, operation, to, nth, times, chance, action}",
    f"DELETE {_ROOT}/faults": "cancel all",
    f"GET {_ROOT}/callbacks": "what the platform said by calling its customer",
    f"GET {_ROOT}/sims": "the SIMs of which something is known",
    f"PUT {_ROOT}/sims/NUMBER": "another SIM for a number: {imsi}",
    f"POST {_ROOT}/sims/NUMBER": "an owner decides about it: {do, login (optional)}",
    f"DELETE {_ROOT}/sessions": "end all sessions",
    f"GET {_ROOT}/clock": "the time",
    f"POST {_ROOT}/clock": "let time pass, if the clock is a driven one: {advance: SECONDS}",
}


def _number(request: Request) -> str:
    try:
        return phone.normalize(request.path_params["number"])
    except ValueError as error:
        raise HTTPException(400, f"number: {error}") from None


async def _body(request: Request, kind: type[T]) -> T:
    # What a page of another site may post without asking first is declared as anything else.
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json":
        raise HTTPException(415, "body: declare it as Content-Type: application/json")
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except ClientDisconnect:
        raise HTTPException(400, "body: it did not come to its end") from None
    except msgspec.MsgspecError as error:
        raise HTTPException(400, f"body: {error}") from None


def _json(value: object, status: int = 200) -> Response:
    try:
        body = msgspec.json.encode(value)
    except UnicodeEncodeError:
        # A text with a lone surrogate was refused, and is on record.
        body = json.dumps(msgspec.to_builtins(value)).encode()
    return Response(body, status, media_type="application/json")


@hookimpl
def devino_sandbox_services(world: World) -> list[InspectionService]:
    return [InspectionService(world)]
