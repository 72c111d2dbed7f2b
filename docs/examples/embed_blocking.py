"""Remind everybody on a list, and tell which numbers could not be reached."""

from collections.abc import Iterable
from datetime import timedelta

from devino_core import Client, Message


def remind(phones: Iterable[str], text: str) -> list[str]:
    """Send to all, wait for the outcomes, and give the numbers that did not get the text."""
    messages = [Message(phone, text, validity=timedelta(hours=2)) for phone in phones]
    with Client() as client:
        receipts = {receipt.ref: receipt for receipt in client.send_many(messages)}
        for changed in client.follow(receipts.values(), interval=5, timeout=3 * 3600):
            receipts[changed.ref] = changed
    return [receipt.to for receipt in receipts.values() if not receipt.status.state.is_success]
