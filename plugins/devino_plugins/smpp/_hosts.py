"""The hosts of one account, in order, and when each of them may be connected to again."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Literal, NamedTuple, TypeAlias

from devino_core import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    Retry,
)
from devino_core.clock import Clock

from ._rules import Rules

__all__ = ["Host", "Hosts", "parse_hosts"]

_ROUNDING = 1e-3

Rests: TypeAlias = Literal["account", "host"]


class Host(NamedTuple):
    name: str
    port: int


def parse_hosts(hosts: str | Sequence[str], port: int) -> tuple[Host, ...]:
    """``host`` and ``host:port``, separated by commas or in a list. Raises ConfigurationError."""
    written = hosts.split(",") if isinstance(hosts, str) else hosts
    found = tuple(_host(one.strip(), port) for one in written if one.strip())
    if not found:
        raise ConfigurationError("`hosts` names no host")
    return found


def _host(written: str, port: int) -> Host:
    name, colon, digits = written.rpartition(":")
    if not colon or (":" in name and not name.endswith("]")):
        name, digits = written, str(port)
    name = name.removeprefix("[").removesuffix("]")
    # A decimal digit of another script would pass isdigit.
    valid = digits.isascii() and digits.isdigit() and 0 < int(digits) < 65536
    if not (valid and name and name.isprintable() and " " not in name and "/" not in name):
        raise ConfigurationError(f"hosts: {written!r} is neither `host` nor `host:port`")
    return Host(name, int(digits))


class Hosts:
    """Says which host to connect to now.

    After a session has ended, and longer after a connection or a bind has failed, ``rests`` says
    what rests. ``"account"``: everything, and then it is the next host's turn. ``"host"``: that
    host. Meanwhile the next one may be tried at once, and when several may be, the main one comes
    first.
    """

    def __init__(
        self, hosts: Sequence[Host], rules: Rules, clock: Clock, *, rests: Rests = "account"
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._rests = rests
        self._rest_until: dict[Host, float] = dict.fromkeys(hosts, -inf)
        """The order says whose turn it is."""
        self._error: DevinoError | None = None
        self._hopeless: set[Host] = set()
        """The hosts that will fail again until somebody mends something."""

    def allowed(self) -> Host | None:
        now = self._clock.monotonic() + _ROUNDING
        return next((host for host, until in self._rest_until.items() if until <= now), None)

    def seconds_left(self) -> float:
        """How long until a host is allowed again."""
        return max(0.0, min(self._rest_until.values()) - self._clock.monotonic())

    def broke(self, host: Host, reason: str) -> None:
        """A session with it has ended."""
        self._error = ConnectFailed(f"the session with {host.name} has ended: {reason}")
        self._hopeless.discard(host)
        self._rest(host, self._rules.pause_after_break)

    def failed(self, host: Host, error: ConnectFailed) -> None:
        """A connection to it, or a bind, failed."""
        self._error = error
        if error.retry is Retry.NEVER:
            self._hopeless.add(host)
        else:
            self._hopeless.discard(host)
        self._rest(host, self._rules.pause_after_failure)

    def refused_login(self, error: AuthenticationFailed) -> None:
        """The login was refused. It is the same account on all hosts, so all of them rest."""
        self._rest_all(self._rules.pause_after_failure)
        self._error = error

    def connected(self, host: Host) -> None:
        self._error = None
        self._hopeless.discard(host)

    def is_hopeless(self) -> bool:
        """Whether the next try will fail, too: the login was refused, or TLS fits to no host."""
        return isinstance(self._error, AuthenticationFailed) or (
            len(self._hopeless) == len(self._rest_until)
        )

    def refusal(self) -> DevinoError:
        """Why there is no session now. Each caller gets a new error."""
        if isinstance(self._error, AuthenticationFailed):
            error: DevinoError = AuthenticationFailed(
                self._error.description, code=self._error.code
            )
        else:
            said = f"{self._error.said}; " if self._error else ""
            error = ConnectFailed(
                f"{said}the next try is allowed in {self.seconds_left():.0f} seconds",
                retry=Retry.NEVER if self.is_hopeless() else Retry.SAFE,
            )
        if self._error is not None:
            error.call_id = self._error.call_id
        return error

    def _rest(self, host: Host, seconds: float) -> None:
        if self._rests == "account":
            self._rest_until[host] = self._rest_until.pop(host)
            self._rest_all(seconds)
        else:
            self._extend(host, seconds)

    def _rest_all(self, seconds: float) -> None:
        for host in self._rest_until:
            self._extend(host, seconds)

    def _extend(self, host: Host, seconds: float) -> None:
        until = self._clock.monotonic() + seconds
        self._rest_until[host] = max(self._rest_until[host], until)
