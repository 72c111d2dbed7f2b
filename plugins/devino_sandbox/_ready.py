"""Whether a sandbox serves, for a script or a container's health check."""

from __future__ import annotations

import http.client
import json
import time
from urllib.parse import urlsplit

from devino_core import ConfigurationError
from devino_core.weburl import web_url

__all__ = ["health_url", "until_ready"]

_PAUSE = 0.1
_PATIENCE = 3.0
"""Seconds for one answer."""


def health_url(url: str | None, host: str, port: int, *, tls: bool) -> str:
    """Where to ask: at this URL of a sandbox, or as the sandbox itself is configured.

    Raises ConfigurationError for what is no URL, and where no port is known.
    """
    if url is None:
        if not port:
            raise ConfigurationError(
                "which sandbox? give --url http://127.0.0.1:8080, or the port in "
                "DEVINO_SANDBOX_HTTP_PORT"
            )
        name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
        name = f"[{name}]" if ":" in name else name
        url = f"{'https' if tls else 'http'}://{name}:{port}"
    parts = web_url(url)
    if parts is None:
        # It may hold a password.
        raise ConfigurationError("--url: this is no URL such as http://127.0.0.1:8080")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/_sandbox/health"


def until_ready(url: str, seconds: float) -> str:
    """Ask until it serves, or for so long. Gives "" or why it does not."""
    end = time.monotonic() + seconds
    while True:
        why = _why_not(url)
        if not why or time.monotonic() + _PAUSE > end:
            return why
        time.sleep(_PAUSE)


def _why_not(url: str) -> str:
    connection = _connection(url)
    try:
        connection.request("GET", urlsplit(url).path)
        answer = connection.getresponse()
        status, body = answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    if status == http.client.SERVICE_UNAVAILABLE:
        return "it is starting"
    if status != http.client.OK:
        return f"HTTP {status}: this is no sandbox, or it may not be asked under this name"
    try:
        is_up = json.loads(body)["status"] == "ok"
    except (ValueError, KeyError, TypeError):
        is_up = False
    return "" if is_up else "what answers there is no sandbox"


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    import ssl

    # Nothing is told, and only whether it answers is asked: it may have any certificate, such as
    # one that was made for this run.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=_PATIENCE, context=context)
