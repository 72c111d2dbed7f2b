"""No operation, error or log of the address book shows the password."""

from __future__ import annotations

import base64
import logging
import pickle
from collections.abc import Awaitable, Callable

import pytest

from devino_core import DevinoError
from devino_plugins.addressbook import AddressBook, Contact, DuplicatesField
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault
from devino_sandbox._faults import Action
from tests.channels._addressbook import GROUP, PASSWORD, gathered, people, wired
from tests.channels._canary import reported
from tests.channels.test_addressbook_imports import RUN

BASIC = base64.b64encode(f"demo:{PASSWORD}".encode()).decode()

Operation = Callable[[AddressBook], Awaitable[object]]
OPERATIONS: list[Operation] = [
    lambda book: book.groups.list(),
    lambda book: book.groups.get(GROUP),
    lambda book: book.groups.add("x"),
    lambda book: book.groups.change(GROUP, "x"),
    lambda book: book.contacts.add(GROUP, people(1)[0]),
    lambda book: book.contacts.add(GROUP, Contact(email="\ud800")),
    lambda book: book.contacts.change(100005, people(1)[0]),
    lambda book: book.contacts.get(100005),
    lambda book: gathered(book.contacts.find("79030000000")),
    lambda book: gathered(book.imports.run(GROUP, people(3), import_id=RUN)),
    lambda book: book.imports.progress(RUN),
    lambda book: book.imports.finished(RUN),
    lambda book: book.imports.remove_duplicates(RUN, GROUP, by=DuplicatesField.EMAIL),
    lambda book: gathered(book.unsubscribed()),
    lambda book: book.contacts.remove(100005),
    lambda book: book.groups.remove(GROUP),
]
ECHO = f'{{"Code":"{PASSWORD}","Description":"no such login: {BASIC} {PASSWORD}"}}'
FAILURES: dict[str, Action | None] = {
    "none": None,
    "drop": Drop(),
    "drop the answer": DropAnswer(),
    "fail": AnswerError("internal_error"),
    "repeat the password": AnswerHttp(400, ECHO),
    "repeat it as a failure": AnswerHttp(500, ECHO),
    "repeat it as a stranger's": AnswerHttp(401, ECHO),
    "repeat it as not found": AnswerHttp(404, ECHO),
    "a page with the password": AnswerHttp(502, f"<html>{PASSWORD} {BASIC}"),
    "nonsense with the password": AnswerHttp(200, f"{PASSWORD} {BASIC}"),
    "a rate limit": AnswerHttp(429, PASSWORD),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_the_password_shows_nowhere(failure: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    shown: list[str] = []
    async with wired(import_attempts=2) as wire:
        action = FAILURES[failure]
        if action is not None:
            wire.world.faults.add(Fault(times=None, action=action))
        for operation in OPERATIONS:
            try:
                shown.append(repr(await operation(wire.book)))
            except DevinoError as error:
                shown += reported(error)
        shown.append(f"{wire.book!r} {wire.book.settings!r} {vars(wire.book)!r}")
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(wire.book.settings)
    shown += [record.getMessage() for record in caplog.records]
    shown += [str(record.exc_info) for record in caplog.records]
    assert len(shown) > len(OPERATIONS)
    for text in shown:
        assert PASSWORD not in text
        assert BASIC not in text
