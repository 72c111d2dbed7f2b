"""The two pages of the XML API as the client asks them: :class:`~devino_plugins.kit.Wire`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from devino_codecs import xmlpackage as xml
from devino_codecs.http import Answered, HttpRequest, Login, Refusal, Request
from devino_codecs.masking import Kinds
from devino_core.http import Body

__all__ = ["Ask", "Submit", "XmlWire"]

CONTENT_TYPE = "text/xml; charset=utf-8"


class Submit(Request[xml.Answer], frozen=True):
    """Send a package. It was written, credentials and all, when its messages were checked."""

    package: Body


class Ask(Request[xml.Answer], frozen=True):
    """Ask what became of messages, at most 1000."""

    messages: tuple[xml.StatusRequest, ...]


class _Page(NamedTuple):
    name: str
    changes: bool


_PAGES: Mapping[type, _Page] = {
    Submit: _Page("Send.ashx", True),
    Ask: _Page("Statistics.ashx", False),
}


class XmlWire:
    """Packages to their pages, and their answers."""

    def row(self, request: type[Any]) -> _Page:
        return _PAGES[request]

    def encode_request(self, request: Any, credentials: Login) -> HttpRequest:
        body: bytes
        if isinstance(request, Submit):
            body = request.package
        else:
            who, asked = credentials, request.messages
            body = xml.encode_request(
                xml.Package(login=who.login, password=who.password, statuses=asked)
            )
        page = _PAGES[type(request)].name
        return HttpRequest("POST", (page,), body=body, content_type=CONTENT_TYPE)

    def kinds(self, _: type[Any]) -> tuple[Kinds, Kinds]:
        return xml.kinds()

    def decode_answer(self, request: type[Any], answer: Answered) -> Any:
        read = xml.decode_answer(answer.body)
        return read if read.error is None else Refusal(read.error.code, "", answer.status)
