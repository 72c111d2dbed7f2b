"""A sandbox in the hands of code that does not await, such as a test."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from devino_core import ConfigurationError, Secret, State
from devino_core.suggest import did_you_mean

from ._fates import Pace
from ._faults import Fault
from ._journal import CallLine
from ._service import Access, Service
from ._shown import IncomingView, MessageView

__all__ = ["SandboxControl"]


class SandboxControl(ABC):
    """What a test does with a sandbox: :class:`LocalSandbox` runs one, :class:`RemoteSandbox` asks
    one that runs already.

    ``to`` may be in any notation. ``text`` stands in the text, in any case, or is a pattern that is
    found there.
    """

    @property
    @abstractmethod
    def endpoints(self) -> Mapping[str, str]:
        """Where the services are, by protocol: ``rest``, ``rest_v2``, ``inspect``, ..."""

    @abstractmethod
    def messages(
        self,
        *,
        to: str | None = None,
        text: str | re.Pattern[str] | None = None,
        state: State | None = None,
    ) -> list[MessageView]:
        """The messages that arrived, oldest first, refused ones too."""

    @abstractmethod
    def wait_for(
        self,
        *,
        count: int = 1,
        timeout: float = 5.0,
        to: str | None = None,
        text: str | re.Pattern[str] | None = None,
        state: State | None = None,
    ) -> list[MessageView]:
        """The same as soon as there are so many, for what another thread or process sends.

        ``timeout``: seconds of real time. Raises TimeoutError that lists what is there.
        """

    @abstractmethod
    def journal(self, *, failed: bool | None = None) -> list[CallLine]:
        """The calls of every protocol that arrived, oldest first; ``failed``: only those (not)."""

    @abstractmethod
    def reply(self, sender: str, to: str, text: str) -> IncomingView:
        """A subscriber writes an SMS to a number of the account."""

    @abstractmethod
    def force(self, message: MessageView, state: State) -> MessageView:
        """Put a message into a state by hand; it is reported as any other."""

    @abstractmethod
    def fault(self, fault: Fault) -> None:
        """Order a failure. Raises ValueError if no service has such a call."""

    @abstractmethod
    def advance(self, by: timedelta) -> None:
        """Let time pass in the sandbox. Raises ConfigurationError if its clock runs by itself."""

    @abstractmethod
    def reset(self) -> None:
        """Forget all messages, faults and calls; settings and accounts are as at the start.

        Ports and connections stay, so a client that is connected works on. The clock of
        ``clock="driven"`` is put to the present time.
        """

    @abstractmethod
    def configure(
        self,
        *,
        senders: Collection[str] | None = None,
        balance: str | Decimal | None = None,
        strict: bool | None = None,
        pace: Pace | Literal["instant"] | None = None,
    ) -> None:
        """Change the first account and the World until the next :meth:`reset`; None: nothing.

        ``senders``: the approved ones. ``pace``: how fast messages live.
        """

    @abstractmethod
    def _access(self) -> Access: ...

    @abstractmethod
    def _services(self) -> Sequence[Service]: ...

    def settings(self, kind: str = "rest", **extra: object) -> dict[str, object]:
        """The settings of a channel or a service that leads here: ``Client({"rest": settings})``.

        ``extra`` are further settings, or other ones. Raises ConfigurationError for a kind that no
        service of the sandbox knows.
        """
        access = self._access()
        known: dict[str, Mapping[str, object]] = {}
        for service in self._services():
            offered = {**service.demo_channels(access), **service.demo_services(access)}
            for name, settings in offered.items():
                known.setdefault(name.split()[0], settings)
        if kind not in known:
            hint = did_you_mean(kind, known) or f"known are {', '.join(sorted(known))}"
            raise ConfigurationError(f"the sandbox has no service for the kind {kind!r}: {hint}")
        return {"kind": kind, **known[kind], **extra}

    def environ(self, *kinds: str) -> dict[str, str]:
        """The same as variables for a process, ``DEVINO__REST__BASE_URL=...``, by default of
        ``rest``."""
        return {
            f"DEVINO__{kind.replace('-', '_').upper()}__{key.upper()}": _in_words(value)
            for kind in kinds or ("rest",)
            for key, value in self.settings(kind).items()
            if key != "kind"
        }

    def assert_sent(
        self,
        *,
        to: str | None = None,
        text: str | re.Pattern[str] | None = None,
        count: int | None = None,
    ) -> list[MessageView]:
        """Fail unless messages were taken that fit: ``count`` of them, or at least one.

        Gives them, oldest first.
        """
        found = [one for one in self.messages(to=to, text=text) if one.reason is None]
        if len(found) == count or (count is None and found):
            return found
        said = {"to": to, "text": getattr(text, "pattern", text)}
        asked = ", ".join(f"{name}={value!r}" for name, value in said.items() if value is not None)
        wanted = "a message" if count is None else f"{count} message{'' if count == 1 else 's'}"
        raise AssertionError(
            f"expected {wanted}{f' with {asked}' if asked else ''}, found {len(found)}; "
            f"{_listed(self.messages())}"
        )

    def assert_nothing_sent(self) -> None:
        """Fail if any message arrived, also one that was refused."""
        found = self.messages()
        if found:
            raise AssertionError(f"expected no message; {_listed(found)}")

    def described(self) -> str:
        """What arrived, for people: the messages and the calls that failed, a line each."""
        lines = [_line(message) for message in self.messages()] or ["no message"]
        lines += [
            f"{call.at:%H:%M:%S} failed: {call.protocol} {call.operation or ''} > {call.outcome}"
            for call in self.journal(failed=True)
        ]
        return "\n".join(lines)


def _in_words(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _line(message: MessageView) -> str:
    became = f"refused: {message.reason}" if message.reason is not None else str(message.state)
    sender = f"{message.sender} > " if message.sender else ""
    return f"{message.via} {message.medium} {sender}{message.to} {message.text!r} {became}"


def _listed(messages: Iterable[MessageView]) -> str:
    lines = [f"\n  {_line(one)}" for one in messages]
    return f"there are:{''.join(lines)}" if lines else "there is none"
