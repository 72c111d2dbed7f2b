"""A receiver to be run by any ASGI server: it writes each event's id into a file, then has it.

An SMS that says "wait" is not taken before the file beside it exists.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from devino_core import Event, Incoming, Plugins, Secret
from devino_core.callbacks import Callbacks

TAKEN = Path(os.environ["RECEIVER_FILE"])


def take(event: Event) -> str | None:
    with TAKEN.open("a") as file:
        file.write(f"{event.id}\n")
    if not isinstance(event, Incoming):
        return None
    while event.text == "wait" and not TAKEN.with_suffix(".open").exists():
        time.sleep(0.01)
    return f"Ваш текст: {event.text}"


plugins = Plugins(environ={})
callbacks = Callbacks(
    take,
    [plugins.callback_spec(name) for name in ("viber", "vk", "sms")],
    secrets=[Secret(os.environ["RECEIVER_SECRET"])],
)
app = callbacks.asgi
