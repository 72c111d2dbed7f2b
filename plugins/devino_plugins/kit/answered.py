"""Which call was answered: what an answer says of one of its messages is read after the call has
ended, and its error has the call's id all the same."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TypeVar

from devino_core import DevinoError
from devino_core.observe import Running

__all__ = ["ANSWERED", "of_answer"]

E = TypeVar("E", bound=DevinoError)

ANSWERED: ContextVar[Running | None] = ContextVar("ANSWERED", default=None)
"""The call with messages that was answered last in this task. :class:`.ApiClient` sets it."""


def of_answer(error: E) -> E:
    """The error, with the id and the HTTP status of the call that was answered last in this task,
    unless it has those of another."""
    call = ANSWERED.get()
    if call is not None and error.call_id is None:
        error.call_id, error.http_status = call.id, call.http_status
    return error
