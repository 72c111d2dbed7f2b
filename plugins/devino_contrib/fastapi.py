"""The client in FastAPI.

::

    app = FastAPI(lifespan=lifespan())
    install_error_handlers(app)
    app.include_router(callbacks(take, secrets=[Secret("...")]), prefix="/devino")

    @app.post("/notify")
    async def notify(message: MessageBody, client: Devino) -> Receipt:
        return await client.send(message)

Messages, statuses and receipts may also be parts of models, and answers in any form. Tests put
another client there by ``app.dependency_overrides[get_client]``. Needs the extra ``fastapi``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any, TypeAlias
from weakref import WeakKeyDictionary

from devino_core import AsyncClient, DevinoError, Message, Receipt, Secret, Status
from devino_core.callbacks import Callbacks, CallbackSpec, Take
from devino_core.remembered import Remembered
from devino_core.shared import Source

from ._answers import answer_to
from ._needs import needs

with needs("fastapi"):
    from fastapi import APIRouter, Body, Depends, FastAPI, Request
    from fastapi.encoders import ENCODERS_BY_TYPE
    from fastapi.responses import JSONResponse
    from starlette.requests import HTTPConnection
    from starlette.types import Receive, Scope, Send

__all__ = ["Devino", "MessageBody", "callbacks", "get_client", "install_error_handlers", "lifespan"]

Lifespan: TypeAlias = Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any] | None]]

# FastAPI asks pydantic only about what an endpoint declares.
for _kind in (Message, Receipt, Status):
    ENCODERS_BY_TYPE[_kind] = _kind.to_dict


def lifespan(
    channels: Source = None, *, inner: Lifespan | None = None
) -> Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any]]]:
    """A lifespan in which a client is open: ``FastAPI(lifespan=lifespan())``.

    ``channels`` is as for :class:`~devino_core.AsyncClient`. ``inner`` is the application's own
    lifespan; the client is open before it begins, and until it has ended.
    """

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with AsyncClient(channels) as client:
            # A router's lifespan is told the application, and not the state.
            app.state.devino = client
            if inner is None:
                yield {_STATE: client}
                return
            async with inner(app) as state:
                yield {**(state or {}), _STATE: client}

    return opened


def get_client(connection: HTTPConnection) -> AsyncClient:
    """The application's client, as a dependency. Raises RuntimeError without :func:`lifespan`."""
    return _client_of(connection.scope)


Devino: TypeAlias = Annotated[AsyncClient, Depends(get_client)]
"""The argument of an endpoint that wants the client."""

MessageBody: TypeAlias = Annotated[Message, Body()]
"""A message as the body of a request. FastAPI looks for a bare ``Message`` in the query."""


def install_error_handlers(app: FastAPI) -> None:
    """Answer what could not be sent: 422 with the field and the problem, 429 and 503 with
    ``Retry-After`` where to try again is safe, 502 where it may send twice, else 500.

    Texts of the platform go to the log ``devino.web`` and not to the caller.
    """

    async def handle(request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, DevinoError):
            raise error
        answer = answer_to(error)
        return JSONResponse(answer.body, answer.status, answer.headers)

    app.add_exception_handler(DevinoError, handle)


def callbacks(
    take: Take,
    *,
    secrets: Iterable[Secret],
    sources: Iterable[str | CallbackSpec] | None = None,
    networks: Iterable[str] = (),
    max_body: int = 8 * 1024 * 1024,
    deadline: float = 25.0,
    seen: Remembered | None = None,
) -> APIRouter:
    """A router that receives what the platform posts to ``/<secret>/<source>`` below its prefix.

    The arguments are those of :meth:`AsyncClient.callbacks <devino_core.AsyncClient.callbacks>`,
    whose errors the start of the application raises. The application has one such router.
    """
    receiver = _Receiver(
        lambda client: client.callbacks(
            take,
            secrets=secrets,
            sources=sources,
            networks=networks,
            max_body=max_body,
            deadline=deadline,
            seen=seen,
        )
    )

    @asynccontextmanager
    async def checked(app: FastAPI) -> AsyncIterator[None]:
        # FastAPI runs it within the application's own lifespan.
        client = getattr(app.state, _STATE, None)
        if client is not None:
            receiver.receiver_of(client)
        yield

    router = APIRouter(lifespan=checked)
    router.add_route("/{path:path}", receiver, include_in_schema=False)  # type: ignore[arg-type]
    return router


_STATE = "devino"


def _client_of(scope: MutableMapping[str, Any]) -> AsyncClient:
    client = (scope.get("state") or {}).get(_STATE)
    if not isinstance(client, AsyncClient):
        raise RuntimeError(  # noqa: TRY004 - nobody passed it
            "no client is open: give the application FastAPI(lifespan=lifespan()), and in tests "
            "use TestClient(app) as a context manager"
        )
    return client


class _Receiver:
    """An endpoint that is an ASGI application of its own."""

    def __init__(self, make: Callable[[AsyncClient], Callbacks]) -> None:
        self._make = make
        self._made: WeakKeyDictionary[AsyncClient, Callbacks] = WeakKeyDictionary()

    def receiver_of(self, client: AsyncClient) -> Callbacks:
        receiver = self._made.get(client)
        if receiver is None:
            receiver = self._made[client] = self._make(client)
        return receiver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.receiver_of(_client_of(scope)).asgi(scope, receive, send)
