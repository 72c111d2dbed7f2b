"""Which requests are let in: their secrets, networks, verbs and sizes."""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_core import ConfigurationError, Secret, callbacks
from devino_core.callbacks import (
    CallbackAnswer,
    Callbacks,
)
from tests.core._callbacks import (
    OLD_SECRET,
    REPORTS,
    SECRET,
    Receiving,
    posted,
    request,
)

EMPTY = [CallbackAnswer(404)]


def basic(login: str, password: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(f'{login}:{password}'.encode()).decode()}"


@pytest.mark.parametrize(
    "path",
    [
        f"/{SECRET}/reports",
        f"/hooks/{SECRET}/reports",
        f"/a/b/c/{SECRET}/reports/",
        f"//hooks//{SECRET}//reports",
        f"/hooks/{OLD_SECRET}/reports",
        f"/another-secret-that-is-wrong/{OLD_SECRET}/reports",
    ],
)
async def test_only_the_last_two_segments_of_the_path_count(path: str) -> None:
    receiving = Receiving()
    answer = await receiving.callbacks.handle(request(path=path, body=b'["1"]'))
    assert answer == CallbackAnswer(200)
    assert receiving.application.ids == ["1:READ"]


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/reports",
        "/reports",
        "/",
        "",
        f"/{SECRET}",
        f"/hooks/{SECRET}/nothing",
        f"/hooks/{SECRET}/Reports",
        f"/hooks/{SECRET}x/reports",
        f"/hooks/{SECRET[:-1]}/reports",
        f"/hooks/{SECRET.upper()}/reports",
        f"/{SECRET}/hooks/reports",
        f"/reports/{SECRET}",
        "/\ud800/reports",
        "/\0/reports",
    ],
)
async def test_a_path_without_secret_or_source_is_not_there(path: str) -> None:
    receiving = Receiving()
    for method in ("POST", "GET", "HEAD", "DELETE"):
        asked = request(method, path, body=b'["1"]')
        assert [await receiving.callbacks.handle(asked)] == EMPTY
    assert not receiving.application.begun


@given(st.text(), st.binary(), st.text())
def test_nobody_guesses_a_way_in(path: str, body: bytes, authorization: str) -> None:
    receiving = Receiving()
    guess = request(path=f"/{path}/reports", body=body, authorization=authorization)
    assert [asyncio.run(receiving.callbacks.handle(guess))] == EMPTY


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
async def test_the_password_of_basic_authentication_is_the_other_way(
    secret: str, scheme: str
) -> None:
    receiving = Receiving()
    known = basic("anyone", secret, scheme)
    asked = request(path="/hooks/reports", body=b'["1"]', authorization=known)
    assert (await receiving.callbacks.handle(asked)).status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        basic("anyone", "wrong"),
        basic(SECRET, ""),
        basic("anyone", SECRET, "Bearer"),
        f"Basic {SECRET}",
        "Basic",
        "Basic \x80",
        "",
        f"Basic {base64.b64encode(SECRET.encode()).decode()}",
    ],
)
async def test_no_other_authorization_counts(authorization: str) -> None:
    receiving = Receiving()
    asked = request(path="/hooks/reports", body=b'["1"]', authorization=authorization)
    assert [await receiving.callbacks.handle(asked)] == EMPTY


@pytest.mark.parametrize("path", [f"/{SECRET}/reports", f"/{OLD_SECRET}/reports", "/no/reports"])
async def test_every_secret_is_compared_in_constant_time(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bytes] = []

    def compare(given: bytes, secret: bytes) -> bool:
        compared.append(secret)
        return given == secret

    receiving = Receiving()
    monkeypatch.setattr("devino_core.callbacks._admission.hmac.compare_digest", compare)
    await receiving.callbacks.handle(request(path=path, body=b"[]"))
    assert compared[:2] == [SECRET.encode(), OLD_SECRET.encode()]


def test_no_secret_is_compared_otherwise() -> None:
    for module in Path(callbacks.__file__).parent.glob("*.py"):
        code = module.read_text("utf-8")
        assert not re.search(
            r"(secret|password|given)\w*(\.\w+\(\))? *[!=]=|[!=]= *\w*secret", code
        )


@pytest.mark.parametrize(
    "secret",
    ["", "x" * 15, "with a blank inside", "with/a/slash/inside", "read-from-a-file\n", "ключ" * 4],
)
def test_a_secret_that_could_be_guessed_or_never_match_is_refused(secret: str) -> None:
    with pytest.raises(ConfigurationError, match=r"secrets\.token_urlsafe") as caught:
        Callbacks(print, [REPORTS], secrets=[Secret(SECRET), Secret(secret)])
    assert not secret or secret not in str(caught.value)


def test_without_a_secret_or_a_source_nothing_is_received() -> None:
    with pytest.raises(ConfigurationError, match="need a secret"):
        Callbacks(print, [REPORTS], secrets=[])
    with pytest.raises(ConfigurationError, match="need a source"):
        Callbacks(print, [], secrets=[Secret(SECRET)])


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        ("192.0.2.7", 200),
        ("::ffff:192.0.2.7", 200),
        ("2001:db8::1", 200),
        ("192.0.3.7", 404),
        ("::ffff:192.0.3.7", 404),
        ("2001:db9::1", 404),
        ("unix", 404),
        ("", 404),
        (None, 404),
    ],
)
async def test_a_foreign_peer_is_told_nothing(peer: str | None, status: int) -> None:
    receiving = Receiving(networks=["192.0.2.0/24", "2001:db8::/32"])
    asked = msgspec.structs.replace(posted("1"), peer=peer)
    assert (await receiving.callbacks.handle(asked)).status == status


def test_an_invalid_network_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"networks: '192\.0\.2\.0/40'"):
        Receiving(networks=["192.0.2.0/40"])


async def test_head_finds_out_whether_a_url_is_right() -> None:
    receiving = Receiving()
    assert await receiving.callbacks.handle(request("HEAD")) == CallbackAnswer(200)
    assert not receiving.application.begun


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "post", "NONSENSE"])
async def test_a_verb_that_the_source_does_not_read_is_405(method: str) -> None:
    answer = await Receiving().callbacks.handle(request(method, body=b"[]"))
    assert answer == CallbackAnswer(405, allow="HEAD, POST")
    assert answer.headers == {"Allow": "HEAD, POST"}


async def test_each_source_has_its_own_verbs() -> None:
    receiving = Receiving()
    asked = request("GET", f"/{SECRET}/messages", query=b"Hello")
    assert (await receiving.callbacks.handle(asked)).status == 200
    assert receiving.application.ids == ["Hello"]


async def test_a_body_above_the_bound_is_413() -> None:
    receiving = Receiving(max_body=5)
    assert await receiving.post("1") == 200
    assert await receiving.post("12") == 413
    usual = Receiving()
    large = request(body=b"[" + b" " * (8 * 1024 * 1024 - 2) + b"]")
    assert (await usual.callbacks.handle(large)).status == 200
    larger = msgspec.structs.replace(large, body=large.body + b" ")
    assert (await usual.callbacks.handle(larger)).status == 413
