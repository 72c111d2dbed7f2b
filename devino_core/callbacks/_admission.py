"""Decides which requests are let in. The platform signs nothing, so the URL holds a secret."""

from __future__ import annotations

import base64
import hmac
import ipaddress
import re
from collections.abc import Iterable

from devino_core._secret import Secret
from devino_core.errors import ConfigurationError

from ._values import CallbackRequest

__all__ = ["Admission"]

# Characters that every server leaves alone, in a segment of a path and in a header.
_SECRET = re.compile(r"[!-.0-~]{16,}")


class Admission:
    """Lets in requests with one of the secrets, and only from the networks if any are given.

    Raises ConfigurationError for a secret or a network that is not valid.
    """

    def __init__(self, secrets: Iterable[Secret], networks: Iterable[str]) -> None:
        self._secrets = [_checked(secret) for secret in secrets]
        if not self._secrets:
            raise ConfigurationError("callbacks need a secret, or anybody could post them")
        try:
            self._networks = [ipaddress.ip_network(network) for network in networks]
        except ValueError as error:
            raise ConfigurationError(f"networks: {error}") from None

    def asked_for(self, request: CallbackRequest) -> str | None:
        """The name of the source that the request asks for; None if it is not let in.

        The secret is the segment before that name, or the password of Basic authentication.
        """
        # The scheme, host, port and mount path do not count: proxies change them.
        *_, given, name = "", "", *filter(None, request.path.split("/"))
        known = self._is_secret(given.encode(errors="replace"))
        if not known:
            known = self._is_secret(_password(request))
        return name if known and self._is_near(request.peer) else None

    def _is_secret(self, given: bytes) -> bool:
        known = False
        for secret in self._secrets:
            # Compare with all secrets: the time then does not tell whether one matched, or which.
            known |= hmac.compare_digest(given, secret)
        return known

    def _is_near(self, peer: str | None) -> bool:
        if not self._networks:
            return True
        try:
            address = ipaddress.ip_address(peer or "")
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


def _checked(secret: Secret) -> bytes:
    if _SECRET.fullmatch(secret.reveal()) is None:
        raise ConfigurationError(
            "a secret of callbacks is 16 or more characters of ASCII, without blanks and slashes: "
            "take one from secrets.token_urlsafe()"
        )
    return secret.reveal().encode()


def _password(request: CallbackRequest) -> bytes:
    """The password of Basic authentication; empty if there is none."""
    scheme, _, credentials = (request.header("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(credentials.strip(), validate=True).partition(b":")[2]
    except ValueError:
        return b""
