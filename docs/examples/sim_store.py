"""The references in SQLite, where they outlive the program; a check before a password goes."""

import sqlite3

import msgspec

from devino_core import AsyncClient, Message
from devino_core.sim import SimGuard, SimRecord


class SqliteSims:
    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS sims (number TEXT PRIMARY KEY, record BLOB NOT NULL)"
        )

    async def get(self, number: str, /) -> SimRecord | None:
        query = "SELECT record FROM sims WHERE number = ?"
        row = self._database.execute(query, (number,)).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=SimRecord)

    async def put(self, number: str, record: SimRecord, /, *, replaces: SimRecord | None) -> bool:
        new = msgspec.json.encode(record)
        if replaces is None:
            insert = "INSERT OR IGNORE INTO sims VALUES (?, ?)"
            return self._database.execute(insert, (number, new)).rowcount == 1
        update = "UPDATE sims SET record = ? WHERE number = ? AND record = ?"
        old = msgspec.json.encode(replaces)
        return self._database.execute(update, (new, number, old)).rowcount == 1


async def send_password(client: AsyncClient, guard: SimGuard, number: str, text: str) -> None:
    if await guard.check(number):
        await client.send(Message(number, text))
    else:
        await client.send(Message(number, "The operation was stopped. Please call your bank."))
