"""One connection to the SMSC: octets go to the machine, and its events to the centre."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil, inf
from typing import TypeAlias, cast

from devino_codecs import EncodeError, smpp
from devino_codecs.smpp import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CommandStatus,
    DeliverSm,
    Pdu,
    RequestPdu,
    SessionMachine,
    SessionState,
    answer_type,
)
from devino_core.seldom import Seldom
from devino_sandbox._faults import Action, AnswerError, AnswerHttp, Drop, DropAnswer, Hang

from ._centre import Centre
from ._customers import Customer
from ._heard import Heard
from ._operations import operation, recipients
from ._submitting import PROTOCOL

__all__ = ["Connection"]

_log = logging.getLogger(__name__)

_Request: TypeAlias = RequestPdu[Pdu]
_Bind: TypeAlias = BindTransmitter | BindReceiver | BindTransceiver

_RECEIVING = (SessionState.BOUND_RX, SessionState.BOUND_TRX)
_INTERFACE_VERSION = 0x34
_FOR_GOOD = (CommandStatus.ESME_RX_P_APPN, CommandStatus.ESME_RX_R_APPN)
"""A client's answers after which a delivery is not tried again."""
_LONGEST_INFO = 255
_PATIENCE = 5.0
"""Seconds for a client to read what it was sent before the connection is cut."""


class Connection(asyncio.Protocol):
    """A client's connection, from its beginning to its end."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._world = centre.world
        self._customer: Customer | None = None
        self._machine: SessionMachine[DeliverSm] = SessionMachine(
            smpp.Role.SMSC, self._now(), centre.session_settings
        )
        self._warn = Seldom(_log, self._world.clock)
        self._alarm = inf
        """When the World's timeline wakes this: never later than the machine's deadline."""
        self._clogged = False
        """Whether the client does not read what it was sent."""
        self._mute = False
        """Whether nothing that the client sends is read."""

    @property
    def bound(self) -> bool:
        """Whether it is, or was, somebody's session."""
        return self._customer is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._centre.connections.add(self)
        peer = self._transport.get_extra_info("peername") or ("", 0)
        self._heard = Heard(self._world.journal, f"{peer[0]}:{peer[1]}", self._centre.named)
        with self._heard.connecting():
            action = self._struck("connect", ())
        if isinstance(action, Hang):
            self._mute = True
        elif isinstance(action, AnswerHttp):
            self._answer_http(action)
        elif action is not None:
            self._drop()
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._centre.connections.discard(self)
        self._warn.tell()
        self._take(self._machine.eof())
        self._heard.over()

    def data_received(self, data: bytes) -> None:
        if self._mute:
            return
        self._heard.came(data)
        self._take(self._machine.receive(data, self._now()))
        if self._customer is not None:
            self._centre.hand_out(self._customer)
        self.flush()

    def pause_writing(self) -> None:
        self._clogged = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._clogged = False
        self._transport.resume_reading()
        if self._customer is not None:
            self._centre.stir(self._customer)

    def flush(self) -> None:
        """Write at once what is to be written."""
        machine = self._machine
        while machine.deadline() == -inf:
            self._take(machine.handle_deadline(self._now()))
        self._write()
        if machine.state is SessionState.CLOSED:
            self._close()
        else:
            self._set_alarm()

    def end(self) -> None:
        """Unbind and close now, without waiting for anything."""
        self._machine.unbind(self._now())
        self.flush()
        # With TLS, close() alone would wait for the client's farewell.
        self._transport.close()
        self._transport.abort()

    def has_room(self) -> bool:
        """Whether the session can take another delivery now."""
        return (
            self._machine.state in _RECEIVING
            and self._machine.in_flight < self._centre.settings.window
            and not self._clogged
        )

    def deliver(self, delivery: DeliverSm) -> None:
        """Send a delivery, or do what a fault asks for instead."""
        to = (delivery.source_addr, delivery.destination_addr)
        action = self._struck("deliver_sm", to)
        if isinstance(action, Hang):
            return
        if isinstance(action, Drop):
            self._drop()
            self._back([delivery], "a fault")
            return
        try:
            self._machine.send(delivery, self._now(), delivery)
        except EncodeError as error:
            _log.warning("SMPP cannot carry what is to be delivered: %s", error)
        if isinstance(action, AnswerHttp):
            self._answer_http(action)
        elif isinstance(action, DropAnswer):
            self._drop()

    def _now(self) -> float:
        return self._world.clock.monotonic()

    def _take(self, events: Iterable[smpp.SessionEvent[DeliverSm]]) -> None:
        back: list[DeliverSm] = []
        why = ""
        for event in events:
            kind = type(event)
            if kind is smpp.Received:
                # All that a client may send to a centre are requests.
                self._received(cast("_Request", cast("smpp.Received", event).pdu))
            elif kind is smpp.Answered:
                answered = cast("smpp.Answered[DeliverSm]", event)
                self._answered(answered.context, answered.answer)
            elif isinstance(event, smpp.Unanswered | smpp.NeverSent):
                back.append(event.context)
                why = event.reason.value
            elif isinstance(event, smpp.Unmatched):
                if isinstance(event.answer, smpp.GenericNack):
                    self._nacked()
            elif isinstance(event, smpp.Closed):
                self._over()
        if back:
            self._back(back, why)

    def _received(self, request: _Request) -> None:
        if self._machine.state is SessionState.CLOSED:
            # A fault has ended the session, and this request was read together with its cause.
            return
        with self._heard.during(request.sequence_number):
            if self._world.faults:
                action = self._struck(operation(request), recipients(request))
                if action is not None:
                    self._suffer(action, request)
                    return
            self._machine.reply(request, self._carry_out(request))

    def _carry_out(self, request: _Request) -> Pdu:
        try:
            if isinstance(request, _Bind):
                return self._bind(request)
            assert self._customer is not None  # noqa: S101 - else the machine refuses the request
            return self._centre.operations.answer(self._customer, request)
        except Exception:  # noqa: BLE001 - the platform has a word for its own failures
            _log.exception("the sandbox failed on %s", operation(request))
            return answer_type(type(request))(command_status=CommandStatus.ESME_RSYSERR)

    def _bind(self, request: _Bind) -> smpp.BindResponse:
        answer = answer_type(type(request))
        if self._customer is not None:
            # Two binds came at once, before the first was answered.
            return answer(command_status=CommandStatus.ESME_RALYBND)
        bound = self._centre.customers.bind(request)
        if not isinstance(bound, Customer):
            named = self._centre.settings.refusals_have_bodies
            return answer(
                command_status=bound, system_id=self._centre.settings.system_id if named else ""
            )
        self._customer = bound
        if not isinstance(request, BindTransmitter):
            bound.deliveries.receivers.append(self)
        return answer(
            system_id=self._centre.settings.system_id,
            tlvs={"sc_interface_version": _INTERFACE_VERSION},
        )

    def _answered(self, delivery: DeliverSm, answer: Pdu) -> None:
        status = answer.command_status
        if isinstance(answer, smpp.GenericNack):
            self._nacked()
            self._back([delivery], "a generic_nack")
        elif status in _FOR_GOOD:
            self._warn("a client answered deliver_sm with %s", smpp.status_name(status))
        elif status:
            self._back([delivery], smpp.status_name(status))

    def _nacked(self) -> None:
        """Unbind, as the manual has it (3.3)."""
        _log.warning("a client sent generic_nack: the session is unbound")
        self._machine.unbind(self._now())

    def _back(self, deliveries: Sequence[DeliverSm], why: str) -> None:
        """Deliver again: at once over another session, and after a pause over this one."""
        self._warn("%s deliver_sm come back to be delivered again: %s", len(deliveries), why)
        if self._machine.state not in _RECEIVING:
            self._return(deliveries)
        else:
            pause = self._centre.settings.retry_after
            self._in(pause, lambda _: self._return(deliveries), lasts=False)

    def _return(self, deliveries: Sequence[DeliverSm]) -> None:
        if self._customer is not None:
            self._customer.deliveries.returned(deliveries)
            self._centre.stir(self._customer)

    def _over(self) -> None:
        customer = self._customer
        if customer is not None:
            self._centre.customers.unbind(customer)
            if self in customer.deliveries.receivers:
                customer.deliveries.receivers.remove(self)

    def _struck(self, name: str, to: Sequence[str]) -> Action | None:
        faults = self._world.faults
        return faults.strike(PROTOCOL, name, to) if faults else None

    def _suffer(self, action: Action, request: _Request) -> None:
        match action:
            case AnswerError():
                self._machine.reply(request, _ordered(action, request))
            case AnswerHttp():
                self._answer_http(action)
            case DropAnswer():
                self._carry_out(request)
                self._drop()
            case Drop():
                self._drop()
            case Hang():
                self._machine.forget(request)

    def _drop(self) -> None:
        """Write what was answered before, and close the connection."""
        self._write()
        self._take(self._machine.abort())
        self._transport.abort()

    def _answer_http(self, action: AnswerHttp) -> None:
        self._write()
        self._transport.write(f"HTTP/1.1 {action.status} \r\n\r\n{action.body}\r\n".encode())
        self._take(self._machine.abort())
        self._close()

    def _write(self) -> None:
        data = self._machine.data_to_send()
        if data:
            self._heard.goes(data)
            self._transport.write(data)

    def _close(self) -> None:
        if not self._transport.is_closing():
            self._transport.close()
            if self._transport.get_write_buffer_size():
                self._in(_PATIENCE, lambda _: self._transport.abort())

    def _set_alarm(self) -> None:
        deadline = self._machine.deadline()
        if deadline is not None and deadline < self._alarm:
            self._alarm = deadline
            self._in(deadline - self._now(), self._wake)

    def _wake(self, due: datetime) -> None:
        self._alarm = inf
        self._take(self._machine.handle_deadline(self._now()))
        self.flush()

    def _in(
        self, seconds: float, action: Callable[[datetime], None], *, lasts: bool = True
    ) -> None:
        """Run an action later by the World's timeline, a microsecond from now at the earliest."""
        microseconds = max(ceil(seconds * 1_000_000), 1)
        due = self._world.clock.now() + timedelta(microseconds=microseconds)
        self._world.timeline.at(due, action, lasts=lasts)


def _ordered(action: AnswerError, request: _Request) -> Pdu:
    """The refusal that a fault asks for."""
    tlvs: smpp.Tlvs = {}
    if action.description:
        shown = action.description.encode("ascii", "replace").decode().replace("\0", "?")
        tlvs = {"additional_status_info_text": shown[:_LONGEST_INFO]}
    return answer_type(type(request))(command_status=_status(action.code), tlvs=tlvs)


def _status(code: int | str) -> int:
    """The number that a fault names."""
    if isinstance(code, str):
        try:
            code = CommandStatus[code.upper()] if code[:1].isalpha() else int(code, _base(code))
        except (KeyError, ValueError):
            code = -1
    return int(code) if 0 <= code < 2**32 else CommandStatus.ESME_RUNKNOWNERR


def _base(number: str) -> int:
    return 16 if number.lower().startswith("0x") else 10
