"""HLR: what the network knows of subscribers (chapter 16). Numbers 79990004NNN choose a state."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import count

from devino_codecs import rest
from devino_codecs.rest import HlrStateCode, Refusal, SmsStateCode
from devino_core import Medium, State
from devino_sandbox._accounts import Account
from devino_sandbox._admission import charge, destination
from devino_sandbox._kept import Kept
from devino_sandbox._numbers import chosen
from devino_sandbox._world import World
from devino_sandbox.services._api import ApiService, Asked, answers
from devino_sandbox.services._codes import sms_code
from devino_sandbox.services._limits import MEMORY

from ._errors import invalid

__all__ = ["HlrRows"]

_MOST, _PRICE = 200, Decimal("0.3")
_CHOSEN = chosen("79990004", HlrStateCode)
_BY_SMS: dict[int, HlrStateCode] = {
    SmsStateCode.WRONG_DESTINATION: HlrStateCode.NONEXISTENT,
    SmsStateCode.INVALID_DESTINATION: HlrStateCode.NONEXISTENT,
    SmsStateCode.EXPIRED: HlrStateCode.UNREACHABLE,
    SmsStateCode.UNKNOWN: HlrStateCode.UNKNOWN,
}


class _Questions(Kept[str, tuple[Account, str, datetime]]):
    """By id: who asked, about which number, and when."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.ids = count(703112828852109312)  # the first of the manual's examples


class HlrRows(ApiService):
    """The rows of HLR, for a service that has them in its tables."""

    @answers(rest.HlrSend)
    def hlr_send(self, account: Account, asked: Asked[rest.HlrSend]) -> rest.Ids | Refusal:
        numbers = asked.request.destination_addresses
        if len(numbers) > _MOST:
            return invalid("destinationAddresses", f"No more than {_MOST} destination addresses")
        to = [destination(Medium.SMS, number) for number in numbers]
        charge(account, _PRICE * len(to))
        questions, now = self.world.of(_Questions), self.world.clock.now()
        ids = tuple([str(next(questions.ids)) for _ in to])
        for message_id, number in zip(ids, to, strict=True):
            questions[message_id] = account, number, now
        return ids

    @answers(rest.HlrGetState)
    def hlr_state(
        self, account: Account, asked: Asked[rest.HlrGetState]
    ) -> tuple[rest.HlrState, ...] | Refusal:
        if len(asked.request.message_ids) > _MOST:
            return invalid("messageIds", f"No more than {_MOST} message ids")
        return tuple([self._subscriber(account, one) for one in asked.request.message_ids])

    def _subscriber(self, account: Account, message_id: str) -> rest.HlrState:
        now = self.world.clock.now()
        owner, number, at = self.world.of(_Questions).get(message_id, (None, "", now))
        if owner is not account or now - at > MEMORY:
            number, code = "", HlrStateCode.UNKNOWN
        elif now - at < self.world.pace.after(State.DELIVERED):
            code = HlrStateCode.SENDING
        else:
            fate = self.world.fate_of(Medium.SMS, number)
            known = _BY_SMS.get(sms_code(fate.steps[-1]), HlrStateCode.REACHABLE)
            code = _CHOSEN.get(number, known if fate.found else HlrStateCode.UNKNOWN)
        return rest.HlrState(
            message_id=message_id,
            destination_address=number and f"+{number}",
            state=code,
            description=code.text,
            country="Россия" if number.startswith("79") else "",
        )
