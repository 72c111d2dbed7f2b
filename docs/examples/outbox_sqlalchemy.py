"""FastAPI and SQLAlchemy: an order and its message are stored together, or neither is."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from devino_core import Message
from devino_core.outbox import Outbox

PATH = os.environ.get("SHOP_DB", "shop.db")
engine = create_async_engine(f"sqlite+aiosqlite:///{PATH}")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Outbox]]:
    # The outbox's tables live in the application's own file. `devino outbox run` sends.
    async with Outbox(f"sqlite:{PATH}") as outbox:
        async with engine.begin() as connection:
            await connection.execute(
                text("CREATE TABLE IF NOT EXISTS orders(id INTEGER PRIMARY KEY, phone TEXT)")
            )
        yield {"outbox": outbox}
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/orders")
async def order(request: Request, phone: str, fails: bool = False) -> dict[str, int]:
    outbox: Outbox = request.state.outbox
    async with engine.begin() as connection:
        placed = await connection.execute(
            text("INSERT INTO orders(phone) VALUES (:phone) RETURNING id"), {"phone": phone}
        )
        number: int = placed.scalar_one()
        message = Message(phone, f"Order {number} is placed", ref=f"order-{number}")
        statement = outbox.statement([message], dialect="sqlalchemy")
        await connection.execute(text(statement.sql), statement.named)
        if fails:
            raise RuntimeError("the order is rolled back, and its message with it")
    return {"order": number}
