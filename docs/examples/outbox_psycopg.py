"""FastAPI and psycopg: an order and its message are stored together, or neither is."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from fastapi import FastAPI, Request

from devino_core import Message
from devino_core.outbox import Outbox

URL = os.environ.get("SHOP_DB", "postgresql://localhost/shop")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Outbox]]:
    # The outbox's tables live in the schema `devino` of the application's database.
    # `devino outbox run` sends, on this machine or on others.
    async with Outbox(URL) as outbox:
        yield {"outbox": outbox}


app = FastAPI(lifespan=lifespan)


@app.post("/orders")
def order(request: Request, phone: str, fails: bool = False) -> dict[str, int]:
    outbox: Outbox = request.state.outbox
    # The transaction ends with the block: all of it is stored, or nothing.
    with psycopg.connect(URL) as connection:
        placed = connection.execute(
            "INSERT INTO orders(phone) VALUES (%s) RETURNING id", (phone,)
        ).fetchone()
        number: int = placed[0] if placed else 0
        message = Message(phone, f"Order {number} is placed", ref=f"order-{number}")
        connection.execute(*outbox.statement([message], dialect="postgresql"))
        if fails:
            raise RuntimeError("the order is rolled back, and its message with it")
    return {"order": number}
