"""Serves the page's files."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from importlib.resources import files
from typing import ClassVar

from devino_sandbox._http import ASGIApp, RawAnswer, RawRequest, answering, json_answer
from devino_sandbox._service import HttpService

__all__ = ["PageService"]

_ROOT = "/_sandbox/ui"
_INDEX = "index.html"
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
    # Mails are shown in a frame, from a route of the inspection API with a policy of its own.
    "frame-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
_HEADERS = (
    (b"content-security-policy", "; ".join(_POLICY).encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    # A page that was left open over an update of the sandbox gets the new files.
    (b"cache-control", b"no-cache"),
)


class PageService(HttpService):
    """The page."""

    name = "page"
    prefixes: tuple[str, ...] = (_ROOT,)
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {}
    known_hosts_only: ClassVar[bool] = True

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._app = answering(self._answer)

    async def start(self) -> None:
        folder = files(__package__) / "static"
        self._files = {one.name: one.read_bytes() for one in folder.iterdir()}

    @property
    def app(self) -> ASGIApp:
        return self._app

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {"page": f"{base_url}{_ROOT}"}

    def _answer(self, request: RawRequest) -> RawAnswer:
        if request.method not in ("GET", "HEAD"):
            return json_answer(405, {"error": "the page is only read"})
        name = request.path[len(_ROOT) :].strip("/") or _INDEX
        content = self._files.get(name)
        if content is None:
            return json_answer(404, {"error": "the page has no such file"})
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'.encode()
        headers = (*_HEADERS, (b"etag", tag))
        if (b"if-none-match", tag) in request.headers:
            return RawAnswer(304, b"", headers)
        kind = _TYPES[name.rpartition(".")[2]].encode()
        return RawAnswer(200, content, ((b"content-type", kind), *headers))
