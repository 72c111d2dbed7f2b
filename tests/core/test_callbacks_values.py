"""Missing sources, and what a repr and a log may hold."""

from __future__ import annotations

import base64
import logging

import msgspec
import pytest
from rich.pretty import pretty_repr

from devino_core import ConfigurationError, Event, PluginError, Secret
from devino_core.callbacks import (
    CallbackAnswer,
    CallbackRequest,
    Callbacks,
    CallbackSpec,
    Read,
)
from tests.core._callbacks import (
    REPORTS,
    SECRET,
    Receiving,
    Reports,
    posted,
    report,
    request,
)


def basic(login: str, password: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(f'{login}:{password}'.encode()).decode()}"


def test_two_sources_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="two sources are named 'reports'"):
        Callbacks(print, [REPORTS, REPORTS], secrets=[Secret(SECRET)])


@pytest.mark.parametrize("name", ["", "a/b", "a b", "é"])
def test_a_source_whose_name_is_not_a_segment_is_refused(name: str) -> None:
    spec = msgspec.structs.replace(REPORTS, name=name)
    with pytest.raises(ConfigurationError, match="a segment of a URL"):
        Callbacks(print, [spec], secrets=[Secret(SECRET)])


@pytest.mark.parametrize("named", ["Reports", "REPORTS.source"])
async def test_a_source_is_imported_when_it_receives(named: str) -> None:
    spec = msgspec.structs.replace(REPORTS, source=f"tests.core._callbacks:{named}")
    taken: list[Event] = []
    callbacks = Callbacks(taken.append, [spec], secrets=[Secret(SECRET)])
    assert (await callbacks.handle(posted("1"))).status == 200
    assert len(taken) == 1


@pytest.mark.parametrize("named", ["tests.core._nothing:X", "tests.core._callbacks:X", "-"])
def test_a_missing_source_is_named(named: str) -> None:
    spec = CallbackSpec(name="x", summary="X.", source=named, methods=frozenset({"POST"}))
    with pytest.raises(PluginError, match="source 'x'"):
        Callbacks(print, [spec], secrets=[Secret(SECRET)])


async def test_secrets_and_content_show_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    receiving = Receiving()
    receiving.application.replies = {"CANARY": "CANARY\0"}
    authorization = basic("CANARY", SECRET)
    asked = [
        request(path=f"/{SECRET}/messages", body=b"CANARY", peer="CANARY"),
        request(path=f"/{SECRET}/reports", body=b"CANARY", query=b"CANARY"),
        request(path="/reports", body=b'["CANARY", "?"]', authorization=authorization),
        request("CANARY", f"/{SECRET}/reports"),
        request(path=f"/{SECRET}/CANARY"),
    ]
    told = [repr(receiving.callbacks)]
    for one in asked:
        answer = await receiving.callbacks.handle(one)
        told += [repr(answer), str(answer), pretty_repr(answer)]
        if one.method != "CANARY":
            told += [repr(one), str(one), pretty_repr(one)]
    moment = receiving.clock.now()
    read = Read([report("CANARY", now=moment, channel="")], ["CANARY"])
    told += [repr(read), str(read), pretty_repr(read)]
    told.append(repr(CallbackAnswer(200, b"CANARY")))
    told.append(caplog.text)
    assert not [text for text in told if "CANARY" in text or SECRET in text]
    assert Reports().read(asked[2], now=moment, channel="")


def test_headers_are_found_in_any_case() -> None:
    asked = CallbackRequest(method="GET", path="/", headers={"X-Thing": "1"})
    assert asked.header("x-thing") == asked.header("X-THING") == "1"
    assert asked.header("x-other") is None
