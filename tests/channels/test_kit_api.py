"""`kit.ApiClient`: what a service over one HTTP interface gets by naming its table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import pytest
from msgspec import Struct
from msgspec.structs import fields

from devino_codecs.http import (
    ID,
    SECRET,
    Api,
    CodedInt,
    Envelope,
    InQuery,
    Masked,
    Operation,
    Request,
    Session,
    Verdict,
    arguments,
    basic,
    by_status,
    form_of,
    header,
)
from devino_codecs.http import Login as LoginCredentials
from devino_core import (
    AuthenticationFailed,
    Channel,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    InvalidArgument,
    Message,
    NotFound,
    OutcomeUnknown,
    ProtocolViolation,
    Receipt,
    Rejected,
    Retry,
    Secret,
    Throttled,
    Unavailable,
)
from devino_core.settings import convert_settings
from devino_plugins.kit import (
    ApiClient,
    ChannelKeySettings,
    ChannelLoginSettings,
    ConnectionSettings,
    ServiceKeySettings,
    ServiceLoginSettings,
)
from tests.channels._canary import reported
from tests.core._peer import Peer, answer, answering, serving

KEY = "canary-4d1f"
PIN = "canary-pin"


class Bird(Struct, frozen=True):
    id: Annotated[str, ID]


class GetBird(Request[Bird], frozen=True):
    name: str


class Rename(Request[Bird], frozen=True):
    name: str
    new: str
    pin: Annotated[str, SECRET] = PIN
    dry: Annotated[bool | None, InQuery()] = None


class Release(Request[None], frozen=True):
    name: str


class Hatch(Request[Bird], frozen=True):
    name: str


class Code(CodedInt):
    OK = 0, "Done", Verdict.DONE
    NO_BIRD = 1, "There is no such bird", Verdict.NOT_FOUND
    NO_KEY = 2, "Nobody has this key", Verdict.LOGIN
    NO_GRAIN = 3, "The balance is too low", Verdict.FUNDS
    BUSY = 4, "Later", Verdict.BUSY
    BROKEN = 5, "The loft is on fire", Verdict.FAILED
    BAD_NAME = 6, "No bird is called so", Verdict.REFUSED


OPERATIONS = (
    Operation(GetBird, "GET", "birds/{name}", changes=False),
    Operation(Rename, "PUT", "birds/{name}"),
    Operation(Release, "DELETE", "birds/{name}"),
    Operation(Hatch, "POST", "birds"),
)
LOFT = Api(
    name="loft",
    auth=header("X-ApiKey"),
    operations=OPERATIONS,
    codes=Code,
    envelope=Envelope(result="Result"),
)


class Loft(ApiClient[ServiceKeySettings]):
    api = LOFT


def made(port: int, **settings: object) -> Loft:
    values = {"api_key": KEY, "base_url": f"http://127.0.0.1:{port}/v1", **settings}
    return Loft(convert_settings(values, ServiceKeySettings, name="loft"), name="loft")


def said(code: int, result: object = None, description: str = "", status: str = "200 OK") -> Peer:
    body = {"Code": code, "Description": description, "Result": result}
    return answer(status, json.dumps(body).encode())


BIRD = said(0, {"id": 7})


async def asked(peer: Peer, request: Request[Any]) -> tuple[object, bytes]:
    async with serving(peer) as (port, requests), made(port) as loft:
        return await loft.ask(request), requests[0]


async def test_a_request_goes_where_its_row_says_with_the_key_in_its_header() -> None:
    found, got = await asked(BIRD, GetBird("carrier/1"))
    assert found == Bird("7")
    assert got.startswith(b"GET /v1/birds/carrier%2F1 HTTP/1.1\r\n")
    assert f"X-ApiKey: {KEY}".lower().encode() in got.lower()


async def test_a_body_and_a_query_go_side_by_side() -> None:
    _, got = await asked(BIRD, Rename("a", "b", dry=True))
    assert got.startswith(b"PUT /v1/birds/a?dry=true HTTP/1.1\r\n")
    assert json.loads(got.partition(b"\r\n\r\n")[2]) == {"new": "b", "pin": PIN}


async def test_what_has_no_answer_is_done_when_its_code_says_so() -> None:
    found, got = await asked(said(0), Release("a"))
    assert found is None
    assert got.startswith(b"DELETE /v1/birds/a ")


class Dovecote(ApiClient[ChannelKeySettings], Channel[ChannelKeySettings]):
    api = LOFT

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        raise AssertionError("no test here sends")


async def test_a_channel_asks_with_its_key() -> None:
    async with serving(BIRD) as (port, requests):
        values = {"api_key": KEY, "base_url": f"http://127.0.0.1:{port}/v1", "sender": "COO"}
        settings = convert_settings(values, ChannelKeySettings, name="dovecote")
        async with Dovecote(settings, name="dovecote") as dovecote:
            assert await dovecote.ask(GetBird("1")) == Bird("7")
    assert f"X-ApiKey: {KEY}".lower().encode() in requests[0].lower()
    assert KEY not in repr(settings)


@pytest.mark.parametrize("settings", [ServiceKeySettings, ChannelKeySettings])
@pytest.mark.parametrize("key", ["ключ", "a\r\nX-Admin: yes"])
def test_a_key_that_no_header_holds_is_refused_and_not_shown(
    settings: type[ServiceKeySettings] | type[ChannelKeySettings], key: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"printable ASCII|control character") as caught:
        convert_settings({"api_key": key, "base_url": "https://a"}, settings, name="loft")
    assert key not in str(caught.value)


REFUSALS: list[tuple[Peer, type[DevinoError], type[DevinoError]]] = [
    # A change, a question.
    (said(1), NotFound, NotFound),
    (said(2), AuthenticationFailed, AuthenticationFailed),
    (said(3), InsufficientFunds, InsufficientFunds),
    (said(4), Throttled, Throttled),
    (said(5), OutcomeUnknown, Unavailable),
    (said(6), Rejected, Rejected),
    (said(77), ProtocolViolation, ProtocolViolation),
    (said(77, description="No more room"), Rejected, Rejected),
    (answer("400 Bad Request", b"<html>"), Rejected, Rejected),
    (answer("403 Forbidden", b"<html>"), ConnectFailed, ConnectFailed),
    (answer("407 Auth", b"<html>"), ConfigurationError, ConfigurationError),
    (answer("408 Too Late", b"<html>"), ConnectFailed, ConnectFailed),
    (answer("413 Too Large", b"<html>"), Rejected, Rejected),
    (answer("425 Too Early", b"{}"), ConnectFailed, ConnectFailed),
    (answer("499 Odd", b""), Rejected, Rejected),
    (answer("401 Unauthorized", b"<html>"), AuthenticationFailed, AuthenticationFailed),
    (answer("404 Not Found", b"<html>"), ConfigurationError, ConfigurationError),
    (answer("429 Too Many"), Throttled, Throttled),
    (answer("502 Bad Gateway", b"<html>"), OutcomeUnknown, Unavailable),
    (answer("200 OK", b"<html>"), ProtocolViolation, ProtocolViolation),
    (answering(b""), OutcomeUnknown, Unavailable),
]


@pytest.mark.parametrize(("peer", "of_a_change", "of_a_question"), REFUSALS)
async def test_an_error_tells_whether_the_call_can_have_had_an_effect(
    peer: Peer, of_a_change: type[DevinoError], of_a_question: type[DevinoError]
) -> None:
    for request, error in ((Hatch("a"), of_a_change), (GetBird("a"), of_a_question)):
        with pytest.raises(DevinoError) as caught:
            await asked(peer, request)
        assert type(caught.value) is error


@pytest.mark.parametrize("request_", [Rename("a", "b"), Release("a")])
@pytest.mark.parametrize(
    ("peer", "error"),
    [
        (answer("500 Oh", b'{"Code": 5, "Description": "fire"}'), Unavailable),
        (answer("502 Bad Gateway", b"<html>"), Unavailable),
        # Not known to have failed: it may have been carried out, and the caller decides.
        (answer("200 OK", b"<html>"), ProtocolViolation),
        (answering(b""), OutcomeUnknown),
    ],
)
async def test_after_a_failure_a_change_that_may_be_made_twice_may_be_made_again(
    request_: Request[Any], peer: Peer, error: type[DevinoError]
) -> None:
    with pytest.raises(DevinoError) as caught:
        await asked(peer, request_)
    assert type(caught.value) is error
    assert (caught.value.retry is Retry.SAFE) == (error is Unavailable)


async def test_what_cannot_be_written_is_told_with_its_field_before_anything_is_sent() -> None:
    async with serving(BIRD) as (port, requests), made(port) as loft:
        with pytest.raises(InvalidArgument, match="name") as caught:
            await loft.ask(GetBird(""))
        assert caught.value.field == "name"
        assert not requests


@pytest.mark.parametrize("code", [1, 2, 5, 6])
async def test_what_the_platform_repeats_of_a_secret_is_in_no_error(code: int) -> None:
    peer = said(code, description=f"key {KEY} and pin {PIN} are wrong")
    with pytest.raises(DevinoError, match="pin \\*\\*\\* are") as caught:
        await asked(peer, Rename("a", "b"))
    told = reported(caught.value)
    assert not [text for text in told if KEY in text or PIN in text]


@pytest.mark.parametrize("key", ["", "\n", "ключ"])
def test_a_key_that_no_header_can_hold_is_a_wrong_setting(key: str) -> None:
    with pytest.raises(ConfigurationError, match="service 'loft'"):
        made(1, api_key=key)


def test_the_connections_of_services_and_channels_have_the_same_settings() -> None:
    of_a_channel = {field.name: field for field in fields(ChannelLoginSettings)}
    for field in fields(ConnectionSettings):
        twin = of_a_channel[field.name]
        assert (field.type, field.default) == (twin.type, twin.default)


async def test_a_refusal_in_words_of_its_own_is_an_error_of_the_services_choice() -> None:
    class Patient(Loft):
        def error_of(self, refused: Any, *, changes: bool) -> DevinoError:
            if refused.code == Code.BUSY:
                return Throttled(refused.description, retry_after=60)
            return super().error_of(refused, changes=changes)

    async with serving(said(4), answers=2) as (port, _):
        settings = made(port).settings
        async with Patient(settings, name="loft") as loft:
            with pytest.raises(Throttled) as caught:
                await loft.ask(GetBird("a"))
    assert caught.value.retry_after == 60


class LogIn(
    Request[Annotated[Session, form_of("SESSION", Session, lambda one: one.id, of=Session)]],
    frozen=True,
):
    pass


class SessionLoft(ApiClient[ServiceLoginSettings]):
    """The same behind a login; its credentials and its refusals have other forms."""

    api = Api(
        name="session-loft",
        auth=arguments(Session, "sid"),
        operations=(
            Operation(LogIn, "POST", "session", changes=False, auth=basic()),
            Operation(GetBird, "GET", "birds/{name}", changes=False),
        ),
        refusal=by_status(),
    )
    log_in = LogIn()


async def test_a_session_is_opened_once_with_the_login_and_used_for_all_calls() -> None:
    opened, bird = answer("200 OK", b'"canary-sid"'), answer("200 OK", b'{"id":7}')
    answers = iter([opened, bird, bird, answer("403 Forbidden", b'{"error":"canary-sid?"}')])

    async def respond(reader: Any, writer: Any) -> None:
        await next(answers)(reader, writer)

    async with serving(respond, answers=4) as (port, requests):
        values = {"login": "me", "password": KEY, "base_url": f"http://127.0.0.1:{port}"}
        settings = convert_settings(values, ServiceLoginSettings, name="loft")
        assert settings.credentials == LoginCredentials("me", KEY)
        async with SessionLoft(settings, name="loft") as loft:
            assert await loft.ask(GetBird("a")) == Bird("7")
            assert await loft.ask(GetBird("b")) == Bird("7")
            with pytest.raises(Rejected) as caught:
                await loft.ask(GetBird("c"))
    assert [got.split(b" HTTP")[0] for got in requests] == [
        b"POST /session",
        b"GET /birds/a?sid=canary-sid",
        b"GET /birds/b?sid=canary-sid",
        b"GET /birds/c?sid=canary-sid",
    ]
    assert not [text for text in reported(caught.value) if "canary" in text]


def test_an_empty_key_made_in_code_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="api_key: must not be empty"):
        ServiceKeySettings(base_url="https://example.org", api_key=Secret(""))


class PlainLoft(ApiClient[ServiceKeySettings]):
    """Its refusals have no code: the HTTP status is all that they say."""

    api = Api(
        name="plain-loft",
        auth=header("X-ApiKey"),
        operations=OPERATIONS,
        refusal=by_status("error"),
    )


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [
        ("400 Bad Request", Rejected, "no \\(code 400\\)"),
        ("401 Unauthorized", AuthenticationFailed, "no \\(code 401\\)"),
        ("402 Payment Required", InsufficientFunds, "no \\(code 402\\)"),
        ("404 Not Found", NotFound, "no \\(code 404\\)"),
        ("409 Conflict", Rejected, "no \\(code 409\\)"),
        ("429 Too Many Requests", Throttled, "429"),
        ("500 Oh", OutcomeUnknown, "code 500"),
    ],
)
async def test_a_refusal_whose_code_is_the_http_status_is_the_error_that_it_means(
    status: str, error: type[DevinoError], text: str
) -> None:
    async with serving(answer(status, b'{"error":"no"}')) as (port, _):
        values = {"api_key": KEY, "base_url": f"http://127.0.0.1:{port}"}
        settings = convert_settings(values, ServiceKeySettings, name="loft")
        async with PlainLoft(settings, name="loft") as loft:
            with pytest.raises(DevinoError, match=text) as caught:
                await loft.ask(Hatch("a"))
    assert type(caught.value) is error


class Partner(Masked, frozen=True):
    """Who asks, in no way that the kit knows of."""

    id: str
    token: Annotated[str, SECRET]

    @property
    def secret(self) -> str:
        return self.token


class PartnerSettings(ConnectionSettings, frozen=True, kw_only=True):
    partner: str
    token: Secret

    @property
    def credentials(self) -> Partner:
        return Partner(id=self.partner, token=self.token.reveal())


class PartnerLoft(ApiClient[PartnerSettings]):
    api = Api(
        name="loft",
        auth=arguments(Partner, "partner", "token"),
        operations=OPERATIONS,
        codes=Code,
        envelope=Envelope(result="Result"),
    )


async def test_a_gateway_may_have_credentials_of_its_own() -> None:
    async with serving(said(2, description=f"no {KEY} here")) as (port, requests):
        values = {"partner": "coo", "token": KEY, "base_url": f"http://127.0.0.1:{port}"}
        settings = convert_settings(values, PartnerSettings, name="loft")
        async with PartnerLoft(settings, name="loft") as loft:
            with pytest.raises(AuthenticationFailed, match=r"no \*\*\* here"):
                await loft.ask(GetBird("1"))
    assert requests[0].startswith(f"GET /birds/1?partner=coo&token={KEY} ".encode())


def test_settings_that_do_not_say_who_asks_are_a_bug_of_the_plugin() -> None:
    class Nobody(ApiClient[ConnectionSettings]):
        api = LOFT

    with pytest.raises(NotImplementedError, match="ConnectionSettings does not say who asks"):
        Nobody(ConnectionSettings(base_url="https://a"), name="loft")


async def test_a_class_says_how_long_its_interface_wants_to_be_left_alone() -> None:
    class Patient(Loft):
        busy_for = 60.0

    async with serving(said(4)) as (port, _):
        for kind, seconds in ((Loft, None), (Patient, 60.0)):
            settings = made(port).settings
            async with kind(settings, name="loft") as loft:
                with pytest.raises(Throttled) as caught:
                    await loft.ask(GetBird("1"))
            assert caught.value.retry_after == seconds
