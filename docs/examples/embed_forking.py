"""One client a process, opened at its first use: for Celery, gunicorn, uWSGI, multiprocessing."""

import atexit
import os
import threading

from devino_core import Client

_clients: dict[int, Client] = {}
_lock = threading.Lock()
# A fork while another thread opens a client must not leave the child with a lock nobody releases.
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
