"""The Email2SMS gateway: a mail server whose mails to ``email2sms@...`` are SMS (chapter 4).

The codec reads the mails, so any mail program can send them. The manual does not say how the
gateway refuses. This one does it so:

- A mail is answered 554 with the reason where it cannot be read or has no text, or where its login,
  sender, numbers or cost are refused. It is shown among the messages with that reason. One bad
  recipient refuses the whole mail.
- Only ``CR LF . CR LF`` ends a mail. A mail above 1 MiB is answered 552, whether ``SIZE=``
  announced it or not; at 2 MiB the connection is closed with 421. A mail with a line above 998
  bytes is answered 500. All are shown among the messages, without a text.
- The address must begin with ``email2sms@``, and any host may follow. Another address is answered
  550, and the 1,001st of a mail 452. AUTH takes the accounts' logins, and is not needed.
- Who gives no command within 30 seconds is disconnected; between commands 300 seconds may pass.
- With TLS, mails and logins are taken after STARTTLS only, and answered 530 before it. Without
  TLS there is no STARTTLS.

A :class:`~devino_sandbox.Fault` has the protocol ``email2sms`` and one of the operations
``CONNECT`` (the greeting), ``EHLO``, ``HELO``, ``STARTTLS``, ``AUTH``, ``MAIL``, ``RCPT``,
``DATA-BEGIN`` (the command DATA), ``DATA`` (the mail), ``RSET``, ``NOOP`` and ``QUIT``. Its ``to``
is compared with the numbers of a mail. ``error`` has the code of a reply; 421 also closes the
connection.
"""

from __future__ import annotations

from typing import Final

from devino_sandbox._brought import services_at

from ._service import SmtpService

__all__ = ["SmtpService"]

devino_sandbox_services: Final = services_at(SmtpService)
