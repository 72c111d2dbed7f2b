"""What a URL of PostgreSQL says, and what is wrong with it.

No value is told: it may be a piece of a password that is not escaped. And nothing is raised here,
so that no frame of an error holds a password.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TypeAlias

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

__all__ = ["Parameters", "misfit_of", "mistake_of", "parameters_of"]

Parameters: TypeAlias = Mapping[str, str | int | None]

_NUMBERS = (
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
"""At these libpq looks when it has found the server."""
_NOWHERE = "/devino-no-such-directory"


def parameters_of(url: str) -> Parameters | None:
    """None for a URL that cannot be read."""
    with suppress(psycopg.ProgrammingError):
        return conninfo_to_dict(url)
    return None


def mistake_of(given: Parameters) -> str | None:
    """What is wrong with these parameters where libpq would look for a server all the same."""
    for port in str(given.get("port") or "").split(","):
        # An empty one is the usual port.
        if port.strip() and not (port.strip().isdecimal() and 0 < int(port) < 65536):
            return (
                "has a port that is none: expected a number from 1 to 65535, as in "
                "postgresql://user:password@host:5432/database; a / in a password is written %2F"
            )
    return _wrong([name for name in _NUMBERS if not _is_number(given.get(name) or 0)])


def misfit_of(given: Parameters) -> str | None:
    """What libpq does not take of these parameters, if that is why it has reached no server."""
    if _fits(given):
        return None
    host = given.get("host")
    wrong = [name for name, value in given.items() if not _fits({"host": host, name: value})]
    return _wrong(wrong) or "has values that libpq does not take together"


def _wrong(names: list[str]) -> str | None:
    return f"has a value that libpq does not take: {', '.join(names)}" if names else None


def _is_number(value: str | int) -> bool:
    with suppress(ValueError):
        return int(value) is not None
    return False


def _fits(given: Parameters) -> bool:
    """Whether libpq takes these values. It looks at all of them before it looks for a server, which
    is a socket that is not there."""
    hosts = str(given.get("host") or "").split(",")
    nowhere: Parameters = {"host": ",".join([_NOWHERE] * len(hosts)), "hostaddr": ""}
    if given.get("gssencmode") == "require":
        # A socket of this machine has none.
        nowhere = {**nowhere, "gssencmode": "disable"}
    tried = pq.PGconn.connect_start(make_conninfo("", **{**given, **nowhere}).encode())
    try:
        return tried.status != pq.ConnStatus.BAD or _NOWHERE.encode() in tried.error_message
    finally:
        tried.finish()
