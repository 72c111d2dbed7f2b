"""One client for each process, opened at first use (Celery, gunicorn, uWSGI, multiprocessing)."""

from devino_core import Message, Receipt
from devino_core.shared import client


def notify(phone: str, text: str) -> Receipt:
    """Safe to call from any thread of any process, before and after a fork."""
    return client().send(Message(phone, text))
