"""The file that a user logs in with: a JWT, and the seed that signs what the server asks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from devino_core.errors import ConfigurationError
from devino_core.files import read_whole

__all__ = ["check_credentials"]

_PARTS: Mapping[str, re.Pattern[bytes]] = {
    "JWT": re.compile(rb"BEGIN NATS USER JWT.*\n[\w.-]+\n"),
    "seed": re.compile(rb"BEGIN USER NKEY SEED.*\nSU[A-Z2-7]{56}\n"),
}


def check_credentials(path: str) -> None:
    """Raise ConfigurationError for a file that lacks one of them, or that cannot be read.

    The library would look for a JWT for ever, in the loop's own thread, and fail at a seed as if it
    had a bug.
    """
    try:
        missing = _missing(path)
    except OSError as error:
        raise ConfigurationError(f"credentials for NATS: {path}: {error.strerror}") from None
    if missing is not None:
        raise ConfigurationError(
            f"credentials for NATS: {path} holds no {missing} of a user: expected a file as "
            "`nsc generate creds` writes it, with the line ends of Unix"
        )


def _missing(path: str) -> str | None:
    # A frame of its own: the seed is in no frame of an error.
    with open(path, "rb") as file:  # noqa: PTH123 - as settings are read
        data = read_whole(file)
    return next((part for part, form in _PARTS.items() if not form.search(data)), None)
