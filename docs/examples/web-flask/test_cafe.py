"""Run it by `pytest`: the plugin of devino brings the fixtures."""

import pytest

from devino_core import Client, shared
from devino_sandbox import SandboxControl


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBACK_SECRET", "a-secret-of-this-test")


def test_a_guest_is_told(devino_sandbox: SandboxControl, devino_client: Client) -> None:
    from cafe import app

    with shared.override(devino_client):
        cafe = app.test_client()
        answer = cafe.post("/notify", json={"to": "79031234567", "content": "It is ready"})
        refused = cafe.post("/notify", json={"to": "nobody", "content": "It is ready"})
    assert (answer.status_code, refused.status_code) == (201, 422)
    devino_sandbox.assert_sent(to="79031234567", text="It is ready")
