"""Django's mails over the platform::

    EMAIL_BACKEND = "devino_contrib.django.mail.EmailBackend"

From Django 6.1 on::

    MAILERS = {"default": {"BACKEND": "devino_contrib.django.mail.EmailBackend"}}
"""

from __future__ import annotations

from collections.abc import Sequence
from email import message_from_bytes, policy

from devino_contrib._needs import needs
from devino_core import DevinoError
from devino_core.mail import messages_of

from ._sending import client
from ._telling import log_failure

with needs("django"):
    from django.core.mail import EmailMessage
    from django.core.mail.backends.base import BaseEmailBackend

__all__ = ["EmailBackend"]


class EmailBackend(BaseEmailBackend):
    """Sends by the ``channel`` of ``OPTIONS``, else by the first of the project that carries mails.

    Each recipient in To gets a mail of its own. A mail counts when all of them were taken. What the
    platform cannot carry (Cc, Bcc, attachments) raises Unsupported, which says what to do instead;
    with ``fail_silently`` it is logged.
    """

    def __init__(
        self, fail_silently: bool = False, *, channel: str | None = None, **options: object
    ) -> None:
        super().__init__(**options)
        self.fail_silently = fail_silently
        self._channel = channel

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send them, and give how many were sent. Raises DevinoError unless it fails silently."""
        return sum(map(self._sent, email_messages))

    def _sent(self, message: EmailMessage) -> bool:
        try:
            mail = message_from_bytes(message.message().as_bytes(), policy=policy.default)
            if message.bcc:
                # Django keeps it out of the mail, and messages_of says what to do instead.
                mail["Bcc"] = ", ".join(message.bcc)
            for receipt in client().send_many(messages_of(mail), channel=self._channel):
                if receipt.error is not None:
                    raise receipt.error
        except DevinoError as error:
            if not self.fail_silently:
                raise
            log_failure(error)
            return False
        return True
