"""What goes in place of a message that has failed: when, to whom, and who pays."""

from __future__ import annotations

from decimal import Decimal

import pytest

from devino_core import Medium, State
from devino_core.testing import ManualClock
from devino_sandbox import (
    Account,
    Drop,
    Fate,
    Fault,
    Hold,
    Pace,
    Repeat,
    Sandbox,
    Step,
    StoredMessage,
    Submission,
    World,
    default_fate,
)

SMS, VIBER, VK, WHATSAPP = Medium.SMS, Medium.VIBER, Medium.VK, Medium.WHATSAPP


def order(account: Account, *media: Medium, to: str | None = None) -> Submission:
    """A message by the first medium, with the others in its place."""
    first, *others = media
    return Submission(
        account=account,
        via="test",
        sender="DEVINO",
        text=first,
        medium=first,
        fallback=order(account, *others, to=to) if others else None,
        to=to,
    )


def legs(message: StoredMessage | None) -> list[tuple[Medium, State]]:
    found = []
    while message is not None:
        found.append((message.submission.medium, message.state))
        message = message.resent
    return found


DELIVERED, LOST, READ = State.DELIVERED, State.UNDELIVERABLE, State.READ
EXPIRED, ENROUTE, REJECTED = State.EXPIRED, State.ENROUTE, State.REJECTED


@pytest.mark.parametrize(
    ("media", "number", "expected"),
    [
        ((VK, VIBER, SMS), "79990003000", [(VK, DELIVERED)]),
        ((VK, VIBER, SMS), "79990003600", [(VK, READ)]),
        ((VK, VIBER, SMS), "79990003400", [(VK, ENROUTE)]),
        ((VK, VIBER, SMS), "79990003110", [(VK, LOST), (VIBER, LOST), (SMS, DELIVERED)]),
        ((VK, VIBER, SMS), "79990003230", [(VK, EXPIRED), (VIBER, LOST), (SMS, DELIVERED)]),
        ((VK, VIBER, SMS), "79990003333", [(VK, LOST), (VIBER, LOST), (SMS, REJECTED)]),
        ((VK, VIBER, SMS), "79990003160", [(VK, LOST), (VIBER, READ)]),
        ((VK, SMS), "79990003191", [(VK, LOST), (SMS, LOST)]),
        ((VIBER, SMS), "79990003910", [(VIBER, LOST), (SMS, DELIVERED)]),
        ((WHATSAPP, SMS), "79990003912", [(WHATSAPP, LOST), (SMS, EXPIRED)]),
        ((VIBER, SMS), "79990003500", [(VIBER, DELIVERED)]),
        ((VK, VIBER, SMS), "79990003550", [(VK, DELIVERED), (VIBER, DELIVERED), (SMS, DELIVERED)]),
    ],
)
def test_each_leg_has_the_fate_of_its_digit(
    world: World,
    account: Account,
    clock: ManualClock,
    media: tuple[Medium, ...],
    number: str,
    expected: list[tuple[Medium, State]],
) -> None:
    [message] = world.submit(order(account, *media), [number])
    clock.advance(300)
    world.advance()
    assert legs(message) == expected
    prices = [world.prices[medium] for medium, _ in expected]
    assert account.balance == Decimal("20015.3") - sum(prices)


def test_every_chain_goes_as_far_as_its_digits_say(account: Account) -> None:
    clock = ManualClock()
    world = World([account], clock=clock)
    chains = [(VK, VIBER, SMS), (VK, SMS), (VK, VIBER), (VIBER, SMS), (WHATSAPP, SMS)]
    places = {VK: 0, VIBER: 1, WHATSAPP: 1, SMS: 2}
    ends = {0: DELIVERED, 1: LOST, 2: EXPIRED, 3: LOST, 4: ENROUTE, 5: DELIVERED, 6: READ}
    of_sms = {3: REJECTED, 6: DELIVERED}
    sent = []
    for number in range(1000):
        digits = [min(int(digit), 7) % 7 for digit in f"{number:03}"]
        for media in chains:
            expected = []
            for medium in media:
                digit = digits[places[medium]]
                own = of_sms if medium is SMS else {}
                expected.append((medium, own.get(digit, ends[digit])))
                if digit not in (1, 2, 3, 5):
                    break
            [message] = world.submit(order(account, *media), [f"79990003{number:03}"])
            sent.append((message, expected))
    before = account.balance
    clock.advance(300)
    world.advance()
    assert [legs(message) for message, _ in sent] == [expected for _, expected in sent]
    # What goes in place of another is charged when it goes.
    later = [medium for _, expected in sent for medium, _ in expected[1:]]
    assert before - account.balance == sum(world.prices[medium] for medium in later)


@pytest.mark.parametrize(
    ("medium", "n", "reason"),
    [
        (VIBER, 1, "USER_BLOCKED"),
        (VIBER, 2, "NOT_VIBER_USER"),
        (VIBER, 3, "NO_SUITABLE_DEVICE"),
        (VIBER, 4, "BAD_DATA"),
        (VIBER, 5, "BAD_PARAMETERS"),
        (VIBER, 6, "ERROR_INSTANT_MESSAGE_TYPE_FORMAT"),
        (VIBER, 7, "BLOCKED_MESSAGE_TYPE"),
        (VIBER, 8, "UNKNOWN_ERROR"),
        (WHATSAPP, 1, "USER_BLOCKED"),
        (WHATSAPP, 2, "NOT_TEMPLATE_MATCH"),
    ],
)
def test_a_number_chooses_the_reason_of_a_loss(medium: Medium, n: int, reason: str) -> None:
    *_, last = default_fate(medium, f"7999000200{n}").steps
    assert last == Step(LOST, reason)


@pytest.mark.parametrize(("medium", "n"), [(VIBER, 0), (VIBER, 9), (WHATSAPP, 3), (SMS, 1)])
def test_other_numbers_of_that_block_get_their_messages(medium: Medium, n: int) -> None:
    assert default_fate(medium, f"7999000200{n}") is default_fate(medium, "79161234567")


def test_a_fallback_may_go_to_another_number_and_has_its_fate(
    world: World, account: Account, clock: ManualClock
) -> None:
    [message] = world.submit(order(account, VIBER, SMS, to="+7 999 000 00 41"), ["79990003910"])
    clock.advance(5)
    world.advance()
    assert message.resent is not None
    assert (message.resent.to, message.resent.state) == ("79990000041", LOST)


def test_who_calls_a_message_off_wants_no_other(account: Account, clock: ManualClock) -> None:
    withdrawn = Fate((Step(State.DELETED),))
    world = World([account], clock=clock, fate_of=lambda medium, to: withdrawn)
    [message] = world.submit(order(account, VIBER, SMS), ["79161234567"])
    clock.advance(5)
    world.advance()
    assert legs(message) == [(VIBER, State.DELETED)]


def test_a_leg_that_cannot_be_paid_does_not_go(
    world: World, account: Account, clock: ManualClock
) -> None:
    account.balance = Decimal("1.8")
    [message] = world.submit(order(account, VIBER, SMS), ["79990003910"])
    clock.advance(5)
    world.advance()
    assert legs(message) == [(VIBER, LOST)]
    assert account.balance == 0
    _, refused = world.messages()
    assert "not enough credits" in (refused.reason or "")


def test_a_late_success_comes_beside_what_was_resent(
    world: World, account: Account, clock: ManualClock
) -> None:
    [message] = world.submit(order(account, VIBER, SMS), ["79990003950"])
    seen = []
    for _ in range(3):
        clock.advance(31)
        world.advance()
        seen.append(legs(message))
    assert seen == [
        [(VIBER, EXPIRED), (SMS, DELIVERED)],
        [(VIBER, DELIVERED), (SMS, DELIVERED)],
        [(VIBER, DELIVERED), (SMS, DELIVERED)],
    ]


def test_what_is_resent_can_be_held_back(
    world: World, account: Account, clock: ManualClock
) -> None:
    world.faults.add(Fault(protocol="resend", operation="SMS", action=Hold(60)))
    [message] = world.submit(order(account, VIBER, SMS), ["79990003910"])
    clock.advance(60)
    world.advance()
    assert legs(message) == [(VIBER, LOST)]
    clock.advance(2)
    world.advance()
    assert legs(message) == [(VIBER, LOST), (SMS, DELIVERED)]


def test_what_is_resent_can_be_lost(world: World, account: Account, clock: ManualClock) -> None:
    world.faults.add(Fault(protocol="resend", to="79990003910", action=Drop()))
    first, second = world.submit(order(account, VIBER, SMS), ["79990003910", "79990003911"])
    clock.advance(60)
    world.advance()
    assert legs(first) == [(VIBER, LOST)]
    assert legs(second) == [(VIBER, LOST), (SMS, LOST)]


def test_a_fault_of_every_call_is_not_about_what_is_resent(account: Account) -> None:
    world = World([account], pace=Pace.instant())
    world.faults.add(Fault(action=Drop(), times=None))
    [message] = world.submit(order(account, VIBER, SMS), ["79990003910"])
    assert legs(message) == [(VIBER, LOST), (SMS, DELIVERED)]


async def test_the_sandbox_knows_that_protocol(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="dropped or held back"):
        Fault(protocol="resend", action=Repeat())
    with pytest.raises(ValueError, match="no operation 'FAX'"):
        sandbox.world.faults.add(Fault(protocol="resend", operation="FAX", action=Hold(1)))
    sandbox.world.faults.add(Fault(protocol="resend", operation="viber", action=Hold(1)))
