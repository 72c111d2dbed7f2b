"""FastAPI: what endpoints get, give and answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel

from devino_contrib.fastapi import (
    Devino,
    MessageBody,
    callbacks,
    get_client,
    install_error_handlers,
    lifespan,
)
from devino_core import (
    AsyncClient,
    ConfigurationError,
    DevinoError,
    Event,
    Message,
    Receipt,
    Secret,
)
from devino_sandbox import DropAnswer, Fault, LocalSandbox

from ._errors import ERRORS
from ._sandboxed import NUMBER, assert_discreet

Channels = dict[str, dict[str, object]]
BODY = {"to": NUMBER, "content": "Hello"}


class Order(BaseModel):
    number: int
    message: Message


class Done(BaseModel):
    receipt: Receipt


def application(channels: Channels) -> FastAPI:
    app = FastAPI(lifespan=lifespan(channels))
    install_error_handlers(app)

    @app.post("/notify")
    async def notify(message: MessageBody, client: Devino) -> Receipt:
        return await client.send(message)

    @app.post("/bare", response_model=None)
    async def bare(message: MessageBody, client: Devino) -> Any:
        return {"sent": [await client.send(message)]}

    @app.post("/order")
    async def order(order: Order, client: Devino) -> Done:
        return Done(receipt=await client.send(order.message))

    return app


def test_a_receipt_is_an_answer_in_every_form(sandbox: LocalSandbox, channels: Channels) -> None:
    with TestClient(application(channels)) as web:
        direct = web.post("/notify", json=BODY)
        bare = web.post("/bare", json=BODY)
        nested = web.post("/order", json={"number": 1, "message": BODY})
    told = [direct.json(), bare.json()["sent"][0], nested.json()["receipt"]]
    for one in told:
        assert Receipt.from_dict(one).channel == "promo"
    assert len(sandbox.messages(to=NUMBER)) == 3


def test_the_schema_describes_messages_and_receipts(channels: Channels) -> None:
    schema = application(channels).openapi()
    operation = schema["paths"]["/notify"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert {"to", "content"} == set(body["required"])
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert "ids" in answer["properties"]


def test_what_is_no_message_is_refused_before_anything_is_sent(
    sandbox: LocalSandbox, channels: Channels
) -> None:
    with TestClient(application(channels)) as web:
        answer = web.post("/notify", json={**BODY, "sent_at": "2026-01-01"})
        unfit = web.post("/notify", json={**BODY, "to": "nobody"})
    assert answer.status_code == 422
    assert "did you mean 'send_at'" in answer.text
    assert unfit.status_code == 422
    assert unfit.json()["field"] == "to"
    assert not sandbox.messages()


def test_a_lost_answer_is_said_to_be_one(sandbox: LocalSandbox, channels: Channels) -> None:
    sandbox.fault(Fault(operation="Sms/Send", action=DropAnswer()))
    with TestClient(application(channels)) as web:
        answer = web.post("/notify", json=BODY)
    assert answer.status_code == 502
    assert answer.json()["retry"] == "may_duplicate"
    assert len(answer.json()["call"]) == 16
    assert len(sandbox.messages(to=NUMBER)) == 1


@pytest.mark.parametrize(("error", "status", "wait"), ERRORS)
def test_errors_have_their_answers(error: DevinoError, status: int, wait: str | None) -> None:
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    answer = TestClient(app).get("/")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, wait)
    assert_discreet(answer.text)
    assert answer.json()["problem"]


def test_the_applications_own_lifespan_runs_within(channels: Channels) -> None:
    seen: list[bool] = []

    @asynccontextmanager
    async def inner(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        yield {"name": "shop"}
        await app.state.devino.balance()
        seen.append(True)

    app = FastAPI(lifespan=lifespan(channels, inner=inner))

    @app.get("/")
    async def name(request: Request, client: Devino) -> str:
        return f"{request.state.name} {len(client.channels)}"

    with TestClient(app) as web:
        assert web.get("/").json() == "shop 1"
    assert seen == [True]


def test_without_the_lifespan_it_says_what_to_do() -> None:
    app = application({"memory": {}})
    with pytest.raises(RuntimeError, match="as a context manager"):
        TestClient(app).post("/notify", json=BODY)


def test_a_test_may_put_another_client_there(channels: Channels) -> None:
    app = application(channels)

    async def other() -> AsyncIterator[AsyncClient]:
        async with AsyncClient({"memory": {}}) as client:
            yield client

    app.dependency_overrides[get_client] = other
    with TestClient(app) as web:
        assert web.post("/notify", json=BODY).json()["channel"] == "memory"


REPORT = [{"id": 3158611117333282817, "receivedAt": "1527861323068", "status": "READ"}]


def receiving(channels: Channels, taken: list[Event], sources: list[str]) -> FastAPI:
    app = application(channels)
    app.include_router(
        callbacks(taken.append, secrets=[Secret("s3cret-of-this-test")], sources=sources),
        prefix="/devino",
    )
    return app


def test_callbacks_are_taken_once_and_by_the_secret_alone() -> None:
    taken: list[Event] = []
    with TestClient(receiving({"memory": {}}, taken, ["viber"])) as web:
        for _ in range(2):
            assert web.post("/devino/s3cret-of-this-test/viber", json=REPORT).status_code == 200
        assert web.post("/devino/another/viber", json=REPORT).status_code == 404
        assert web.post("/notify", json=BODY).status_code == 200
    assert [event.channel for event in taken] == ["viber"]


def test_a_source_that_nobody_brings_fails_at_the_start() -> None:
    with (
        pytest.raises(ConfigurationError, match="pigeon"),
        TestClient(receiving({"memory": {}}, [], ["pigeon"])),
    ):
        pass
