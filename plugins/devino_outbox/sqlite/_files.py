"""Where the file of an outbox may be."""

from __future__ import annotations

import os
from pathlib import Path

from devino_core.errors import ConfigurationError

__all__ = ["path_of", "prepare"]

_FOREIGN = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre"})
_MOUNTS = Path("/proc/self/mountinfo")


def path_of(url: str) -> Path:
    """The path of ``sqlite:///absolute/path`` or ``sqlite:relative``. Raises ConfigurationError."""
    _, _, rest = url.partition(":")
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host not in ("", "localhost"):
            raise ConfigurationError(
                f"outbox: {url!r} names the host {host!r}: write sqlite:/// and an absolute path, "
                "or sqlite: and a relative one"
            )
        rest = slash + path
    if not rest or rest.startswith(":memory:"):
        raise ConfigurationError(
            f"outbox: {url!r} names no file: what is in memory is not durable (MemoryStore is for "
            "tests)"
        )
    return Path(rest)


def prepare(path: Path) -> None:
    """Make the file, for its owner only, on a disk of this machine. Raises ConfigurationError."""
    kind = _file_system(path.absolute().parent)
    if kind in _FOREIGN:
        raise ConfigurationError(
            f"outbox: {path} is on a network file system ({kind}), where neither SQLite's WAL nor "
            "locks can be trusted: use a local disk, or PostgreSQL"
        )
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"outbox: the file {path} cannot be opened: {error.strerror}"
        ) from error


def _file_system(folder: Path) -> str:
    """The kind of file system that a folder is on; "" where the system does not say."""
    try:
        device = folder.stat().st_dev
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in lines:
        fields = line.split(" ")
        if fields[2] == number and "-" in fields:
            return fields[fields.index("-") + 1]
    return ""
