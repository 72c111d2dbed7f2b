"""The folders of the accounts, and what the platform does with archives that lie there."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from devino_codecs import DecodeError, ftp
from devino_sandbox._accounts import Account
from devino_sandbox._journal import Record
from devino_sandbox._latest import Latest
from devino_sandbox._messages import Refused, Submission
from devino_sandbox._world import World

from ._heard import PROTOCOL

__all__ = ["UTC_OFFSET", "Folders"]

_log = logging.getLogger(__name__)

UTC_OFFSET = "+03:00"
"""The clock by which dates in archives are read."""
_CLOCK = datetime.strptime(UTC_OFFSET, "%z").tzinfo
_VALIDITY = timedelta(hours=24)
# The sandbox serves others between so many rows.
_A_TURN = 1000


class Folders:
    """One folder for each account of a World, on the disk. :meth:`remove` ends them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._root = Path(tempfile.mkdtemp(prefix="devino-ftp-"))
        self._users = 0
        self._looking: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._laid: Latest[Path, Record] = Latest(1000)

    def of(self, account: Account) -> Path:
        """The account's folder."""
        # The name is the place and not the login, which may be no name for a folder.
        place = list(self._world.accounts).index(account.login)
        folder = self._root / str(place)
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def laid(self, path: Path, record: Record) -> None:
        """A file lies there since this call of the journal."""
        self._laid[path] = record

    def begin(self) -> None:
        """Look into them from now on."""
        self._users += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_again_and_again())

    async def end(self) -> None:
        """Look no more, and remove them once nobody uses them."""
        self._users -= 1
        if self._users == 0 and self._looking is not None:
            self._looking.cancel()
            await asyncio.wait((self._looking,))
            self._looking = None
            shutil.rmtree(self._root, ignore_errors=True)

    def reset(self) -> None:
        """Empty them."""
        self._laid.clear()
        for folder in self._root.iterdir():
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    async def look(self) -> None:
        """Take all archives that are there: the oldest first."""
        # Two who look at the same time would both take what lies there.
        async with self._turn:
            for account in list(self._world.accounts.values()):
                for path in self._archives(account):
                    await self._take(account, path)
                    path.unlink(missing_ok=True)

    def _archives(self, account: Account) -> Iterator[Path]:
        found = [
            path
            for path in self.of(account).iterdir()
            if (name := ftp.ArchiveName.of(path.name)) is not None
            and name.login == account.login
            and path.is_file()
            and not path.is_symlink()
        ]
        yield from sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))

    async def _look_again_and_again(self) -> None:
        clock = self._world.clock
        while True:
            period = self._world.pace.look
            await clock.sleep(period - clock.now().timestamp() % period)
            try:
                await self.look()
            except OSError:
                _log.exception("the sandbox could not read its FTP folders")

    async def _take(self, account: Account, path: Path) -> None:
        try:
            with path.open("rb") as file, ftp.decode(file) as opened:
                archive = opened.archive
                sender = _sender(archive, account)
                while rows := list(islice(opened.rows, _A_TURN)):
                    with self._during(path):
                        for row in rows:
                            self._submit(account, archive, sender, row)
                    await asyncio.sleep(0)
        except DecodeError as error:
            with self._during(path):
                self._refuse(account, "", path.name, str(error))
        finally:
            self._laid.pop(path, None)

    def _during(self, path: Path) -> AbstractContextManager[object]:
        record = self._laid.get(path)
        return nullcontext() if record is None else record

    def _submit(self, account: Account, archive: ftp.Archive, sender: str, row: ftp.Row) -> None:
        try:
            sms = archive.sms(row)
        except DecodeError as error:
            self._refuse(account, sender, _number(archive, row), str(error))
            return
        send_at, validity = sms.send_at, _VALIDITY
        if isinstance(archive, ftp.TemplateArchive):
            if send_at is not None and not archive.local_time:
                send_at = send_at.replace(tzinfo=_CLOCK).astimezone(UTC)
            if archive.validity is not None:
                validity = timedelta(minutes=archive.validity)
        submission = Submission(
            account=account,
            via=PROTOCOL,
            sender=sender,
            text=sms.text,
            send_at=send_at,
            validity=validity,
        )
        # What is refused is on record.
        with contextlib.suppress(Refused):
            self._world.submit(submission, [sms.number])

    def _refuse(self, account: Account, sender: str, to: str, reason: str) -> None:
        nothing = Submission(account=account, via=PROTOCOL, sender=sender, text="")
        self._world.refuse(nothing, [to], reason)


def _sender(archive: ftp.Archive, account: Account) -> str:
    """Whose name the messages bear. Raises DecodeError for one that the account may not use."""
    if isinstance(archive, ftp.PlainArchive):
        return account.sender
    if account.senders is not None and archive.sender not in account.senders:
        raise DecodeError(f"{archive.sender!r} is no sender of this account")
    return archive.sender


def _number(archive: ftp.Archive, row: ftp.Row) -> str:
    """Whom a row is for, bad as it may be."""
    wanted = "telnr_long" if isinstance(archive, ftp.PlainArchive) else "phone"
    place = [name.lower() for name in archive.columns].index(wanted)
    return row[place] if place < len(row) else ""
