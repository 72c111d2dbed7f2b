"""One client for each process, opened at first use (Celery, gunicorn, uWSGI, multiprocessing)."""

import atexit
import os
import threading

from devino_core import Client

_clients: dict[int, Client] = {}
_lock = threading.Lock()
# If a fork happens while another thread opens a client, the child must not inherit a held lock.
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)


def client() -> Client:
    """This process's client."""
    with _lock:
        mine = _clients.get(os.getpid())
        if mine is None:
            mine = _clients[os.getpid()] = Client()
            mine.open()
            atexit.register(mine.close)
        return mine
