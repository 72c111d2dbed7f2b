"""What Sentry's transport got."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import sentry_sdk

from devino_contrib.sentry import DevinoIntegration
from devino_core import Client, Rejected
from devino_sandbox import LocalSandbox

from ._sandboxed import NUMBER, failure, message
from ._sentry import Kept, sentry

Channels = dict[str, dict[str, object]]


@pytest.fixture
def kept() -> Iterator[Kept]:
    with sentry(DevinoIntegration()) as transport:
        yield transport


def test_a_failure_is_grouped_and_has_its_calls_as_breadcrumbs(
    kept: Kept, sandbox: LocalSandbox, channels: Channels
) -> None:
    with Client(channels) as client:
        client.send(message())
        error = failure(sandbox, client)
    sentry_sdk.capture_exception(error)
    (event,) = kept.of(None)
    assert event["fingerprint"] == ["devino", "promo", "Throttled"]
    frames = [
        frame for one in event["exception"]["values"] for frame in one["stacktrace"]["frames"]
    ]
    assert "vars" in frames[0]
    assert not [one for one in frames if one["module"].startswith("devino_") and "vars" in one]
    crumbs = [one for one in event["breadcrumbs"]["values"] if one["category"] == "devino"]
    sends = [one for one in crumbs if one["message"] == "promo Sms/Send"]
    assert [one["data"]["outcome"] for one in sends] == ["ok", "Throttled"]
    assert [one["level"] for one in sends] == ["info", "warning"]
    assert sends[-1]["data"]["call"] == error.call_id


def test_a_send_is_a_span_of_the_transaction(
    kept: Kept, sandbox: LocalSandbox, channels: Channels
) -> None:
    with Client(channels) as client, sentry_sdk.start_transaction(name="order"):
        client.send(message())
    (transaction,) = kept.of("transaction")
    (span,) = [one for one in transaction["spans"] if one["op"] == "message.send"]
    assert span["description"] == "send promo"
    assert span["status"] == "ok"


def test_no_session_stands_in_what_sentry_tells_of_http(
    kept: Kept, sandbox: LocalSandbox, channels: Channels
) -> None:
    with Client(channels) as client, sentry_sdk.start_transaction(name="order"):
        client.status(client.send(message()))
    sentry_sdk.capture_message("over")
    (transaction,) = kept.of("transaction")
    urls = [one for one in transaction["spans"] if one["op"] == "http.client"]
    (event,) = kept.of(None)
    urls += [one for one in event["breadcrumbs"]["values"] if one["category"] == "httplib"]
    assert len(urls) >= 6
    for one in urls:
        assert not one["data"]["http.query"]
        assert one["data"]["url"].count("/") == 2
    assert not [one for one in urls if "ession" in json.dumps(one)]


@pytest.mark.parametrize("url", ["http://[", "http://h:99999/", "http://h:x/", "http://[::1"])
def test_a_url_of_others_that_is_none_leaves_none_of_the_platforms_whole(
    kept: Kept, sandbox: LocalSandbox, channels: Channels, url: str
) -> None:
    """Sentry sends an event as it was when what tidies it has failed."""
    data = {"url": url, "http.query": "a=b"}
    sentry_sdk.add_breadcrumb(category="httplib", data=data)
    with Client(channels) as client:
        client.send(message())
    sentry_sdk.capture_message("over")
    (event,) = kept.of(None)
    first, *others = [
        one["data"] for one in event["breadcrumbs"]["values"] if one["category"] == "httplib"
    ]
    assert first == data
    assert others
    assert not [one for one in others if one["url"].count("/") != 2]


def test_no_password_stands_in_what_is_left_of_a_url_of_the_platform(
    kept: Kept, channels: Channels
) -> None:
    with Client(channels) as client:
        client.send(message())
    host = str(channels["promo"]["base_url"]).split("/")[2]
    data = {"url": f"http://me:hunter2@{host}/a", "http.query": "a=b"}
    sentry_sdk.add_breadcrumb(category="httplib", data=data)
    sentry_sdk.capture_message("over")
    (event,) = kept.of(None)
    assert event["breadcrumbs"]["values"][-1]["data"] == {
        "url": f"http://{host}",
        "http.query": "",
    }


def refused() -> None:
    raise Rejected(f"no route to {NUMBER}")


def test_what_the_platform_says_of_a_number_is_masked(kept: Kept) -> None:
    try:
        refused()
    except Rejected:
        # With a name of its own the error would be a variable of this frame.
        sentry_sdk.capture_exception()
    (event,) = kept.of(None)
    assert event["fingerprint"] == ["devino", "", "Rejected"]
    assert "7903***4567" in json.dumps(event)


def test_without_the_integration_nothing_is_told(sandbox: LocalSandbox, channels: Channels) -> None:
    with sentry() as kept:
        with Client(channels) as client:
            client.send(message())
        sentry_sdk.capture_message("hello")
    (event,) = kept.of(None)
    crumbs = event.get("breadcrumbs", {}).get("values", [])
    assert not [one for one in crumbs if one["category"] == "devino"]
