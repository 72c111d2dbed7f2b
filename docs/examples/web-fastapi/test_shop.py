"""Run it by `pytest`: the plugin of devino brings the fixtures."""

import pytest
from fastapi.testclient import TestClient

from devino_sandbox import SandboxControl


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBACK_SECRET", "a-secret-of-this-test")


@pytest.mark.usefixtures("devino_environ")
def test_a_customer_is_told(devino_sandbox: SandboxControl) -> None:
    from shop import app

    with TestClient(app) as shop:
        answer = shop.post("/notify", json={"to": "79031234567", "content": "It is ready"})
        refused = shop.post("/notify", json={"to": "nobody", "content": "It is ready"})
    assert answer.json()["status"]["state"] == "ACCEPTED"
    assert refused.status_code == 422
    devino_sandbox.assert_sent(to="79031234567", text="It is ready")
