"""The routes that tell what the sandbox is: the index, its health, its figures, its description."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from starlette.responses import Response

from devino_core import State, __version__
from devino_sandbox._running import Running, seen_from
from devino_sandbox._views import Views
from devino_sandbox._world import World

from ._control import Driven
from ._openapi import described
from ._table import Asked, Nothing, Row, as_json

__all__ = ["FactRoutes"]


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account. Never its password."""

    login: str
    balance: Decimal
    senders: Sequence[str] | None
    """The approved ones; null: every well-formed one."""
    sessions: int
    """Open session ids."""


class IndexView(msgspec.Struct, frozen=True, kw_only=True):
    """What there is."""

    version: str
    time: datetime
    """By the World's clock."""
    driven: bool
    """The clock moves when told, and not by itself."""
    endpoints: Mapping[str, str]
    """Where the services are, under the host that was asked."""
    accounts: Sequence[AccountView]
    routes: Mapping[str, str]


class HealthView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it serves."""

    status: str
    version: str
    services: Mapping[str, str]


class FactRoutes:
    """These routes, on one World. ``all_rows`` gives all of the API's."""

    def __init__(self, world: World, all_rows: Callable[[], Sequence[Row[Any, Any]]]) -> None:
        self._world = world
        self._all_rows = all_rows

    @property
    def rows(self) -> Sequence[Row[Any, Any]]:
        """They."""
        return (
            Row(method="GET", path="", about="what there is", handle=self._index, answer=IndexView),
            Row(
                method="GET",
                path="/health",
                about="whether it serves; 503 while it starts",
                handle=self._health,
                answer=HealthView,
                refuses={503: "it starts"},
            ),
            Row(
                method="GET",
                path="/metrics",
                about="figures, as Prometheus reads them",
                handle=self._metrics,
            ),
            Row(
                method="GET",
                path="/openapi.json",
                about="this API, described as OpenAPI 3.1",
                handle=self._openapi,
            ),
        )

    def routes(self) -> Mapping[str, str]:
        """All of the API's, and what services show of their own, with a line for people."""
        views = self._world.of(Views).all().items()
        table = {_named(row): row.about for row in self._all_rows()}
        return table | {f"GET /_sandbox/{name}": view.about for name, view in views}

    async def _index(self, asked: Asked[Nothing, Nothing]) -> IndexView:
        world = self._world
        open_now = world.sessions()
        return IndexView(
            version=__version__,
            time=world.clock.now(),
            driven=isinstance(world.clock, Driven),
            endpoints=seen_from(world.of(Running).endpoints, asked.http.headers.get("host", "")),
            accounts=[
                AccountView(
                    login=one.login,
                    balance=one.balance,
                    senders=None if one.senders is None else sorted(one.senders),
                    sessions=open_now[one.login],
                )
                for one in world.accounts.values()
            ],
            routes=self.routes(),
        )

    async def _health(self, asked: Asked[Nothing, Nothing]) -> Response:
        running = self._world.of(Running)
        view = HealthView(
            status="ok" if running.is_up else "starting",
            version=__version__,
            services=dict(running.services),
        )
        return as_json(view, 200 if running.is_up else 503)

    async def _metrics(self, asked: Asked[Nothing, Nothing]) -> Response:
        return Response(
            "\n".join([*self._lines(), ""]), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    def _lines(self) -> Iterator[str]:
        world = self._world
        states = dict.fromkeys(State, 0)
        for message in world.messages():
            states[message.state] += 1
        yield "# TYPE devino_sandbox_messages gauge"
        yield from [f'devino_sandbox_messages{{state="{s}"}} {n}' for s, n in states.items()]
        yield "# TYPE devino_sandbox_calls_total counter"
        for (protocol, failed), count in sorted(world.journal.totals.items()):
            labels = f'protocol="{_label(protocol)}",failed="{str(failed).lower()}"'
            yield f"devino_sandbox_calls_total{{{labels}}} {count}"
        yield "# TYPE devino_sandbox_balance gauge"
        for account in world.accounts.values():
            yield f'devino_sandbox_balance{{login="{_label(account.login)}"}} {account.balance}'

    async def _openapi(self, asked: Asked[Nothing, Nothing]) -> object:
        return described(self._all_rows())


def _named(row: Row[Any, Any]) -> str:
    method, _, path = row.name.partition(" ")
    return f"{method} /_sandbox{path}"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
