"""What ``--file`` names: a file, or something that can be read but once."""

from __future__ import annotations

import hashlib
import tempfile
from typing import BinaryIO

from devino_core.errors import ConfigurationError
from devino_core.files import lines_of

from ._table import Table, is_read_once, opened

__all__ = ["Source"]

_CHUNK = 1 << 20


class Source:
    """Gives the table of a file as often as it is wanted. Of a pipe, only once, or after
    :meth:`keep`."""

    def __init__(self, path: str, encoding: str, *, header: bool) -> None:
        self._path = path
        self._encoding = encoding
        self._header = header
        self._kept: BinaryIO | None = None

    @property
    def is_read_once(self) -> bool:
        """Whether the table can be had but once."""
        return self._kept is None and is_read_once(self._path)

    def table(self) -> Table:
        """The table from its beginning. Raises what :class:`Table` does."""
        if self._kept is None:
            return Table(self._path, self._encoding, header=self._header)
        self._kept.seek(0)
        return Table(self._kept, self._encoding, header=self._header)

    def keep(self) -> None:
        """Read a pipe to its end, into a file without a name, which is gone with this process."""
        if not self.is_read_once:
            return
        kept = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this
        try:
            with opened(self._path) as pipe:
                for line in lines_of(pipe):
                    kept.write(line)
        except OSError as error:
            raise ConfigurationError(f"cannot read {self._path}: {error.strerror}") from None
        self._kept = kept

    def close(self) -> None:
        """Give up what :meth:`keep` has kept."""
        if self._kept is not None:
            self._kept.close()

    def sha256(self) -> str:
        """The digest of the file as it is. Raises ConfigurationError."""
        digest = hashlib.sha256()
        try:
            if self._kept is not None:
                self._kept.seek(0)
                while piece := self._kept.read(_CHUNK):
                    digest.update(piece)
            else:
                with opened(self._path) as file:
                    while piece := file.read(_CHUNK):
                        digest.update(piece)
        except OSError as error:
            raise ConfigurationError(f"cannot read {self._path}: {error.strerror}") from None
        return digest.hexdigest()
