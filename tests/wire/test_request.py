"""A request's type says the type of its answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from devino_codecs._request import Request, answer_of

pytestmark = pytest.mark.pythons


class ToOne(Request[tuple[str, ...]], frozen=True):
    to: str


class Send(ToOne, frozen=True):
    text: str = ""


class GetBalance(Request[Decimal], frozen=True):
    pass


@pytest.mark.parametrize(
    ("request_type", "answer"),
    [(ToOne, tuple[str, ...]), (Send, tuple[str, ...]), (GetBalance, Decimal)],
)
def test_the_answer_is_the_type_argument_also_if_a_request_extends_another(
    request_type: type[Request[Any]], answer: object
) -> None:
    assert answer_of(request_type) == answer


def test_a_request_without_an_answer_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="Request"):
        answer_of(Request)
