"""The file that ``devino sandbox --config`` reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec import Meta

from devino_core import ConfigurationError, Medium, Secret
from devino_core.files import read_whole
from devino_core.misfit import misfit
from devino_core.suggest import did_you_mean

from ._accounts import DEMO, Account
from ._admission import SENDERS
from ._fates import Pace
from ._faults import Fault

__all__ = ["AccountTable", "SandboxFile", "amount", "read_file"]

_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")
_TABLES = {"account": "[[account]]", "fault": "[[fault]]"}

NonEmpty = Annotated[str, Meta(min_length=1)]


class AccountTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[account]]``; see :class:`Account`."""

    login: NonEmpty = DEMO
    password: NonEmpty | None = None
    """Unless a file holds it: ``demo``."""
    password_file: NonEmpty | None = None
    api_key: NonEmpty | None = None
    api_key_file: NonEmpty | None = None
    balance: str | int | float | None = None
    senders: Sequence[str] | None = None
    mail_senders: Sequence[str] | None = None
    callbacks: Mapping[str, NonEmpty] = {}
    reply: str | None = None
    replies: bool = False
    sim_check: bool = False

    def account(self, where: str) -> Account:
        """The account. Raises ConfigurationError."""
        for sender in self.senders or ():
            if SENDERS[Medium.SMS].fullmatch(sender) is None:
                raise ConfigurationError(
                    f"{where}: senders: {sender!r} is no sender: up to 11 Latin characters or 15 "
                    "digits"
                )
        key = _secret(where, "api_key", self.api_key, self.api_key_file)
        made = Account(
            login=self.login,
            password=_secret(where, "password", self.password, self.password_file) or Secret(DEMO),
            senders=frozenset(self.senders) if self.senders else None,
            mail_senders=frozenset(self.mail_senders) if self.mail_senders else None,
            api_key=key,
            callbacks={kind: Secret(url) for kind, url in self.callbacks.items()},
            reply=self.reply,
            replies=self.replies,
            sim_check=self.sim_check,
        )
        if self.balance is not None:
            try:
                made.balance = amount(str(self.balance))
            except ValueError as error:
                raise ConfigurationError(f"{where}: balance: {error}") from None
        return made


class PaceTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[pace]``; see :class:`Pace`."""

    sent: float | None = None
    final: float | None = None
    read: float | None = None
    clicked: float | None = None
    look: float | None = None

    def pace(self) -> Pace:
        """The pace; what is not given is as usual, but never before what comes earlier."""
        usual = msgspec.structs.asdict(Pace())
        given = {k: v for k, v in msgspec.structs.asdict(self).items() if v is not None}
        before = 0.0
        for name in ("sent", "final", "read", "clicked"):
            given.setdefault(name, max(usual[name], before))
            before = given[name]
        return Pace(**{**usual, **given})


class SandboxFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it."""

    account: Sequence[AccountTable] = ()
    callbacks: Mapping[str, NonEmpty] = {}
    """Of the first account."""
    fault: Sequence[Fault] = ()
    pace: PaceTable | None = None

    def accounts(self, path: str) -> list[Account]:
        """At least one. Raises ConfigurationError."""
        found = [
            table.account(f"{path}: {_TABLES['account']} {number}")
            for number, table in enumerate(self.account or (AccountTable(),), 1)
        ]
        logins = [one.login for one in found]
        for login in logins:
            if logins.count(login) > 1:
                raise ConfigurationError(f"{path}: two accounts have the login {login!r}")
        shared = {kind: Secret(url) for kind, url in self.callbacks.items()}
        found[0].callbacks = {**shared, **found[0].callbacks}
        return found


def amount(text: str) -> Decimal:
    """An amount of money. Raises ValueError."""
    if _AMOUNT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not an amount such as 1000 or 12.50")
    return Decimal(text)


def read_file(path: str) -> SandboxFile:
    """What a file says. Raises ConfigurationError, which names the key and the nearest one."""
    # Most sandboxes start without a file.
    import tomllib

    try:
        said = tomllib.loads(_text_of(path))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        why = "not in UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise ConfigurationError(f"{path}: no TOML: {why}") from None
    for name, written in _TABLES.items():
        if isinstance(said.get(name), dict):
            raise ConfigurationError(f"{path}: write {written} for [{name}]: there may be several")
    _check(said, SandboxFile, path)
    try:
        return _built(said)
    except msgspec.ValidationError as error:
        place, why = misfit(error)
        where = re.sub(r"\[(\d+)\]", lambda n: f" {int(n[1]) + 1}", place)
        where = where.replace("[...]", ", one of its values")
        raise ConfigurationError(f"{path}: {where}: {why}") from None


def _text_of(path: str) -> str:
    with Path(path).open("rb") as file:
        return read_whole(file).decode("utf-8").replace("\r\n", "\n")


def _built(said: Mapping[str, object]) -> SandboxFile:
    made = msgspec.convert(said, SandboxFile)
    if made.pace is not None:
        try:
            made.pace.pace()
        except ValueError as error:
            raise msgspec.ValidationError(f"{error} - at `$.pace`") from None
    return made


def _secret(where: str, name: str, given: str | None, path: str | None) -> Secret | None:
    if given is not None and path is not None:
        raise ConfigurationError(f"{where}: {name} and {name}_file exclude each other")
    if path is None:
        return None if given is None else Secret(given)
    try:
        text = _text_of(path).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise ConfigurationError(f"{where}: {name}_file: {path}: {why}") from None
    if not text:
        raise ConfigurationError(f"{where}: {name}_file: {path} is empty")
    return Secret(text)


def _check(said: object, kind: Any, where: str) -> None:
    """Raise for the first key that nobody reads, with the nearest one."""
    if isinstance(said, list):
        for number, one in enumerate(said, 1):
            _check(one, next(iter(get_args(kind)), None), f"{where} {number}")
        return
    struct = _struct(kind, said)
    if struct is None or not isinstance(said, dict):
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    tag = struct.__struct_config__.tag_field
    for name, value in said.items():
        if name == tag:
            continue
        if name not in fields:
            hint = did_you_mean(name, fields) or f"there are {', '.join(fields)}"
            raise ConfigurationError(f"{where}: no key {name!r} here: {hint}")
        _check(value, fields[name].type, f"{where}: {_TABLES.get(name, name)}")


def _struct(kind: Any, said: object) -> type[msgspec.Struct] | None:
    """The struct that a table becomes; of several the one with its tag."""
    of = [kind] if get_origin(kind) is None else get_args(kind)
    structs = [one for one in of if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    for one in structs:
        config = one.__struct_config__
        if config.tag is None or (
            isinstance(said, dict) and said.get(config.tag_field) == config.tag
        ):
            return one
    return None
