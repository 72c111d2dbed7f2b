"""SIMs: who has which, what the platform compares, and what its customer decides."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from devino_codecs.smpp import SubmitSm, SubmitSmResp
from devino_core import Secret, State
from devino_core.sim import SimCheck, SimState, SimUnavailable
from devino_sandbox import Account, Sims, World
from tests.sandbox._http import Http
from tests.sandbox._smpp import Esme

NUMBER = "79161234567"
IMSI, OTHER = "250019161234567", "250029161234567"
WARNING = "Ваша SIM-карта не прошла проверку, обратитесь в Банк"


@pytest.fixture
def account(account: Account) -> Account:
    account.sim_check = True
    account.api_key = Secret("key")
    return account


async def ask(http: Http, method: str, path: str = "", **body: object) -> Any:
    sent = json.dumps(body).encode() if body else None
    return (await http.raw(method, f"/_sandbox/sims{path}", sent)).json


class TestNumbers:
    """:mod:`devino_sandbox._sims`."""

    def test_a_number_keeps_its_sim_until_it_is_swapped(self, world: World) -> None:
        sims = world.of(Sims)
        assert [sims.imsi(NUMBER), sims.imsi(NUMBER)] == [IMSI, IMSI]
        assert sims.imsi("79161234568") != IMSI
        sims.swap(NUMBER, OTHER)
        assert sims.imsi(NUMBER) == OTHER

    @pytest.mark.parametrize(
        ("number", "why"),
        [("79990005001", "operator"), ("79990005002", "absent"), ("79990005003", "failure")],
    )
    def test_a_number_chooses_why_nobody_can_tell(
        self, world: World, number: str, why: str
    ) -> None:
        with pytest.raises(SimUnavailable) as raised:
            world.of(Sims).imsi(number)
        assert raised.value.reason == why

    def test_a_number_has_another_sim_at_each_question(self, world: World) -> None:
        sims = world.of(Sims)
        assert len({sims.imsi("79990005010") for _ in range(5)}) == 5

    def test_a_number_has_another_sim_after_the_first_question(self, world: World) -> None:
        sims = world.of(Sims)
        first, *later = [sims.imsi("79990005011") for _ in range(4)]
        assert first not in later
        assert len(set(later)) == 1

    def test_to_look_is_not_to_ask(self, world: World) -> None:
        sims = world.of(Sims)
        assert sims.current("79990005010") == sims.current("79990005010")


class TestInspection:
    """``/_sandbox/sims``."""

    async def test_a_sim_is_shown_and_swapped(self, http: Http) -> None:
        assert await ask(http, "GET") == []
        shown: dict[str, object] = {"number": NUMBER, "imsi": IMSI, "why": None, "checks": []}
        assert await ask(http, "GET", "/+79161234567") == shown
        assert await ask(http, "PUT", f"/{NUMBER}", imsi=OTHER) == {**shown, "imsi": OTHER}
        assert await ask(http, "GET") == [{**shown, "imsi": OTHER}]

    async def test_why_nobody_can_tell_is_shown(self, http: Http) -> None:
        shown = await ask(http, "GET", "/79990005002")
        assert (shown["imsi"], shown["why"]) == (None, "absent")

    async def test_the_states_are_shown_and_the_owner_decides(
        self, http: Http, world: World, account: Account
    ) -> None:
        sims = world.of(Sims)
        states = []
        assert sims.check(account, NUMBER) is SimCheck.FIRST
        sims.swap(NUMBER, OTHER)
        assert sims.check(account, NUMBER) is SimCheck.CHANGED
        for do in ("always-refuse", "recheck", "always-send", "resume"):
            [check] = (await ask(http, "POST", f"/{NUMBER}", do=do))["checks"]
            states.append(check["state"])
        assert states == ["ALWAYS_REFUSE", "ALWAYS_REFUSE", "ALWAYS_SEND", "TRUSTED"]
        assert sims.check(account, NUMBER) is SimCheck.SAME
        assert check == {"login": account.login, "state": "TRUSTED", "since": check["since"]}

    @pytest.mark.parametrize(
        ("method", "path", "body", "status", "says"),
        [
            ("PUT", "/nobody", {"imsi": "1"}, 400, "number"),
            ("PUT", f"/{NUMBER}", {"imsi": ""}, 400, "imsi"),
            ("POST", f"/{NUMBER}", {"do": "forget"}, 400, "do"),
            ("POST", f"/{NUMBER}", {"do": "resume", "login": "x"}, 400, "login"),
            ("POST", "/79990005001", {"do": "recheck"}, 409, "operator"),
            ("DELETE", f"/{NUMBER}", None, 405, ""),
        ],
    )
    async def test_what_cannot_be_done_is_explained(
        self, http: Http, method: str, path: str, body: object, status: int, says: str
    ) -> None:
        sent = None if body is None else json.dumps(body).encode()
        answer = await http.raw(method, f"/_sandbox/sims{path}", sent)
        assert answer.status == status
        assert says in answer.json["error"]


class TestCodes:
    """``GenerateCode`` with an ``IMSICode``."""

    async def generate(self, http: Http, number: str, imsi: str | None) -> int:
        body = json.dumps({"DestinationNumber": number, "IMSICode": imsi}).encode()
        headers = {"X-ApiKey": "key", "Content-Type": "application/json"}
        code: int = (await http.raw("POST", "/GenerateCode", body, headers)).json["Code"]
        return code

    async def test_another_sim_gets_no_code(self, http: Http) -> None:
        for imsi in (OTHER, "no imsi", ""):
            assert await self.generate(http, NUMBER, imsi) == 6
        assert await http.messages() == []
        assert await self.generate(http, NUMBER, IMSI) == 0

    async def test_a_hash_is_compared_in_any_case(self, http: Http) -> None:
        await ask(http, "PUT", f"/{NUMBER}", imsi="9F86D081884C7D65")
        assert await self.generate(http, NUMBER, "9f86d081884c7d65") == 0

    async def test_without_an_imsi_nothing_is_compared(self, http: Http) -> None:
        assert await self.generate(http, "79990005001", None) == 0

    @pytest.mark.parametrize("number", ["79990005001", "79990005002", "79990005003"])
    async def test_who_cannot_be_told_is_no_false_alarm(self, http: Http, number: str) -> None:
        assert await self.generate(http, number, IMSI) == 4

    async def test_without_the_check_the_field_is_ignored(
        self, http: Http, account: Account
    ) -> None:
        account.sim_check = False
        assert await self.generate(http, NUMBER, "another") == 0


class TestSmpp:
    """A submit for an account with the check."""

    async def submit(self, esme: Esme, to: str = NUMBER, text: bytes = b"12345") -> None:
        pdu = SubmitSm(source_addr="BANK", destination_addr=to, short_message=text)
        assert (await esme.request(pdu, SubmitSmResp)).command_status == 0

    def sent(self, world: World, to: str = NUMBER) -> list[tuple[str, State]]:
        world.clock.advance(2)  # type: ignore[attr-defined]
        return [(one.submission.text, one.state) for one in world.messages(to=to)]

    async def test_the_first_sim_is_trusted_and_the_same_one_gets_all(
        self, esme: Esme, world: World
    ) -> None:
        for _ in range(2):
            await self.submit(esme)
        assert self.sent(world) == [("12345", State.DELIVERED)] * 2

    async def test_another_sim_gets_a_warning_instead(self, esme: Esme, world: World) -> None:
        await self.submit(esme)
        world.of(Sims).swap(NUMBER, OTHER)
        await self.submit(esme, text=b"67890")
        assert self.sent(world) == [
            ("12345", State.DELIVERED),
            ("67890", State.REJECTED),
            (WARNING, State.DELIVERED),
        ]
        *_, warning = world.messages(to=NUMBER)
        assert (warning.submission.via, warning.submission.sender) == ("sim-check", "BANK")

    async def test_a_fraud_gets_nothing_and_a_trusted_one_all(
        self, esme: Esme, world: World, account: Account
    ) -> None:
        await self.submit(esme)
        sims = world.of(Sims)
        sims.mark(account, NUMBER, SimState.ALWAYS_REFUSE)
        await self.submit(esme)
        sims.swap(NUMBER, OTHER)
        sims.mark(account, NUMBER, SimState.ALWAYS_SEND)
        await self.submit(esme)
        assert [state for _, state in self.sent(world)] == [
            State.DELIVERED,
            State.REJECTED,
            State.DELIVERED,
        ]

    async def test_what_cannot_be_told_is_sent_unchecked(self, esme: Esme, world: World) -> None:
        for _ in range(2):
            await self.submit(esme, "79990005002")
        assert [state for _, state in self.sent(world, "79990005002")] == [State.DELIVERED] * 2

    async def test_who_cannot_pay_for_the_warning_is_not_warned(
        self, esme: Esme, world: World, account: Account
    ) -> None:
        await self.submit(esme)
        world.of(Sims).swap(NUMBER, OTHER)
        account.balance = Decimal("1.5")
        await self.submit(esme)
        *_, warning = world.messages(to=NUMBER)
        assert "credits" in (warning.reason or "")

    async def test_without_the_check_nothing_is_compared(
        self, esme: Esme, world: World, account: Account
    ) -> None:
        account.sim_check = False
        for _ in range(3):
            await self.submit(esme, "79990005010")
        assert [state for _, state in self.sent(world, "79990005010")] == [State.DELIVERED] * 3
        assert world.of(Sims).known() == []
