"""The file that a user logs in with: a JWT, and the seed that signs what the server asks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nats import errors
from nats.aio.client import Client

from devino_core.errors import ConfigurationError
from devino_core.files import read_whole

__all__ = ["CarefulClient", "check_credentials"]

_PARTS: Mapping[str, re.Pattern[bytes]] = {
    "JWT": re.compile(rb"BEGIN NATS USER JWT.*\n([\w.-]+)\n"),
    "seed": re.compile(rb"BEGIN USER NKEY SEED.*\n(SU[A-Z2-7]{56})\n"),
}


class CarefulClient(Client):
    """It reads its credentials whenever it connects. From a file that is damaged they are tried
    again, as a server is that cannot be reached: the library would look for a JWT for ever, in the
    loop's own thread, and leave its connecting at a seed as if it had a bug."""

    def _read_creds_user_jwt(self, creds: Any) -> bytearray:
        return self._part(creds, "JWT")

    def _read_creds_user_nkey(self, creds: Any) -> bytearray:
        return self._part(creds, "seed")

    def _part(self, path: str, part: str) -> bytearray:
        try:
            return _read(path, part)
        except (OSError, errors.Error):
            # The library forgets this connection when it makes the next.
            if self._transport is not None:
                self._transport.close()  # type: ignore[no-untyped-call]
            raise


def check_credentials(path: str) -> None:
    """Raise ConfigurationError for a file that lacks one of them, or that cannot be read."""
    try:
        missing = next((part for part in _PARTS if _found(path, part) is None), None)
    except OSError as error:
        raise ConfigurationError(f"credentials for NATS: {path}: {error.strerror}") from None
    if missing is not None:
        raise ConfigurationError(_lacks(path, missing))


def _read(path: str, part: str) -> bytearray:
    found = _found(path, part)
    if found is None:
        raise errors.Error(_lacks(path, part))
    return found


def _lacks(path: str, part: str) -> str:
    return (
        f"credentials for NATS: {path} holds no {part} of a user: expected a file as "
        "`nsc generate creds` writes it, with the line ends of Unix"
    )


def _found(path: str, part: str) -> bytearray | None:
    # A frame of its own: the seed is in no frame of an error.
    with open(path, "rb") as file:  # noqa: PTH123 - as settings are read
        found = _PARTS[part].search(read_whole(file))
    return None if found is None else bytearray(found[1])
