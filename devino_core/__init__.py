"""Send a message through any of the platform's protocols and know what became of it.

The kernel knows no wire. It defines messages, statuses, services and channels, and it finds the
plugins that bring them. :class:`AsyncClient` and its blocking twin :class:`Client` give access to
them.
"""

from typing import TYPE_CHECKING

from ._channel import Capability, Channel, ChannelSettings, ChannelSpec
from ._content import Button, Card, Content, Fill, Mail, Priority, Template
from ._events import ConsentChanged, Event, Incoming, StatusChanged
from ._message import Medium, Message
from ._secret import Body, Secret
from ._service import Machine, Service, ServiceSettings, ServiceSpec
from ._status import Receipt, State, Status
from ._takes import Expressible, Takes
from .errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    InvalidArgument,
    InvalidMessage,
    NotFound,
    OutcomeUnknown,
    PluginError,
    ProtocolViolation,
    QueueFull,
    Rejected,
    Retry,
    Throttled,
    Unavailable,
    Unsupported,
)
from .hookspecs import hookimpl
from .lazy import lazy

__version__ = "0.1.0"

__all__ = [
    "AsyncClient",
    "AuthenticationFailed",
    "Body",
    "Button",
    "Capability",
    "Card",
    "Channel",
    "ChannelSettings",
    "ChannelSpec",
    "Client",
    "ConfigurationError",
    "ConnectFailed",
    "ConsentChanged",
    "Content",
    "DevinoError",
    "Event",
    "Expressible",
    "Fill",
    "Incoming",
    "InsufficientFunds",
    "InvalidArgument",
    "InvalidMessage",
    "Machine",
    "Mail",
    "Medium",
    "Message",
    "NotFound",
    "OutcomeUnknown",
    "PluginError",
    "Plugins",
    "Priority",
    "ProtocolViolation",
    "QueueFull",
    "Receipt",
    "Rejected",
    "Retry",
    "Secret",
    "Service",
    "ServiceSettings",
    "ServiceSpec",
    "State",
    "Status",
    "StatusChanged",
    "Takes",
    "Template",
    "Throttled",
    "Unavailable",
    "Unsupported",
    "__version__",
    "hookimpl",
    "read_config",
    "zone_of",
]

if TYPE_CHECKING:
    from ._blocking import Client
    from ._client import AsyncClient
    from .plugins import Plugins
    from .settings import read_config
    from .zones import zone_of
else:
    # What works with the words above. Plugins, and programs that only read or keep them, need none.
    __getattr__ = lazy(
        __name__,
        {
            "AsyncClient": "_client",
            "Client": "_blocking",
            "Plugins": "plugins",
            "read_config": "settings",
            "zone_of": "zones",
        },
    )


def __dir__() -> list[str]:
    # What is not loaded yet is shown, too.
    return sorted({*globals(), *__all__})
