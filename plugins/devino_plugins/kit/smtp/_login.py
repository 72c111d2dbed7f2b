"""AUTH (RFC 4954): the mechanisms, and which are tried.

A password that is wrong by one mechanism is wrong by all, and servers lock out whoever tries too
often. So another mechanism is tried only if a server cannot do one that it offers.

No local of a coroutine here holds a password as plain text: a crash reporter would show it if the
login is cancelled.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from devino_core import Body, Secret

__all__ = ["MECHANISMS", "NEXT_MECHANISM", "Login", "in_order"]

NEXT_MECHANISM = frozenset({501, 504})
"""The replies of servers that offer a mechanism which they do not know, or know otherwise."""


class Login(NamedTuple):
    """Who logs in to a mail server."""

    name: str
    password: Secret

    def repeated(self) -> Iterable[Secret]:
        """The password as AUTH carries it, in case a server repeats it."""
        yield self.password
        for line in (_plain(self, ""), _password(self, "")):
            yield Secret(line.decode("ascii").removesuffix("\r\n").rpartition(" ")[2])


def in_order(offered: Iterable[str], *, encrypted: bool) -> list[str]:
    """The mechanisms to use, the best first: in the clear that is one which hides the password."""
    known = ["plain", "login", "cram-md5"] if encrypted else ["cram-md5", "plain", "login"]
    return [name for name in known if name in offered]


def _line(text: bytes, before: bytes = b"") -> Body:
    return Body(before + base64.b64encode(text) + b"\r\n")


def _plain(login: Login, _: str) -> Body:
    name, password = login.name.encode(), login.password.reveal().encode()
    return _line(b"\0" + name + b"\0" + password, b"AUTH PLAIN ")


def _name(login: Login, _: str) -> Body:
    return _line(login.name.encode())


def _password(login: Login, _: str) -> Body:
    return _line(login.password.reveal().encode())


def _digest(login: Login, challenge: str) -> Body:
    try:
        told = base64.b64decode(challenge)
    except (binascii.Error, ValueError):
        told = b""
    digest = hmac.new(login.password.reveal().encode(), told, "md5").hexdigest()
    return _line(f"{login.name} {digest}".encode())


def _begin(mechanism: str) -> Callable[[Login, str], Body]:
    return lambda *_: Body(f"AUTH {mechanism}\r\n".encode())


MECHANISMS: Mapping[str, tuple[Callable[[Login, str], Body], ...]] = {
    # Not every server takes LOGIN with the name in the same line.
    "plain": (_plain,),
    "login": (_begin("LOGIN"), _name, _password),
    "cram-md5": (_begin("CRAM-MD5"), _digest),
}
"""The lines of each: made from the login and from what the server said to the line before."""
