"""The channel: it builds archives and lays them down on the platform's FTP server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Literal

import msgspec

from devino_codecs.ftp import ArchiveName
from devino_core import (
    Channel,
    ConfigurationError,
    DevinoError,
    Expressible,
    Fill,
    InvalidMessage,
    Machine,
    Medium,
    Message,
    OutcomeUnknown,
    Receipt,
    Rejected,
    State,
    Status,
    Takes,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import dispatch

from ._building import Built, Contact, Mailing, build, build_all
from ._delivery import Delivery
from ._plan import PlannedArchive, check_plain_sender, plan
from ._settings import FtpSettings

__all__ = ["FtpChannel", "Upload"]

_TEMPLATE = Takes(
    contents=frozenset({str, Fill}),
    expresses=frozenset({Expressible.SEND_AT, Expressible.WALL_CLOCK, Expressible.VALIDITY}),
)
_SECOND = timedelta(seconds=1)
_ENCRYPTED: Mapping[str, Literal["at once", "later", "never"]] = {
    "explicit": "later",
    "implicit": "at once",
    "none": "never",
}


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one archive of :meth:`FtpChannel.upload`."""

    name: str
    """Its name on the server; ``""`` if it never had one."""
    contacts: int
    size: int
    """In bytes, as it travelled."""
    status: Status
    error: DevinoError | None = None
    """Why the platform does not have it, or what is not known."""


class FtpChannel(Channel[FtpSettings]):
    """Mass mail-outs by SMS as archives on the platform's FTP server (chapter 9)."""

    takes: Mapping[Medium, Takes] = {Medium.SMS: _TEMPLATE}
    """Of archives with a template. Those without carry a text and nothing else."""

    def __init__(self, settings: FtpSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        _check_settings(settings, name)
        if settings.archive == "plain":
            self.takes = {Medium.SMS: Takes()}
        self._last: datetime | None = None
        self._slots = asyncio.Semaphore(settings.connections)

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send SMS. Messages of one sender, one validity and one kind of ``send_at`` share an
        archive.

        All archives are built first, in this thread; :meth:`upload` is for more than a list.
        A receipt says ACCEPTED when the archive lies on the server, whole and under its name, which
        is the description. What the platform does with it is not told.

        Raises what :meth:`upload` raises.
        """
        planned = self._plan(messages)
        calls = []
        built: list[Built] = []
        try:
            for one in planned:
                archives = self._built(one, messages)
                built += archives
                done = 0
                for archive in archives:
                    positions = one.positions[done : done + archive.rows]
                    parts = one.parts[done : done + archive.rows]
                    done += archive.rows
                    calls.append(
                        (positions, partial(self._send, archive, positions, parts, messages))
                    )
            # One at a time: the platform takes archives one at a time too.
            return await dispatch(messages, calls, channel=self.name, concurrency=1)
        finally:
            for archive in built:
                archive.file.close()

    async def upload(
        self,
        contacts: Iterable[Contact] | AsyncIterable[Contact],
        text: str,
        *,
        sender: str | None = None,
        validity: timedelta | None = None,
        send_at: datetime | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Upload]:
        """Send one text to any number of contacts, in memory that does not grow with them.

        ``contacts`` are numbers, or pairs of a number and the values for the fields of the text,
        ``{name}``. The first contact decides which of both. All are written into archives on the
        disk before anything is sent. ``progress`` is called with the bytes that were sent and the
        bytes of all archives.

        Gives one :class:`Upload` for each archive; there is more than one from a million contacts
        on. If the platform has none of them, the error is raised: InvalidMessage (with ``row``) or
        Unsupported before any I/O, ConnectFailed, AuthenticationFailed, Throttled, QueueFull,
        Rejected, Unavailable, or OutcomeUnknown.
        """
        mailing = self._mailing(text, sender, validity, send_at)
        built = await build_all(contacts, mailing, self.settings)
        try:
            total = sum(archive.size for archive in built)
            sent = 0
            loop = asyncio.get_running_loop()

            def count(octets: int) -> None:
                nonlocal sent
                sent = min(sent + octets, total)
                if progress is not None:
                    loop.call_soon_threadsafe(progress, sent, total)

            uploads = [await self._uploaded(archive, count) for archive in built]
        finally:
            for archive in built:
                archive.file.close()
        failures = [upload.error for upload in uploads if upload.error is not None]
        if failures and len(failures) == len(uploads):
            raise failures[0]
        return uploads

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what keeps one of these from being sent."""
        for planned in self._plan(messages):
            for archive in self._built(planned, messages):
                archive.file.close()

    def machines(self) -> Sequence[Machine]:
        settings = self.settings
        return (Machine(settings.host, settings.real_port, _ENCRYPTED[settings.tls]),)

    async def try_login(self) -> None:
        """Log in, go to the folder, and leave."""
        async with self._slots:
            await self._delivery().try_login()

    def _plan(self, messages: Sequence[Message]) -> list[PlannedArchive]:
        self.check_takes(messages)
        return plan(messages, self.sender_of, self.settings) if messages else []

    def _built(self, planned: PlannedArchive, messages: Sequence[Message]) -> list[Built]:
        refs = [messages[position].ref for position in planned.positions]
        return build(planned.archive, planned.rows, self.settings, refs)

    async def _send(
        self,
        archive: Built,
        positions: Sequence[int],
        parts: Sequence[int],
        messages: Sequence[Message],
    ) -> list[Receipt]:
        async with self._slots:
            name = await self._delivery().deliver(
                archive.file, archive.size, lambda octets: None, messages=archive.rows
            )
        status = Status(state=State.ACCEPTED, description=name)
        return [
            Receipt.of(messages[position], status, channel=self.name, parts=count)
            for position, count in zip(positions, parts, strict=True)
        ]

    async def _uploaded(self, archive: Built, sent: Callable[[int], None]) -> Upload:
        delivery = self._delivery()
        name, error = "", None
        try:
            async with self._slots:
                name = await delivery.deliver(
                    archive.file, archive.size, sent, messages=archive.rows
                )
        except DevinoError as failure:
            error = failure
        if error is None:
            status = Status(state=State.ACCEPTED, description=name)
        elif isinstance(error, Rejected):
            status = Status(state=State.REJECTED, code=error.code, description=error.description)
        else:
            status = Status(state=State.UNKNOWN, description=error.said)
        if isinstance(error, OutcomeUnknown):
            name = delivery.name
        return Upload(
            name=name, contacts=archive.rows, size=archive.size, status=status, error=error
        )

    def _mailing(
        self,
        text: str,
        sender: str | None,
        validity: timedelta | None,
        send_at: datetime | None,
    ) -> Mailing:
        """What all contacts get, checked as a message of it would be."""
        if not text:
            raise InvalidMessage("text", "is empty")
        settings = self.settings
        if settings.archive == "plain":
            check_plain_sender(sender, settings)
            # Its words for what such an archive cannot say are those for a message.
            self.check_takes([Message("79031234567", "x", validity=validity, send_at=send_at)])
            return Mailing(text, "", None, None)
        sample = Message("79031234567", "x", sender=sender, validity=validity, send_at=send_at)
        (planned,) = self._plan([sample])
        archive = planned.archive
        return Mailing(text, self.sender_of(sample), getattr(archive, "validity", None), send_at)

    def _delivery(self) -> Delivery:
        return Delivery(
            self.settings, names=self._names(), context=self._context, calls=self.observed
        )

    @cached_property
    def _context(self) -> ssl.SSLContext | None:
        # Made once: it reads every certificate of the system.
        return None if self.settings.tls == "none" else ssl.create_default_context()

    def _names(self) -> Iterator[str]:
        """Names of archives: this second's and the next ones'. None is given twice."""
        while True:
            now = self.clock.now().astimezone(UTC).replace(tzinfo=None, microsecond=0)
            at = now if self._last is None else max(now, self._last + _SECOND)
            self._last = at
            yield ArchiveName(self.settings.login, at).spelt()


def _check_settings(settings: FtpSettings, channel: str) -> None:
    """Raise ConfigurationError for what no name of a file and no command can hold."""
    for key in ("login", "directory"):
        if not getattr(settings, key).isprintable():
            raise ConfigurationError(f"channel {channel!r}: {key}: has control characters")
    if not settings.password.reveal().isprintable():
        raise ConfigurationError(f"channel {channel!r}: password: has control characters")
    try:
        ArchiveName(settings.login, datetime(2012, 2, 7)).spelt()  # noqa: DTZ001 - any time will do
        "".encode(settings.encoding)
    except (ValueError, LookupError) as error:
        raise ConfigurationError(f"channel {channel!r}: {error}") from None
