"""The addresses that the settings have by default are the manual's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from devino_codecs import soap
from devino_core import Plugins
from tests._vectors import ROOT

ROWS: Sequence[Mapping[str, str]] = json.loads((ROOT / "codes" / "endpoints.json").read_text())[
    "rows"
]


def default(kind: str, field: str = "base_url") -> Any:
    """What a setting of a channel or service is unless it is given."""
    plugins = Plugins(environ={})
    find = plugins.service_spec if kind == "2fa" else plugins.channel_spec
    return {one.name: one.default for one in msgspec.structs.fields(find(kind).settings)}[field]


def below(kind: str, *paths: str) -> Callable[[], list[str]]:
    return lambda: [default(kind).rstrip("/") + path for path in paths]


def smpp() -> list[str]:
    hosts = [host.strip() for host in default("smpp", "hosts").split(",")]
    assert hosts == ["smpp01.integrationapi.net", "smpp02.integrationapi.net"]
    # The manual has four of them in one row.
    return [f"smpp01..04.integrationapi.net:{default('smpp', 'port')}"]


OURS: Mapping[str, Callable[[], list[str]]] = {
    "rest-v1": below("rest", ""),
    "rest-v2": below("rest-v2", ""),
    "soap-v1": below("soap", soap.SMS.path),
    "soap-v1 viber": below("soap", soap.VIBER.path),
    "soap-v2": below("soap-v2", soap.SMS_V2.path),
    "soap-v2 viber": below("soap-v2", soap.VIBER_V2.path),
    "xml": below("xml", "/Send.ashx", "/Statistics.ashx"),
    "2fa": below("2fa", ""),
    "smpp": smpp,
    "email2sms": lambda: [default("email2sms", "gateway")],
}


@pytest.mark.parametrize("protocol", OURS)
def test_a_channel_or_service_goes_to_the_platform_by_default(protocol: str) -> None:
    printed = [row["url"].rstrip("/") for row in ROWS if row["protocol"] == protocol]
    assert printed
    assert OURS[protocol]() == printed
