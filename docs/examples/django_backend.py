"""Django's mails over the platform: EMAIL_BACKEND = "django_backend.DevinoBackend"."""

from collections.abc import Sequence
from email import message_from_bytes, policy

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from devino_core import Client, DevinoError
from devino_core.mail import messages_of


class DevinoBackend(BaseEmailBackend):  # type: ignore[misc]  # Django says no types
    """Each recipient in To gets a mail of its own. A mail counts when all of them were taken."""

    client: Client | None = None

    def open(self) -> bool:
        if self.client is not None:
            return False
        self.client = Client()
        self.client.open()
        return True

    def close(self) -> None:
        if self.client is not None:
            self.client.close()
            self.client = None

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        opened = self.open()
        try:
            return sum(map(self._sent, email_messages))
        finally:
            if opened:
                self.close()

    def _sent(self, message: EmailMessage) -> bool:
        try:
            mail = message_from_bytes(message.message().as_bytes(), policy=policy.default)
            if message.bcc:  # Django keeps it out of the mail; devino says what to do instead
                mail["Bcc"] = ", ".join(message.bcc)
            receipts = self.client.send_many(messages_of(mail)) if self.client else []
            for error in filter(None, [receipt.error for receipt in receipts]):
                raise error
        except DevinoError:
            if not self.fail_silently:
                raise
            return False
        return True
