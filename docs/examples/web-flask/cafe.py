"""A café that tells its guests: `flask --app cafe run`, or `gunicorn --preload cafe:app`."""

import os

from flask import Flask, request
from flask.typing import ResponseReturnValue

from devino_contrib.flask import Devino, callbacks
from devino_core import Event, Message, Secret, Status, StatusChanged

# Stands for the database: the known status of each message, by the platform's id.
statuses: dict[str, Status] = {}


def take(event: Event) -> None:
    if isinstance(event, StatusChanged):
        known = statuses.get(event.message_id)
        # A late report never moves a message backwards.
        statuses[event.message_id] = known.advanced_by(event.status) if known else event.status


app = Flask(__name__)
devino = Devino(app)
app.register_blueprint(
    callbacks(take, secrets=[Secret(os.environ["CALLBACK_SECRET"])]), url_prefix="/devino"
)


@app.post("/notify")
def notify() -> ResponseReturnValue:
    receipt = devino.client.send(Message.from_dict(request.get_json()))
    return receipt.to_dict(), 201


@app.get("/balance")
def balance() -> ResponseReturnValue:
    return {"balance": str(devino.client.balance())}
