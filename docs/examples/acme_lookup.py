"""Acme's lookup of numbers, as the service kind ``acme-lookup``."""

from collections.abc import Iterable, Sequence

import msgspec

import devino_core as devino
from devino_core.http import Body, HttpSession


class LookupSettings(devino.ServiceSettings, frozen=True, kw_only=True):
    token: devino.Secret
    base_url: str = "https://lookup.acme.example"


class AcmeLookup(devino.Service[LookupSettings]):
    async def carriers(self, numbers: Sequence[str]) -> dict[str, str]:
        """The operator of each number that Acme knows."""
        question = {"token": self.settings.token.reveal(), "numbers": numbers}
        body = Body(msgspec.json.encode(question))
        async with HttpSession(self.settings.base_url, calls=self.observed) as http:
            answer = await http.request(
                "POST", ["carriers"], body=body, content_type="application/json", changes=False
            )
        if answer.status != 200:
            raise devino.Rejected(answer.body.decode(errors="replace"), code=answer.status)
        try:
            return msgspec.json.decode(answer.body, type=dict[str, str])
        except msgspec.DecodeError as error:
            said = f"acme's answer is unreadable: {error}"
            raise devino.ProtocolViolation(said, changes=False) from error


@devino.hookimpl
def devino_services() -> Iterable[devino.ServiceSpec]:
    yield devino.ServiceSpec(
        name="acme-lookup",
        summary="The operators of numbers.",
        settings=LookupSettings,
        load="acme_lookup:AcmeLookup",
    )
