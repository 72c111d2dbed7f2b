"""Imports: every contact arrives once, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from devino_codecs.http import HttpRequest
from devino_core import (
    AuthenticationFailed,
    DevinoError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from devino_core.testing import ManualClock
from devino_plugins.addressbook import (
    AddressBook,
    Contact,
    ContactCode,
    DuplicatesField,
    DuplicatesScope,
    Gender,
    Part,
    part_id,
)
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault, Hang
from devino_sandbox._faults import Action
from tests.channels._addressbook import GROUP, Wired, gathered, people, settings, streamed, wired
from tests.core._peer import Peer, answer, serving

RUN = UUID("50210b41-1c4e-4e48-9837-fb382a9bae01")
POST = "ContactsImport/"
PROGRESS = "ContactsImport/{ImportId}/Progress"


async def test_an_id_of_an_import_is_a_uuid() -> None:
    wrong: Any = str(RUN)
    async with AddressBook(settings(), name="book") as book:
        with pytest.raises(InvalidArgument, match="import_id: must be a UUID, not str"):
            await gathered(book.imports.run(GROUP, people(1), import_id=wrong))


async def imported(wire: Wired, contacts: list[Contact], **given: Any) -> list[Part]:
    return await gathered(wire.book.imports.run(GROUP, contacts, **{"at_once": 10, **given}))


def once(contacts: list[Contact]) -> list[object]:
    return [one.phone_number for one in contacts]


async def test_each_part_tells_what_became_of_its_contacts() -> None:
    wrong = [Contact(phone_number="12"), Contact(last_name="Nobody"), *people(1)]
    async with wired() as wire:
        parts = await imported(wire, [*people(12), *wrong], import_id=RUN)
        assert [(part.number, part.first, part.count, part.taken) for part in parts] == [
            (0, 0, 10, 10),
            (1, 10, 5, 3),
        ]
        assert [part.import_id for part in parts] == [part_id(RUN, 0), part_id(RUN, 1)]
        assert parts[0].rejected == ()
        assert parts[1].rejected is not None
        assert [one.error_code for one in parts[1].rejected] == [
            ContactCode.INVALID_PHONE,
            ContactCode.NO_PHONE_NO_EMAIL,
        ]
        assert wire.phones() == [*once(people(12)), "79030000000"]


@pytest.mark.parametrize("count", [0, 1, 10, 11])
async def test_contacts_may_come_from_anywhere(count: int) -> None:
    async with wired() as wire:
        run = wire.book.imports.run(GROUP, streamed(people(count)), at_once=10)
        parts = await gathered(run)
        assert sum(part.taken for part in parts) == count
        assert wire.phones() == once(people(count))


async def test_what_the_platform_changes_is_asked_for() -> None:
    woman = Contact(phone_number="9031234567", middle_name="Ивановна")
    async with wired() as wire:
        await imported(wire, [woman], convert_direct_phones=True, fill_gender=True)
        assert wire.phones() == ["79031234567"]
        [kept] = wire.kept.contacts()
        assert kept.gender is Gender.FEMALE


async def test_a_part_is_small_enough_for_any_server() -> None:
    long = "я" * 700
    fat = [
        Contact(phone_number=f"7903{number:07}", extra_field1=long, extra_field2=long)
        for number in range(3000)
    ]
    sizes = []
    async with wired() as wire:
        seen = wire.book.exchange

        def watched(http: HttpRequest, **given: Any) -> Any:
            sizes.append(len(http.body))
            return seen(http, **given)

        wire.book.exchange = watched  # type: ignore[method-assign]
        parts = await gathered(wire.book.imports.run(GROUP, fat))
        assert sum(part.taken for part in parts) == len(fat)
        assert wire.phones() == once(fat)
    assert len(parts) > 1
    assert max(sizes) < 4 * 1024 * 1024


# What is lost, and what the platform says of it when it is asked.
LOSSES: dict[str, list[tuple[str, Action]]] = {
    "the request": [(POST, Drop())],
    "the answer": [(POST, DropAnswer())],
    "the answer and what was known of it": [(POST, DropAnswer()), (PROGRESS, Drop())],
    "the request and what was known of it": [(POST, Drop()), (PROGRESS, DropAnswer())],
    "the request twice": [(POST, Drop()), (POST, Drop())],
    "the request, then the answer": [(POST, Drop()), (POST, DropAnswer())],
    "a gateway's page": [(POST, AnswerHttp(502, "<html>"))],
    "nonsense": [(POST, AnswerHttp(200, "what?"))],
    "a failure": [(POST, AnswerError("internal_error"))],
    "a failure when asked": [(POST, DropAnswer()), (PROGRESS, AnswerError("internal_error"))],
    "a rate limit": [(POST, AnswerHttp(429, ""))],
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("place", [1, 2, 3])
async def test_no_contact_is_lost_and_none_comes_twice(loss: str, place: int) -> None:
    async with wired() as wire:
        nth = {POST: place, PROGRESS: 1}
        for operation, action in LOSSES[loss]:
            wire.world.faults.add(Fault(operation=operation, nth=nth[operation], action=action))
            nth[operation] += 1
        parts = await imported(wire, people(25))
        assert wire.phones() == once(people(25))
        assert [part.taken for part in parts] == [10, 10, 5]
        has_arrived = any(type(action) is DropAnswer and of == POST for of, action in LOSSES[loss])
        assert [part.rejected for part in parts] == [
            None if has_arrived and number == place else () for number in (1, 2, 3)
        ]


async def test_a_part_whose_answer_was_lost_tells_how_many_were_taken() -> None:
    async with wired() as wire:
        wire.world.faults.add(Fault(operation=POST, action=DropAnswer()))
        [part] = await imported(wire, [*people(3), Contact(phone_number="12")])
        assert (part.count, part.taken, part.rejected) == (4, 3, None)


async def test_an_answer_that_never_comes_is_asked_after() -> None:
    async with wired(timeout=0.2) as wire:
        wire.world.faults.add(Fault(operation=POST, action=Hang()))
        await imported(wire, people(5))
        assert wire.phones() == once(people(5))


async def test_a_run_goes_on_where_an_earlier_one_ended() -> None:
    contacts = people(45)
    async with wired(import_attempts=2) as wire:
        run = wire.book.imports.run(GROUP, contacts, import_id=RUN, at_once=10)
        assert [(await anext(run)).number for _ in range(2)] == [0, 1]
        wire.world.faults.add(Fault(operation=POST, times=9, action=DropAnswer()))
        wire.world.faults.add(Fault(operation=PROGRESS, nth=2, times=9, action=Drop()))
        with pytest.raises(Unavailable):
            await anext(run)
        wire.world.faults.clear()
        # As in another process.
        parts = await imported(wire, contacts, import_id=RUN)
        assert [part.rejected for part in parts] == [None, None, None, (), ()]
        assert [part.taken for part in parts] == [10, 10, 10, 10, 5]
        assert wire.phones() == once(contacts)


async def test_a_run_that_was_cancelled_goes_on() -> None:
    async with wired() as wire:
        for place in range(6):
            run = imported(wire, people(25), import_id=RUN)
            task = asyncio.ensure_future(run)
            for _ in range(place * 7):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        await imported(wire, people(25), import_id=RUN)
        assert wire.phones() == once(people(25))


async def test_two_runs_are_two_imports() -> None:
    async with wired() as wire:
        for run in (None, None, uuid4()):
            await imported(wire, people(3), import_id=run)
        assert wire.phones() == once(people(3)) * 3


async def test_the_platform_gets_time_to_take_what_is_on_its_way() -> None:
    """A request that a gateway gave up may still arrive: it is not sent again at once."""
    late = json.dumps({"Result": {"Uploaded": 3, "Processed": 0}, "Code": "ok"}).encode()
    unknown = b'{"Code":"validation_error","Description":"no such import"}'
    asked: list[str] = []

    async def respond(reader: Any, writer: Any) -> None:
        asked.append(requests[-1].split(b" ")[0].decode())
        said: Peer = answer("504 Gateway Timeout", b"<html>")
        if asked[-1] == "GET":
            said = answer("404 Not Found", unknown) if len(asked) < 4 else answer("200 OK", late)
        await said(reader, writer)

    clock = ManualClock(auto_advance=True)
    before = clock.now()
    async with serving(respond, answers=100) as (port, requests):
        made = settings(base_url=f"http://127.0.0.1:{port}")
        async with AddressBook(made, name="book", clock=clock) as book:
            [part] = await gathered(book.imports.run(GROUP, people(3)))
    assert (asked, part.taken) == (["POST", "GET", "GET", "GET"], 3)
    assert 1 < (clock.now() - before).total_seconds() < 10


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (AnswerHttp(401, '{"Code":"validation_error"}'), AuthenticationFailed),
        (AnswerHttp(400, '{"Code":"validation_error"}'), Rejected),
    ],
)
async def test_a_refusal_ends_the_run_at_once(action: Action, error: type[DevinoError]) -> None:
    async with wired() as wire:
        wire.world.faults.add(Fault(operation=POST, times=None, action=action))
        with pytest.raises(error):
            await imported(wire, people(3))
        assert wire.phones() == []


async def test_a_failure_that_stays_ends_the_run_with_it() -> None:
    async with wired(import_attempts=3) as wire:
        before = wire.clock.now()
        wire.world.faults.add(Fault(operation=POST, times=None, action=Drop()))
        with pytest.raises(OutcomeUnknown):
            await imported(wire, people(3))
        # A second, ten for the part to arrive, two seconds, ten again.
        assert (wire.clock.now() - before).total_seconds() == pytest.approx(23)


async def test_a_group_that_is_not_there_and_a_wrong_size_are_refused() -> None:
    async with wired() as wire:
        with pytest.raises(Rejected, match="no such group"):
            await gathered(wire.book.imports.run(9, people(3)))
        for at_once in (0, 10_001):
            with pytest.raises(InvalidArgument) as caught:
                await gathered(wire.book.imports.run(GROUP, people(3), at_once=at_once))
            assert caught.value.field == "at_once"


async def test_a_contact_that_cannot_be_written_is_named_by_its_place() -> None:
    async with wired() as wire:
        odd = Contact(phone_number="7903 ")
        with pytest.raises(InvalidArgument) as caught:
            await imported(wire, [*people(10), *people(3, first=10), odd])
        assert caught.value.field == "Contacts[3].PhoneNumber"


async def test_an_import_is_waited_for() -> None:
    async with wired() as wire:
        [part] = await gathered(wire.book.imports.run(GROUP, people(9000)))
        progress = await wire.book.imports.progress(part.import_id)
        assert (progress.uploaded, progress.processed) == (9000, 0)
        wire.world.faults.add(Fault(operation=PROGRESS, action=AnswerError("internal_error")))
        done = await wire.book.imports.finished(part.import_id)
        assert (done.uploaded, done.processed) == (9000, 9000)
        with pytest.raises(NotFound):
            await wire.book.imports.finished(uuid4())


async def test_duplicates_of_a_run_go_part_by_part() -> None:
    async with wired() as wire:
        contacts = [*people(15), *people(15)]
        parts = await imported(wire, contacts)
        imports = wire.book.imports
        with pytest.raises(Rejected, match="not finished"):
            await imports.remove_duplicates(
                parts[0].import_id, GROUP, by=DuplicatesField.PHONE_NUMBER
            )
        gone = 0
        for part in parts:
            await imports.finished(part.import_id)
            told = await imports.remove_duplicates(
                part.import_id, GROUP, by=DuplicatesField.PHONE_NUMBER
            )
            gone += told.in_current_group
        assert gone == 15
        assert wire.phones() == once(people(15))
        none = await imports.remove_duplicates(
            parts[0].import_id,
            GROUP,
            by=DuplicatesField.EMAIL,
            within=DuplicatesScope.GROUPS | DuplicatesScope.IMPORT,
            groups=[GROUP, 999],
        )
        assert (none.in_current_group, none.in_other_groups, none.in_current_import) == (0, 0, ())


def test_the_id_of_a_part_never_changes() -> None:
    assert str(part_id(RUN, 0)) == "00f835c3-b20d-5ec9-86ac-488d8fd89841"
