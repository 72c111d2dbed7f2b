"""A web service that receives: the platform posts to /devino/<secret>/<source>."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from devino_core import AsyncClient, Event, Incoming, Secret, Status, StatusChanged

# Stands for the database: the known status of each message, by the platform's id.
statuses: dict[str, Status] = {}


async def take(event: Event) -> str | None:
    if isinstance(event, StatusChanged):
        known = statuses.get(event.message_id)
        if known is None:
            # The report may be faster than the answer to our own call. Raise to get it again.
            raise LookupError("no message has this id yet")
        # A late report never moves a message backwards.
        statuses[event.message_id] = known.advanced_by(event.status)
    elif isinstance(event, Incoming):
        return "Thank you, we will call you back"
    return None


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with AsyncClient() as client:
        callbacks = client.callbacks(take, secrets=[Secret(os.environ["CALLBACK_SECRET"])])
        app.mount("/devino", callbacks.asgi)
        yield


app = Starlette(lifespan=lifespan)
