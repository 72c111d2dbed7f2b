"""``manage.py devino_send``: one message, now."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from devino_contrib._needs import needs
from devino_contrib.django._sending import send
from devino_core import DevinoError, Medium

with needs("django"):
    from django.core.management.base import BaseCommand, CommandError

__all__ = ["Command"]


class Command(BaseCommand):
    """Sends through the project's channels, past the outbox, and tells the signals."""

    help = "Send TEXT to a number now, and print the state and the platform's ids."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The arguments of :func:`devino_contrib.django.send`."""
        parser.add_argument("to", help="a number in international format, or an address")
        parser.add_argument("text")
        parser.add_argument("--sender", help="what the recipient sees")
        parser.add_argument("--channel", metavar="NAME")
        parser.add_argument("--medium", choices=[one.value for one in Medium], default="SMS")
        parser.add_argument("--ref", help="your own name of the message")

    def handle(self, *_: Any, to: str, text: str, **options: Any) -> None:
        """Send. Raises CommandError."""
        chosen = {name: options[name] for name in ("sender", "channel", "medium", "ref")}
        try:
            receipt = send(to, text, on_commit=False, **chosen)
        except DevinoError as error:
            raise CommandError(str(error)) from error
        if receipt is not None:
            self.stdout.write(f"{receipt.status.state} {' '.join(receipt.ids)}")
            if receipt.refused:
                raise CommandError(f"refused: {receipt.status.description}")
