"""A florist whose worker tells customers: `celery -A florist worker`."""

import logging
import os
import sys
from pathlib import Path

from celery import Celery, chain

from devino_contrib.celery import follow_message, send_message
from devino_core import Message, Receipt

log = logging.getLogger("florist")

# Folders stand for the broker, so that the example needs no other program.
folder = Path(os.environ.get("FLORIST_FOLDER", "florist")).absolute()
for name in ("queue", "taken", "control", "results"):
    folder.joinpath(name).mkdir(parents=True, exist_ok=True)

app = Celery("florist", include=["devino_contrib.celery"])
app.conf.update(
    broker_url="filesystem://",
    broker_transport_options={
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "control_folder": folder / "control",
        "processed_folder": str(folder / "taken"),
        "store_processed": True,
    },
    result_backend=f"file://{folder / 'results'}",
    # A task that a dead worker leaves behind comes again. The outbox's database remembers whether
    # it has sent its message.
    task_annotations={"devino.send_message": {"acks_late": True}},
)


@app.task
def arrived(told: dict[str, object]) -> None:
    receipt = Receipt.from_dict(told)
    # The ref says which order. A dict of the shop's would be kept here.
    log.warning("%s is %s", receipt.ref, receipt.status.state)


def tell(order: str, to: str, text: str) -> None:
    """Tell a customer. The same order is told once, however often this is called."""
    message = Message(to, text, ref=f"order-{order}")
    chain(send_message.s(message.to_dict()), follow_message.s(interval=1.0), arrived.s()).delay()


if __name__ == "__main__":
    tell(*sys.argv[1:4])
