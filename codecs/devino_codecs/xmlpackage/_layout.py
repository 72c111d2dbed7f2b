"""The place of each row in a package: from ``(section, element)`` to row, for both directions."""

from __future__ import annotations

from typing import Any, Final

from ._rows import Row
from ._values import (
    Credentials,
    Default,
    Message,
    MessageResult,
    PackageError,
    StatusRequest,
    StatusResult,
)

__all__ = [
    "ANSWER",
    "CREDENTIALS",
    "DEFAULT",
    "ERROR",
    "MESSAGE",
    "MESSAGE_RESULT",
    "REQUEST",
    "STATUS_REQUEST",
    "STATUS_RESULT",
    "Layout",
]

CREDENTIALS: Final = Row("package", Credentials)
DEFAULT: Final = Row("default", Default)
# The platform has an error for one message, so a wrong attribute refuses that one and no other.
MESSAGE: Final = Row("msg", Message, spares=True)
STATUS_REQUEST: Final = Row("msg", StatusRequest, spares=True)
MESSAGE_RESULT: Final = Row("msg", MessageResult, spares=True)
STATUS_RESULT: Final = Row("msg", StatusResult, spares=True)
ERROR: Final = Row("error", PackageError)

# A row directly under <package> has no section: its own name stands there, with "" after it.
Layout = dict[str, dict[str, Row[Any]]]

REQUEST: Final[Layout] = {
    "message": {"default": DEFAULT, "msg": MESSAGE},
    "status": {"msg": STATUS_REQUEST},
}
ANSWER: Final[Layout] = {
    "message": {"msg": MESSAGE_RESULT},
    "status": {"msg": STATUS_RESULT},
    "error": {"": ERROR},
}
