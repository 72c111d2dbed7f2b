"""Services, which a plugin implements beside channels: settings, a class, and its manifest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar

import msgspec

from ._opened import Opened
from .clock import SYSTEM_CLOCK, Clock
from .errors import Unsupported

if TYPE_CHECKING:
    from .observe import Calls, Observers

__all__ = ["Machine", "Service", "ServiceSettings", "ServiceSpec"]


class ServiceSettings(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Base of a service's settings. The fields are the keys; their types are checked.

    Passwords are :class:`~devino_core.Secret`; times are seconds. The repr shows neither them nor
    the fields that :attr:`private` names.
    """

    private: ClassVar[frozenset[str]] = frozenset({"login"})
    """Who the account is: a report of a crash need not tell it to everybody who reads it."""

    def __repr__(self) -> str:
        shown = [
            f"{name}={'***' if name in self.private else repr(getattr(self, name))}"
            for name in self.__struct_fields__
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


class Machine(msgspec.Struct, frozen=True):
    """A machine that a service connects to."""

    host: str
    port: int
    tls: Literal["at once", "later", "never"] = "at once"
    """When the connection is encrypted; ``later`` is after a greeting, as STARTTLS does it."""
    is_proxy: bool = False
    """It stands between this machine and the platform."""


SettingsT_co = TypeVar("SettingsT_co", bound=ServiceSettings, covariant=True)


class Service(Opened, Generic[SettingsT_co]):
    """Something that the platform does: a lookup, an address book, sending messages.

    A service is opened and closed in one event loop: ``async with service: ...``. In between, its
    methods may be called concurrently. Each class offers its own methods. A program that calls them
    asks for the class, as in ``client.service("book", AddressBook)``. A transport that makes its
    requests by itself says each to :attr:`observed`.
    """

    def __init__(self, settings: SettingsT_co, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        # Programs that only want types do not pay for its import.
        from .observe import Calls

        self.settings = settings
        self.name = name
        self.clock = clock
        self.__observed = Calls(name, clock)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    @property
    def observed(self) -> Calls:
        """Where a transport says each call that it makes."""
        return self.__observed

    def _be_observed(self, kind: str, observers: Observers) -> None:
        # Not by the property: a class of somebody else's may have an attribute of its name.
        self.__observed.attach(kind, observers)

    async def open(self) -> None:
        """Acquire what must be acquired in the event loop. Connects to nothing."""

    async def aclose(self) -> None:
        """Give it back. Safe to call twice."""

    def machines(self) -> Sequence[Machine]:
        """What it connects to, for whoever looks why it cannot; the main one comes first."""
        return ()

    async def try_login(self) -> None:
        """Make a call that shows whether the account is let in, changes nothing and costs nothing.

        Raises what such a call raises: AuthenticationFailed, ConnectFailed. Raises Unsupported
        where the wire has no such call.
        """
        raise Unsupported(
            f"{self.name!r} cannot try its login: its protocol has no call that changes nothing"
        )


class ServiceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of a kind: cheap to make, so that listing plugins imports no transport."""

    name: str
    """The kind, as in ``kind = "rest"``. Channels and services share one set of names."""
    summary: str
    """One line for people."""
    settings: type[ServiceSettings]
    load: str
    """Where the class is, as ``"package.module:Class"``. It is imported at first use."""
    extra: str | None = None
    """What to install if that import fails, such as ``"devino[http]"``."""
