"""Run it by `pytest`: the plugin of devino brings the fixtures."""

from pathlib import Path

import pytest

from devino_core import Client, shared
from devino_sandbox import SandboxControl


def test_a_customer_is_told_once(
    devino_sandbox: SandboxControl,
    devino_client: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FLORIST_FOLDER", str(tmp_path))
    monkeypatch.setenv("DEVINO__OUTBOX__URL", f"sqlite:///{tmp_path / 'outbox.db'}")
    from florist import app, tell

    # Tasks run at once, in this process.
    app.conf.task_always_eager = True
    with shared.override(devino_client):
        tell("17", "79031234567", "Your roses are ready")
        tell("17", "79031234567", "Your roses are ready")
    devino_sandbox.assert_sent(to="79031234567", text="Your roses are ready", count=1)
