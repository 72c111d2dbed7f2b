"""``devino book``: groups, contacts and imports from a shell, against the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from anyio.from_thread import start_blocking_portal
from click.testing import CliRunner, Result

from devino_core import Plugins, Secret
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_core.testing import ManualClock
from devino_plugins import addressbook
from devino_sandbox import Account, AnswerError, Book, Drop, DropAnswer, Fault, Sandbox, World
from devino_sandbox import AddressBook as Kept
from tests.channels._addressbook import PASSWORD, Impatient

RUN = UUID("50210b41-1c4e-4e48-9837-fb382a9bae01")
ROWS = """phone;email;first_name;gender;birthday;merge.city
+79031234567;ivan@example.com;Иван;m;17.05.1990;Москва
79031234568;;Пётр;;;

;anna@example.com;Анна;2;1991-01-31;
"""


class Shell(NamedTuple):
    environ: dict[str, str]
    world: World
    clock: ManualClock

    @property
    def kept(self) -> Kept:
        [account] = self.world.accounts.values()
        return self.world.of(Book).of(account)

    def run(self, *args: str, **more: Any) -> Result:
        plugins = Plugins(discover=False)
        plugins.register(addressbook, "addressbook")
        command = Devino(App(plugins=plugins, clock=Impatient(self.clock)))
        return CliRunner(env={"DEVINO_CONFIG": "", **self.environ}).invoke(
            command, ["book", *args], **more
        )

    def done(self, *args: str, **more: Any) -> str:
        result = self.run(*args, **more)
        assert result.exit_code == 0, result.output
        return result.stdout

    def phones(self) -> list[str]:
        self.clock.advance(60)
        return [str(one.phone_number) for one in self.kept.contacts()]


@pytest.fixture
def shell() -> Iterator[Shell]:
    clock = ManualClock()
    world = World([Account(login="demo", password=Secret(PASSWORD))], clock=clock)
    sandbox = Sandbox(world, discover=False)
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(sandbox),
    ):
        environ = {
            "DEVINO__ADDRESSBOOK__LOGIN": "demo",
            "DEVINO__ADDRESSBOOK__PASSWORD": PASSWORD,
            "DEVINO__ADDRESSBOOK__BASE_URL": sandbox.endpoints["addressbook"],
        }
        yield Shell(environ, world, clock)


@pytest.fixture
def people(tmp_path: Path) -> str:
    path = tmp_path / "people.csv"
    path.write_text(ROWS, "utf-8-sig")
    return str(path)


def test_groups(shell: Shell) -> None:
    assert shell.done("add-group", "Customers", "--description", "of the shop") == "253\n"
    assert json.loads(shell.done("add-group", "x", "--json")) == {"contact_group_id": 254}
    assert shell.done("change-group", "253", "Buyers") == "group 253 was changed\n"
    lines = shell.done("groups").splitlines()
    assert lines[0].split("\t")[:3] == ["contact_group_id", "name", "contacts_count"]
    assert [line.split("\t")[:3] for line in lines[2:]] == [
        ["253", "Buyers", "0"],
        ["254", "x", "0"],
    ]
    shown = json.loads(shell.done("groups", "--json"))
    assert [(one["contact_group_id"], one["description"]) for one in shown[1:]] == [
        (253, ""),
        (254, ""),
    ]
    assert shell.run("remove-group", "253", input="n\n").exit_code == 130
    unanswered = shell.run("remove-group", "253", input="")
    assert unanswered.exit_code == 2
    assert "nobody answers the question: give --yes" in unanswered.stderr
    assert 253 in shell.kept.groups
    shell.done("remove-group", "253", "--yes")
    assert 253 not in shell.kept.groups


def test_a_contact(shell: Shell) -> None:
    given = ("--phone", "+79031234567", "--gender", "male", "--birthday", "17.05.1990")
    merged = ("--merge", "city=Moscow", "--merge", "shop=a=b")
    assert shell.done("add", "252", *given, *merged) == "100005\n"
    shown = json.loads(shell.done("show", "100005", "--json"))
    assert shown == {
        "contact_id": 100005,
        "contact_group_id": 252,
        "phone_number": "+79031234567",
        "email": "",
        "gender": 1,
        "date_of_birth": "1990-05-17",
        "merge_fields": {"city": "Moscow", "shop": "a=b"},
    }
    shell.done("change", "100005", "--email", "ivan@example.com", "--phone", "")
    assert "email\tivan@example.com\n" in shell.done("show", "100005")
    assert shell.done("find", "ivan@example.com").splitlines()[1].startswith("100005\t")
    assert shell.run("find", "79031234567").exit_code == 1
    assert shell.done("remove", "100005") == "contact 100005 was deleted\n"
    gone = shell.run("show", "100005")
    assert (gone.exit_code, "no such contact" in gone.stderr) == (1, True)


def test_the_unsubscribed(shell: Shell) -> None:
    shell.kept.unsubscribe("a@b.ru", reason="dull", task_id=7)
    shell.kept.unsubscribe("b@b.ru")
    assert len(shell.done("unsubscribed").splitlines()) == 3
    [one] = json.loads(shell.done("unsubscribed", "--task", "7", "--json"))
    assert (one["email"], one["reason"], one["task_id"]) == ("a@b.ru", "dull", 7)


def test_an_import_brings_every_row(shell: Shell, people: str) -> None:
    result = shell.run("import", "252", people, "--import-id", str(RUN), "--wait")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"devino: 3 of 3 contacts were taken as import {RUN}\n"
    assert shell.phones() == ["+79031234567", "79031234568", ""]
    ivan, _, anna = shell.kept.contacts()
    assert f"{ivan.date_of_birth:%d.%m.%Y}" == "17.05.1990"
    assert (ivan.merge_fields, ivan.gender, anna.gender) == ({"city": "Москва"}, 1, 2)
    part = addressbook.part_id(RUN, 0)
    assert shell.done("progress", str(part)) == "3 of 3 contacts are in the book\n"
    told = json.loads(shell.done("progress", str(part), "--json"))
    assert told == {"uploaded": 3, "processed": 3}


def test_a_pipe_is_imported_too(shell: Shell) -> None:
    result = shell.run("import", "252", "-", input="phone,email\n79031234567,\n")
    assert result.exit_code == 0
    assert shell.phones() == ["79031234567"]


def test_what_was_not_taken_is_printed_with_the_reason(shell: Shell) -> None:
    rows = "phone,email\n12,\n79031234567,\n79031234567,\n79031234567,\n"
    result = shell.run("import", "252", "-", input=rows)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "12: invalid phone number",
        "79031234567: duplicate (repeated 2 times)",
    ]
    assert "devino: 1 of 4 contacts were taken" in result.stderr
    shown = [
        json.loads(line)
        for line in shell.run("import", "252", "-", "--json", input=rows).stdout.splitlines()
    ]
    assert [(one["error_code"], one["duplicates_count"]) for one in shown] == [
        ("InvalidPhone", 0),
        ("Duplicate", 2),
    ]
    assert shown[0]["contact"] == {"phone_number": "12"}


def test_duplicates_are_dropped_where_that_is_asked(shell: Shell, people: str) -> None:
    shell.done("import", "252", people)
    assert len(shell.phones()) == 3
    result = shell.run("import", "252", people, "--drop-duplicates", "phone")
    assert result.stderr.endswith(", 2 duplicates were deleted\n")
    # One has no phone.
    assert len(shell.phones()) == 4


def test_a_run_that_failed_says_how_to_go_on(shell: Shell, people: str) -> None:
    shell.environ["DEVINO__ADDRESSBOOK__IMPORT_ATTEMPTS"] = "1"
    shell.world.faults.add(Fault(operation="ContactsImport/", action=DropAnswer()))
    failed = shell.run("import", "252", people)
    assert failed.exit_code == 3
    told = failed.stderr.splitlines()[0]
    assert told.startswith("devino: 0 contacts were sent; to go on add --import-id ")
    again = shell.run("import", "252", people, "--import-id", told.rpartition(" ")[2])
    assert again.exit_code == 0
    assert shell.phones() == ["+79031234567", "79031234568", ""]


def test_a_connection_that_broke_is_no_matter(shell: Shell, people: str) -> None:
    shell.world.faults.add(Fault(operation="ContactsImport/", action=Drop()))
    shell.world.faults.add(
        Fault(operation="ContactsImport/", nth=2, action=AnswerError("internal_error"))
    )
    shell.done("import", "252", people)
    assert shell.phones() == ["+79031234567", "79031234568", ""]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("to,text\n1,2\n", "line 1: to: the first line names the columns"),
        ("phone,mail\n", "did you mean 'email'?"),
        ("phone,phone\n", "line 1: phone: this column occurs twice"),
        ("first_name\n", "the first line must name this column, or email"),
        ("phone,email\n1\n", "line 2: row: has 1 cells"),
        ("phone,first_name\n79031234567,a\n,Ivan\n", "line 3: phone: is missing, and so is email"),
        ("phone,gender\n79031234567,x\n", "line 2: gender: 'x' is none of male"),
        ("phone,birthday\n79031234567,31.02.1990\n", "line 2: birthday: '31.02.1990' is no date"),
        ("phone,merge.\n79031234567,x\n", "line 1: merge."),
    ],
)
def test_a_wrong_file_is_refused_before_anything_is_sent(
    shell: Shell, tmp_path: Path, rows: str, says: str
) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(rows)
    result = shell.run("import", "252", str(path))
    assert (result.exit_code, says in result.stderr) == (2, True), result.stderr
    assert shell.phones() == []


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("change", "100005"), "say what to change"),
        (("add", "252", "--merge", "x"), "expected NAME=VALUE"),
        (("add", "252", "--gender", "x"), "'x' is none of male"),
        (("add", "252", "--birthday", "tomorrow"), "'tomorrow' is no date"),
        (("progress", "x"), "not a valid UUID"),
        (("import", "252", "/no/such.csv"), "cannot read"),
        (("groups", "--service", "other"), "no service is named 'other'"),
    ],
)
def test_what_was_typed_wrong_is_named(shell: Shell, args: tuple[str, ...], says: str) -> None:
    result = shell.run(*args)
    assert (result.exit_code, says in result.stderr) == (2, True), result.stderr


def test_no_password_shows(shell: Shell) -> None:
    shell.environ["DEVINO__ADDRESSBOOK__PASSWORD"] = "canary-9c4f"
    for args in (("groups",), ("groups", "--json"), ("add", "252", "--email", "a@b.ru")):
        result = shell.run(*args)
        assert result.exit_code == 1
        assert "user not found" in result.output
        assert "canary-9c4f" not in result.output
