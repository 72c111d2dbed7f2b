"""The store keeps its promises behind pgbouncer, which gives each transaction another connection.

Only where pgbouncer is installed: no package of Python brings one.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from devino_core.outbox import Store
from devino_core.testing import StoreConformance
from devino_outbox import PostgresSettings
from devino_outbox.postgres import PostgresStore

from .server import ENVIRON, Server, unprivileged

PGBOUNCER = shutil.which("pgbouncer")
pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")

CONFIG = """
[databases]
* = host={server.hostname} port={server.port} user={server.username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
auth_type = any
pool_mode = transaction
default_pool_size = 3
logfile = {folder}/log
unix_socket_dir =
"""


@pytest.fixture(scope="module")
def pooled(postgres: Server) -> Iterator[str]:
    """The URL of the same server behind a pooler."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen: int = free.getsockname()[1]
    behind = urlsplit(postgres.url)
    folder = Path(tempfile.mkdtemp(prefix="devino-pgbouncer-"))
    user = unprivileged()
    if user is not None:
        shutil.chown(folder, user)
    config = folder / "pgbouncer.ini"
    config.write_text(CONFIG.format(server=behind, listen=listen, folder=folder))
    config.chmod(0o644)
    process = subprocess.Popen([str(PGBOUNCER), "-q", config], user=user, cwd=folder, env=ENVIRON)
    url = behind._replace(netloc=f"{behind.username}@127.0.0.1:{listen}").geturl()
    try:
        end = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(url, connect_timeout=5).close()
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.05)
            else:
                break
        yield url
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def opened(url: str, schema: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(PostgresSettings(url=url, schema=schema, pooler=True))
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


class TestPooled(StoreConformance):
    @pytest.fixture(autouse=True)
    def _schema(self, postgres: Server, pooled: str) -> None:
        self.server = postgres
        self.url = pooled
        self.schema = postgres.schema()

    def opened(self) -> AbstractAsyncContextManager[Store]:
        return opened(self.url, self.schema)

    def again(self, store: Store) -> AbstractAsyncContextManager[Store]:
        return opened(self.url, self.schema)

    async def kill(self, store: Store, worker: int) -> None:
        # Its lease is over.
        self.server.execute(f"UPDATE {self.schema}.workers SET seen = 0 WHERE id = {worker}")
