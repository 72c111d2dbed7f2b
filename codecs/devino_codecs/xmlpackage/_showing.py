"""What the values of packages are, for whoever shows them."""

from __future__ import annotations

from devino_codecs._masked import Kind, Kinds

from ._values import Credentials, Default, Message, MessageResult, StatusRequest, StatusResult

__all__ = ["kinds"]


def kinds() -> tuple[Kinds, Kinds]:
    """What the values of a request are, and those of an answer: for :mod:`devino_codecs.masking`.

    The text of an element is a message in a request, and a code in an answer.
    """
    # Not above: few programs show what they send.
    from devino_codecs.http._kinds import kinds_of

    codes = {"msg": Kind.SHOWN, "error": Kind.SHOWN}
    return (
        kinds_of(Credentials, Default, Message, StatusRequest),
        {**kinds_of(MessageResult, StatusResult), **codes},
    )
