"""What the values of requests and answers are, for whoever shows them."""

from __future__ import annotations

from functools import cache
from typing import Any

from devino_codecs._masked import Kind, Kinds
from devino_codecs._request import answer_of

from ._operations import SERVICES, AnyRequest, result_of
from ._values import Login, Session

__all__ = ["kinds"]

_FAULT: Kinds = {
    "faultcode": Kind.SHOWN,
    "faultstring": Kind.WORDS,
    "detail": Kind.WORDS,
    "code": Kind.SHOWN,
    "reason": Kind.WORDS,
}


def kinds(request: type[AnyRequest] | None = None) -> tuple[Kinds, Kinds]:
    """What the values of such a request are, and those of its answer: for
    :mod:`devino_codecs.masking`. None: of all requests and answers, where nobody knows which it is.
    """
    return _kinds(request)


@cache
def _kinds(request: Any) -> tuple[Kinds, Kinds]:
    # Not above: few programs show what they send.
    from devino_codecs.http._kinds import kinds_of, together

    if request is None:
        both = [_kinds(one) for service in SERVICES for one in service.requests]
        return together([asked for asked, _ in both]), together([told for _, told in both])
    told = dict(kinds_of(answer_of(request)))
    if "" in told:
        # An answer that is one value, or a list of them, has the name of its element.
        told[result_of(request).name.lower()] = told.pop("")
    return kinds_of(request, Login, Session), {**_FAULT, **told}
