"""The requests of a session as calls: for observers and the log."""

from __future__ import annotations

from functools import cache

from devino_codecs import DecodeError, EncodeError
from devino_codecs.smpp import (
    EncodedRequest,
    EnquireLink,
    Pdu,
    Reason,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    describe,
    encode,
    status_name,
)
from devino_core import ConnectFailed, DevinoError
from devino_core.observe import Calls, Running, discreet

from ._answers import refusal

__all__ = ["Seen"]

_SENDS = (SubmitSm, SubmitMulti)
_TAKEN = status_name(0)


class Seen:
    """Who is told of one session's requests. Nothing here costs a session that nobody watches."""

    def __init__(self, calls: Calls, peer: str) -> None:
        self.calls = calls
        self.enquiry: Running | None = None
        """An ``enquire_link`` that awaits its answer. The machine makes them by itself."""
        self._peer = peer
        self._refused: tuple[Pdu, DevinoError] | None = None
        """The last answer that was a refusal, and its error."""

    def begin(
        self, pdu: Pdu | EncodedRequest[Pdu], attempt: int, sequence_number: int
    ) -> Running | None:
        """A request that is made now. None if nobody wants to know before it has ended."""
        if not self.calls.sees_starts:
            return None
        call = self._call(pdu, attempt)
        call.start()
        call.wire("request", lambda: _shown(pdu, sequence_number))
        return call

    def late(self, pdu: Pdu | EncodedRequest[Pdu], attempt: int, since: float) -> Running:
        """A request that was made at that time, and that nobody was told of. It failed."""
        call = self._call(pdu, attempt)
        call.started_at(since)
        return call

    def failed(self, call: Running, error: BaseException) -> None:
        """It ended without an answer."""
        call.end(error)

    def answered(self, call: Running, answer: Pdu) -> None:
        """It ended with this answer, which may be a refusal."""
        call.wire("answer", lambda: _shown(answer))
        if answer.command_status:
            call.wire_code = status_name(answer.command_status)
            error = refusal(answer)
            self._refused = answer, error
            call.end(error)
        else:
            call.wire_code = _TAKEN
            if isinstance(answer, SubmitSmResp):
                call.message_id = answer.message_id or None
            call.end()

    def taken(self, pdu: Pdu | EncodedRequest[Pdu], attempt: int, since: float) -> None:
        """A request that was made at that time, and that nobody was told of, was taken."""
        name, sends = _told(pdu.kind if isinstance(pdu, EncodedRequest) else type(pdu))
        self.calls.log_success(name, _TAKEN, since, messages=sends, attempt=attempt)

    def refusal_of(self, answer: Pdu) -> DevinoError:
        """The error of an answer: the one that observers were told, so that it has the call's id.

        Who awaits the answer goes on at once, so this is still the last.
        """
        if self._refused is not None and self._refused[0] is answer:
            return self._refused[1]
        return refusal(answer)

    def received(self, pdu: Pdu) -> None:
        """The centre sent a request of its own."""
        if self.calls.shows_wire:
            self.calls.show("delivery", _shown(pdu))

    def enquires(self, number: int | None) -> None:
        """Whether an ``enquire_link`` awaits its answer now."""
        if self.enquiry is None and number is not None and self.calls.is_watched:
            self.enquiry = self._call(EnquireLink(), 1)
            self.enquiry.start()
        elif self.enquiry is not None and number is None:
            self.enquiry.end()
            self.enquiry = None

    def session_ended(self, reason: Reason) -> None:
        """No answer will come any more."""
        enquiry, self.enquiry = self.enquiry, None
        if enquiry is not None:
            enquiry.end(ConnectFailed(f"the session is over: {reason.value}"))

    def _call(self, pdu: Pdu | EncodedRequest[Pdu], attempt: int) -> Running:
        name, sends = _told(pdu.kind if isinstance(pdu, EncodedRequest) else type(pdu))
        return self.calls.begin(name, peer=self._peer, messages=sends, attempt=attempt)


@cache
def _told(kind: type[Pdu]) -> tuple[str, int]:
    """The name of such a request, and how many messages it carries."""
    name: str = kind.command_id.name.lower()  # type: ignore[attr-defined]  # all are of the table
    return name, int(issubclass(kind, _SENDS))


def _shown(pdu: Pdu | EncodedRequest[Pdu], sequence_number: int | None = None) -> str:
    """A PDU; of one that the session numbers, with that number."""
    try:
        if sequence_number is None and isinstance(pdu, Pdu):
            return describe(pdu, mask=discreet)
        return describe(encode(pdu, sequence_number), mask=discreet)
    except (EncodeError, DecodeError) as error:
        # A broken one is told of elsewhere.
        return f"{type(pdu).__name__} that cannot be shown: {error.reason}"
