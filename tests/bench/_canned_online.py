"""A server in a process of its own that takes every message of a request, as api.devino.online."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AbstractContextManager

from tests.bench._canned_messengers import Canned
from tests.bench._process import running, serve

_NUMBERS = itertools.count(3482512350952730)


def _answer(body: bytes) -> bytes:
    first = next(_NUMBERS) * 1000
    taken = b'{"code":"OK","messageId":"%d","segmentsId":["%d"]}'
    count = body.count(b'"to"')
    return b'{"result":[%s]}' % b",".join([taken % (first + n, first + n) for n in range(count)])


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    await serve(await loop.create_server(lambda: Canned(_answer), "127.0.0.1", 0))


def canned_server() -> AbstractContextManager[int]:
    """Run the server and give its port."""
    return running("tests.bench._canned_online")


if __name__ == "__main__":
    asyncio.run(_serve())
