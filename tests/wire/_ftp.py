"""Archives of FTP for tests: written by the codec, by somebody else, and read."""

from __future__ import annotations

import io
import zipfile

from devino_codecs import ftp
from devino_codecs.errors import DecodeError
from devino_codecs.ftp import Quoting, Row, Sms

NUMBER = "79031234567"


def written(
    archive: ftp.Archive,
    rows: list[Row],
    encoding: str = "utf-8",
    quoting: Quoting = Quoting.REFUSE,
) -> io.BytesIO:
    file = io.BytesIO()
    assert ftp.encode(archive, rows, file, encoding=encoding, quoting=quoting) == len(rows)
    return file


def files(file: io.BytesIO) -> dict[str, str]:
    with zipfile.ZipFile(file) as zip_:
        assert zip_.testzip() is None
        return {name: zip_.read(name).decode() for name in zip_.namelist()}


def packed(**tables: str | bytes) -> io.BytesIO:
    """An archive that somebody else made: ``contacts="..."`` is ``sms/contacts.csv``."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zip_:
        for name, text in tables.items():
            zip_.writestr(f"sms/{name}.csv", text)
    return file


def read(file: io.BytesIO, **how: object) -> list[Sms | str]:
    """What each row says: an Sms, or what is wrong with it."""
    said: list[Sms | str] = []
    with ftp.decode(file, **how) as opened:  # type: ignore[arg-type]
        for row in opened.rows:
            try:
                said.append(opened.archive.sms(row))
            except DecodeError as error:
                said.append(str(error))
    return said
