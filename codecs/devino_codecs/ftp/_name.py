"""What an archive is called: the platform takes only files of this form."""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import Struct

from devino_codecs.errors import EncodeError

__all__ = ["ArchiveName"]

_LOGIN = r"[^/\\\x00-\x1f\x7f]+"
_NAME = re.compile(rf"({_LOGIN})_([0-9]{{14}})\.zip", re.IGNORECASE)
_STAMP = "%Y%m%d%H%M%S"


class ArchiveName(Struct, frozen=True):
    """``login_YYYYMMDDhhmmss.zip`` (chapter 9).

    ``at`` is naive. The manual does not say whose clock it is; the channel uses UTC.
    """

    login: str
    at: datetime

    def spelt(self) -> str:
        """The file's name. Raises EncodeError for a login that no file name can hold."""
        if not re.fullmatch(_LOGIN, self.login):
            raise EncodeError("may not be empty, hold a slash or a control character", path="login")
        return f"{self.login}_{self.at.strftime(_STAMP)}.zip"

    @classmethod
    def of(cls, name: str) -> ArchiveName | None:
        """The parts of a file's name; None if this is not the name of an archive."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        try:
            at = datetime.strptime(found[2], _STAMP)  # noqa: DTZ007 (the wire has no zones)
        except ValueError:
            return None
        return cls(found[1], at)
