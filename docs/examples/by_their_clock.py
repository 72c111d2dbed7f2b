"""Remind people at nine in the morning, each by the clock where they are."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from devino_core import Client, Message

MORNING = time(9)


def remind(phones: Iterable[str], text: str, day: date) -> list[str]:
    """Schedule the text for all, and give the ids by which it can be followed."""
    # A time without a zone is the recipient's wall clock: nine in Omsk is not nine in Moscow.
    at = datetime.combine(day, MORNING)
    messages = [Message(phone, text, send_at=at, validity=timedelta(hours=3)) for phone in phones]
    with Client() as client:
        return [id_ for receipt in client.send_many(messages) for id_ in receipt.ids]
