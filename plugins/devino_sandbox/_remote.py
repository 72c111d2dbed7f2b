"""A sandbox that runs already, by its inspection API."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Literal, TypeVar
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

import msgspec

from devino_core import ConfigurationError, ConnectFailed, Secret, State
from devino_core.weburl import web_url

from ._accounts import DEMO, Account
from ._control import SandboxControl
from ._fates import Pace
from ._faults import Fault
from ._journal import CallLine
from ._loading import load_services
from ._service import Access, Service
from ._shown import IncomingView, MessageView
from ._world import World

__all__ = ["RemoteSandbox"]

T = TypeVar("T")

PAGE = 1000
LOOK_AGAIN = 0.05
"""Seconds between two looks, where the sandbox itself cannot tell when a pattern is there."""
ANSWER_WITHIN = 30.0


class RemoteSandbox(SandboxControl):
    """A sandbox in another process, as ``devino sandbox`` runs it.

    ``url`` is where its HTTP services are, such as ``http://127.0.0.1:8080``. It may hold login and
    password of the first account: ``http://demo:demo@...``, which is the default.
    """

    def __init__(self, url: str) -> None:
        parts = web_url(url)
        if parts is None:
            raise ConfigurationError("a sandbox is at a URL such as http://127.0.0.1:8080")
        self._where = parts.netloc.rpartition("@")[2]
        self._base = f"{parts.scheme}://{self._where}/_sandbox"
        self._account = Account(
            login=parts.username or DEMO, password=Secret(parts.password or DEMO)
        )
        # It is on this machine or near it, and no proxy knows it.
        self._opener = build_opener(ProxyHandler({}))

    @property
    def endpoints(self) -> Mapping[str, str]:
        return self._index.endpoints

    def messages(
        self,
        *,
        to: str | None = None,
        text: str | re.Pattern[str] | None = None,
        state: State | None = None,
    ) -> list[MessageView]:
        query = _query(to, text, state) | {"limit": str(PAGE)}
        found: list[MessageView] = []
        while True:
            before = {"before": found[0].id} if found else {}
            page = self._ask("GET", "/messages", list[MessageView], query=query | before)
            found = page + found
            if len(page) < PAGE:
                break
        if isinstance(text, re.Pattern):
            return [one for one in found if text.search(one.text)]
        return found

    def wait_for(
        self,
        *,
        count: int = 1,
        timeout: float = 5.0,
        to: str | None = None,
        text: str | re.Pattern[str] | None = None,
        state: State | None = None,
    ) -> list[MessageView]:
        if isinstance(text, re.Pattern):
            end = time.monotonic() + timeout
            while len(found := self.messages(to=to, text=text, state=state)) < count:
                if time.monotonic() >= end:
                    raise TimeoutError(f"{len(found)} of {count} messages in {timeout:g} seconds")
                time.sleep(LOOK_AGAIN)
            return found
        query = _query(to, text, state) | {"count": str(count), "timeout": str(timeout)}
        answer = list[MessageView]
        return self._ask("GET", "/messages/wait", answer, query=query, within=timeout)

    def journal(self, *, failed: bool | None = None) -> list[CallLine]:
        query = {} if failed is None else {"failed": str(failed).lower()}
        query["limit"] = str(PAGE)
        return self._ask("GET", "/calls", list[CallLine], query=query)

    def reply(self, sender: str, to: str, text: str) -> IncomingView:
        body = {"sender": sender, "to": to, "text": text}
        return self._ask("POST", "/incoming", IncomingView, body=body)

    def force(self, message: MessageView, state: State) -> MessageView:
        path = f"/messages/{quote(message.id, safe='')}/state"
        return self._ask("POST", path, MessageView, body={"state": state})

    def fault(self, fault: Fault) -> None:
        self._ask("POST", "/faults", object, body=fault)

    def advance(self, by: timedelta) -> None:
        if not self._index.driven:
            raise ConfigurationError(
                "the clock of this sandbox runs by itself: start it with --clock driven"
            )
        self._ask("POST", "/clock", object, body={"advance": by.total_seconds()})

    def reset(self) -> None:
        self._ask("POST", "/reset", object, body={})

    def configure(
        self,
        *,
        senders: Collection[str] | None = None,
        balance: str | Decimal | None = None,
        strict: bool | None = None,
        pace: Pace | Literal["instant"] | None = None,
    ) -> None:
        if (senders, balance, strict, pace) != (None, None, None, None):
            raise ConfigurationError(
                "a sandbox that runs already keeps its accounts, its pace and its strictness"
            )

    @cached_property
    def _index(self) -> _Index:
        return self._ask("GET", "", _Index)

    def _access(self) -> Access:
        senders = self._index.senders_of(self._account.login)
        self._account.senders = None if senders is None else frozenset(senders)
        sender = self._account.sender
        return Access(endpoints=self.endpoints, account=self._account, sender=sender)

    def _services(self) -> Sequence[Service]:
        # Those here know what clients need, and those there are the same.
        return [
            service
            for service in load_services(World(), discover=True).values()
            if service.name in self._health.services
        ]

    @cached_property
    def _health(self) -> _Health:
        return self._ask("GET", "/health", _Health)

    def _ask(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        within: float = 0.0,
    ) -> T:
        url = f"{self._base}{path}{'?' if query else ''}{urlencode(query or {})}"
        data = None if body is None else msgspec.json.encode(body)
        request = Request(url, data, method=method)  # noqa: S310 - the scheme is HTTP's
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=ANSWER_WITHIN + within) as response:
                read = response.read()
        except HTTPError as error:
            with error:
                reason = _reason(error.read())
            if error.code == 408:
                raise TimeoutError(reason) from None
            raise ValueError(
                f"the sandbox at {self._where} answers {error.code}: {reason}"
            ) from None
        except OSError as error:
            raise ConnectFailed(f"no sandbox answers at {self._where}: {error}") from error
        return msgspec.json.decode(read or b"null", type=answer)


class _AccountView(msgspec.Struct, frozen=True):
    login: str
    senders: list[str] | None


class _Index(msgspec.Struct, frozen=True):
    endpoints: dict[str, str]
    driven: bool
    accounts: list[_AccountView]

    def senders_of(self, login: str) -> list[str] | None:
        return next((one.senders for one in self.accounts if one.login == login), None)


class _Health(msgspec.Struct, frozen=True):
    services: dict[str, str]


class _Refusal(msgspec.Struct, frozen=True):
    error: str


def _query(
    to: str | None, text: str | re.Pattern[str] | None, state: State | None
) -> dict[str, str]:
    asked = {"to": to, "text": text if isinstance(text, str) else None, "state": state}
    return {name: value for name, value in asked.items() if value is not None}


def _reason(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Refusal).error
    except msgspec.MsgspecError:
        return "no reason"
