"""The sandbox for code that does not await, in a thread of its own."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from ssl import SSLContext
from types import TracebackType
from typing import Any, Literal, ParamSpec, Self, TypeVar, overload

from devino_core import ConfigurationError, State
from devino_core.clock import ManualClock
from devino_core.portal import LoopThread

from ._control import SandboxControl, _listed
from ._fates import Pace
from ._faults import Fault
from ._journal import CallLine
from ._runner import Sandbox
from ._self_signed import SelfSigned
from ._service import Access, Service
from ._shown import Filter, IncomingView, MessageView
from ._world import World

__all__ = ["LocalSandbox"]

P = ParamSpec("P")
T = TypeVar("T")


class LocalSandbox(SandboxControl):
    """The platform on this machine, for code that does not await::

        with LocalSandbox() as sandbox, Client({"rest": sandbox.settings()}) as client:
            client.send(Message("79031234567", "Hello"))
            sandbox.assert_sent(to="79031234567", text="Hello")

    It runs in a thread of its own, where ``world`` is called, too, to make the World; by default a
    new one. With ``clock="driven"`` time stands still, at first at the present, until
    :meth:`advance`. ``tls="self-signed"`` makes a certificate for this host; clients then need
    :meth:`environ`. The rest is as for :class:`Sandbox`.

    A forked child cannot use it, but its clients can.
    """

    def __init__(
        self,
        world: Callable[[], World] | None = None,
        *,
        clock: Literal["system", "driven"] = "system",
        host: str = "127.0.0.1",
        http_port: int = 0,
        ports: Mapping[str, int] | None = None,
        tls: SSLContext | Literal["self-signed"] | None = None,
    ) -> None:
        if world is not None and clock != "system":
            raise ValueError("clock: the World that `world` makes brings its own")
        if clock not in ("system", "driven"):
            raise ValueError(f"clock is {clock!r}, expected 'system' or 'driven'")
        # A clock that `world` brings is its maker's to put back.
        self._driven = ManualClock(datetime.now(UTC)) if clock == "driven" else None
        self._serving = _Serving(
            world or self._default_world, host=host, http_port=http_port, ports=ports, tls=tls
        )
        self._thread: LoopThread | None = None

    @property
    def endpoints(self) -> Mapping[str, str]:
        return self._running.endpoints

    @property
    def world(self) -> World:
        """Its World, which belongs to the sandbox's thread: use it by :meth:`call` alone."""
        return self._running.world

    @property
    def is_running(self) -> bool:
        """Whether it runs, in this process."""
        return self._thread is not None and self._thread.is_usable

    def start(self) -> Self:
        """Start the thread and serve; ``with`` does. Raises ConfigurationError as Sandbox does."""
        if self._thread is not None:
            raise RuntimeError("this sandbox runs already")
        self._thread = LoopThread(self._serving)
        return self

    def stop(self) -> None:
        """End every connection and the thread. Safe to call twice."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @overload
    def call(self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T: ...
    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a function in the World's thread, and give what it gives; what it awaits, too.

        ``sandbox.call(sandbox.world.end_sessions)``
        """

        async def run() -> Any:
            given = function(*args, **kwargs)
            return await given if inspect.isawaitable(given) else given

        return self._require_running().run(run)

    def messages(
        self,
        *,
        to: str | None = None,
        text: str | re.Pattern[str] | None = None,
        state: State | None = None,
    ) -> list[MessageView]:
        return self.call(self._found, to, text, state)

    def wait_for(
        self,
        *,
        count: int = 1,
        timeout: float = 5.0,
        to: str | None = None,
        text: str | re.Pattern[str] | None = None,
        state: State | None = None,
    ) -> list[MessageView]:
        found = self.call(self._awaited, count, timeout, to, text, state)
        if len(found) < count:
            raise TimeoutError(
                f"{len(found)} of {count} messages came in {timeout:g} seconds; "
                f"{_listed(self.messages())}"
            )
        return found

    def journal(self, *, failed: bool | None = None) -> list[CallLine]:
        lines = self.call(lambda: [record.line() for record in self.world.journal.latest])
        return [line for line in lines if failed in (None, line.failed)]

    def reply(self, sender: str, to: str, text: str) -> IncomingView:
        def receive() -> IncomingView:
            return IncomingView.of(self.world.receive(sender=sender, to=to, text=text))

        return self.call(receive)

    def force(self, message: MessageView, state: State) -> MessageView:
        def force() -> MessageView:
            stored = self.world.stored(message.id)
            if stored is None:
                raise ValueError(f"no message {message.id!r} is remembered")
            self.world.force(stored, state)
            return MessageView.of(stored)

        return self.call(force)

    def fault(self, fault: Fault) -> None:
        self.call(self.world.faults.add, fault)

    def advance(self, by: timedelta) -> None:
        clock = self.world.clock
        if not isinstance(clock, ManualClock):
            raise ConfigurationError(
                "the clock of this sandbox runs by itself: LocalSandbox(clock='driven') has one "
                "that is moved"
            )

        async def advance() -> None:
            # At once: what is due in the World has an order of its own, and a month of each service
            # waking every few seconds would take a minute.
            clock.advance(by.total_seconds())
            self.world.advance()
            await clock.tick()

        self.call(advance)

    def reset(self) -> None:
        def reset() -> None:
            if self._driven is not None:
                self._driven.set_to(datetime.now(UTC))
            self.world.reset()

        self.call(reset)

    def configure(
        self,
        *,
        senders: Collection[str] | None = None,
        balance: str | Decimal | None = None,
        strict: bool | None = None,
        pace: Pace | Literal["instant"] | None = None,
    ) -> None:
        def configure() -> None:
            world = self.world
            account = next(iter(world.accounts.values()))
            if senders is not None:
                account.senders = frozenset(senders)
            if balance is not None:
                account.balance = Decimal(balance)
            if strict is not None:
                world.strict = strict
            if pace is not None:
                world.pace = Pace.instant() if pace == "instant" else pace

        self.call(configure)

    def settings(self, kind: str = "rest", **extra: object) -> dict[str, object]:
        settings = super().settings(kind, **extra)
        if self._serving.is_encrypted and "tls" not in extra:
            # Each channel's own default is to encrypt.
            settings.pop("tls", None)
        return settings

    def environ(self, *kinds: str) -> dict[str, str]:
        trusted = self._serving.certificate
        trust = {} if trusted is None else {"SSL_CERT_FILE": str(trusted)}
        return super().environ(*kinds) | trust

    def _default_world(self) -> World:
        return World() if self._driven is None else World(clock=self._driven)

    def _access(self) -> Access:
        account = next(iter(self.world.accounts.values()))
        return Access(endpoints=self.endpoints, account=account, sender=account.sender)

    def _services(self) -> Sequence[Service]:
        return self._running.services

    def _found(
        self, to: str | None, text: str | re.Pattern[str] | None, state: State | None
    ) -> list[MessageView]:
        within = text if isinstance(text, str) else None
        fits = Filter(to=to, text=within, state=state).fits()
        found = [one for one in self.world.messages() if fits(one)]
        if isinstance(text, re.Pattern):
            found = [one for one in found if text.search(one.submission.text)]
        return [MessageView.of(one) for one in found]

    async def _awaited(
        self,
        count: int,
        timeout: float,
        to: str | None,
        text: str | re.Pattern[str] | None,
        state: State | None,
    ) -> list[MessageView]:
        """What fits, as soon as there are so many, or after this time."""
        import asyncio

        stirred = asyncio.Event()
        unsubscribe = self.world.subscribe(
            recorded=lambda _: stirred.set(), changed=lambda _: stirred.set()
        )
        try:
            async with asyncio.timeout(timeout):
                while len(found := self._found(to, text, state)) < count:
                    stirred.clear()
                    await stirred.wait()
        except TimeoutError:
            return self._found(to, text, state)
        finally:
            unsubscribe()
        return found

    @property
    def _running(self) -> Sandbox:
        self._require_running()
        return self._serving.sandbox

    def _require_running(self) -> LoopThread:
        if self._thread is None:
            raise RuntimeError("start the sandbox first: `with LocalSandbox() as sandbox:`")
        if not self._thread.is_usable:
            raise RuntimeError(
                "this sandbox was started before a fork, and its thread stayed in the parent"
            )
        return self._thread


class _Serving:
    """The sandbox while it runs; in its thread."""

    def __init__(
        self,
        make_world: Callable[[], World],
        *,
        host: str,
        http_port: int,
        ports: Mapping[str, int] | None,
        tls: SSLContext | Literal["self-signed"] | None,
    ) -> None:
        self._make_world = make_world
        self._host = host
        self._http_port = http_port
        self._ports = ports
        self._tls = tls
        self.is_encrypted = tls is not None
        self._certified: SelfSigned | None = None
        self._sandbox: Sandbox | None = None

    @property
    def sandbox(self) -> Sandbox:
        """What runs."""
        if self._sandbox is None:
            raise RuntimeError("this sandbox was stopped")
        return self._sandbox

    @property
    def certificate(self) -> Path | None:
        """What clients are to trust, if it was made here."""
        return None if self._certified is None else self._certified.path

    async def open(self) -> None:
        context = self._tls
        if isinstance(context, str):
            self._certified = SelfSigned(self._host)
            context = self._certified.context
        sandbox = Sandbox(
            self._make_world(),
            host=self._host,
            http_port=self._http_port,
            ports=self._ports,
            tls=context,
        )
        self._sandbox = await sandbox.__aenter__()

    async def aclose(self) -> None:
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            await sandbox.__aexit__(None, None, None)
        certified, self._certified = self._certified, None
        if certified is not None:
            certified.remove()
