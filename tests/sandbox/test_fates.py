"""What becomes of a message by its number, and when; with the platform's numbers of it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs.rest import SmsStateCode, ViberStateCode
from devino_core import Medium, State
from devino_core.testing import ManualClock
from devino_sandbox import Account, Fate, Pace, Step, Submission, World, default_fate
from devino_sandbox._fates import plan
from devino_sandbox._statistics import statistics
from devino_sandbox.services._codes import sms_code, viber_code
from devino_sandbox.services.smpp._reports import message_state
from devino_sandbox.services.xml import _STATUSES
from tests.sandbox._http import Http

PACE = Pace()
SMS, VIBER, VK = Medium.SMS, Medium.VIBER, Medium.VK
ACCEPTED, ENROUTE, DELIVERED, READ = State.ACCEPTED, State.ENROUTE, State.DELIVERED, State.READ
EXPIRED, UNDELIVERABLE, REJECTED = State.EXPIRED, State.UNDELIVERABLE, State.REJECTED
BOUNCED, MAIL = State.BOUNCED, Medium.EMAIL
ARRIVED = Fate((Step(ENROUTE), Step(DELIVERED)))


def way(fate: Fate, validity: float | None = None) -> list[tuple[float, State]]:
    """Seconds after the sending, and states."""
    span = None if validity is None else timedelta(seconds=validity)
    return [(after.total_seconds(), step.state) for after, step in plan(fate, PACE, span)]


def chain(medium: Medium, digit: int, other: int = 9) -> Fate:
    """The fate that this digit of 79990003ABC chooses for a medium."""
    digits = {VK: other, VIBER: other, SMS: other} | {medium: digit}
    return default_fate(medium, f"79990003{digits[VK]}{digits[VIBER]}{digits[SMS]}")


class TestNumbers:
    """:func:`devino_sandbox.default_fate`."""

    @pytest.mark.parametrize("code", [code for code in SmsStateCode if code in range(1, 100)])
    def test_an_sms_ends_in_the_state_that_its_number_names(self, code: SmsStateCode) -> None:
        fate = default_fate(SMS, f"799900000{code:02}")
        assert [sms_code(step) for step in fate.steps] == [SmsStateCode.SENT, code]

    @pytest.mark.parametrize("code", [code for code in ViberStateCode if code])
    def test_a_viber_message_ends_in_the_state_that_its_number_names(
        self, code: ViberStateCode
    ) -> None:
        fate = default_fate(VIBER, f"799900000{code:02}")
        assert viber_code(fate.steps[0]) == ViberStateCode.SENT
        assert viber_code(fate.steps[-1]) == code

    @pytest.mark.parametrize(
        ("medium", "codes"),
        [
            (SMS, {0: [0], 1: [41], 2: [46], 3: [69], 4: [], 5: [46, 0], 6: [0]}),
            (VIBER, {0: [2], 1: [4], 2: [7], 3: [5], 4: [], 5: [7, 2], 6: [2, 3]}),
        ],
    )
    def test_each_medium_has_a_digit_of_its_own(
        self, medium: Medium, codes: dict[int, list[int]]
    ) -> None:
        code = sms_code if medium is SMS else viber_code
        sent = SmsStateCode.SENT if medium is SMS else ViberStateCode.SENT
        for digit in range(10):
            for other in (1, 4, 9):
                steps = chain(medium, digit, other).steps
                assert [code(step) for step in steps] == [sent, *codes.get(digit, codes[0])]

    @pytest.mark.parametrize(
        ("digit", "states"),
        [
            (0, [DELIVERED]),
            (1, [UNDELIVERABLE]),
            (2, [EXPIRED]),
            (3, [UNDELIVERABLE]),
            (4, []),
            (5, [EXPIRED, DELIVERED]),
            (6, [DELIVERED, READ]),
            (7, [DELIVERED]),
        ],
    )
    def test_a_vk_message_takes_the_first_digit(self, digit: int, states: list[State]) -> None:
        assert [step.state for step in chain(VK, digit).steps] == [ENROUTE, *states]

    @pytest.mark.parametrize("medium", list(Medium))
    @pytest.mark.parametrize(
        "to", ["79161234567", "7999000300", "799900030001", "79990003abc", "someone@example.org"]
    )
    def test_every_other_address_has_the_usual_fate(self, medium: Medium, to: str) -> None:
        assert default_fate(medium, to) is default_fate(medium, "")
        assert default_fate(medium, to).steps[-1].state.is_success

    def test_only_one_number_is_never_found(self) -> None:
        assert [default_fate(medium, "79990000255").found for medium in Medium] == [False] * len(
            Medium
        )
        assert default_fate(SMS, "79990000254").found


class TestPlan:
    """When each step is taken."""

    @pytest.mark.parametrize(
        ("fate", "validity", "expected"),
        [
            (chain(SMS, 0), None, [(0, ACCEPTED), (0.2, ENROUTE), (1, DELIVERED)]),
            (chain(SMS, 0), 0.5, [(0, ACCEPTED), (0.2, ENROUTE), (0.5, EXPIRED)]),
            (chain(SMS, 0), 0.1, [(0, ACCEPTED), (0.1, EXPIRED)]),
            (chain(SMS, 4), 3600, [(0, ACCEPTED), (0.2, ENROUTE)]),
            (chain(SMS, 2), None, [(0, ACCEPTED), (0.2, ENROUTE), (1, EXPIRED)]),
            (chain(SMS, 2), 3600, [(0, ACCEPTED), (0.2, ENROUTE), (3600, EXPIRED)]),
            (
                chain(VIBER, 6),
                1.5,
                [(0, ACCEPTED), (0.2, ENROUTE), (1, DELIVERED), (2, READ)],
            ),
            (
                chain(SMS, 5),
                None,
                [(0, ACCEPTED), (0.2, ENROUTE), (1, EXPIRED), (61, DELIVERED)],
            ),
            (
                chain(VIBER, 5),
                3600,
                [(0, ACCEPTED), (0.2, ENROUTE), (3600, EXPIRED), (3660, DELIVERED)],
            ),
            (chain(VIBER, 5), 0.1, [(0, ACCEPTED), (0.1, EXPIRED), (60.1, DELIVERED)]),
        ],
    )
    def test_a_message_expires_with_its_validity_unless_it_was_delivered(
        self, fate: Fate, validity: float | None, expected: list[tuple[float, State]]
    ) -> None:
        assert way(fate, validity) == expected

    def test_a_step_may_have_a_delay_of_its_own(self) -> None:
        slow = Fate((Step(ENROUTE), Step(DELIVERED, after=timedelta(seconds=30)), Step(READ)))
        assert way(slow) == [(0, ACCEPTED), (0.2, ENROUTE), (30.2, DELIVERED), (30.2, READ)]
        # It is no failure before, so it is not delivered late.
        assert way(slow, 10) == [(0, ACCEPTED), (0.2, ENROUTE), (10, EXPIRED)]

    @given(
        fate=st.builds(
            Fate,
            st.lists(
                st.builds(
                    Step,
                    st.sampled_from([ENROUTE, DELIVERED, READ, EXPIRED, UNDELIVERABLE]),
                    after=st.none() | st.sampled_from([timedelta(0), timedelta(seconds=60)]),
                    at_expiry=st.booleans(),
                ),
                max_size=4,
            ).map(tuple),
        ),
        validity=st.none() | st.sampled_from([0, 0.1, 0.2, 1, 1.5, 3600]),
    )
    def test_no_way_runs_backwards(self, fate: Fate, validity: float | None) -> None:
        times = [after for after, _ in way(fate, validity)]
        assert times == sorted(times)


def test_a_number_that_the_platforms_table_lacks_can_be_had_on_purpose() -> None:
    step = Step(REJECTED, "-97")
    assert (sms_code(step), viber_code(step)) == (-97, -97)


@pytest.mark.parametrize("code", [code for code in SmsStateCode if code not in (-98, -97, 255)])
def test_every_row_of_the_platforms_table_is_a_reason(code: SmsStateCode) -> None:
    assert sms_code(Step(State.UNKNOWN, code.name)) == code


def test_a_fate_that_comes_late_sends_the_fallback_and_arrives_all_the_same(
    world: World, account: Account, clock: ManualClock
) -> None:
    told: Counter[tuple[Medium, State]] = Counter()
    world.subscribe(changed=lambda m: told.update([(m.submission.medium, m.state)]))
    sms = Submission(account=account, via="test", sender="X", text="by SMS")
    viber = Submission(
        account=account,
        via="test",
        sender="X",
        text="x",
        medium=VIBER,
        fallback=sms,
        validity=timedelta(seconds=10),
    )
    [message] = world.submit(viber, ["79990003950"])

    def look(seconds: float) -> tuple[State, State | None]:
        clock.advance(seconds)
        world.advance()
        return message.state, None if message.resent is None else message.resent.state

    assert look(9) == (ENROUTE, None)
    assert look(1) == (EXPIRED, ACCEPTED)
    assert look(1) == (EXPIRED, DELIVERED)
    assert look(58.9) == (EXPIRED, DELIVERED)
    assert look(0.1) == (DELIVERED, DELIVERED)
    assert message.reported_at == clock.now()
    assert world.timeline.next_due() is None
    assert told == dict.fromkeys(
        [
            (VIBER, ENROUTE),
            (VIBER, EXPIRED),
            (VIBER, DELIVERED),
            (SMS, ENROUTE),
            (SMS, DELIVERED),
        ],
        1,
    )


def test_a_second_failure_sends_no_second_fallback(account: Account, clock: ManualClock) -> None:
    twice = Fate((Step(UNDELIVERABLE), Step(EXPIRED, after=timedelta(seconds=60))))
    world = World([account], clock=clock, fate_of=lambda *_: twice)
    sms = Submission(account=account, via="test", sender="X", text="x")
    [message] = world.submit(
        Submission(account=account, via="test", sender="X", text="x", fallback=sms),
        ["79161234567"],
    )
    clock.advance(3600)
    world.advance()
    assert message.state is EXPIRED
    assert len(list(world.messages())) == 2


@pytest.mark.parametrize(
    "steps",
    [
        [Step(DELIVERED), Step(BOUNCED, after=timedelta(seconds=5))],
        [Step(BOUNCED)],
        [Step(EXPIRED), Step(DELIVERED), Step(BOUNCED)],
    ],
)
def test_a_mail_that_bounces_has_failed_and_sends_one_fallback(
    account: Account, clock: ManualClock, steps: list[Step]
) -> None:
    bounced = Fate(tuple(steps))
    world = World(
        [account], clock=clock, fate_of=lambda medium, _: bounced if medium is MAIL else ARRIVED
    )
    sms = Submission(account=account, via="test", sender="X", text="x")
    mail = Submission(
        account=account, via="test", sender="x@example.org", text="x", medium=MAIL, fallback=sms
    )
    [message] = world.submit(mail, ["jo@example.com"])
    message.to = "79161234567"
    clock.advance(3600)
    world.advance()
    assert message.state is BOUNCED
    assert message.resent is not None
    assert message.resent.state is DELIVERED
    assert len(list(world.messages())) == 2


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_place_on_every_wire(state: State) -> None:
    step = Step(state)
    [column] = [name for name, count in statistics({step: 1})._asdict().items() if count]
    told = {
        "rest": SmsStateCode(sms_code(step)).means,
        "viber": ViberStateCode(viber_code(step)).means,
        "xml": _STATUSES[state].means,
        "smpp": message_state(state).name,
    }
    if state.is_success:
        assert column == "delivered"
        assert {told["rest"], told["xml"], told["smpp"]} == {"DELIVERED"}
        assert told["viber"] == state
    elif state.is_final:
        assert column in {"errors", "expired", "rejected"}
        assert not any(State(told[wire]).is_success for wire in told)
    else:
        assert not any(State(word).is_final for word in told.values())


def test_a_message_that_may_yet_arrive_is_not_forgotten(account: Account) -> None:
    clock = ManualClock()
    world = World([account], clock=clock, keep=1)
    order = Submission(account=account, via="test", sender="X", text="x")
    [late] = world.submit(order, ["79990003995"])
    for _ in range(10):
        clock.advance(2)
        world.submit(order, ["79161234567"])
    assert late.state is EXPIRED
    assert late in set(world.messages())


async def test_late_delivery_is_seen_over_the_protocols_of_today(
    http: Http, clock: ManualClock
) -> None:
    [sms] = await http.send("79990003995")
    clock.advance(1)
    assert (await http.state(sms))["State"] == 46
    clock.advance(60)
    assert (await http.state(sms))["State"] == 0


def test_statistics_have_a_column_for_every_fate() -> None:
    ends = {digit: chain(SMS, digit).steps[-1] for digit in range(7)}
    columns = {digit: statistics({step: 1})._asdict() for digit, step in ends.items()}
    assert {digit: [n for n, c in found.items() if c] for digit, found in columns.items()} == {
        0: ["delivered"],
        1: ["errors"],
        2: ["expired"],
        3: ["rejected"],
        4: ["sent"],
        5: ["delivered"],
        6: ["delivered"],
    }
    wrong = default_fate(SMS, "79990000010").steps[-1]
    assert statistics({wrong: 2}).errors == 2
