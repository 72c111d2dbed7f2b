"""A call of a table as a line for a shell."""

from __future__ import annotations

from shlex import join
from typing import Any

from devino_codecs.http import Api, ApiKey, Login, Request
from devino_sandbox._service import Access

__all__ = ["curl"]


def curl(api: Api, request: Request[Any], base_url: str, access: Access) -> str:
    """The call by curl, with the account's login or its key, as the table wants it."""
    login = Login(access.account.login, access.account.password.reveal())
    http = api.encode_request(request, ApiKey(access.api_key) if api.auth.of is ApiKey else login)
    words, headers = ["curl"], dict(http.headers)
    if headers.get("Accept") == "*/*":
        # So it says by itself.
        del headers["Accept"]
    if headers.get("Authorization", "").startswith("Basic "):
        del headers["Authorization"]
        words += ["-u", f"{login.login}:{login.password}"]
    if http.content_type is not None:
        headers["Content-Type"] = http.content_type
    for name, value in headers.items():
        words += ["-H", f"{name}: {value}"]
    if http.method != ("POST" if http.body else "GET"):
        words += ["-X", http.method]
    if http.body:
        words += ["-d", http.body.decode()]
    return join([*words, base_url + http.target])
