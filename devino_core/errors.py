"""What can go wrong, sorted by the question that matters to a caller: may I send it again?

::

    DevinoError
    ├── ConfigurationError      NEVER          mend the settings or the installation
    │   └── PluginError         NEVER          a plugin cannot be loaded or clashes with another
    ├── InvalidArgument         NEVER          an argument of a call is wrong; nothing was sent
    │   └── InvalidMessage      NEVER          a field of a message is wrong; nothing was sent
    ├── Unsupported             NEVER          this channel's wire cannot say that; nothing was sent
    ├── Rejected                NEVER          the platform answered no
    │   ├── NotFound            NEVER          the platform has nothing by this id or name
    │   ├── AuthenticationFailed
    │   └── InsufficientFunds
    ├── Unavailable             SAFE           no usable answer, and asking changes nothing
    │   └── ConnectFailed       SAFE           no connection: nothing was sent
    │                                          (NEVER where TLS has to be mended first)
    ├── Throttled               SAFE           refused for now, wait ``retry_after`` seconds
    │   └── QueueFull           SAFE           the platform's queue is full
    ├── OutcomeUnknown          MAY_DUPLICATE  sent, and no answer says whether it was taken
    └── ProtocolViolation       MAY_DUPLICATE  answered, but not in the protocol's words
                                               (SAFE where the call only asked)

No text of these errors holds a password, a session id, a URL or a body.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import TypeVar

__all__ = [
    "AuthenticationFailed",
    "ConfigurationError",
    "ConnectFailed",
    "DevinoError",
    "InsufficientFunds",
    "InvalidArgument",
    "InvalidMessage",
    "NotFound",
    "OutcomeUnknown",
    "PluginError",
    "ProtocolViolation",
    "QueueFull",
    "Rejected",
    "Retry",
    "Throttled",
    "Unavailable",
    "Unsupported",
]


class Retry(enum.StrEnum):
    """Whether the same call may be made again."""

    NEVER = "never"
    """It will fail again: something has to change first."""
    SAFE = "safe"
    """Nothing was sent or nothing changed: repeat it."""
    MAY_DUPLICATE = "may_duplicate"
    """It may have been carried out: a repeat may reach the recipient twice."""


class DevinoError(Exception):
    """The root of all errors of this library.

    If a send failed, ``refs`` are the :attr:`Message.ref <devino_core.Message.ref>` of all the
    messages that failed with this error.
    """

    retry: Retry = Retry.NEVER
    refs: tuple[str, ...] = ()
    retry_after: float | None = None
    """The seconds that the other side asked to wait; None if it did not."""
    call_id: str | None = None
    """The id of the request that failed, 16 hexadecimal digits: it stands in the log
    (:mod:`devino_core.observe`), at the end of this error's text and, over HTTP, in the header
    ``X-Request-Id``. None if no request was made."""
    http_status: int | None = None
    """The HTTP status that the request was answered with, if it was."""

    @property
    def said(self) -> str:
        """The text of this error without the id of its call."""
        return super().__str__()

    def __str__(self) -> str:
        return self.said if self.call_id is None else f"{self.said} [call {self.call_id}]"

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...], Mapping[str, object]]:
        # Python copies an exception by a call with its args. That call fails if the class needs
        # more arguments, and its failure would hide the error that was copied.
        return _blank, (type(self), *self.args), self.__dict__


E = TypeVar("E", bound=DevinoError)


def _blank(cls: type[E], *args: object) -> E:
    """The beginning of a pickled or copied error; its attributes follow."""
    return cls.__new__(cls, *args)


class ConfigurationError(DevinoError):
    """The settings or the installation are wrong; the text says which key and what to do."""


class PluginError(ConfigurationError):
    """A plugin cannot be imported, uses an unknown hook, or repeats a name."""


class InvalidArgument(DevinoError):
    """An argument of a call cannot be sent as it is; nothing was sent. ``field`` names it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason

    @property
    def said(self) -> str:
        return f"{self.field}: {self.reason}"


class InvalidMessage(InvalidArgument):
    """A message cannot be sent as it is; nothing was sent.

    ``field`` names what to mend. ``ref`` names the message if the call has several. ``row`` counts
    from 1, where the messages are rows of a table.
    """

    def __init__(
        self, field: str, reason: str, *, ref: str | None = None, row: int | None = None
    ) -> None:
        super().__init__(field, reason)
        self.ref = ref
        self.row = row
        if ref is not None:
            self.refs: tuple[str, ...] = (ref,)

    @property
    def said(self) -> str:
        where = "" if self.row is None else f"row {self.row}: "
        return f"{where}{self.field}: {self.reason}"


class Unsupported(DevinoError):
    """The channel's wire cannot express it; raised before any I/O."""


class Rejected(DevinoError):
    """The platform answered, and the answer is no.

    ``code`` and ``description`` are the wire's own words.
    """

    def __init__(self, description: str, *, code: int | str | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description

    @property
    def said(self) -> str:
        if self.code is None:
            return self.description
        return f"{self.description or 'refused'} (code {self.code})"


class NotFound(Rejected):
    """The platform has nothing by this id or name, or not any more."""


class AuthenticationFailed(Rejected):
    """The platform does not know this login and password, or locked them out."""


class InsufficientFunds(Rejected):
    """The account's balance does not cover the call; nothing was sent."""


class Unavailable(DevinoError):
    """The platform could not be asked, and asking changes nothing: ask again."""

    retry = Retry.SAFE


class ConnectFailed(Unavailable):
    """No connection could be made, so nothing was sent.

    ``retry`` is NEVER where it will fail again until somebody mends something, as with a
    certificate that does not verify.
    """

    def __init__(self, description: str, *, retry: Retry = Retry.SAFE) -> None:
        super().__init__(description)
        self.retry = retry


class Throttled(DevinoError):
    """The platform, or something in front of it, limits the rate: come back after ``retry_after``
    seconds."""

    retry = Retry.SAFE

    def __init__(self, description: str, *, retry_after: float | None = None) -> None:
        super().__init__(description)
        self.retry_after = retry_after


class QueueFull(Throttled):
    """The platform's queue for this account is full."""


class OutcomeUnknown(DevinoError):
    """It was sent, and no answer came: only the platform knows what became of it."""

    retry = Retry.MAY_DUPLICATE


class ProtocolViolation(DevinoError):
    """An answer came that the protocol does not allow.

    ``changes`` says whether the request has an effect. If so, it may have been carried out.
    """

    def __init__(self, description: str, *, changes: bool = True) -> None:
        super().__init__(description)
        self.retry = Retry.MAY_DUPLICATE if changes else Retry.SAFE
