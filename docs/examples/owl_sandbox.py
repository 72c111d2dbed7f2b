"""The owl post in the sandbox: a table for both sides, and a method for each of its rows."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar

import msgspec

from devino_codecs.http import PHONE, Api, Operation, Refusal, Request, by_status, header
from devino_core import hookimpl
from devino_sandbox import (
    Account,
    ApiService,
    Asked,
    CallbackKind,
    Kept,
    Service,
    StoredMessage,
    World,
    answers,
)


class Letter(msgspec.Struct, frozen=True):
    id: str
    state: str


class Send(Request[Letter], frozen=True):
    to: Annotated[str, PHONE]
    text: str
    ref: str


class Look(Request[Letter], frozen=True):
    ref: str


OWL = Api(
    name="owl",
    auth=header("X-Owl-Key"),
    operations=(
        Operation(Send, "POST", "letters"),
        Operation(Look, "GET", "letters/{ref}", changes=False),
    ),
    refusal=by_status("error"),
)


class Letters(Kept[str, StoredMessage]):
    """What the World does not know: the sender's own names of letters."""


class OwlService(ApiService):
    name = "owl"
    apis: ClassVar = {"/owl": OWL}
    callback_kinds: Mapping[str, CallbackKind[Any]] = {
        "owl": CallbackKind(changed=lambda m: (m.ids[0], m.state), write=msgspec.json.encode)
    }

    @answers(Send)
    def send(self, account: Account, asked: Asked[Send]) -> Letter | Refusal:
        call, letters = asked.request, self.world.of(Letters)
        if call.ref in letters:
            return Refusal(409, "there is such a letter already", 409)
        sent = self.send_sms(account, asked, call.to, call.text, sender="OWL")
        letters[call.ref] = sent
        return _letter(sent)

    @answers(Look)
    def look(self, account: Account, asked: Asked[Look]) -> Letter | Refusal:
        self.world.advance()
        letter = self.world.of(Letters).get(asked.request.ref)
        if letter is None or letter.submission.account is not account:
            return Refusal(404, "no such letter", 404)
        return _letter(letter)


def _letter(message: StoredMessage) -> Letter:
    return Letter(message.ids[0], message.state)


@hookimpl(optionalhook=True)
def devino_sandbox_services(world: World) -> Iterable[Service]:
    return [OwlService(world)]
