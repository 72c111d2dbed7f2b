"""A conversation of the FTP server and its transfers, which can be told to fail."""
# ruff: noqa: N802 - pyftpdlib's names

from __future__ import annotations

import logging
from pathlib import Path
from ssl import SSLContext
from typing import Any, ClassVar

from pyftpdlib.handlers import DTPHandler, FTPHandler

from devino_sandbox._faults import Action, AnswerError, AnswerHttp, Drop, DropAnswer, Hang
from devino_sandbox._world import World

from ._folders import Folders
from ._heard import PROTOCOL, Heard
from ._loop import Encrypted

__all__ = ["MAX_FILE", "OPERATIONS", "Conversation"]

OPERATIONS = (
    "CONNECT",
    "AUTH",
    "USER",
    "PASS",
    "PASV",
    "EPSV",
    "STOR",
    "REST",
    "RNFR",
    "RNTO",
    "SIZE",
    "MLSD",
    "NLST",
    "QUIT",
    "data",
)
"""What can fail: the greeting, commands, and a transfer to the server."""
MAX_FILE = 1 << 30
"""The bytes that a file may have."""

_log = logging.getLogger(__name__)
_CLOSING = 421
_TEXTS = {
    421: "Service not available, closing control connection.",
    425: "Cannot open data connection.",
    426: "Connection closed; transfer aborted.",
    450: "File busy.",
    451: "Local error in processing.",
    452: "Insufficient storage space.",
    530: "Not logged in.",
    550: "File unavailable.",
    552: "Exceeded storage allocation.",
    553: "File name not allowed.",
}
_OF_TLS = {
    name: {"perm": None, "auth": False, "arg": True, "help": ""}
    for name in ("AUTH", "PBSZ", "PROT")
}


class _Transfer(Encrypted, DTPHandler):
    """A data connection."""

    file_obj: Any

    def __init__(self, sock: Any, conversation: Conversation) -> None:
        self._fault: Action | None = None
        super().__init__(sock, conversation)
        if conversation.protected and conversation.context is not None and self.connected:
            self.begin_tls(conversation.context)

    def use_sendfile(self) -> bool:
        """Only in the clear."""
        return self._tls is None and super().use_sendfile()

    def encrypted(self) -> None:
        conversation = self.cmd_channel
        if conversation.require_reuse and not self._tls.session_reused:
            self._resp = ("522 Resume the TLS session of the control connection.", _log.debug)
            self.close()

    def not_encrypted(self) -> None:
        self._resp = ("522 The TLS handshake failed.", _log.debug)
        self.close()

    def enable_receiving(self, type: str, cmd: str) -> None:  # noqa: A002 - as the base does
        self._fault = self.cmd_channel.strike("data")
        super().enable_receiving(type, cmd)

    def handle_read(self) -> None:
        before = self.tot_bytes_received
        super().handle_read()
        received = self.tot_bytes_received - before
        if received and not self._closed and self.file_obj.tell() > self.cmd_channel.max_file:
            self._end(552)
            return
        if received and self._fault is not None and not self._closed:
            self._fail(self._fault, received)

    def handle_read_event(self) -> None:
        # pyftpdlib's would call its own `handle_read`.
        if self._shaking:
            super().handle_read_event()
        else:
            self.handle_read()

    def _fail(self, fault: Action, received: int) -> None:
        if isinstance(fault, DropAnswer):
            self.cmd_channel.silent = True
            return
        # In the middle: half of what came last is lost.
        self.file_obj.seek(-(received // 2 + 1), 1)
        self.file_obj.truncate()
        if isinstance(fault, Hang):
            self.receive = False
            return
        self._end(int(fault.code) if isinstance(fault, AnswerError) else 426)

    def _end(self, code: int) -> None:
        self._resp = (f"{code} {_TEXTS.get(code, 'as ordered')}", _log.debug)
        self.close()


class Conversation(Encrypted, FTPHandler):
    """A control connection. :class:`~.FtpService` makes a class of its own of this.

    pyftpdlib takes a class and not an object, and keeps what is configured in the class.
    """

    dtp_handler = _Transfer
    proto_cmds: ClassVar[dict[str, Any]] = FTPHandler.proto_cmds | _OF_TLS
    banner = "devino sandbox"
    use_gmt_times = True
    world: World
    context: SSLContext | None = None
    implicit = False
    require_reuse = True
    max_file = MAX_FILE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.protected = False
        """Data connections are encrypted too."""
        self.silent = False
        """The next reply that ends a command is lost, and the connection with it."""
        self._hung = False
        self._heard = Heard(self.world.journal)
        super().__init__(*args, **kwargs)
        self._heard.peer = f"{self.remote_ip}:{self.remote_port}"
        if self.context is not None:
            self._extra_feats = ["AUTH TLS", "PBSZ", "PROT"]

    def strike(self, operation: str) -> Action | None:
        """The fault that is on order for this."""
        with self._heard.during():
            return self.world.faults.strike(PROTOCOL, operation)

    def handle(self) -> None:
        """A client has connected."""
        if self.implicit and self.context is not None:
            self.protected = True
            self.begin_tls(self.context)
        else:
            self._greet()

    def encrypted(self) -> None:
        if self.implicit:
            self._greet()

    def handle_timeout(self) -> None:
        """The client has been silent for long."""
        if self._shaking:
            # Nothing can be said before the handshake.
            self.close()
        else:
            super().handle_timeout()

    def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
        """A line that the client has sent."""
        self._heard.asked(cmd, line)
        super().pre_process_command(line, cmd, arg)

    def process_command(self, cmd: str, *args: Any, **kwargs: Any) -> None:
        """A command that the client may give."""
        action = self.strike(cmd)
        if action is not None and self._suffers(action):
            return
        if self.context is not None:
            if cmd in ("USER", "PASS") and self._tls is None:
                self.respond("530 Begin with AUTH TLS.")
                return
            if cmd in ("PASV", "EPSV", "PORT", "EPRT") and not self.protected:
                self.respond("521 Data connections need PROT P.")
                return
        super().process_command(cmd, *args, **kwargs)

    def respond(self, resp: str, logfun: Any = _log.debug) -> None:
        """Send a reply."""
        if self._hung:
            return
        if self.silent and not resp.startswith("1"):
            self.close()
            return
        self._heard.replied(resp)
        super().respond(resp, logfun)

    def close(self) -> None:
        """The connection ends."""
        if not self._closed:
            self._heard.over()
        super().close()

    def on_file_received(self, file: str) -> None:
        """A file lies there now."""
        self._laid(file)

    def ftp_RNTO(self, path: str) -> Any:
        """A file gets another name."""
        found = super().ftp_RNTO(path)
        self._laid(path)
        return found

    def ftp_AUTH(self, line: str) -> None:
        """Begin TLS (RFC 4217)."""
        if self.context is None:
            self.respond("502 There is no TLS here.")
        elif self._tls is not None:
            self.respond("503 TLS has begun already.")
        elif line.upper() not in ("TLS", "TLS-C", "SSL"):
            self.respond("504 Say AUTH TLS.")
        else:
            self.respond("234 Begin.")
            self.begin_tls(self.context)

    def ftp_PBSZ(self, line: str) -> None:
        """The size of a protection buffer, which TLS does not have."""
        self.respond("200 PBSZ=0" if self._tls is not None else "503 Begin with AUTH TLS.")

    def ftp_PROT(self, line: str) -> None:
        """Whether data connections are encrypted."""
        if self._tls is None:
            self.respond("503 Begin with AUTH TLS.")
        elif line.upper() not in ("P", "C"):
            self.respond("536 P or C.")
        else:
            self.protected = line.upper() == "P"
            self.respond(f"200 Protection {line.upper()}.")

    def log(self, *said: Any, **how: Any) -> None:
        """pyftpdlib logs each command. The sandbox does not."""

    def logline(self, *said: Any, **how: Any) -> None:
        """Nor each reply."""

    def log_exception(self, instance: Any) -> None:
        """A failure of this server."""
        _log.exception("the FTP server of the sandbox failed")

    def _greet(self) -> None:
        action = None
        if self.world.faults:
            self._heard.asked("CONNECT", "")
            action = self.strike("CONNECT")
            if action is None:
                self._heard.forget()
        if action is None or not self._suffers(action):
            FTPHandler.handle(self)

    def _laid(self, path: str) -> None:
        record = self._heard.record
        if record is not None:
            self.world.of(Folders).laid(Path(path), record)

    def _suffers(self, action: Action) -> bool:
        """Do what a fault says. Whether that is all that happens."""
        match action:
            case AnswerError(code=code, description=description):
                code = int(code)
                self.respond(f"{code} {description or _TEXTS.get(code, 'as ordered')}")
                if code == _CLOSING:
                    self.close_when_done()
            case AnswerHttp(status=status, body=body):
                page: Any = f"HTTP/1.1 {status} \r\n\r\n{body}\r\n"
                self.push(page)
                self.close_when_done()
            case Hang():
                self._hung = True
            case Drop():
                self.close()
            case DropAnswer():
                self.silent = True
                return False
        return True
