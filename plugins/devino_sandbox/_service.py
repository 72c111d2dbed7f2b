"""What a protocol brings to the sandbox."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from ssl import SSLContext
from typing import Any, ClassVar

import msgspec

from devino_codecs.http import ApiKey, Auth

from ._accounts import DEMO, Account
from ._callbacks import CallbackKind
from ._http import ASGIApp
from ._questions import Question

__all__ = ["Access", "HttpService", "PortService", "Service"]


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where a running sandbox is, and who may use it."""

    endpoints: Mapping[str, str]
    """By the keys of :attr:`Sandbox.endpoints`."""
    account: Account
    sender: str
    """One that the account may use."""

    @property
    def api_key(self) -> str:
        """What the account proves itself with where a protocol wants a key."""
        return DEMO if self.account.api_key is None else self.account.api_key.reveal()

    def settings(self, auth: Auth) -> Mapping[str, object]:
        """``login`` and ``password``, or ``api_key`` where a login is not taken: what a client that
        asks in this way has in its settings."""
        if all(scheme.of is ApiKey for scheme in auth.schemes):
            return {"api_key": self.api_key}
        return {"login": self.account.login, "password": self.account.password}

    @property
    def login(self) -> Mapping[str, object]:
        """``login``, ``password`` and ``sender``, as most channels have these settings."""
        account = self.account
        return {"login": account.login, "password": account.password, "sender": self.sender}


class Service(ABC):
    """One protocol on one World. Inherit :class:`HttpService` or :class:`PortService`."""

    name: str
    """Unique; a port service's key in the sandbox's ``ports``."""
    operations: ClassVar[Mapping[str, Collection[str]] | None] = None
    """By protocol: what faults can be about. None: any operation of the protocol ``name``."""
    callback_kinds: Mapping[str, CallbackKind[Any]] = {}
    """What the platform says by calling its customer, by kind: the keys of
    :attr:`Account.callbacks`."""

    async def start(self) -> None:  # noqa: B027 - most have nothing to begin
        """Before anything is served, in the event loop: subscribe to the World here."""

    async def stop(self) -> None:  # noqa: B027
        """After the last request: end what :meth:`start` began. Called if :meth:`start` was."""

    def usage(self, access: Access) -> Sequence[str]:
        """Lines for a shell by which a person uses it; ``devino sandbox`` shows them."""
        return ()

    def demo_channels(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        """Channels for ``devino demo``: their settings by name.

        The first word of a name is the kind of channel: ``smpp udh``.
        """
        return {}

    def demo_services(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        """Services for ``devino demo``, likewise."""
        return {}

    def demo_questions(self) -> Sequence[Question]:
        """What ``devino demo`` asks these channels and services besides sending."""
        return ()


class HttpService(Service):
    """A service on the sandbox's one HTTP port, under paths of its own."""

    prefixes: tuple[str, ...]
    """Paths, each with all that is below it. In any case; of nested ones the longest wins."""
    known_hosts_only: ClassVar[bool] = False
    """Answer only under a ``Host`` that is loopback, the address that the client came to, the host
    listened on, or one of ``Sandbox(allow_hosts=...)``. Set it if the service asks for no
    credentials: pages of strangers could use it otherwise. What a browser says that a page of
    another site asks is refused by every service."""

    in_journal: ClassVar[bool] = True
    """What it is asked stands in the journal; not so for what belongs to the sandbox itself."""

    @property
    @abstractmethod
    def app(self) -> ASGIApp:
        """Serves the paths, unstripped; :func:`answering` makes one of a plain function."""

    @abstractmethod
    def endpoints(self, base_url: str) -> Mapping[str, str]:
        """What clients are told, by key; ``base_url`` is ``http://127.0.0.1:8080``, or https."""


class PortService(Service):
    """A service that listens on a port of its own."""

    port_option: str | None = None
    """The option of ``devino sandbox`` that chooses its port, such as ``--smpp-port``."""
    port_help: str = ""
    """What listens there, as the option's help has it: ``the SMSC``."""

    @abstractmethod
    async def listen(
        self, host: str, port: int, tls: SSLContext | None = None
    ) -> Mapping[str, str]:
        """Accept connections (0 takes a free port) and give the endpoints by key.

        ``tls``: take nothing but what is encrypted by this, in the protocol's way. Raises OSError
        if it cannot listen.
        """

    @abstractmethod
    async def close(self) -> None:
        """End all connections now. Called before :meth:`stop`, if :meth:`listen` was."""
