"""A server in a process of its own that takes every message of every XML package, fast."""

from __future__ import annotations

import asyncio
import re
from contextlib import AbstractContextManager

from tests.bench._process import running, serve

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_IDS = re.compile(rb'<msg id="(\d+)"')


async def _serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            found = _LENGTH.search(head)
            body = await reader.readexactly(int(found[1]) if found else 0)
            rows = b"".join(
                b'<msg id="%s" sms_id="%d" sms_count="1">106</msg>' % (own_id, number)
                for number, own_id in enumerate(_IDS.findall(body), 579700854)
            )
            answer = (
                b'<?xml version="1.0" encoding="utf-8"?><package><message>%s</message></package>'
                % rows
            )
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(answer), answer)
            )
    except asyncio.IncompleteReadError:
        writer.close()


async def _serve() -> None:
    # As large as a package may be: the head is read with a limit of its own.
    await serve(await asyncio.start_server(_serve_one, "127.0.0.1", 0, limit=2**24))


def canned_packages() -> AbstractContextManager[int]:
    """Run the server and give its port."""
    return running("tests.bench._canned_packages")


if __name__ == "__main__":
    asyncio.run(_serve())
