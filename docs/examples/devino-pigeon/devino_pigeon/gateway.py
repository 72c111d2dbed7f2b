"""Pigeon's gateway in the sandbox."""

from collections.abc import Mapping, Sequence
from typing import ClassVar
from weakref import WeakValueDictionary

import devino_sandbox as sandbox
from devino_codecs.http import write_json
from devino_sandbox import Account, Asked, CallbackKind, StoredMessage, Submission

from .wire import API, Find, Flight, Letter, News, Send, Word


class Sent:
    """By account and ``ref``: a letter that comes again is not sent again."""

    def __init__(self, world: sandbox.World) -> None:
        self.all: WeakValueDictionary[tuple[str, str], StoredMessage] = WeakValueDictionary()


def word(it: StoredMessage) -> Word:
    otherwise = Word.LOST if it.state.is_final else Word.QUEUED
    return next((word for word in Word if word.means == it.state.name), otherwise)


def changed(it: StoredMessage) -> News | None:
    order, at = it.submission, it.reported_at or it.created_at
    if order.via != API.name:
        return None
    return News(it.ids[0], at, order.sender, it.to, word(it), str(order.context))


def arrived(it: sandbox.IncomingMessage) -> News:
    return News(str(it.id), it.at, it.sender, it.to, text=it.text)


def write(news: Sequence[News]) -> bytes:
    return write_json(tuple[News, ...], tuple(news))


class PigeonService(sandbox.ApiService):
    name = "pigeon"
    apis: ClassVar = {"/pigeon": API}
    callback_kinds: Mapping[str, CallbackKind[News]] = {
        "pigeon": CallbackKind(changed=changed, arrived=arrived, write=write, batch=100)
    }

    @sandbox.answers(Send)
    def send(self, account: Account, asked: Asked[Send]) -> tuple[Flight, ...]:
        return tuple([self._take(account, letter) for letter in asked.request.letters])

    @sandbox.answers(Find)
    def find(self, account: Account, asked: Asked[Find]) -> Flight:
        found = self.world.find(account, asked.request.id)
        return Flight(word(found) if found else "unknown", asked.request.id)

    def _take(self, account: Account, it: Letter) -> Flight:
        sent, key = self.world.of(Sent).all, (account.login, it.ref)
        if key not in sent:
            order = Submission(
                account=account, via=API.name, sender=it.sender, text=it.text, context=it.ref
            )
            try:
                [sent[key]] = self.world.submit(order, [it.to])
            except sandbox.Refused as refused:
                return Flight(Word.REFUSED, reason=refused.reason)
        return Flight(word(sent[key]), sent[key].ids[0])
