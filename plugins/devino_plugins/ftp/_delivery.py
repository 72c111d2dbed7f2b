"""Laying an archive down on the server, so that the platform takes all of it once or none of it."""

from __future__ import annotations

import asyncio
import contextlib
import ftplib
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO

from devino_core import (
    AuthenticationFailed,
    ConnectFailed,
    DevinoError,
    OutcomeUnknown,
    QueueFull,
    Rejected,
    Retry,
    Throttled,
    Unavailable,
)
from devino_core.observe import Calls, Running, discreet
from devino_core.resolving import resolve
from devino_core.tls import tls_failure
from devino_plugins.kit.dialing import dial
from devino_plugins.kit.masking import masked, printable, readable

from ._server import TLS, Server
from ._settings import FtpSettings
from ._threads import to_the_end

__all__ = ["Delivery"]

_MAX_TEXT = 200
_MOST_NAMES = 60
_TRY_AGAIN = (425, 426, 450, 451, 522)
_LOGIN = ("USER", "PASS")
_ENCRYPTION = ("AUTH", "PBSZ", "PROT")
_GOODBYE = "221"
_ADVICE = {
    "implicit": '; a server that starts without TLS wants `tls = "explicit"`',
    "explicit": "",
    "none": "",
}
_TOO_MANY = ("too many", "maximum", "limit")


class _Broken(Exception):
    """The transfer ended too early. It can be resumed, as the name is none that counts."""


class _Unanswered(Exception):
    """The reply to the last command was lost: the archive may have its final name, or not."""


class _Refused(Exception):
    """The server refused the final name: the archive does not have it."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__(said)
        self.code = code


class Delivery:
    """The way of one archive to the server: under a temporary name, checked, then renamed.

    ``names`` gives names for it, one after the other, until one is free. The temporary name is
    ``NAME.part``. The platform takes no file of such a name. ``context`` is None without TLS.
    """

    def __init__(
        self,
        settings: FtpSettings,
        *,
        names: Iterator[str],
        context: ssl.SSLContext | None,
        calls: Calls,
    ) -> None:
        self._settings = settings
        self._calls = calls
        self._messages = 0
        self._call_id = ""
        """Of the last conversation."""
        self._context = context
        self._names = names
        self.name = ""
        """The archive's name, once one is chosen."""
        self._temporary = ""

    async def try_login(self) -> None:
        """Log in, go to the folder, and leave. Raises ConnectFailed, AuthenticationFailed, Rejected
        or Unavailable."""
        await self._talk("LOGIN", 0, lambda _: None)

    async def deliver(
        self, file: IO[bytes], size: int, sent: Callable[[int], None], *, messages: int
    ) -> str:
        """Lay the file with so many messages down; the name under which the platform takes it.

        Each conversation is a call. ``sent`` is called with the number of octets after each block,
        in another thread.

        Raises ConnectFailed, AuthenticationFailed, Throttled, QueueFull, Rejected or Unavailable:
        the platform has nothing then. OutcomeUnknown means that it may have taken the archive.
        """
        reason, self._messages = "", messages
        for attempt in range(self._settings.attempts):
            try:
                await self._talk(
                    "STOR", attempt, lambda server: self._lay_down(server, file, size, sent)
                )
            except _Broken as broken:
                reason = str(broken)
            except ConnectFailed as error:
                if attempt == 0 or error.retry is Retry.NEVER:
                    raise
                reason = error.said
            except _Unanswered as unanswered:
                await self._settle(str(unanswered))
                return self.name
            except _Refused as refused:
                raise self._rejected(refused) from None
            else:
                return self.name
        raise self._of_last_call(
            Unavailable(
                f"the transfer to {self._settings.host} broke {self._settings.attempts} times, and "
                f"the platform has nothing of it: {reason}"
            )
        )

    def _lay_down(
        self, server: Server, file: IO[bytes], size: int, sent: Callable[[int], None]
    ) -> None:
        start = 0
        if self._temporary:
            start = server.size_of(self._temporary) or 0
            if start > size:
                server.delete(self._temporary)
                start = 0
        else:
            self._choose_name(server)
            self._temporary = f"{self.name}.part"
        if start < size:
            server.store(self._temporary, file, start, sent)
        arrived = server.size_of(self._temporary)
        # Some servers say 226 also when the connection was cut.
        if arrived != size:
            raise _Broken(f"{arrived or 0} of {size} bytes arrived")
        self._rename(server)

    def _choose_name(self, server: Server) -> None:
        for _, name in zip(range(_MOST_NAMES), self._names, strict=False):
            # The temporary name is taken while another program sends an archive of this name.
            if server.size_of(name) is None and server.size_of(f"{name}.part") is None:
                self.name = name
                return
        raise Rejected(
            f"{self._settings.host} has files of {_MOST_NAMES} names in a row: does the platform "
            "still take them?"
        )

    def _rename(self, server: Server, *, again: bool = False) -> None:
        # Servers replace a file of this name without a word.
        if server.size_of(self.name) is not None:
            self._choose_name(server)
        server.sendcmd(f"RNFR {self._temporary}")
        failure: _Refused | _Unanswered
        try:
            server.voidcmd(f"RNTO {self.name}")
        except ftplib.error_perm as error:
            # Not chained: the library's frames are nobody's business.
            failure = _Refused(self._told(error), _code(error))
        except (OSError, EOFError, ftplib.Error) as error:
            if isinstance(error, ftplib.error_temp) and _code(error) != 421:
                raise
            failure = _Unanswered(f"RNTO was sent and not answered ({type(error).__name__})")
        else:
            return
        if isinstance(failure, _Unanswered):
            raise failure
        with contextlib.suppress(ftplib.Error):
            if again and server.size_of(self._temporary) is None:
                # The earlier RNTO was carried out meanwhile.
                return
            server.delete(self._temporary)
        raise failure

    async def _settle(self, reason: str) -> None:
        """Find out whether the archive was renamed, and rename it if it was not.

        Returns once it is renamed. Raises OutcomeUnknown where that cannot be found out.
        """
        for attempt in range(self._settings.attempts):
            try:
                await self._talk("RNTO", attempt, self._look)
            except _Refused as refused:
                raise self._rejected(refused) from None
            except (_Broken, _Unanswered, DevinoError) as error:
                # Whatever the server refuses now: it may have the archive.
                reason = error.said if isinstance(error, DevinoError) else str(error)
            else:
                return
        raise self._of_last_call(
            OutcomeUnknown(
                f"archive {self.name}: {reason}; and {self._settings.host} could not be asked "
                f"{self._settings.attempts} times whether it has the archive"
            )
        )

    def _look(self, server: Server) -> None:
        if server.size_of(self._temporary) is not None:
            self._rename(server, again=True)

    async def _talk(self, operation: str, attempt: int, work: Callable[[Server], None]) -> None:
        """Do ``work`` in one conversation, as one call of this name.

        Raises _Broken, _Refused, _Unanswered or a DevinoError.
        """
        where = f"{self._settings.host}:{self._settings.real_port}"
        with self._calls.begin(
            operation, peer=where, messages=self._messages, attempt=attempt + 1
        ) as call:
            call.start()
            self._call_id = call.id
            try:
                await self._conversation(work, call)
            except _Broken as broken:
                call.end(Unavailable(str(broken)))
                raise
            except _Unanswered as unanswered:
                call.end(OutcomeUnknown(str(unanswered)))
                raise
            except _Refused as refused:
                call.wire_code = refused.code
                call.end(self._rejected(refused))
                raise
            except Rejected as rejected:
                call.wire_code = rejected.code
                raise

    async def _conversation(self, work: Callable[[Server], None], call: Running) -> None:
        settings = self._settings
        try:
            async with asyncio.timeout(settings.connect_timeout):
                control = await dial(await resolve(settings.host, settings.real_port))
        except OSError as error:
            failure = ConnectFailed(f"no connection to {settings.host}: {_words(error)}")
        else:

            def told(what: str, line: str) -> None:
                if what == "answer" and line[:3].isdecimal() and line[:3] != _GOODBYE:
                    call.wire_code = int(line[:3])
                call.wire(what, lambda: self._shown(line))

            server = Server(settings, control, self._context, told)
            # The thread ends as soon as its connections do. The archive is still open until then.
            await to_the_end(partial(self._converse, server, work), cut=server.cut)
            return
        raise failure

    def _shown(self, line: str) -> str:
        """A command or a reply, without the login, the password and numbers."""
        settings = self._settings
        if line.startswith(_LOGIN):
            return f"{line.partition(' ')[0]} ***"
        text = readable(line.encode("latin-1", "replace"))
        text = masked(text, settings.password.reveal(), settings.login)
        return printable(discreet("shown", text))

    def _of_last_call(self, error: DevinoError) -> DevinoError:
        error.call_id = self._call_id or None
        return error

    def _converse(self, server: Server, work: Callable[[Server], None]) -> None:
        entered = False
        try:
            server.enter()
            entered = True
            work(server)
        except (ftplib.Error, OSError, EOFError, ValueError) as error:
            failure = self._failure(error, server.verb, entered=entered)
        else:
            server.leave()
            return
        finally:
            server.close()
        # The library's frames hold the password: they are not chained.
        raise failure

    def _rejected(self, refused: _Refused) -> Rejected:
        error = Rejected(f"{self._settings.host} refused RNTO: {refused}", code=refused.code)
        error.call_id = self._call_id or None
        return error

    def _failure(self, error: Exception, verb: str, *, entered: bool) -> DevinoError | _Broken:
        host = self._settings.host
        said = self._told(error)
        code = _code(error)
        if code == 421 and not verb and any(word in said.lower() for word in _TOO_MANY):
            return Throttled(f"{host}: {said}")
        if code == 421:
            return Unavailable(f"{host} closed the conversation: {said}")
        if not entered:
            return self._not_entered(error, said, code, verb)
        if code == 452:
            return QueueFull(f"{host}: {said}")
        if code // 100 == 5 and code not in _TRY_AGAIN:
            return Rejected(f"{host} refused {verb}: {said}", code=code)
        hint = ""
        if code in (425, 522):
            hint = " (the server may want the TLS session of the control connection resumed)"
        return _Broken(f"{verb}: {said}{hint}")

    def _not_entered(self, error: Exception, said: str, code: int, verb: str) -> DevinoError:
        host, tls = self._settings.host, self._settings.tls
        if verb in _LOGIN and (code // 100 == 5 or code == 332):
            return AuthenticationFailed(f"{host} refused the login: {said}", code=code)
        if verb in _LOGIN or (code // 100 == 4 and verb not in ("AUTH", "")):
            return Unavailable(f"{host}, {verb}: {said}")
        if verb in _ENCRYPTION and code // 100 == 5:
            return ConnectFailed(
                f'{host} offers no TLS: {said}; with `tls = "none"` everything travels in the '
                "clear, the password too",
                retry=Retry.NEVER,
            )
        if verb == TLS or (not verb and tls == "implicit"):
            retry = tls_failure(error).retry
            return ConnectFailed(f"no TLS with {host}: {said}{_ADVICE[tls]}", retry=retry)
        if code // 100 == 5 and verb == "CWD":
            return Rejected(f"{host} has no folder {self._settings.directory!r}: {said}", code=code)
        return ConnectFailed(f"{host}, {verb or 'greeting'}: {said}")

    def _told(self, error: Exception) -> str:
        if not isinstance(error, ftplib.Error):
            return _words(error)
        text = readable(str(error).encode("latin-1", "replace"))
        text = " ".join(masked(text, self._settings.password.reveal()).split())
        return printable(text[:_MAX_TEXT])


def _code(error: Exception) -> int:
    """The code of a reply; 0 if it has none."""
    code = str(error)[:3]
    is_code = isinstance(error, ftplib.Error) and code.isascii() and code.isdecimal()
    return int(code) if is_code else 0


def _words(error: Exception) -> str:
    """What went wrong, in a few words."""
    if isinstance(error, ssl.SSLError):
        return tls_failure(error).reason
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, EOFError):
        return "the server closed the connection"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text or type(error).__name__
