"""What the sandbox tells a person to type in a shell."""

from __future__ import annotations

import shlex
from typing import NamedTuple

import msgspec
import pytest

from devino_codecs.http import Login, basic, either, header
from devino_core import Secret
from devino_plugins.kit.settings import ChannelKeyOrLoginSettings
from devino_sandbox import Access, Account, Sandbox
from tests.sandbox._http import Http


class Call(NamedTuple):
    """What curl would do."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None

    @classmethod
    def of(cls, line: str) -> Call:
        command, *words = shlex.split(line)
        assert command == "curl"
        given: dict[str, list[str]] = {"-u": [], "-H": [], "-d": [], "-X": []}
        while words[0] in given:
            option, value, *words = words
            given[option].append(value)
        [url] = words
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if given["-d"] else {}
        headers |= dict(one.split(": ", 1) for one in given["-H"])
        for user in given["-u"]:
            login = Login(*user.split(":", 1))
            headers["Authorization"] = basic().to_header(login)
        [body] = given["-d"] or [""]
        [method] = given["-X"] or ["POST" if body else "GET"]
        return cls(method, url, headers, body.encode() or None)


@pytest.mark.parametrize(
    "name", ["addressbook", "email", "verification", "viber", "whatsapp", "vk"]
)
async def test_a_call_that_a_person_is_told_to_make_is_taken(
    name: str, sandbox: Sandbox, http: Http, account: Account
) -> None:
    access = Access(endpoints=sandbox.endpoints, account=account, sender="DEVINO")
    [service] = [one for one in sandbox.services if one.name == name]
    [line] = service.usage(access)
    call = Call.of(line)
    assert call.url.startswith(sandbox.endpoints[name])
    answer = await http.raw(call.method, call.url.removeprefix(http.root), call.body, call.headers)
    assert answer.status == 200, answer.body
    assert [m["via"] for m in await http.messages()] == VIA.get(name, [])


VIA = {"verification": ["2fa"], "viber": ["viber"], "whatsapp": ["whatsapp"], "vk": ["vk"]}


def test_who_asks_is_set_as_a_client_of_the_table_has_it() -> None:
    account = Account(login="me", password=Secret("p"), api_key=Secret("k"))
    access = Access(endpoints={}, account=account, sender="SHOP")
    key, login = header("X-Key"), basic()
    assert access.settings(key) == {"api_key": "k"}
    for auth in (login, either(key, login), either(login, key)):
        asked = {"base_url": "http://127.0.0.1", **access.settings(auth)}
        settings = msgspec.convert(asked, ChannelKeyOrLoginSettings)
        assert settings.credentials == Login("me", "p")
