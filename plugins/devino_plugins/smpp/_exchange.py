"""One request of a session, from when it is made until it has its outcome."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import msgspec

from devino_codecs.smpp import EncodedRequest, Pdu, RequestPdu
from devino_core import DevinoError
from devino_core.observe import Running

__all__ = ["Exchange", "Waiter"]

A = TypeVar("A", bound=Pdu)


class Waiter(Protocol):
    """Who gets the outcome of a request. A future is one."""

    def done(self) -> bool:
        """Whether it wants no outcome any more."""
        ...

    def set_result(self, answer: Pdu, /) -> None:
        """The request has this answer."""
        ...

    def set_exception(self, error: DevinoError, /) -> None:
        """The request has none, and this is why."""
        ...


class Exchange(msgspec.Struct, Generic[A], frozen=True):
    """A request that was made."""

    # Known to the collector: an observer may keep the call's error, whose traceback has this.

    pdu: RequestPdu[A] | EncodedRequest[A]
    number: int
    """Its ``sequence_number``."""
    since: float
    """When it was made, in the clock's monotonic time."""
    attempt: int
    """How often it was made, this time included."""
    is_watched: bool
    """Whether anybody wants to know of it if it succeeds."""
    call: Running | None
    """As observers were told it; None if nobody was yet."""

    @property
    def kind(self) -> type[RequestPdu[A]]:
        """The class of the request."""
        return self.pdu.kind if isinstance(self.pdu, EncodedRequest) else type(self.pdu)
