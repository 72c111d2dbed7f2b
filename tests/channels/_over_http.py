"""Every channel over HTTP, wired to a sandbox, and a message that each carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from devino_core import Medium, Message, Template
from devino_sandbox import StoredMessage
from tests.channels._messengers import MEDIA
from tests.channels._sandboxed import Wired, wired
from tests.channels._services import SERVICES, reached

Reach = Callable[..., AbstractAsyncContextManager[Wired]]


def _wired(kind: str, **settings: Any) -> AbstractAsyncContextManager[Wired]:
    return wired(kind, kind, **settings)


def _to(reach: Reach, kind: str) -> Reach:
    return lambda **settings: reach(kind, **settings)


KINDS: Mapping[str, Reach] = {
    **{kind: _to(reached, kind) for kind in SERVICES},
    **{kind: _to(_wired, kind) for kind in ("xml", *MEDIA)},
}
SENDS: Mapping[str, str] = {
    **{kind: service.send for kind, service in SERVICES.items()},
    "xml": "Send.ashx",
    "viber": "send",
    "whatsapp": "send/whatsapp",
    "vk": "send/vk",
}
"""The operation that one message is sent by."""


def medium_of(kind: str) -> Medium:
    return MEDIA.get(kind, Medium.SMS)


def message(kind: str, to: str, text: str) -> Message:
    """A message with this text; VK carries templates alone."""
    content: Any = Template("1", {"text": text}) if kind == "vk" else text
    return Message(to, content, medium=medium_of(kind))


def text_of(stored: StoredMessage) -> str:
    """The text of such a message, as it arrived."""
    content = stored.submission.content
    return content.values["text"] if isinstance(content, Template) else stored.submission.text
