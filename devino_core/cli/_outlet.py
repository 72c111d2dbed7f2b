"""Where ``listen`` puts events: first to the URL of ``--forward-to``, then to stdout."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from devino_core import Body, Event
from devino_core._opened import Opened
from devino_core.clock import in_words
from devino_core.errors import ConfigurationError, DevinoError

from ._exit import OutputFailed
from .toolkit import App

if TYPE_CHECKING:
    from devino_core.http import HttpSession

__all__ = ["Outlet"]


class Outlet(Opened):
    """Takes events. Raises ConfigurationError for a URL to which nothing can be posted."""

    def __init__(self, app: App, forward_to: str | None) -> None:
        self.failure: OutputFailed | None = None
        """Why the output cannot be written any more."""
        self._app = app
        self._session = None if forward_to is None else _session(forward_to)

    async def open(self) -> None:
        import asyncio

        self.ended = asyncio.Event()
        """Set when nothing more can be taken."""
        if self._session is not None:
            await self._session.open()

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.aclose()

    async def __call__(self, event: Event) -> None:
        """Return when the event is taken. It cancels itself if that is impossible."""
        from asyncio import CancelledError

        fields = msgspec.structs.asdict(event)
        # This is the codec's own value, which need not be JSON.
        del fields["raw"]
        told = {"event": type(event).__name__, **fields}
        if self._session is not None:
            await self._forward(self._session, Body(self._app.encoded(told)))
        try:
            self._app.show(told)
        except OutputFailed as error:
            self.failure = error
            self.ended.set()
            raise CancelledError from None

    async def _forward(self, session: HttpSession, body: Body) -> None:
        from asyncio import CancelledError

        for pause in _pauses():
            why = await _refused(session, body)
            if why is None:
                return
            self._app.note(f"--forward-to: {why}; the event is posted again in {in_words(pause)}")
            if await self._ends_within(pause):
                raise CancelledError

    async def _ends_within(self, seconds: float) -> bool:
        import asyncio

        from devino_core.clock import done_within

        ended = asyncio.ensure_future(self.ended.wait())
        try:
            return await done_within(self._app.clock, seconds, ended)
        finally:
            ended.cancel()


def _pauses() -> Iterator[float]:
    return itertools.chain((1, 2, 5, 10, 30), itertools.repeat(60))


async def _refused(session: HttpSession, body: Body) -> str | None:
    """Why the URL did not take the event; None if it did."""
    try:
        answer = await session.request(
            "POST", (), body=body, content_type="application/json", changes=True
        )
    except DevinoError as error:
        return str(error)
    return None if 200 <= answer.status < 300 else f"it answered with HTTP {answer.status}"


def _session(url: str) -> HttpSession:
    try:
        from devino_core.http import HttpSession
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f'--forward-to needs {error.name}: pip install "devino[http]"'
        ) from error
    # The URL is the user's own application, most often on the same network.
    return HttpSession(url, plain_http=True, setting="--forward-to")
