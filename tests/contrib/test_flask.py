"""Flask: what views give and answer, the client, the commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, current_app, jsonify, request

from devino_contrib.flask import Devino, callbacks
from devino_core import (
    Client,
    ConfigurationError,
    DevinoError,
    Event,
    Message,
    Receipt,
    Secret,
    shared,
)
from devino_core.callbacks import Take
from devino_sandbox import AnswerHttp, Fault, LocalSandbox

from ._errors import ERRORS
from ._sandboxed import NUMBER, assert_discreet

Channels = dict[str, dict[str, object]]
BODY = {"to": NUMBER, "content": "Hello"}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    shared.close()


def application(channels: Channels) -> Flask:
    app = Flask(__name__)
    app.config["DEVINO"] = channels
    devino = Devino()
    devino.init_app(app)

    def sent() -> Receipt:
        return devino.client.send(Message.from_dict(request.get_json()))

    @app.post("/notify")
    def notify() -> Any:
        return sent()

    @app.post("/accepted")
    def accepted() -> Any:
        return sent(), 202, {"X-Shop": "1"}

    @app.post("/nested")
    def nested() -> Any:
        return jsonify(sent=[sent()], price=None)

    @app.get("/page")
    def page() -> str:
        return "hello"

    return app


def test_a_receipt_is_an_answer_in_every_form(sandbox: LocalSandbox, channels: Channels) -> None:
    web = application(channels).test_client()
    direct = web.post("/notify", json=BODY)
    accepted = web.post("/accepted", json=BODY)
    nested = web.post("/nested", json=BODY)
    assert (accepted.status_code, accepted.headers["X-Shop"]) == (202, "1")
    for told in (direct.get_json(), accepted.get_json(), nested.get_json()["sent"][0]):
        assert Receipt.from_dict(told).channel == "promo"
    assert len(sandbox.messages(to=NUMBER)) == 3
    assert web.get("/page").text == "hello"


def test_what_is_no_message_is_refused(sandbox: LocalSandbox, channels: Channels) -> None:
    answer = application(channels).test_client().post("/notify", json={**BODY, "text": "x"})
    assert answer.status_code == 422
    assert answer.get_json()["field"] == "text"
    assert not sandbox.messages()


@pytest.mark.parametrize(("error", "status", "wait"), ERRORS)
def test_errors_have_their_answers(error: DevinoError, status: int, wait: str | None) -> None:
    app = application({"memory": {}})

    @app.get("/")
    def fail() -> str:
        raise error

    answer = app.test_client().get("/")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, wait)
    assert_discreet(answer.text)


REPORT = [{"id": 3158611117333282817, "receivedAt": "1527861323068", "status": "READ"}]
SECRET = "s3cret-of-this-test"


def receiving(take: Take, **given: Any) -> Flask:
    app = application({"memory": {}})
    app.register_blueprint(callbacks(take, secrets=[Secret(SECRET)], **given), url_prefix="/devino")
    return app


def test_callbacks_are_taken_once_and_by_the_secret_alone() -> None:
    taken: list[tuple[str, str]] = []
    app = receiving(lambda event: taken.append((event.channel, current_app.name)))
    web = app.test_client()
    for _ in range(2):
        assert web.post(f"/devino/{SECRET}/viber", json=REPORT).status_code == 200
    assert web.head(f"/devino/{SECRET}/viber").status_code == 200
    assert web.options(f"/devino/{SECRET}/viber").status_code == 405
    assert web.post("/devino/another/viber", json=REPORT).status_code == 404
    assert web.post(f"/devino/{SECRET}/viber", data=b" " * 2_000_000).status_code == 413
    assert web.post("/notify", json=BODY).status_code == 200
    assert taken == [("viber", app.name)]


def test_an_event_that_was_not_taken_comes_again() -> None:
    taken: list[str] = []

    def take(event: Event) -> None:
        taken.append(event.id)
        if len(taken) == 1:
            raise LookupError("an id that nobody knows yet")

    web = receiving(take).test_client()
    told = [web.post(f"/devino/{SECRET}/viber", json=REPORT).status_code for _ in range(3)]
    assert told == [500, 200, 200]
    assert len(set(taken)) == 1
    assert len(taken) == 2


def test_callbacks_that_cannot_be_received_fail_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match="pigeon"):
        receiving(print, sources=["pigeon"])
    with pytest.raises(RuntimeError, match=r"Devino\(app\)"):
        Flask(__name__).register_blueprint(callbacks(print, secrets=[Secret(SECRET)]))


def test_a_test_puts_its_own_client_there(channels: Channels) -> None:
    web = application(channels).test_client()
    with Client({"memory": {}}) as mine, shared.override(mine):
        assert web.post("/notify", json=BODY).get_json()["channel"] == "memory"


def test_the_commands_use_the_applications_settings(
    sandbox: LocalSandbox, channels: Channels
) -> None:
    run = application({**channels, "memory": {}}).test_cli_runner()
    sent = run.invoke(args=["devino", "send", NUMBER, "Hello", "--channel", "promo"])
    assert sent.exit_code == 0, sent.output
    assert sent.output.startswith("ACCEPTED ")
    assert len(sandbox.messages(to=NUMBER)) == 1
    checked = run.invoke(args=["devino", "check"])
    assert checked.output.splitlines()[0] == "promo: ready"
    sandbox.fault(Fault(operation="User/Balance", action=AnswerHttp(500), times=None))
    failed = run.invoke(args=["devino", "check"])
    assert failed.exit_code == 1
    assert failed.output.startswith("Error: ")
