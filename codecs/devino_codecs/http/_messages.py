"""A request and an answer as HTTP has them, of no library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from devino_codecs._masked import SECRET, Masked

from ._form import quote_segment, segments_of

__all__ = ["ANSWER_TYPE", "FORM", "JSON", "HttpAnswer", "HttpRequest"]

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
ANSWER_TYPE = "application/json; charset=utf-8"
"""The Content-Type of every answer, refusals included."""


class HttpRequest(Masked, frozen=True):
    """A request. Query, headers and body may hold credentials, so the repr shows none of them.

    ``segments`` are those of the path, unescaped: of what was encoded, those below the interface's
    base URL. ``query`` lacks the ``?``. Names of ``headers`` are in lower case. What adds a header
    makes another request: ``headers`` may be those of the :class:`Api` itself.
    """

    method: str
    segments: tuple[str, ...]
    query: Annotated[str, SECRET] = ""
    headers: Annotated[Mapping[str, str], SECRET] = {}
    body: Annotated[bytes, SECRET] = b""
    content_type: str | None = None

    @classmethod
    def of(
        cls,
        method: str,
        target: str,
        query: str | bytes = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> HttpRequest:
        """A request as it came: ``target`` is the path, still escaped, and may hold a query too."""
        path, _, in_path = target.partition("?")
        if isinstance(query, bytes):
            query = query.decode(errors="surrogateescape")
        if in_path:
            query = f"{in_path}&{query}" if query else in_path
        named = {name.lower(): value for name, value in headers.items()} if headers else {}
        content_type = named.get("content-type")
        return cls(method.upper(), segments_of(path), query, named, body, content_type)

    @property
    def path(self) -> str:
        """The path, escaped, from its ``/`` on."""
        return "/" + "/".join(map(quote_segment, self.segments))

    @property
    def target(self) -> str:
        """Path and query, as in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


class HttpAnswer(Masked, frozen=True):
    """An answer. Names of ``headers`` are in lower case. The repr does not show the body."""

    status: int
    body: Annotated[bytes, SECRET] = b""
    headers: Mapping[str, str] = {}
    content_type: str | None = None
