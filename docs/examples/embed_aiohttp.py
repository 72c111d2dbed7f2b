"""The same service in aiohttp."""

from collections.abc import AsyncIterator

from aiohttp import web

from devino_core import AsyncClient, Message

DEVINO = web.AppKey("devino", AsyncClient)


async def devino(app: web.Application) -> AsyncIterator[None]:
    async with AsyncClient() as client:
        app[DEVINO] = client
        yield


async def notify(request: web.Request) -> web.Response:
    order = await request.json()
    receipt = await request.app[DEVINO].send(Message(order["phone"], order["text"]))
    return web.json_response({"ref": receipt.ref, "state": receipt.status.state})


app = web.Application()
app.cleanup_ctx.append(devino)
app.router.add_post("/notify", notify)
