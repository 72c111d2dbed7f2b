"""Send a message through any of the platform's protocols and know what became of it.

The kernel knows no wire: it says what a message, a status, a service and a channel are, finds the
plugins that bring them, and offers them through :class:`AsyncClient` and its blocking twin
:class:`Client`.
"""

from ._blocking import Client
from ._channel import Capability, Channel, ChannelSettings, ChannelSpec
from ._client import AsyncClient
from ._events import Event, Incoming, StatusChanged
from ._message import Medium, Message
from ._secret import Body, Secret
from ._service import Service, ServiceSettings, ServiceSpec
from ._status import Receipt, State, Status
from .errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    InvalidMessage,
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
from .plugins import Plugins
from .settings import read_config

__version__ = "0.1.0"

__all__ = [
    "AsyncClient",
    "AuthenticationFailed",
    "Body",
    "Capability",
    "Channel",
    "ChannelSettings",
    "ChannelSpec",
    "Client",
    "ConfigurationError",
    "ConnectFailed",
    "DevinoError",
    "Event",
    "Incoming",
    "InsufficientFunds",
    "InvalidMessage",
    "Medium",
    "Message",
    "OutcomeUnknown",
    "PluginError",
    "Plugins",
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
    "Throttled",
    "Unavailable",
    "Unsupported",
    "__version__",
    "hookimpl",
    "read_config",
]
