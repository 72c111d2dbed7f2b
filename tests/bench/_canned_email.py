"""A server in a process of its own that takes every recipient of a mail, fast."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AbstractContextManager

from tests.bench._canned_messengers import Canned
from tests.bench._process import running, serve

_NUMBERS = itertools.count()


def _answer(body: bytes) -> bytes:
    # The sender has an address, too.
    count = body.count(b'"Address"') - 1
    call = next(_NUMBERS)
    taken = b",".join(
        b'{"Index":%d,"Address":"ivan%d@example.com","MessageId":"Ms%dx%d","Code":"ok"}'
        % (index, index, call, index)
        for index in range(count)
    )
    return b'{"Result":[%b],"Code":"ok","Description":"ok"}' % taken


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    await serve(await loop.create_server(lambda: Canned(_answer, b"201 Created"), "127.0.0.1", 0))


def canned_email_server() -> AbstractContextManager[int]:
    """Run the server and give its port."""
    return running("tests.bench._canned_email")


if __name__ == "__main__":
    asyncio.run(_serve())
