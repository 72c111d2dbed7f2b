"""The pages that mails link to. To open one changes nothing: mail scanners open every link."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from html import escape
from typing import ClassVar

from devino_sandbox._fates import Consent
from devino_sandbox._http import ASGIApp, RawAnswer, RawRequest, answering, json_answer
from devino_sandbox._mail import PAGES, Links, MailContent
from devino_sandbox._messages import StoredMessage
from devino_sandbox._service import HttpService
from devino_sandbox._world import World

__all__ = ["PagesService"]

_HTML = (b"content-type", b"text/html; charset=utf-8")
# What a mail says must not run as a page of the sandbox.
_HARMLESS = (b"content-security-policy", b"sandbox; default-src 'none'; style-src 'unsafe-inline'")


class PagesService(HttpService):
    """``/_mail/web/TOKEN`` shows a mail, ``/_mail/unsubscribe/TOKEN`` asks its reader, who may post
    ``UNSUBSCRIBED``, ``COMPLAINED`` or ``SUBSCRIBED`` there."""

    name = "email-pages"
    prefixes: tuple[str, ...] = (PAGES,)
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {}
    known_hosts_only: ClassVar[bool] = True

    def __init__(self, world: World) -> None:
        self._world = world
        self._app = answering(self._answer)

    @property
    def app(self) -> ASGIApp:
        return self._app

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {}

    def _answer(self, http: RawRequest) -> RawAnswer:
        [_, *rest] = http.path.strip("/").split("/")
        what, token = rest if len(rest) == 2 else ("", "")
        message = self._world.of(Links).find(token)
        if message is None or what not in ("web", "unsubscribe"):
            return json_answer(404, {"error": "no mail has this link"})
        if http.method == "POST" and what == "unsubscribe":
            return self._decide(message, http.body)
        if http.method not in ("GET", "HEAD"):
            return json_answer(405, {"error": "open it, or post a decision to /unsubscribe/"})
        return _web(message) if what == "web" else _question(message)

    def _decide(self, message: StoredMessage, body: bytes) -> RawAnswer:
        said = body.decode("latin-1").partition("=")[2] or Consent.UNSUBSCRIBED
        if said not in {*Consent}:
            return json_answer(400, {"error": f"consent must be one of {', '.join(Consent)}"})
        account, consent = message.submission.account, Consent(said)
        self._world.consent(account, message.to, consent, message=message)
        return _page(f"<p>{escape(message.to)}: {consent}</p>")


def _web(message: StoredMessage) -> RawAnswer:
    content = message.submission.content
    if not isinstance(content, MailContent):
        return json_answer(404, {"error": "no mail has this link"})
    return _page(content.html or f"<pre>{escape(content.text)}</pre>")


def _question(message: StoredMessage) -> RawAnswer:
    buttons = "".join(
        [f'<button name="consent" value="{one}">{one}</button>' for one in reversed(Consent)]
    )
    return RawAnswer(
        200,
        f'<p>{escape(message.to)}</p><form method="post">{buttons}</form>'.encode(),
        (_HTML,),
    )


def _page(html: str) -> RawAnswer:
    return RawAnswer(200, html.encode(errors="replace"), (_HTML, _HARMLESS))
