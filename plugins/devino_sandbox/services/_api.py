"""A service over a table: it reads calls and writes answers, and each of its rows is a method."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from http import HTTPStatus
from typing import Any, ClassVar, Literal, TypeAlias, get_args

import msgspec

from devino_codecs import http as codec
from devino_codecs.http import (
    PHONE,
    Api,
    ArgumentError,
    Refusal,
    Request,
    UnknownResourceError,
    Verdict,
)
from devino_codecs.masking import Kinds, together
from devino_sandbox._faults import AnswerError
from devino_sandbox._http import RawAnswer, RawRequest, json_answer
from devino_sandbox._latest import Latest
from devino_sandbox._messages import RefusalReason, Refused
from devino_sandbox._service import Access
from devino_sandbox._world import World

from ._calls import Asked, CallService, answers
from ._curl import curl

__all__ = ["ApiService", "Asked", "InDemo", "answers", "refusal"]

InDemo: TypeAlias = Literal["channel", "service"]

_STATUSES: Mapping[Verdict, HTTPStatus] = {
    Verdict.REFUSED: HTTPStatus.BAD_REQUEST,
    Verdict.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Verdict.LOGIN: HTTPStatus.UNAUTHORIZED,
    Verdict.FUNDS: HTTPStatus.PAYMENT_REQUIRED,
    Verdict.BUSY: HTTPStatus.TOO_MANY_REQUESTS,
    Verdict.FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
}

_ANY_PAIRS = 64 * 1024
"""Octets of arguments that are read however many pairs they are."""
_MOST_PAIRS = 10_000
"""Beside numbers, of which some methods take any count."""
_NUMBERS = re.compile(rb"&\s*\w*(?:address|phone|number)", re.IGNORECASE)


class ApiService(CallService):
    """Inherit it, name the tables, and mark a method for each row::

        class PigeonService(ApiService):
            name = "pigeon"
            apis = {"/pigeon": pigeon.API}

            @answers(pigeon.Send)
            def send(self, account: Account, asked: Asked[pigeon.Send]) -> pigeon.Sent:
                call = asked.request
                message = self.send_sms(account, asked, call.to, call.text)
                return pigeon.Sent(message.ids[0])

    Who asks is found by the kind of the table's credentials: a Login, a Session or an ApiKey.
    Faults are about the protocol ``Api.name``, an operation by its row's path, and the numbers that
    stand in fields marked ``PHONE``.

    What is refused is said with the first code of the row's table that means the verdict; where
    there is no such code, the HTTP status is it. Override :meth:`unreadable`, :meth:`stranger`,
    :meth:`refused`, :meth:`failed` or :meth:`ordered` where the platform says something else.

    A class that names tables is complete: TypeError for a row that no method answers.
    """

    prefixes: tuple[str, ...]
    operations: ClassVar[Mapping[str, Collection[str]] | None]
    apis: ClassVar[Mapping[str, Api]]
    """By the path that stands before those of the rows; "" for none. The longest wins."""
    headers: ClassVar[tuple[tuple[bytes, bytes], ...]] = ()
    """Those of every answer, beside its Content-Type."""
    split_lists: bool = False
    """Cut one value of a list of phone numbers at commas and semicolons."""
    in_demo: ClassVar[InDemo | None] = None
    """As what ``devino demo`` configures each table: as a channel or a service of the kind that the
    table is named after. It needs no settings but its address, and the account's login or key."""
    max_size: ClassVar[int] = 4 * 1024 * 1024
    """Bytes that query and body may have, each. The sandbox's own limit may be lower."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # What only gathers methods for another class names no table.
        if "apis" not in vars(cls):
            return
        rows = [row for api in cls.apis.values() for row in api.operations]
        missing = [row.request.__name__ for row in rows if row.request not in cls.marked]
        if missing:
            raise TypeError(f"{cls.__name__} has no method that answers {', '.join(missing)}")
        cls.prefixes = tuple(dict.fromkeys(_prefixes(cls.apis)))
        cls.operations = {
            api.name: tuple(row.path for row in api.operations) for api in cls.apis.values()
        }
        bases = [(_lower(base), api) for base, api in cls.apis.items()]
        cls._bases = tuple(sorted(bases, key=lambda one: len(one[0]), reverse=True))

    _bases: ClassVar[tuple[tuple[tuple[str, ...], Api], ...]]

    def __init__(self, world: World) -> None:
        if not getattr(self, "apis", None):
            raise TypeError(f"{type(self).__name__} names no table: give it `apis`")
        super().__init__(world)
        # A busy client asks for the same few paths again and again.
        self._places: Latest[str, tuple[Api, tuple[str, ...]]] = Latest(1000)

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        """Of one table under the service's name, of several each under its own."""
        return {self._endpoint(api): base_url + base for base, api in self.apis.items()}

    def example(self, access: Access) -> Request[Any] | None:
        """A call of the first table, which a person is told to make by curl.

        Its table asks with a login or a key.
        """
        return None

    def usage(self, access: Access) -> Sequence[str]:
        request = self.example(access)
        if request is None:
            return ()
        api = next(iter(self.apis.values()))
        return [curl(api, request, access.endpoints[self._endpoint(api)], access)]

    def demo_channels(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        return self._demo(access) if self.in_demo == "channel" else {}

    def demo_services(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        return self._demo(access) if self.in_demo == "service" else {}

    def read(self, http: RawRequest) -> Asked[Any] | RawAnswer:
        if len(http.body) + len(http.query) > _ANY_PAIRS and _is_bomb(http):
            return json_answer(413, {"error": f"more than {_MOST_PAIRS} arguments beside numbers"})
        api, segments = self._place(http.target or http.path)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in http.headers}
        wire = codec.HttpRequest(
            http.method,
            segments,
            http.query.decode(errors="surrogateescape") if http.query else "",
            headers,
            http.body,
            headers.get("content-type"),
        )
        try:
            call = api.decode_request(wire, split_lists=self.split_lists, max_size=self.max_size)
        except ArgumentError as error:
            row = api.row(error.request)
            self.world.journal.called(api.name, row.path, self._kinds, row.request)
            answer = self.unreadable(api, error, http)
            self.world.journal.refused(self.code(answer))
            return self._answer(api, error.request, answer)
        except UnknownResourceError as error:
            self.world.journal.called(api.name, None, api.kinds)
            return self.unknown(http, error)
        return Asked(api.name, call.operation.path, call.request, call.credentials, http, api)

    def kinds(self, request: type) -> tuple[Kinds, Kinds]:
        # Tables may share a row, and each has credentials of its own.
        found = [
            api.kinds(row.request)
            for api in self.apis.values()
            for row in api.operations
            if request in (row.request, row.several)
        ]
        return together([asked for asked, _ in found]), together([told for _, told in found])

    def write(self, asked: Asked[Any], answer: Any) -> RawAnswer:
        return self._answer(asked.wire, type(asked.request), answer)

    def unreadable(self, api: Api, error: ArgumentError, http: RawRequest) -> Refusal | RawAnswer:
        """The answer to arguments that lack or cannot be read."""
        return refusal(api, error.request, Verdict.REFUSED, str(error))

    def unknown(self, http: RawRequest, error: UnknownResourceError) -> RawAnswer:
        """The answer to a path that no row has: for the developer, what there is."""
        if error.methods:
            answer = json_answer(405, {"error": error.reason})
            allow = (b"allow", ", ".join(sorted(error.methods)).encode())
            return msgspec.structs.replace(answer, headers=(*answer.headers, allow))
        rows = [f"{base}/{row.path}" for base, api in self.apis.items() for row in api.operations]
        known = {path.lower(): path for path in rows}
        near = get_close_matches(http.path.lower(), known, n=1)
        hint = f": did you mean {known[near[0]]}?" if near else ""
        return json_answer(
            404, {"error": f"{self.name} has no such resource here{hint}", "resources": rows}
        )

    def stranger(self, asked: Asked[Any]) -> object:
        return refusal(asked.wire, type(asked.request), Verdict.LOGIN)

    def refused(self, asked: Asked[Any], why: Refused) -> object:
        verdict = Verdict.FUNDS if why.refusal is RefusalReason.BALANCE else Verdict.REFUSED
        return refusal(asked.wire, type(asked.request), verdict, why.reason)

    def failed(self, asked: Asked[Any]) -> object:
        return refusal(asked.wire, type(asked.request), Verdict.FAILED)

    def ordered(self, asked: Asked[Any], action: AnswerError) -> object:
        """By its code, or by the name that the table has for it."""
        codes = asked.wire.row(type(asked.request)).codes or asked.wire.codes
        code, said = action.code, action.description
        known = next((one for one in codes or () if code in (one, one.name)), None)
        if known is not None:
            return Refusal(known, known.text or known.meaning if said is None else said)
        if codes is None:
            is_status = isinstance(code, int) and 400 <= code < 600
            return Refusal(code, said or "", int(code) if is_status else 0)
        if isinstance(code, int) is issubclass(codes, int):
            return Refusal(code, said or "")
        # A word where the wire has room for a number, or the other way round.
        return refusal(asked.wire, type(asked.request), Verdict.FAILED, said or str(code))

    def recipients(self, request: Request[Any]) -> Sequence[str]:
        """The numbers in the fields marked ``PHONE``, also in the structs within the request."""
        return list(_numbers(request))

    def _endpoint(self, api: Api) -> str:
        return self.name if len(self.apis) == 1 else api.name.replace("-", "_")

    def _demo(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        sender = {"sender": access.sender} if self.in_demo == "channel" else {}
        return {
            api.name: {
                **access.settings(api.auth),
                **sender,
                "base_url": access.endpoints[self._endpoint(api)],
            }
            for api in self.apis.values()
        }

    def _place(self, path: str) -> tuple[Api, tuple[str, ...]]:
        """The table that a path means, and what is left of the path below its base."""
        known = self._places.get(path)
        if known is None:
            segments = codec.HttpRequest.of("", path).segments
            lower = tuple([segment.lower() for segment in segments])
            api, base = next(
                ((api, base) for base, api in self._bases if lower[: len(base)] == base),
                (self._bases[-1][1], ()),
            )
            known = self._places[path] = api, segments[len(base) :]
        return known

    def _answer(self, api: Api, request: type[Request[Any]], answer: Any) -> RawAnswer:
        if isinstance(answer, RawAnswer):
            return answer
        written = api.encode_answer(request, answer)
        headers = (*self.headers, _content_type(written.content_type or ""))
        if written.headers:
            headers += tuple((k.encode(), v.encode()) for k, v in written.headers.items())
        return RawAnswer(written.status, written.body, headers)


def _is_bomb(http: RawRequest) -> bool:
    """Whether its size is in pairs that mean nothing: each costs as much time as one that does."""
    for pairs in (http.body, http.query):
        if pairs.count(b"&") > _MOST_PAIRS:
            return pairs.count(b"&") - len(_NUMBERS.findall(pairs)) > _MOST_PAIRS
    return False


def refusal(
    api: Api, request: type[Request[Any]], verdict: Verdict, description: str = ""
) -> Refusal:
    """How a table says this verdict: with the first of its codes that means it, or the status."""
    codes = api.row(request).codes or api.codes
    code = next((code for code in codes or () if code.means == verdict), None)
    if code is None:
        status = _STATUSES[verdict]
        return Refusal(status.value, description or status.phrase, status.value)
    return Refusal(code, description or code.text or code.meaning)


@cache
def _content_type(said: str) -> tuple[bytes, bytes]:
    return b"content-type", said.encode()


def _prefixes(apis: Mapping[str, Api]) -> Iterator[str]:
    for base, api in apis.items():
        if base:
            yield base
        else:
            yield from [f"/{row.path.partition('/{')[0]}" for row in api.operations]
            yield from [f"/{prefix}" for prefix in api.prefixes]


def _lower(path: str) -> tuple[str, ...]:
    return tuple([segment for segment in path.lower().split("/") if segment])


def _numbers(value: msgspec.Struct) -> Iterator[str]:
    marked = _phones(type(value))
    for name in value.__struct_fields__:
        own = getattr(value, name)
        for item in own if isinstance(own, tuple | list) else (own,):
            if isinstance(item, msgspec.Struct):
                yield from _numbers(item)
            elif name in marked and isinstance(item, str):
                yield item


@cache
def _phones(cls: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset([field.name for field in msgspec.structs.fields(cls) if _is_phone(field.type)])


def _is_phone(hint: Any) -> bool:
    return PHONE in getattr(hint, "__metadata__", ()) or any(map(_is_phone, get_args(hint)))
