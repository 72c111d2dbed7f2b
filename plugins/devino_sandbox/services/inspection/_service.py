"""The inspection API of one World."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, cast

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from devino_sandbox._admission import readable
from devino_sandbox._http import ASGIApp
from devino_sandbox._service import HttpService
from devino_sandbox._views import Views
from devino_sandbox._world import World

from ._calls import CallRoutes
from ._control import ControlRoutes
from ._events import EventRoutes
from ._facts import FactRoutes
from ._messages import MessageRoutes
from ._table import Asked, Nothing, Row, answer, as_json

__all__ = ["InspectionService"]

_ROOT = "/_sandbox"


class ViewQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of what a service shows of its own."""

    to: str | None = None


class InspectionService(HttpService):
    """The inspection API of one World."""

    name = "inspect"
    prefixes: tuple[str, ...] = (_ROOT,)
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {}
    known_hosts_only: ClassVar[bool] = True
    in_journal: ClassVar[bool] = False

    def __init__(self, world: World) -> None:
        self._world = world
        self._events = EventRoutes(world)
        self._facts = FactRoutes(world, lambda: self.rows)
        areas = (
            self._facts,
            MessageRoutes(world),
            CallRoutes(world),
            self._events,
            ControlRoutes(world),
        )
        self.rows: Sequence[Row[Any, Any]] = [row for area in areas for row in area.rows]
        """Its routes. What services show of their own comes after them, and hides none."""
        view = Row(
            method="GET",
            path="/{view}",
            about="what a service shows of its own",
            handle=self._view,
            query=ViewQuery,
        )
        self._app = Starlette(
            routes=[
                Route(f"{_ROOT}{row.path}", _serving(row), methods=[row.method])
                for row in (*self.rows, view)
            ],
            exception_handlers={HTTPException: self._explain, Exception: self._fail},
        )

    @property
    def app(self) -> ASGIApp:
        return cast("ASGIApp", self._app)

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {"inspect": f"{base_url}{_ROOT}"}

    async def stop(self) -> None:
        self._events.close()

    async def _view(self, asked: Asked[ViewQuery, Nothing]) -> object:
        view = self._world.of(Views).all().get(asked.path["view"])
        if view is None:
            raise HTTPException(404, "Not Found")
        to = asked.query.to
        return view.show(None if to is None else readable(to))

    async def _explain(self, request: Request, error: Exception) -> Response:
        found = cast("HTTPException", error)
        return self._refusal(str(found.detail), found.status_code)

    async def _fail(self, request: Request, error: Exception) -> Response:
        # A bug of ours, or of a view that a service brought; the log has its traceback.
        what = f"{request.method} {request.url.path} failed"
        return self._refusal(f"{what}: {type(error).__name__}: {error}", 500)

    def _refusal(self, why: str, status: int) -> Response:
        return as_json({"error": why, "routes": self._facts.routes()}, status)


def _serving(row: Row[Any, Any]) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        return await answer(row, request)

    return serve
