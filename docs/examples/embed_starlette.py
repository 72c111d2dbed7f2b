"""A web service that sends: POST /notify {"phone": ..., "text": ...}."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from devino_core import AsyncClient, DevinoError, InvalidMessage, Message, Retry


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, AsyncClient]]:
    async with AsyncClient() as client:
        yield {"devino": client}


async def notify(request: Request) -> JSONResponse:
    order = await request.json()
    client: AsyncClient = request.state.devino
    try:
        receipt = await client.send(Message(order["phone"], order["text"]))
    except InvalidMessage as error:
        return JSONResponse({"field": error.field, "problem": error.reason}, status_code=422)
    except DevinoError as error:
        code = 503 if error.retry is Retry.SAFE else 502
        return JSONResponse({"problem": str(error)}, status_code=code)
    return JSONResponse({"ref": receipt.ref, "state": receipt.status.state})


app = Starlette(lifespan=lifespan, routes=[Route("/notify", notify, methods=["POST"])])
