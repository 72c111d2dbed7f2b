"""The address book against a model of it: any calls in any order, two accounts, time passing."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import UNSET

from devino_codecs import addressbook as codec
from devino_codecs.addressbook import API, Contact, DuplicatesField, DuplicatesScope
from devino_codecs.http import HttpAnswer, Items, Login, Page, Refusal, Request
from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, Book, World
from devino_sandbox._http import RawAnswer, RawRequest
from devino_sandbox.services.addressbook import AddressBookService

A = TypeVar("A")

PHONES = ("79030000001", "79030000002", "79030000003")
EMAILS = ("a@b.ru", "c@b.ru")
WRONG = (Contact(), Contact(phone_number="12"), Contact(email="no"), Contact(first_name="Ivan"))

phones = st.sampled_from(PHONES)
emails = st.sampled_from(EMAILS)
names = st.sampled_from(["", "Ivan", "Пётр"])
good = st.one_of(
    st.builds(Contact, phone_number=phones, first_name=names),
    st.builds(Contact, email=emails),
    st.builds(Contact, phone_number=phones, email=emails),
)
wrong = st.sampled_from(WRONG)
given_ids = st.integers(0, 12)
"""Places among the ids that there are or were; most of them mean one."""
import_ids = st.integers(1, 3).map(lambda number: str(UUID(int=number)))


class Model:
    """What one account's book should hold."""

    def __init__(self) -> None:
        self.groups: dict[int, tuple[str, str]] = {252: ("Contacts", "")}
        self.contacts: dict[int, tuple[int, dict[str, str]]] = {}
        self.waiting: list[tuple[str, int, dict[str, str]]] = []
        self.uploaded: dict[str, int] = {}
        self.brought: dict[str, list[int]] = {}
        self.next_group = 253
        self.next_contact = 100005

    def put(self, group: int, fields: dict[str, str]) -> int:
        self.contacts[self.next_contact] = group, fields
        self.next_contact += 1
        return self.next_contact - 1

    def settle(self) -> None:
        # Import by import, in the order in which they began to wait.
        for import_id in dict.fromkeys([id_ for id_, _, _ in self.waiting]):
            for id_, group, fields in self.waiting:
                if id_ == import_id and group in self.groups:
                    self.brought[id_].append(self.put(group, fields))
        self.waiting.clear()

    def has(self, field: str, key: str) -> list[int]:
        return [
            id_
            for group in self.groups
            for id_, (of, fields) in self.contacts.items()
            if of == group and fields[field] == key
        ]


def fields_of(contact: Contact) -> dict[str, str]:
    return {
        name: "" if (value := getattr(contact, name)) is UNSET else value
        for name in ("phone_number", "email", "first_name")
    }


class BookMachine(RuleBasedStateMachine):
    """Two accounts ask one sandbox; each sees its own book, as its model has it."""

    @initialize()
    def open(self) -> None:
        self.clock = ManualClock()
        logins = ("one", "two")
        self.world = World(
            [Account(login=login, password=Secret(login)) for login in logins], clock=self.clock
        )
        self.service = AddressBookService(self.world)
        self.models = {login: Model() for login in logins}
        self.login = "one"

    @property
    def model(self) -> Model:
        return self.models[self.login]

    def ask(self, request: Request[A]) -> A | Refusal:
        """As a client does, but for the socket."""
        http = API.encode_request(request, Login(self.login, self.login))
        pair = b64encode(f"{self.login}:{self.login}".encode())
        headers = [(b"authorization", b"Basic " + pair), (b"content-type", b"application/json")]
        headers += [
            (name.lower().encode(), value.encode())
            for name, value in http.headers.items()
            if name == "Range"
        ]
        path = f"/addressbook/v2{http.path}"
        came = self.service.handle(
            RawRequest(http.method, path, http.query.encode(), headers, http.body, target=path)
        )
        assert isinstance(came, RawAnswer)
        told = {name.decode(): value.decode() for name, value in came.headers}
        return API.decode_answer(type(request), HttpAnswer(came.status, came.body, told))

    def status(self, answer: object) -> int:
        return answer.http_status if isinstance(answer, Refusal) else 200

    def group(self, place: int) -> int:
        return 252 + place % (self.model.next_group - 251)

    def contact(self, place: int) -> int:
        return 100005 + place % (self.model.next_contact - 100004)

    @rule(login=st.sampled_from(["one", "two"]))
    def another_asks(self, login: str) -> None:
        self.login = login

    @rule(seconds=st.sampled_from([0.01, 1]))
    def time_passes(self, seconds: float) -> None:
        # Long enough for all that these rules import.
        self.clock.advance(seconds)
        for login, model in self.models.items():
            _ = self.world.of(Book).of(self.world.accounts[login]).groups
            model.settle()

    @rule(name=names, description=names)
    def add_group(self, name: str, description: str) -> None:
        added = self.ask(codec.AddGroup(name or "x", description))
        assert added == self.model.next_group
        self.model.groups[self.model.next_group] = name or "x", description
        self.model.next_group += 1

    @rule(place=given_ids, name=names, description=names)
    def change_group(self, place: int, name: str, description: str) -> None:
        id_ = self.group(place)
        answer = self.ask(codec.ChangeGroup(id_, name, description))
        if id_ not in self.model.groups:
            assert self.status(answer) == 404
        elif not name:
            assert self.status(answer) == 400
        else:
            assert answer is None
            self.model.groups[id_] = name, description

    @rule(place=given_ids)
    def delete_group(self, place: int) -> None:
        id_, model = self.group(place), self.model
        answer = self.ask(codec.DeleteGroup(id_))
        assert self.status(answer) == (200 if id_ in model.groups else 404)
        model.groups.pop(id_, None)
        model.contacts = {k: v for k, v in model.contacts.items() if v[0] != id_}

    @rule(place=given_ids, contact=good | wrong)
    def add_contact(self, place: int, contact: Contact) -> None:
        id_ = self.group(place)
        given = {name: getattr(contact, name) for name in Contact.__struct_fields__}
        answer = self.ask(codec.AddContact(**given, contact_group_id=id_))
        if contact in WRONG or id_ not in self.model.groups:
            assert self.status(answer) == 400
        else:
            assert answer == self.model.put(id_, fields_of(contact))

    @rule(
        place=given_ids,
        changes=st.fixed_dictionaries(
            {},
            optional={
                "phone_number": phones | st.sampled_from(["", "12"]),
                "email": emails | st.just(""),
                "first_name": names,
            },
        ),
    )
    def change_contact(self, place: int, changes: dict[str, Any]) -> None:
        id_ = self.contact(place)
        answer = self.ask(codec.ChangeContact(**changes, contact_id=id_))
        if id_ not in self.model.contacts:
            assert self.status(answer) == 404
            return
        group, fields = self.model.contacts[id_]
        changed = {**fields, **changes}
        is_good = changed["phone_number"] != "12" and (changed["phone_number"] or changed["email"])
        assert self.status(answer) == (200 if is_good else 400)
        if is_good:
            self.model.contacts[id_] = group, changed

    @rule(place=given_ids)
    def delete_contact(self, place: int) -> None:
        id_ = self.contact(place)
        answer = self.ask(codec.DeleteContact(id_))
        assert self.status(answer) == (200 if id_ in self.model.contacts else 404)
        self.model.contacts.pop(id_, None)

    @rule(place=given_ids)
    def get_contact(self, place: int) -> None:
        id_ = self.contact(place)
        found = self.ask(codec.GetContact(id_))
        if id_ not in self.model.contacts:
            assert self.status(found) == 404
            return
        assert isinstance(found, codec.StoredContact)
        assert (found.contact_id, found.gender) == (id_, codec.Gender.UNKNOWN)
        assert (found.contact_group_id, fields_of(found)) == self.model.contacts[id_]

    @rule(place=given_ids, contacts=st.lists(good | wrong, max_size=5), id_=import_ids)
    def import_contacts(self, place: int, contacts: list[Contact], id_: str) -> None:
        group, model = self.group(place), self.model
        answer = self.ask(
            codec.ImportContacts(contact_group_id=group, import_id=id_, contacts=tuple(contacts))
        )
        if group not in model.groups:
            assert self.status(answer) == 400
            return
        assert isinstance(answer, codec.Imported)
        valid = [fields_of(one) for one in contacts if one not in WRONG]
        taken = {(one["phone_number"], one["email"]): one for one in reversed(valid)}
        kept = [one for one in valid if any(one is other for other in taken.values())]
        again = sum(one.duplicates_count for one in answer.rejected_contacts)
        refused = sum(not one.duplicates_count for one in answer.rejected_contacts)
        assert answer.valid_contacts == len(kept)
        assert answer.valid_contacts + again + refused == len(contacts)
        model.waiting += [(id_, group, fields) for fields in kept]
        model.uploaded[id_] = model.uploaded.get(id_, 0) + len(kept)
        model.brought.setdefault(id_, [])

    @rule(id_=import_ids)
    def progress(self, id_: str) -> None:
        answer, model = self.ask(codec.GetProgress(id_)), self.model
        if id_ not in model.uploaded:
            assert self.status(answer) == 404
            return
        waits = sum(one[0] == id_ for one in model.waiting)
        uploaded = model.uploaded[id_]
        assert answer == codec.Progress(uploaded, uploaded - waits)

    @rule(
        id_=import_ids,
        place=given_ids,
        scope=st.integers(0, 3),
        by=st.sampled_from([DuplicatesField.PHONE_NUMBER, DuplicatesField.EMAIL]),
    )
    def delete_duplicates(self, id_: str, place: int, scope: int, by: DuplicatesField) -> None:
        group, model = self.group(place), self.model
        answer = self.ask(
            codec.DeleteDuplicates(contact_group_id=group, import_id=id_, field=by, scope=scope)
        )
        if id_ not in model.uploaded:
            assert self.status(answer) == 404
            return
        if group not in model.groups or any(one[0] == id_ for one in model.waiting):
            assert self.status(answer) == 400
            return
        assert isinstance(answer, codec.Duplicates)
        field = "phone_number" if by is DuplicatesField.PHONE_NUMBER else "email"
        mine = [one for one in model.brought[id_] if one in model.contacts]
        gone: set[int] = set()
        for one in mine:
            key = model.contacts[one][1][field]
            twins = [other for other in model.has(field, key) if key and other < one]
            in_group = any(
                model.contacts[other][0] == group for other in twins if other not in mine
            )
            earlier = any(other in mine and other not in gone for other in twins)
            is_twin = bool(scope & DuplicatesScope.GROUPS and in_group)
            if is_twin or (scope & DuplicatesScope.IMPORT and earlier):
                gone.add(one)
        told = answer.in_current_group + len(answer.in_current_import)
        assert (told, answer.in_other_groups) == (len(gone), 0)
        for one in gone:
            del model.contacts[one]

    @rule(key=phones | emails, first=st.integers(1, 4), count=st.integers(1, 4))
    def find(self, key: str, first: int, count: int) -> None:
        page = self.ask(codec.FindContacts(key, Items(first, first + count - 1)))
        assert isinstance(page, Page)
        found = self.model.has("email" if "@" in key else "phone_number", key)
        assert [getattr(one, "contact_id", one) for one in page.items] == found[
            first - 1 : first - 1 + count
        ]
        assert page.total == len(found)

    @invariant()
    def the_groups_are_the_models(self) -> None:
        groups = self.ask(codec.ListGroups())
        assert isinstance(groups, tuple)
        told: dict[int, Any] = {
            one.contact_group_id: (one.name, one.description, one.contacts_count)
            for one in groups
            if isinstance(one, codec.Group)
        }
        counts = [group for group, _ in self.model.contacts.values()]
        assert told == {
            id_: (*texts, counts.count(id_)) for id_, texts in self.model.groups.items()
        }


TestBook = BookMachine.TestCase
TestBook.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
