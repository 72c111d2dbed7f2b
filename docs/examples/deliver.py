"""Tells somebody that an order is ready, by Viber, else by SMS: deliver.py NUMBER ORDER."""

import asyncio
import sys
from datetime import timedelta

from devino_core import AsyncClient, Medium, Message

STORE = "sqlite:deliver.db"


async def main(number: str, order: str) -> None:
    text = f"Order {order} is ready"
    message = Message(
        number,
        text,
        medium=Medium.VIBER,
        validity=timedelta(minutes=5),
        fallback=Message(number, text),
        # A second run of this program means the same message.
        ref=f"ready-{order}",
    )
    async with AsyncClient() as client:
        async for delivery in client.deliver(message, store=STORE):
            print(delivery.phase.name, [leg.status.state.name for leg in delivery.legs])
        print("reached by", ", ".join(delivery.reached) or "nothing")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
