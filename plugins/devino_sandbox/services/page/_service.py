"""Serves the page's files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from importlib.resources import files
from typing import ClassVar

from devino_sandbox._http import ASGIApp, RawAnswer, RawRequest, answering, json_answer
from devino_sandbox._mail import MailContent
from devino_sandbox._service import HttpService
from devino_sandbox._views import shows
from devino_sandbox._world import World

__all__ = ["PageService"]

_ROOT = "/_sandbox/ui"
_MAILS = f"{_ROOT}/mails/"
_INDEX = "index.html"
# Wherever it stands: a browser reads no tag that does not begin so.
_REACHES_OUT = re.compile(r"<(link|meta|i?frame)\b", re.IGNORECASE)
_LINK = re.compile(r"<(?:a|area)\b[^>]*", re.IGNORECASE)
_TARGET = re.compile(r"\btarget\s*=", re.IGNORECASE)
_DOCTYPE = re.compile(r"\s*(?:<!--.*?-->\s*)*<!doctype[^>]*>", re.IGNORECASE | re.DOTALL)
_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'",
    "connect-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    # Mails are shown in a frame, which has a policy of its own.
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
_MAIL_POLICY = (
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    # Also for who opens it without the frame: it runs nothing, and is of no origin.
    "sandbox",
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    # Nothing may leave this machine, and a browser looks up the hosts of links before any click.
    (b"x-dns-prefetch-control", b"off"),
    # A page that was left open over an update of the sandbox gets the new files.
    (b"cache-control", b"no-cache"),
)


class PageService(HttpService):
    """The page."""

    name = "page"
    prefixes: tuple[str, ...] = (_ROOT,)
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {}
    known_hosts_only: ClassVar[bool] = True
    in_journal: ClassVar[bool] = False

    def __init__(self, world: World) -> None:
        self._world = world
        self._files: dict[str, bytes] = {}
        self._app = answering(self._answer)

    async def start(self) -> None:
        folder = files("devino_sandbox.services.page") / "static"
        self._files = {one.name: one.read_bytes() for one in folder.iterdir()}

    @shows("operations", "what can fail, by protocol, for orders of faults")
    def _operations(self, to: str | None) -> dict[str, list[str]]:
        return {name: sorted(told) for name, told in self._world.faults.operations.items()}

    @property
    def app(self) -> ASGIApp:
        return self._app

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {"page": f"{base_url}{_ROOT}"}

    def _answer(self, request: RawRequest) -> RawAnswer:
        if request.method not in ("GET", "HEAD"):
            return json_answer(405, {"error": "the page is only read"})
        if request.path.startswith(_MAILS):
            return self._mail(request.path[len(_MAILS) :])
        name = request.path[len(_ROOT) :].strip("/") or _INDEX
        content = self._files.get(name)
        if content is None:
            return json_answer(404, {"error": "the page has no such file"})
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'.encode()
        headers = (*_secured(_POLICY), (b"etag", tag))
        if (b"if-none-match", tag) in request.headers:
            return RawAnswer(304, b"", headers)
        kind = _TYPES[name.rpartition(".")[2]].encode()
        return RawAnswer(200, content, ((b"content-type", kind), *headers))

    def _mail(self, message_id: str) -> RawAnswer:
        """What a mail says in HTML, to be shown in a frame."""
        found = self._world.stored(message_id)
        content = None if found is None else found.submission.content
        if not isinstance(content, MailContent):
            return json_answer(404, {"error": "there is no such mail"})
        headers = ((b"content-type", _TYPES["html"].encode()), *_secured(_MAIL_POLICY))
        return RawAnswer(200, _inert(content.html).encode(errors="replace"), headers)


def _inert(html: str) -> str:
    """The same mail, without what no policy of a document forbids.

    Browsers connect to the host of a ``link rel="preconnect"``, and of a frame before they find
    that it may not be shown; a ``meta`` lets them look up the hosts of links. So these are made
    elements of no meaning. A link that is followed would do the same, and leave an error in the
    frame; so all lead to windows, which the frame may not open. Of several ``base`` the first
    counts; before the document type it would let browsers take the mail for one of an old kind.
    """
    html = _REACHES_OUT.sub(r"<x-\1", html)
    html = _LINK.sub(lambda link: _TARGET.sub("data-target=", link[0]), html)
    end = _DOCTYPE.match(html)
    place = end.end() if end else 0
    return f'{html[:place]}<base target="_blank">{html[place:]}'


def _secured(policy: tuple[str, ...]) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"content-security-policy", "; ".join(policy).encode()), *_HEADERS)
