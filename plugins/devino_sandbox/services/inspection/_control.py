"""The routes that change what the sandbox does: faults, SIMs, sessions, the clock, a reset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

import msgspec
from starlette.exceptions import HTTPException

from devino_codecs.email import SenderState
from devino_core import phone
from devino_core.sim import SimState, SimUnavailable
from devino_sandbox._admission import mail_address
from devino_sandbox._faults import Fault
from devino_sandbox._mail import MailSenders
from devino_sandbox._sims import Sims
from devino_sandbox._world import World

from ._messages import account_of
from ._table import EMPTY, Asked, Nothing, Row

__all__ = ["ControlRoutes", "Driven", "FaultView", "SimView"]


class FaultView(Fault, frozen=True, kw_only=True):
    """A failure on order, with its number."""

    id: int


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform has noted of a SIM for an account."""

    login: str
    state: SimState
    since: datetime
    """When it is in this state."""


class SimView(msgspec.Struct, frozen=True, kw_only=True):
    """A SIM as ``GET /_sandbox/sims`` shows it."""

    number: str
    imsi: str | None
    """Null if nobody can tell it."""
    why: str | None
    """``operator``, ``absent`` or ``failure`` then."""
    checks: Sequence[CheckView]
    """What the platform has noted of it, by account."""

    @classmethod
    def of(cls, world: World, number: str) -> SimView:
        """What is known of a number."""
        sims = world.of(Sims)
        imsi, why = None, None
        try:
            imsi = sims.current(number)
        except SimUnavailable as error:
            why = error.reason
        records = [(one.login, sims.record(one, number)) for one in world.accounts.values()]
        checks = [
            CheckView(login=login, state=record.state, since=record.since)
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


class MailSenderBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /_sandbox/mail-senders``."""

    address: str
    state: Literal["Approve", "Reject"] = "Approve"
    login: str | None = None


class ClockBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of ``POST /_sandbox/clock``."""

    advance: float


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """The World's clock."""

    now: datetime
    driven: bool
    """It moves when told, and not by itself."""


@runtime_checkable
class Driven(Protocol):
    """A clock that moves when told."""

    def advance(self, seconds: float) -> None: ...


class ControlRoutes:
    """These routes, on one World."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def rows(self) -> Sequence[Row[Any, Any]]:
        """They."""
        return (*self._of_faults, *self._of_sims, *self._others)

    @property
    def _of_faults(self) -> Sequence[Row[Any, Any]]:
        return (
            Row(
                method="GET",
                path="/faults",
                about="the failures on order",
                handle=self._list_faults,
                answer=list[FaultView],
            ),
            Row(
                method="POST",
                path="/faults",
                about="order one: {protocol, operation, to, nth, times, chance, action}",
                handle=self._add_fault,
                body=Fault,
                answer=list[FaultView],
            ),
            Row(
                method="DELETE",
                path="/faults/{id}",
                about="cancel one",
                handle=self._cancel_fault,
                answer=list[FaultView],
                refuses={404: "it is not on order"},
            ),
            Row(
                method="DELETE",
                path="/faults",
                about="cancel all",
                handle=self._clear_faults,
                answer=list[FaultView],
            ),
        )

    @property
    def _of_sims(self) -> Sequence[Row[Any, Any]]:
        return (
            Row(
                method="GET",
                path="/sims",
                about="the SIMs of which something is known",
                handle=self._list_sims,
                answer=list[SimView],
            ),
            Row(
                method="GET",
                path="/sims/{number}",
                about="the SIM of one number",
                handle=self._show_sim,
                answer=SimView,
            ),
            Row(
                method="PUT",
                path="/sims/{number}",
                about="another SIM for a number: {imsi}",
                handle=self._swap_sim,
                body=SimBody,
                answer=SimView,
            ),
            Row(
                method="POST",
                path="/sims/{number}",
                about="an owner decides about it: {do, login (optional)}",
                handle=self._decide_sim,
                body=DecisionBody,
                answer=SimView,
                refuses={409: "nobody can tell the IMSI"},
            ),
        )

    @property
    def _others(self) -> Sequence[Row[Any, Any]]:
        return (
            Row(
                method="POST",
                path="/mail-senders",
                about="decide about an address: {address, state, login (optional)}",
                handle=self._decide_mail_sender,
                body=MailSenderBody,
                answer=MailSenderBody,
            ),
            Row(
                method="DELETE",
                path="/sessions",
                about="end all sessions",
                handle=self._end_sessions,
            ),
            Row(
                method="POST",
                path="/reset",
                about="make everything as it was at the start; connections and sessions stay",
                handle=self._reset,
            ),
            Row(
                method="GET",
                path="/clock",
                about="the time",
                handle=self._tell_time,
                answer=ClockView,
            ),
            Row(
                method="POST",
                path="/clock",
                about="let time pass, if the clock is a driven one: {advance: SECONDS}",
                handle=self._move_clock,
                body=ClockBody,
                answer=ClockView,
                refuses={409: "it runs by itself"},
            ),
        )

    async def _list_faults(self, asked: Asked[Any, Any]) -> list[FaultView]:
        return [
            FaultView(id=number, **msgspec.structs.asdict(fault))
            for number, fault in self._world.faults.numbered().items()
        ]

    async def _add_fault(self, asked: Asked[Nothing, Fault]) -> object:
        try:
            self._world.faults.add(asked.body)
        except ValueError as error:
            raise HTTPException(400, f"body: {error}") from None
        return await self._list_faults(asked)

    async def _cancel_fault(self, asked: Asked[Nothing, Nothing]) -> object:
        number = asked.path["id"]
        is_number = number.isascii() and number.isdecimal() and len(number) < 20
        if not (is_number and self._world.faults.cancel(int(number))):
            raise HTTPException(404, f"no fault {number[:100]!r} is on order")
        return await self._list_faults(asked)

    async def _clear_faults(self, asked: Asked[Nothing, Nothing]) -> object:
        self._world.faults.clear()
        return await self._list_faults(asked)

    async def _list_sims(self, asked: Asked[Nothing, Nothing]) -> object:
        return [SimView.of(self._world, one) for one in self._world.of(Sims).known()]

    async def _show_sim(self, asked: Asked[Any, Any]) -> SimView:
        return SimView.of(self._world, _number(asked))

    async def _swap_sim(self, asked: Asked[Nothing, SimBody]) -> SimView:
        self._world.of(Sims).swap(_number(asked), asked.body.imsi)
        return await self._show_sim(asked)

    async def _decide_sim(self, asked: Asked[Nothing, DecisionBody]) -> SimView:
        body, number, sims = asked.body, _number(asked), self._world.of(Sims)
        account = account_of(self._world, body.login)
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
        return await self._show_sim(asked)

    async def _decide_mail_sender(self, asked: Asked[Nothing, MailSenderBody]) -> object:
        body = asked.body
        account = account_of(self._world, body.login)
        try:
            state = SenderState(body.state)
            self._world.of(MailSenders).decide(account, mail_address(body.address), state)
        except ValueError as error:
            raise HTTPException(400, f"address: {error}") from None
        return {"login": account.login, "address": body.address, "state": body.state}

    async def _end_sessions(self, asked: Asked[Nothing, Nothing]) -> object:
        self._world.end_sessions()
        return EMPTY

    async def _reset(self, asked: Asked[Nothing, Nothing]) -> object:
        self._world.reset()
        return EMPTY

    async def _tell_time(self, asked: Asked[Any, Any]) -> ClockView:
        clock = self._world.clock
        return ClockView(now=clock.now(), driven=isinstance(clock, Driven))

    async def _move_clock(self, asked: Asked[Nothing, ClockBody]) -> ClockView:
        clock = self._world.clock
        if not isinstance(clock, Driven):
            raise HTTPException(409, "the clock of this sandbox runs by itself")
        try:
            clock.advance(asked.body.advance)
        except ValueError as error:
            raise HTTPException(400, f"advance: {error}") from None
        self._world.advance()
        return await self._tell_time(asked)


def _number(asked: Asked[Any, Any]) -> str:
    try:
        return phone.normalize(asked.path["number"])
    except ValueError as error:
        raise HTTPException(400, f"number: {error}") from None
