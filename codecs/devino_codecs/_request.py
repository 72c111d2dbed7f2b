"""Requests: the type of a request also says, once, the type of its answer."""

from __future__ import annotations

from functools import cache
from typing import Any, Generic, TypeVar, get_args, get_origin

from ._masked import Masked

__all__ = ["Request", "answer_of"]

A_co = TypeVar("A_co", covariant=True)


class Request(Masked, Generic[A_co], frozen=True):
    """A request whose answer is an ``A``. Its repr shows no field marked ``SECRET``.

    ::

        class GetBalance(Request[Decimal], frozen=True): ...
    """


@cache
def answer_of(request: type[Request[Any]]) -> Any:
    """The ``A`` of a request's type, as it stands there. Raises TypeError if there is none."""
    for cls in request.__mro__:
        for base in getattr(cls, "__orig_bases__", ()):
            origin = get_origin(base)
            if isinstance(origin, type) and issubclass(origin, Request):
                (answer,) = get_args(base)
                if not isinstance(answer, TypeVar):
                    return answer
    raise TypeError(f"{request.__name__} does not say what it is answered with")
