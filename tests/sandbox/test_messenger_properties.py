"""Whatever is posted to a messenger's interface, it answers in its own words and never fails."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, ApiService, Fault, RawAnswer, RawRequest, World
from devino_sandbox._faults import AnswerError
from devino_sandbox.services.viber import ViberService, WhatsAppService
from devino_sandbox.services.vk import VkService
from tests.sandbox._http import LOGIN, PASSWORD
from tests.sandbox._messengers import BUTTON, basic, text, with_sms
from tests.sandbox._vk import by_sms, by_viber, by_whatsapp, message

SENDING: Sequence[tuple[type[ApiService], str]] = [
    (ViberService, "/send"),
    (WhatsAppService, "/send/whatsapp"),
    (VkService, "/send/vk"),
]
ASKING: Sequence[tuple[type[ApiService], str]] = [
    (ViberService, "/status"),
    (WhatsAppService, "/status/whatsapp"),
]

# Any JSON, also what no text of Unicode is and numbers that no type holds.
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["", " ", "\ud800", "1e999", "true", "0", "79161234567", "😀" * 501])
)
ANY = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
WHOLE: Mapping[str, Any] = {
    "/send": {
        "resendSms": True,
        "commonData": text(),
        "messages": [with_sms(), text(contentType="button", content=BUTTON)],
        "smsText": "x",
    },
    "/send/whatsapp": {"resendSms": "false", "messages": [text(type="whatsapp")]},
    "/send/vk": {
        "vk": message(),
        "viber": by_viber(contentType="button", **BUTTON),
        "whatsapp": by_whatsapp(),
        "sms": by_sms(),
    },
    "/status": {"messages": [579700854169272358, "1", 2]},
    "/status/whatsapp": {"messages": [579700854169272358]},
}
WORDS = {"error-system", "system_error"}


def places(value: Any, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """The way to each value within."""
    yield path
    inner: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        inner = enumerate(value)
    for key, one in inner:
        yield from places(one, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: object) -> Any:
    """A copy with something else in one place."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def a_world() -> World:
    account = Account(login=LOGIN, password=Secret(PASSWORD))
    return World([account], clock=ManualClock(), keep=100)


def post(service: ApiService, path: str, body: bytes) -> RawAnswer:
    headers = [
        (b"authorization", basic().encode()),
        (b"content-type", b"application/json"),
    ]
    outcome = service.handle(RawRequest("POST", path, b"", headers, body))
    assert isinstance(outcome, RawAnswer)
    return outcome


def check(service: ApiService, path: str, body: bytes) -> Any:
    """The answer, which is the interface's own."""
    answer = post(service, path, body)
    assert answer.status == 200, answer.body
    said = json.loads(answer.body)
    assert not WORDS & {said.get("status"), said.get("code")}, said
    return said


QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(("service", "path"), [*SENDING, *ASKING])
@QUICK
@given(value=ANY)
def test_any_json_is_answered(service: type[ApiService], path: str, value: object) -> None:
    check(service(a_world()), path, json.dumps(value).encode())


@pytest.mark.parametrize(("service", "path"), [*SENDING, *ASKING])
@QUICK
@given(data=st.data())
def test_a_request_with_anything_in_one_place_is_answered(
    service: type[ApiService], path: str, data: st.DataObject
) -> None:
    whole, world = WHOLE[path], a_world()
    way = data.draw(st.sampled_from(sorted(places(whole), key=str)))
    strange = replaced(whole, way, data.draw(ANY))
    said = check(service(world), path, json.dumps(strange).encode())
    # Every message that was refused is on record, and time passes over whatever was taken.
    world.clock.advance(10)  # type: ignore[attr-defined]
    recorded = list(world.messages())
    if path.startswith("/send") and said.get("status") == "ok":
        assert len(recorded) >= len(said["messages"])


@pytest.mark.parametrize(("service", "path"), [*SENDING, *ASKING])
@QUICK
@given(body=st.binary(max_size=60))
def test_any_octets_are_answered(service: type[ApiService], path: str, body: bytes) -> None:
    check(service(a_world()), path, body)


@QUICK
@given(query=st.text(max_size=20) | st.integers().map(str))
def test_any_query_is_answered(query: str) -> None:
    service = VkService(a_world())
    headers = [(b"authorization", basic().encode())]
    for name in ("message=", ""):
        said = f"{name}{query}".encode(errors="surrogatepass")
        outcome = service.handle(RawRequest("GET", "/status/vk", said, headers, b""))
        assert isinstance(outcome, RawAnswer)
        assert outcome.status == 200
        assert json.loads(outcome.body)["code"] in ("ok", "validation_error")


@pytest.mark.parametrize(("service", "path"), [*SENDING, *ASKING])
@QUICK
@given(code=st.text(max_size=20) | st.integers(-(2**31), 2**32 - 1), description=st.text())
def test_any_code_can_be_ordered(
    service: type[ApiService], path: str, code: str | int, description: str
) -> None:
    world = a_world()
    world.faults.add(Fault(action=AnswerError(code, description)))
    answer = post(service(world), path, json.dumps(WHOLE[path]).encode())
    assert answer.status in range(200, 600)
    json.loads(answer.body)


@QUICK
@given(authorization=st.binary(max_size=40).filter(lambda said: b"\n" not in said))
def test_any_login_is_a_strangers(authorization: bytes) -> None:
    headers = [(b"authorization", authorization), (b"content-type", b"application/json")]
    for service, path in SENDING:
        made = service(a_world())
        for body in (b"{", json.dumps(WHOLE[path]).encode()):
            outcome = made.handle(RawRequest("POST", path, b"", headers, body))
            assert isinstance(outcome, RawAnswer)
            assert outcome.status == 401
