"""What a web service answers when a message could not be sent."""

from __future__ import annotations

import logging
import math
from http import HTTPStatus

import msgspec

from devino_core import DevinoError, InvalidArgument, Retry, Throttled, Unsupported
from devino_core.observe import discreet

__all__ = ["WebAnswer", "answer_to"]

_log = logging.getLogger("devino.web")


class WebAnswer(msgspec.Struct, frozen=True):
    """An answer in JSON."""

    status: HTTPStatus
    body: dict[str, object]
    headers: dict[str, str] = {}


def answer_to(error: DevinoError) -> WebAnswer:
    """The answer to a request whose message could not be sent.

    Only what the caller can mend is told in full. The rest is for the service's own log, where it
    stands under the id of the call.
    """
    if isinstance(error, InvalidArgument):
        said = {"field": error.field, "problem": error.reason}
        return WebAnswer(HTTPStatus.UNPROCESSABLE_ENTITY, {**said})
    if isinstance(error, Unsupported):
        said = {"field": "content", "problem": error.said}
        return WebAnswer(HTTPStatus.UNPROCESSABLE_ENTITY, {**said})
    _log.error("%s: %s [%s]", type(error).__name__, discreet("words", error.said), error.call_id)
    if isinstance(error, Throttled):
        status, problem = HTTPStatus.TOO_MANY_REQUESTS, "too much is sent: try again later"
    elif error.retry is Retry.SAFE:
        status, problem = HTTPStatus.SERVICE_UNAVAILABLE, "it was not sent: try again later"
    elif error.retry is Retry.MAY_DUPLICATE:
        status, problem = (
            HTTPStatus.BAD_GATEWAY,
            "it may have been sent: to try again may send it twice",
        )
    else:
        status, problem = HTTPStatus.INTERNAL_SERVER_ERROR, "it was not sent"
    told = {"problem": problem, "retry": error.retry.value, "call": error.call_id}
    wait = error.retry_after
    return WebAnswer(
        status, {**told}, {} if wait is None else {"Retry-After": str(max(math.ceil(wait), 0))}
    )
