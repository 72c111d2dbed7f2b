"""What the values of packages are, for whoever shows them."""

from __future__ import annotations

from devino_codecs.masking import Kind, Kinds, kinds_of

from ._values import Credentials, Default, Message, MessageResult, StatusRequest, StatusResult

__all__ = ["kinds"]


def kinds() -> tuple[Kinds, Kinds]:
    """What the values of a request are, and those of an answer: for :mod:`devino_codecs.masking`.

    The text of an element is a message in a request, and a code in an answer.
    """
    codes = {"msg": Kind.SHOWN, "error": Kind.SHOWN}
    return (
        kinds_of(Credentials, Default, Message, StatusRequest),
        {**kinds_of(MessageResult, StatusResult), **codes},
    )
