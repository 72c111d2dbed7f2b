"""Two-factor codes: what the sandbox answers, and what becomes of a code."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any, NamedTuple

import aiohttp
import pytest

from devino_codecs import verification
from devino_codecs.http import ApiKey
from devino_codecs.verification import CheckCode, CheckedCode, GenerateCode, SentCode
from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, AnswerHttp, Fault, Sandbox, World
from devino_sandbox.services.verification import Codes, VerificationLimits, VerificationService
from tests._vectors import VECTORS
from tests.sandbox._http import Answer, Http

KEY = "canary-9f2a"
NUMBER, OTHER = "79169492211", "79169492283"
JSON = "application/json"
NOT_FOUND = {"Code": 5, "Description": "Code not Found"}


@pytest.fixture
def account(account: Account) -> Account:
    account.api_key = Secret(KEY)
    return account


class Phone(NamedTuple):
    """Asks about one number, and looks the code up that came to it."""

    http: Http
    number: str = NUMBER

    async def generate(self) -> SentCode:
        return SentCode(await self.ask(GenerateCode(self.number)))

    async def check(self, code: str) -> CheckedCode:
        return CheckedCode(await self.ask(CheckCode(self.number, code)))

    async def ask(self, request: GenerateCode | CheckCode) -> int:
        wire = verification.API.encode_request(request, ApiKey(KEY))
        answer = await self.http.raw("POST", wire.path, wire.body, wire.headers)
        assert answer.status == 200
        found: int = answer.json["Code"]
        return found

    async def shown(self) -> dict[str, Any]:
        answer = await self.http.raw("GET", f"/_sandbox/codes?to=%2B{self.number}")
        [code] = answer.json
        assert code["to"] == self.number
        found: dict[str, Any] = code
        return found

    async def code(self) -> str:
        code: str = (await self.shown())["code"]
        return code

    async def wrong(self) -> str:
        return str((int(await self.code()) + 1) % 10**5).zfill(5)


@pytest.fixture
def phone(http: Http) -> Phone:
    return Phone(http)


async def post(
    http: Http, path: str, body: bytes = b"", *, key: str = KEY, kind: str = JSON
) -> Answer:
    return await http.raw("POST", path, body, {"X-ApiKey": key, "Content-Type": kind})


async def test_what_the_manual_prints_is_answered(http: Http, phone: Phone) -> None:
    answer = await post(http, "/GenerateCode", VECTORS["18-002"].data)
    assert answer.body == b'{"Code":0,"Description":"Code Sent"}'
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    asked = VECTORS["18-004"].data
    assert (
        await post(http, "/CheckCode", asked)
    ).body == b'{"Code":5,"Description":"Code not Found"}'
    body = f'{{"DestinationNumber":"{NUMBER}","Code":"{await phone.code()}"}}'
    answer = await post(http, "/CheckCode", body.encode())
    assert answer.json == json.loads(VECTORS["18-005"].data)


async def test_the_code_goes_out_as_an_sms_and_is_shown(
    http: Http, phone: Phone, clock: ManualClock, account: Account
) -> None:
    before = account.balance
    assert await phone.generate() is SentCode.SENT
    shown = await phone.shown()
    assert shown == {
        "to": NUMBER,
        "code": shown["code"],
        "state": "live",
        "attempts": 0,
        "expires_at": "2011-01-15T12:05:00Z",
    }
    assert len(shown["code"]) == 5
    assert shown["code"].isdecimal()
    [message] = await http.messages(f"?to={NUMBER}")
    assert message["via"] == "2fa"
    assert shown["code"] in message["text"]
    assert account.balance == before - Decimal("1.5")
    assert (await http.raw("GET", "/_sandbox/codes?to=79160000000")).json == []
    assert len((await http.raw("GET", "/_sandbox/codes")).json) == 1


async def test_a_code_can_be_used_once_and_then_another_is_sent(phone: Phone) -> None:
    await phone.generate()
    code = await phone.code()
    assert await phone.check(code) is CheckedCode.VALID
    assert (await phone.shown())["state"] == "used"
    assert await phone.check(code) is CheckedCode.WRONG
    assert await phone.generate() is SentCode.SENT
    assert (await phone.shown())["state"] == "live"


async def test_while_a_code_lives_no_other_is_sent(
    http: Http, phone: Phone, clock: ManualClock
) -> None:
    await phone.generate()
    clock.advance(299)
    assert await phone.generate() is SentCode.ALREADY_SENT
    assert len(await http.messages()) == 1
    clock.advance(1)
    assert (await phone.shown())["state"] == "expired"
    assert await phone.generate() is SentCode.SENT


async def test_expired_is_said_of_the_right_code_only(phone: Phone, clock: ManualClock) -> None:
    await phone.generate()
    code, wrong = await phone.code(), await phone.wrong()
    clock.advance(300)
    assert await phone.check(wrong) is CheckedCode.WRONG
    assert await phone.check(code) is CheckedCode.EXPIRED
    assert (await phone.shown())["attempts"] == 0


async def test_only_the_last_code_counts(phone: Phone, clock: ManualClock) -> None:
    phone = phone._replace(number="79990008001")
    await phone.generate()
    assert await phone.code() == "01234"
    clock.advance(300)
    await phone.generate()
    # The same digits, so what tells them apart is the life of the later one.
    assert await phone.check("01234") is CheckedCode.VALID


async def test_a_code_of_one_number_is_not_anothers(phone: Phone) -> None:
    await phone.generate()
    assert await phone._replace(number=OTHER).check(await phone.code()) is CheckedCode.WRONG
    assert await phone.check(await phone.code()) is CheckedCode.VALID


async def test_of_a_hundred_right_checks_at_once_one_is_valid(world: World) -> None:
    class Patient(VerificationService):
        limits = VerificationLimits(per_key=1000, per_number=1000)

    async with (
        Sandbox(world, discover=False, services=[Patient]) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        phone = Phone(Http(session, sandbox.endpoints))
        await phone.generate()
        code = await phone.code()
        outcomes = await asyncio.gather(*[phone.check(code) for _ in range(100)])
    assert sorted(outcomes) == [CheckedCode.VALID] + [CheckedCode.WRONG] * 99


async def test_wrong_codes_are_counted_and_do_no_harm(phone: Phone, clock: ManualClock) -> None:
    await phone.generate()
    wrong = await phone.wrong()
    for _ in range(7):
        assert await phone.check(wrong) is CheckedCode.WRONG
    assert (await phone.shown())["attempts"] == 7
    assert await phone.check(await phone.code()) is CheckedCode.VALID


async def test_in_a_strict_world_the_fifth_wrong_code_burns(phone: Phone, world: World) -> None:
    world.strict = True
    await phone.generate()
    code, wrong = await phone.code(), await phone.wrong()
    for _ in range(5):
        assert (await phone.shown())["state"] == "live"
        assert await phone.check(wrong) is CheckedCode.WRONG
    assert (await phone.shown())["state"] == "burnt"
    assert await phone.check(code) is CheckedCode.WRONG
    # It is over, so another may be had.
    assert await phone.generate() is SentCode.SENT


async def test_a_number_may_be_asked_about_ten_times_a_minute(
    phone: Phone, clock: ManualClock
) -> None:
    await phone.generate()
    for _ in range(9):
        await phone.check("x")
    assert await phone.check(await phone.code()) is CheckedCode.LIMIT
    assert await phone.generate() is SentCode.LIMIT
    assert await phone._replace(number=OTHER).generate() is SentCode.SENT
    clock.advance(60)
    assert await phone.check(await phone.code()) is CheckedCode.VALID


async def test_a_key_may_ask_sixty_times_a_minute(phone: Phone, clock: ManualClock) -> None:
    for number in range(60):
        assert await phone._replace(number=f"791600000{number:02}").generate() is SentCode.SENT
    assert await phone.generate() is SentCode.LIMIT
    clock.advance(60)
    assert await phone.generate() is SentCode.SENT


@pytest.mark.parametrize("code", SentCode)
async def test_a_number_chooses_the_answer_of_generate(
    http: Http, phone: Phone, code: SentCode
) -> None:
    chosen = phone._replace(number=f"79990006{code.value:03}")
    assert await chosen.generate() is code
    assert await http.messages() == []
    # It chooses nothing of the other operation.
    assert await chosen.check("1") is CheckedCode.WRONG


@pytest.mark.parametrize("code", CheckedCode)
async def test_a_number_chooses_the_answer_of_check(phone: Phone, code: CheckedCode) -> None:
    chosen = phone._replace(number=f"79990007{code.value:03}")
    assert await chosen.generate() is SentCode.SENT
    assert await chosen.check("1") is code


async def test_a_code_of_no_table_is_as_any_number(phone: Phone) -> None:
    assert await phone._replace(number="79990006008").generate() is SentCode.SENT
    assert await phone._replace(number="79990007099").check("1") is CheckedCode.WRONG


@pytest.mark.parametrize("key", ["", "wrong", KEY.upper()])
@pytest.mark.parametrize("path", ["/GenerateCode", "/json/reply/CheckCode"])
async def test_a_stranger_has_no_key(http: Http, key: str, path: str) -> None:
    answer = await post(http, path, b'{"DestinationNumber":79169492211,"Code":"1"}', key=key)
    assert answer == (200, answer.headers, b'{"Code":1,"Description":"Invalid ApiKey"}')


async def test_who_has_no_money_gets_no_sms(phone: Phone, account: Account) -> None:
    account.balance = Decimal(0)
    assert await phone.generate() is SentCode.NOT_SENT
    account.balance = Decimal(10)
    assert await phone.generate() is SentCode.SENT


@pytest.mark.parametrize(
    "number", ["12", "nobody", "7 916 949 22 11", "7(916)9492211", "+", "٧٩١٦٩٤٩٢٢١١", "7" * 16]
)
async def test_a_number_is_digits(phone: Phone, number: str) -> None:
    assert await phone._replace(number=number).generate() is SentCode.INVALID_PHONE
    assert await phone._replace(number=number).check("1") is CheckedCode.INVALID_PHONE


@pytest.mark.parametrize("number", ["9169492211", "+89169492211", "81012345678901", "07916949221"])
async def test_what_is_nobodys_number_is_refused_and_no_failure(phone: Phone, number: str) -> None:
    assert await phone._replace(number=number).generate() is SentCode.INVALID_PHONE
    assert await phone._replace(number=number).check("1") is CheckedCode.INVALID_PHONE


async def test_a_number_may_have_a_plus_or_the_trunk_prefix(phone: Phone) -> None:
    await phone._replace(number=f"+{NUMBER}").generate()
    code = await phone.code()
    assert await phone._replace(number=f"8{NUMBER[1:]}").check(code) is CheckedCode.VALID


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        (b"{}", 200, {"Code": 2, "Description": "Invalid Phone"}),
        (b'{"DestinationNumber":"79169492211"}', 200, NOT_FOUND),
        (
            b'{"DestinationNumber":79169492211, "Code":01756}',
            200,
            NOT_FOUND,
        ),
        (b"<CheckCode/>", 400, None),
        (b"DestinationNumber,Code\n1,2\n", 400, None),
        (b"\xff", 400, None),
    ],
)
async def test_what_cannot_be_read_is_answered(
    http: Http, body: bytes, status: int, answer: dict[str, object] | None
) -> None:
    got = await post(http, "/CheckCode", body)
    assert got.status == status
    assert got.json == answer or (answer is None and "error" in got.json)


async def test_a_malformed_imsi_is_a_mismatch(http: Http) -> None:
    body = b'{"DestinationNumber":79169492211,"IMSICode":[1]}'
    assert (await post(http, "/GenerateCode", body)).json["Code"] == 6


async def test_a_path_that_is_not_there_is_told(http: Http) -> None:
    answer = await post(http, "/json/reply/GenerateCod")
    assert answer.status == 404
    assert "did you mean" in answer.json["error"]


async def test_a_fault_is_about_a_number(http: Http, phone: Phone, world: World) -> None:
    world.faults.add(Fault(protocol="2fa", to=OTHER, action=AnswerHttp(502)))
    assert await phone.generate() is SentCode.SENT
    body = f'{{"DestinationNumber":"{OTHER}"}}'.encode()
    assert (await post(http, "/GenerateCode", body)).status == 502


async def test_codes_are_forgotten_as_messages_are(clock: ManualClock, account: Account) -> None:
    world = World([account], clock=clock, keep=5)
    async with Sandbox(world, discover=False) as sandbox, aiohttp.ClientSession() as session:
        http = Http(session, sandbox.endpoints)
        for number in range(9):
            assert await Phone(http, f"7916000000{number}").generate() is SentCode.SENT
    assert [code.to[-1] for code in world.of(Codes).values()] == list("45678")


async def test_two_keys_share_no_code(clock: ManualClock) -> None:
    keys = ("first", "second")
    world = World(
        [Account(login=k, password=Secret(k), api_key=Secret(k)) for k in keys], clock=clock
    )
    async with Sandbox(world, discover=False) as sandbox, aiohttp.ClientSession() as session:
        http = Http(session, sandbox.endpoints)
        body = f'{{"DestinationNumber":"{NUMBER}"}}'.encode()
        for key in keys:
            assert (await post(http, "/GenerateCode", body, key=key)).json["Code"] == 0
    assert len(world.of(Codes)) == 2


async def test_no_answer_and_no_log_shows_key_or_code(
    http: Http, phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await phone.generate()
    code = await phone.code()
    answers = [
        await post(http, path, f'{{"DestinationNumber":"{NUMBER}","Code":"{code}"'.encode() + end)
        for path in ("/CheckCode", "/GenerateCode")
        for end in (b"}", b"")
    ]
    for said in (*[answer.body.decode() for answer in answers], caplog.text):
        assert KEY not in said
        assert code not in said
