"""A server in a process of its own that takes every import, fast, and keeps nothing."""

from __future__ import annotations

import asyncio
import re
from contextlib import AbstractContextManager

from tests.bench._process import running, serve

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_ID = re.compile(rb'"ImportId":"([^"]+)"')


def _answer(body: bytes) -> bytes:
    found = _ID.search(body)
    content = (
        b'{"Result":{"ImportId":"%s","ValidContacts":%d,"RejectedContacts":[],'
        b'"InvalidPhoneNumbers":[],"InvalidEmails":[]},"Code":"ok","Description":"ok"}'
        % (found[1] if found else b"", body.count(b'"PhoneNumber"'))
    )
    return b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)


async def _take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            found = _LENGTH.search(head)
            writer.write(_answer(await reader.readexactly(int(found[1]) if found else 0)))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _serve() -> None:
    await serve(await asyncio.start_server(_take, "127.0.0.1", 0))


def canned_import() -> AbstractContextManager[int]:
    """Run the server and give its port."""
    return running("tests.bench._canned_import")


if __name__ == "__main__":
    asyncio.run(_serve())
