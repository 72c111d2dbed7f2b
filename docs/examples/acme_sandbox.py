"""Acme's gateway in the sandbox: POST /acme/send and POST /acme/status."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

import msgspec

from devino_core import Secret, State, hookimpl
from devino_sandbox import (
    Broken,
    HttpService,
    RawAnswer,
    RawRequest,
    Refused,
    Service,
    Submission,
    World,
    answering,
    json_answer,
    struck,
)


class Item(msgspec.Struct, rename={"sender": "from"}):
    to: str
    text: str
    sender: str


class Question(msgspec.Struct):
    token: str
    items: list[Item | str]


class AcmeService(HttpService):
    name = "acme"
    prefixes = ("/acme",)

    def __init__(self, world: World) -> None:
        self._world = world
        self._app = answering(self._answer)

    @property
    def app(self) -> Callable[..., Awaitable[None]]:
        return self._app

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {"acme": f"{base_url}/acme"}

    def _answer(self, request: RawRequest) -> RawAnswer | Broken:
        operation = request.path.rpartition("/")[2]
        try:
            question = msgspec.json.decode(request.body, type=Question)
        except msgspec.DecodeError as error:
            return json_answer(400, str(error))

        def carry_out() -> RawAnswer:
            return self._carry_out(question)

        numbers = [item.to for item in question.items if isinstance(item, Item)]
        action = self._world.faults.strike("acme", operation, numbers)
        if action is None:
            return carry_out()
        return struck(action, carry_out, lambda ordered: json_answer(400, ordered.code))

    def _carry_out(self, question: Question) -> RawAnswer:
        accounts = self._world.accounts.values()
        account = next((a for a in accounts if a.password == Secret(question.token)), None)
        if account is None:
            return json_answer(403, "unknown token")
        rows: list[tuple[str, str]] = []
        for item in question.items:
            if isinstance(item, str):
                message = self._world.find(account, item)
                rows.append((item, "unknown" if message is None else _word(message.state)))
                continue
            order = Submission(account=account, via="acme", sender=item.sender, text=item.text)
            try:
                (message,) = self._world.submit(order, [item.to])
            except Refused as refused:
                return json_answer(400, refused.reason)
            rows.append((message.ids[0], _word(message.state)))
        return json_answer(200, rows)


def _word(state: State) -> str:
    if state.is_success:
        return "done"
    return "failed" if state.is_final else "queued"


@hookimpl(optionalhook=True)
def devino_sandbox_services(world: World) -> Iterable[Service]:
    return [AcmeService(world)]
