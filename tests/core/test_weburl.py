"""URLs that people write."""

from __future__ import annotations

import pytest

from devino_core.weburl import web_url


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:8080", "https://u:p@example.com/x?y#z", "http://[::1]:1/"]
)
def test_a_url_of_the_web_has_its_parts(text: str) -> None:
    parts = web_url(text)
    assert parts is not None
    assert parts.geturl() == text
    assert parts.hostname
    assert parts.port != 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "ftp://a",
        "http://",
        "http://:80",
        "http://[",
        "http://a:0",
        "http://a:99999",
        "http://a:b",
        "http://a b",
        "http://a\n",
        " http://a",
    ],
)
def test_what_is_no_url_of_the_web_has_none(text: str) -> None:
    assert web_url(text) is None
