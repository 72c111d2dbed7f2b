"""One conversation with an FTP server, by the standard library's client, in a thread."""

from __future__ import annotations

import contextlib
import ftplib
import socket
import ssl
from collections.abc import Callable, Iterator
from threading import Lock
from typing import IO

from ._settings import FtpSettings

__all__ = ["TLS", "Server"]

TLS = "TLS"
"""The verb of :attr:`Server.verb` while TLS begins."""
_BLOCK = 64 * 1024
_GOODBYE = 2.0
_NO_SUCH_COMMAND = ("500", "501", "502", "504")
# What is longer than this is no reply and no list of a folder.
_MOST_LINES = 200
_LONGEST_LIST = 1 << 24


class _NoReply(ftplib.error_proto):
    """What no server says that means well."""


class Server(ftplib.FTP_TLS):
    """A logged-in FTP connection. Its methods block and raise what ftplib raises.

    Data connections are passive. They go to the server itself, whatever address a reply of 227
    names, and resume the TLS session of the control connection: many servers insist on that.
    """

    verb = ""
    """The last command."""

    def __init__(
        self,
        settings: FtpSettings,
        control: socket.socket,
        context: ssl.SSLContext | None,
        told: Callable[[str, str], None] = lambda _, __: None,
    ) -> None:
        """``told`` is called with each command and each reply."""
        super().__init__(context=context, timeout=settings.timeout)
        self._settings = settings
        self._told = told
        self._features: str | None = None
        self._data: socket.socket | None = None
        self._turn = Lock()
        self._is_cut = False
        self.host = settings.host
        control.settimeout(settings.connect_timeout)
        control.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            # Routers forget a control connection that is silent during a long transfer.
            control.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
        self.af = control.family
        self._use(control)

    def _use(self, control: socket.socket) -> None:
        # The base class holds None here before it connects.
        self.sock = self._control = control

    def enter(self) -> None:
        """Greet, encrypt, log in, and go to the folder."""
        settings = self._settings
        if settings.tls == "implicit":
            self._encrypt()
        self._listen()
        self.welcome = self.getresp()
        if settings.tls == "explicit":
            self.voidcmd("AUTH TLS")
            self._encrypt()
            self._listen()
        if self.sendcmd(f"USER {settings.login}").startswith("3"):
            self.voidcmd(f"PASS {settings.password.reveal()}")
        if settings.tls != "none":
            self.prot_p()
        self.voidcmd("TYPE I")
        if settings.directory:
            self.cwd(settings.directory)
        self._control.settimeout(settings.timeout)

    def putcmd(self, line: str) -> None:
        """Send a command."""
        self.verb = line.partition(" ")[0]
        self._told("request", line)
        super().putcmd(line)

    def _encrypt(self) -> None:
        self.verb = TLS
        with self._uncut():
            wrapped = self.context.wrap_socket(
                self._control, server_hostname=self.host, do_handshake_on_connect=False
            )
            # From now on `cut` ends a handshake too.
            self._use(wrapped)
        wrapped.do_handshake()

    def _listen(self) -> None:
        # What came before TLS and was not yet read is thrown away: anybody could have sent it.
        # Replies may be of any encoding, and each octet is kept.
        self.file = self._control.makefile("r", encoding="latin-1")

    def getmultiline(self) -> str:
        """One reply. The base class would read one without end."""
        lines = [self.getline()]
        code = lines[0][:3]
        while lines[0][3:4] == "-" and (lines[-1][:3] != code or lines[-1][3:4] == "-"):
            if len(lines) == _MOST_LINES:
                raise _NoReply(f"a reply of more than {_MOST_LINES} lines")
            lines.append(self.getline())
        reply = "\n".join(lines)
        self._told("answer", reply)
        return reply

    def store(self, name: str, file: IO[bytes], start: int, sent: Callable[[int], None]) -> None:
        """Write the file, from ``start`` on, under this name.

        Only the server's reply counts: a data connection may break after the last octet arrived.
        """
        try:
            data = self.transfercmd(f"STOR {name}", rest=start or None)
        except ftplib.error_perm as error:
            if self.verb != "REST" or not str(error).startswith(_NO_SUCH_COMMAND):
                raise
            # It resumes nothing: from the beginning, over what is there.
            start, data = 0, self.transfercmd(f"STOR {name}")
        with self._transferring(data):
            file.seek(start)
            with contextlib.suppress(OSError):
                while block := file.read(_BLOCK):
                    data.sendall(block)
                    sent(len(block))
                if isinstance(data, ssl.SSLSocket):
                    data.unwrap()
        self.voidresp()

    def size_of(self, name: str) -> int | None:
        """The size of a file; None if there is no such file.

        By SIZE. Of servers without it by MLSD, and without that by fetching the file.
        """
        try:
            return self.size(name)
        except ftplib.error_perm as error:
            if str(error).startswith("550"):
                return None
            if not str(error).startswith(_NO_SUCH_COMMAND):
                raise
        # RFC 3659 has MLSD announced so.
        if self._can("MLST"):
            return self._size_in_list(name)
        if name not in [line.rpartition("/")[2] for line in self._lines("NLST")]:
            return None
        return sum(map(len, self._blocks(f"RETR {name}")))

    def _size_in_list(self, name: str) -> int | None:
        for line in self._lines("MLSD"):
            facts, _, found = line.partition(" ")
            if found == name:
                known = (fact.partition("=") for fact in facts.lower().split(";"))
                return next(int(value) for key, _, value in known if key == "size")
        return None

    def _lines(self, command: str) -> list[str]:
        """A list of the folder. The base class would go over to ASCII, and stay there."""
        listed = b""
        try:
            for block in self._blocks(command):
                listed += block
                if len(listed) > _LONGEST_LIST:
                    raise _NoReply("a list of the folder without end")
        except ftplib.error_perm as error:
            # So some say that a folder is empty.
            if not str(error).startswith("550"):
                raise
        return listed.decode(errors="replace").splitlines()

    def _blocks(self, command: str) -> Iterator[bytes]:
        data = self.transfercmd(command)
        with self._transferring(data), contextlib.suppress(OSError):
            while block := data.recv(_BLOCK):
                yield block
        self.voidresp()

    @contextlib.contextmanager
    def _transferring(self, data: socket.socket) -> Iterator[None]:
        try:
            with data:
                with self._uncut():
                    self._data = data
                yield
        finally:
            self._data = None

    def cut(self) -> None:
        """End all connections, from any thread: what waits for them ends with an error."""
        with self._turn:
            self._is_cut = True
            for connection in (self._data, self._control):
                if connection is not None:
                    with contextlib.suppress(OSError):
                        # The one of SSLSocket goes over to plain text first, and the thread may be
                        # about to write its password.
                        socket.socket.shutdown(connection, socket.SHUT_RDWR)

    @contextlib.contextmanager
    def _uncut(self) -> Iterator[None]:
        """For a change of the connections: ``cut`` comes before it or after it. Raises OSError."""
        with self._turn:
            if self._is_cut:
                raise ConnectionAbortedError("the conversation was cut")
            yield

    def leave(self) -> None:
        """Say goodbye, in good order if the server lets us."""
        with contextlib.suppress(OSError, EOFError, ftplib.Error):
            # All is done, so nobody wants to wait long for the reply.
            self._control.settimeout(min(self._settings.timeout, _GOODBYE))
            self.voidcmd("QUIT")
        self.close()

    def makepasv(self) -> tuple[str, int]:
        """Where to connect to: EPSV names no address that could be wrong."""
        if self.af == socket.AF_INET and self._can("EPSV"):
            peer = self._control.getpeername()
            return ftplib.parse229(self.sendcmd("EPSV"), peer)  # noqa: S321 - it parses a reply
        return super().makepasv()

    def ntransfercmd(
        self, cmd: str, rest: int | str | None = None
    ) -> tuple[socket.socket, int | None]:
        """Open a data connection for a command, encrypted as the control connection is."""
        # The one of FTP_TLS would encrypt without the session.
        data, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - what uses it encrypts
        if self._settings.tls == "none":
            return data, size
        control = self._control
        try:
            session = control.session if isinstance(control, ssl.SSLSocket) else None
            with self._uncut():
                wrapped = self.context.wrap_socket(
                    data, server_hostname=self.host, session=session, do_handshake_on_connect=False
                )
                # From now on `cut` ends a handshake too.
                data = self._data = wrapped
            wrapped.do_handshake()
        except OSError:
            data.close()
            # The server says by its reply what it did not like.
            self.voidresp()
            raise
        return data, size

    def _can(self, feature: str) -> bool:
        if self._features is None:
            try:
                self._features = self.sendcmd("FEAT").upper()
            except ftplib.error_perm:
                self._features = ""
        return feature in self._features
