"""The Email2SMS gateway: a mail server whose mails to ``email2sms@...`` are SMS (chapter 4).

All reading is the codec's, so any mail program will do. The manual says nothing of how the gateway
refuses, and here it is decided thus:

- A mail that cannot be read, or is refused for its login, sender, numbers or cost, is answered 554
  with the reason, and shown among the messages with it; of many recipients one bad one refuses all.
- Only ``CR LF . CR LF`` ends a mail. One above 1 MiB is 552, announced so by ``SIZE=`` or not, one
  with a line above 998 bytes 500; these are shown too, without a text.
- Any host is right after ``email2sms@``; another address is 550. AUTH is offered, with the
  accounts' logins, and not needed.
- A sandbox with TLS takes mails and logins after STARTTLS only, and answers 530 before; one
  without has no STARTTLS.

A :class:`~devino_sandbox.Fault` has the protocol ``email2sms`` and one of the operations
``CONNECT`` (the greeting), ``EHLO``, ``HELO``, ``STARTTLS``, ``AUTH``, ``MAIL``, ``RCPT``,
``DATA-BEGIN`` (the command DATA), ``DATA`` (the mail), ``RSET``, ``NOOP`` and ``QUIT``; its ``to``
fits the numbers of a mail. ``error`` has a reply's code, and after 421 the connection is closed.
"""

from __future__ import annotations

from devino_core import hookimpl
from devino_sandbox._world import World

from ._service import SmtpService

__all__ = ["SmtpService", "devino_sandbox_services"]


@hookimpl
def devino_sandbox_services(world: World) -> list[SmtpService]:
    return [SmtpService(world)]
