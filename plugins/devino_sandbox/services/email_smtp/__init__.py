"""E-mail over SMTP (chapter 13 of the manual).

Who has logged in with the account's login may send mails, each to one recipient. The standard
library's parser reads them, so any mail program can write them. The manual tells the texts of the
refusals, all after 554, but not the verbs that they answer. Here it is so:

- AUTH with a wrong login is answered 535. Without a login MAIL is answered 554.
- MAIL and the mail itself are refused for a sender that is not approved, as by
  :attr:`Account.mail_senders <devino_sandbox.Account.mail_senders>`; RCPT for what is no address;
  MAIL with ``SIZE=`` and the mail for more than 512,000 bytes; the mail for a file.
- The first recipient of a mail gets it. The others are shown among the messages as refused.
- A mail to somebody who has unsubscribed, or to an address that is known to be none, is answered
  250, and is then REJECTED for the reason ``already_unsubscribed`` or ``bad-mailbox``.
- ``[Unsubscribe]`` and ``[WebVersion]`` become links. Only a strict World asks for them.
- Only ``CR LF . CR LF`` ends a mail. With TLS, mails and logins are taken after STARTTLS only, and
  on a port of its own (``email_smtps``) with TLS from the first byte.

A :class:`~devino_sandbox.Fault` has the protocol ``email-smtp`` and the operations of the mail
gateway, see :mod:`devino_sandbox.services.smtp`. Its ``to`` is compared with a mail's recipient.
"""

from __future__ import annotations

from typing import Final

from devino_sandbox._brought import services_at

from ._service import EmailSmtpService

__all__ = ["EmailSmtpService"]

devino_sandbox_services: Final = services_at(EmailSmtpService)
