"""SMS through Acme's gateway, as the channel kind ``acme``."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

import devino_core as devino
from devino_core import Medium, Message, Receipt, State, Status, dispatch
from devino_core.http import Body, HttpSession

JSON = "application/json"
STATES = {"queued": State.ACCEPTED, "done": State.DELIVERED, "failed": State.UNDELIVERABLE}


class AcmeSettings(devino.ChannelSettings, frozen=True, kw_only=True):
    token: devino.Secret
    base_url: str = "https://sms.acme.example"


class Acme(devino.Channel[AcmeSettings]):
    takes: Mapping[Medium, devino.Takes] = {Medium.SMS: devino.Takes()}

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.check(messages)
        items = [{"to": m.to, "text": m.text, "from": self.sender_of(m)} for m in messages]
        sent = zip(messages, await self._ask("send", items, changes=True), strict=True)
        return [Receipt.of(m, s, channel=self.name, ids=(str(s.id),)) for m, s in sent]

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        return await self._ask("status", dispatch.check_ids(ids), changes=False)

    async def _ask(self, path: str, items: Sequence[object], *, changes: bool) -> list[Status]:
        body = Body(msgspec.json.encode({"token": self.settings.token.reveal(), "items": items}))
        async with HttpSession(self.settings.base_url, calls=self.observed) as http:
            said = await http.request("POST", [path], body=body, content_type=JSON, changes=changes)
        if said.status != 200:
            raise devino.Rejected(said.body.decode(errors="replace"), code=said.status)
        try:
            rows = msgspec.json.decode(said.body, type=list[tuple[str, str]])
        except msgspec.DecodeError as error:
            raise devino.ProtocolViolation(f"acme's answer is unreadable: {error}") from error
        return [Status(id=i, state=STATES.get(s, State.UNKNOWN), code=s) for i, s in rows]


@devino.hookimpl
def devino_channels() -> Iterable[devino.ChannelSpec]:
    yield devino.ChannelSpec(
        name="acme",
        summary="SMS through Acme's gateway.",
        media=frozenset(Acme.takes),
        settings=AcmeSettings,
        load="devino_acme:Acme",
    )
