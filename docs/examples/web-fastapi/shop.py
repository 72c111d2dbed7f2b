"""A shop that tells its customers: `uvicorn shop:app`."""

import os

from fastapi import FastAPI

from devino_contrib.fastapi import (
    Devino,
    MessageBody,
    callbacks,
    install_error_handlers,
    lifespan,
)
from devino_core import Event, Receipt, Secret, Status, StatusChanged

# Stands for the database: the known status of each message, by the platform's id.
statuses: dict[str, Status] = {}


async def take(event: Event) -> None:
    if isinstance(event, StatusChanged):
        known = statuses.get(event.message_id)
        # A late report never moves a message backwards.
        statuses[event.message_id] = known.advanced_by(event.status) if known else event.status


app = FastAPI(lifespan=lifespan())
install_error_handlers(app)
app.include_router(
    callbacks(take, secrets=[Secret(os.environ["CALLBACK_SECRET"])]), prefix="/devino"
)


@app.post("/notify")
async def notify(message: MessageBody, client: Devino) -> Receipt:
    return await client.send(message)


@app.get("/messages/{message_id}")
async def message(message_id: str) -> Status | None:
    return statuses.get(message_id)
