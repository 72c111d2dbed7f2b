"""A café that tells its guests: `flask --app cafe run`, or `gunicorn --preload cafe:app`."""

from flask import Flask, request
from flask.typing import ResponseReturnValue

from devino_contrib.flask import Devino
from devino_core import Message

app = Flask(__name__)
devino = Devino(app)


@app.post("/notify")
def notify() -> ResponseReturnValue:
    receipt = devino.client.send(Message.from_dict(request.get_json()))
    return receipt.to_dict(), 201


@app.get("/balance")
def balance() -> ResponseReturnValue:
    return {"balance": str(devino.client.balance())}
