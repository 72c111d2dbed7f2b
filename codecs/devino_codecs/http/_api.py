"""An HTTP interface as a table, for whoever asks and for whoever answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from devino_codecs._masked import Kinds
from devino_codecs._request import Request
from devino_codecs._sizes import MAX_ANSWER, MAX_REQUEST, check_size
from devino_codecs.errors import EncodeError

from ._auth import Auth
from ._json import HALF_A_PAIR, parse_json
from ._messages import FORM, JSON, HttpAnswer, HttpRequest
from ._operation import Call, CodeTable, Envelope, Operation, Refusal, RefusalForm

if TYPE_CHECKING:
    from ._answer_row import AnswerRow
    from ._paths import Paths
    from ._protocols import Answered
    from ._request_row import RequestRow

__all__ = ["Api", "choose"]

A = TypeVar("A")
V = TypeVar("V")


class Api(msgspec.Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """An interface: its rows, and what they share.

    Only :exc:`EncodeError` and :exc:`DecodeError` leave its four functions, whatever the bytes;
    and TypeError for a request that has no row, whose annotations do not say its form, or that
    its row has no place for.
    """

    name: str
    auth: Auth
    operations: tuple[Operation, ...]
    form: bool = False
    """Arguments are written as a form, not as JSON; read, they may stand in query and body."""
    any_method: bool = False
    """It does not look at the verb. A form then always goes as POST, credentials within."""
    query: str = ""
    """What stands at the end of every query that is written, such as ``format=json``."""
    headers: Mapping[str, str] = {}
    """What goes with every request that is written, such as ``Accept``."""
    prefixes: tuple[str, ...] = ()
    """What may stand before a row's path when a request is read; nothing may too."""
    absent: Mapping[str, str] = {}
    """Paths that people look for here in vain -> the reason."""
    envelope: Envelope = Envelope()
    codes: CodeTable | None = None
    """The codes that it answers with: those that mean a Verdict are refusals, others are done."""
    refused: int = 400
    """The HTTP status of a refusal that does not say one."""
    refusal: RefusalForm | None = None
    """How refusals look that carry no code."""
    read_body: Callable[[bytes], object] = parse_json
    """What makes a value of a request's body that is no form."""

    def __repr__(self) -> str:
        return f"Api({self.name!r})"

    def row(self, request: type[Request[Any]]) -> Operation:
        """The row of a request's type. Raises TypeError if there is none."""
        operation = self._operations.get(request)
        if operation is None:
            raise self._unknown(request)
        return operation

    def encode_request(
        self, request: Request[Any], credentials: Any, *, in_url: bool = False
    ) -> HttpRequest:
        """Write a request. Its segments are those below the interface's base URL.

        ``in_url`` writes a form with the row's verb, all of it in the query, as manuals print it.

        Raises :exc:`EncodeError` with the argument's name for what cannot be written.
        """
        try:
            row = self._requests[type(request)]
            scheme = row.schemes[type(credentials)]
        except KeyError:
            raise self._unfit(request, credentials) from None
        parts: list[str] = []
        for source, arguments in ((credentials, scheme.arguments), (request, row.arguments)):
            for argument in arguments:
                try:
                    text = argument.put(getattr(source, argument.attribute))
                except EncodeError as error:
                    raise EncodeError(error.reason, path=argument.name) from None
                except UnicodeError:
                    raise EncodeError(HALF_A_PAIR, path=argument.name) from None
                if text:
                    parts.append(text)
                elif argument.is_required:
                    raise EncodeError("must not be empty", path=argument.name)
        text = "&".join([*parts, self.query] if self.query else parts)
        segments, headers = row.segments, self.headers
        if row.in_path:
            segments = row.path_of(request)
        if row.in_header:
            headers = {**headers, **row.headers_of(request)}
        if scheme.header is not None:
            headers = {**headers, scheme.header: scheme.to_header(credentials)}
        if row.posts_form and not in_url:
            return HttpRequest(row.method, segments, "", headers, text.encode(), FORM)
        if row.write_body is not None:
            body = row.write_body(request).encode()
            return HttpRequest(row.method, segments, text, headers, body, JSON)
        return HttpRequest(row.operation.method, segments, text, headers)

    def decode_request(
        self, http: HttpRequest, *, split_lists: bool = False, max_size: int = MAX_REQUEST
    ) -> Call:
        """Read a request as tolerant platforms do.

        Paths and names in any case, doubled and trailing slashes, arguments in the query or the
        body or both (of several non-empty values the first counts, the query's before the body's),
        lists as ``X``, ``X[]`` or ``X[0]``, raw UTF-8, blanks around numbers, empty optional
        arguments and unknown arguments: all pass. What stands in a body of JSON counts before the
        query.

        ``split_lists`` also cuts one value of a list of phone numbers at commas and semicolons.
        ``max_size`` is how many bytes query and body may have, each.

        Raises :exc:`UnknownResourceError`, :exc:`MissingArgumentError` or
        :exc:`InvalidArgumentError`.
        """
        operation, in_path = self._paths.find(http.method, http.segments)
        row = self._requests[operation.request]
        if operation.several is not None and row.lists_several(http, max_size):
            row = self._requests[operation.several]
        request, credentials = row.read(http, in_path, split_lists=split_lists, max_size=max_size)
        return Call(operation, request, credentials)

    def encode_answer(self, request: type[Request[A]], answer: A | Refusal) -> HttpAnswer:
        """Write the answer to a request of this type, or a refusal, as compact JSON.

        Raises :exc:`EncodeError` with the key's path for what the wire cannot hold.
        """
        try:
            row = self._answers[request]
        except KeyError:
            raise self._unknown(request) from None
        return row.write(answer)

    def decode_answer(
        self, request: type[Request[A]], answer: Answered, *, max_size: int = MAX_ANSWER
    ) -> A | Refusal:
        """Read the answer to a request of this type: what it promises, or the interface's no.

        Keys in any case and order and ids as strings or numbers pass, unknown keys are ignored,
        numbers are exact. A code that the table lacks stays a plain number or word.

        Raises :exc:`DecodeError` for a body that is neither, such as a proxy's HTML page, and for
        one of more than ``max_size`` bytes.
        """
        try:
            row = self._answers[request]
        except KeyError:
            raise self._unknown(request) from None
        check_size(answer.body, max_size)
        found: A | Refusal = row.read(answer)
        return found

    def kinds(self, request: type[Request[Any]] | None = None) -> tuple[Kinds, Kinds]:
        """What the values of a request of this type are, and those of its answer: for
        :mod:`devino_codecs.masking`. None: of all requests and answers, where the row is unknown.
        """
        from ._kinds import together

        if request is not None:
            return self._kinds[request]
        both = [self._kinds[each] for each in self._operations]
        return together([asked for asked, _ in both]), together([told for _, told in both])

    def prefix_length(self, http: HttpRequest) -> int:
        """How many segments of a path are a prefix of this interface."""
        return self._paths.prefix_of(http.segments)

    @cached_property
    def _operations(self) -> Mapping[type, Operation]:
        return {operation.request: operation for operation in self.operations}

    # What reads and writes is loaded and made ready at the first call: an import pays for the
    # table alone.

    @cached_property
    def _paths(self) -> Paths:
        from ._paths import Paths

        return Paths(self.operations, self.prefixes, self.absent, any_method=self.any_method)

    @cached_property
    def _requests(self) -> Mapping[type, RequestRow]:
        from ._request_row import RequestRow

        def make(request: type) -> RequestRow:
            operation = self._operations[request]
            auth = operation.auth or self.auth
            body = None if self.form else self.read_body
            return RequestRow(operation, auth, body, any_method=self.any_method)

        return _Ready(make)

    @cached_property
    def _answers(self) -> Mapping[type, AnswerRow]:
        from ._answer_row import AnswerRow

        def make(request: type) -> AnswerRow:
            operation = self._operations[request]
            codes = operation.codes or self.codes
            return AnswerRow(operation, self.envelope, codes, self.refused, self.refusal)

        return _Ready(make)

    @cached_property
    def _kinds(self) -> Mapping[type, tuple[Kinds, Kinds]]:
        from ._kinds import kinds_of_row

        def make(request: type) -> tuple[Kinds, Kinds]:
            row = self.row(request)
            return kinds_of_row(row, row.auth or self.auth, self.envelope, self.query)

        return _Ready(make)

    def _unknown(self, request: object) -> TypeError:
        return TypeError(f"{request!r} is no request type of {self.name}")

    def _unfit(self, request: object, credentials: object) -> EncodeError:
        wanted: Iterable[type] = ()
        if type(request) in self._operations:
            wanted = self._requests[type(request)].schemes
        takes = " or ".join([one.__name__ for one in wanted]) or "no such request"
        return EncodeError(
            f"{type(request).__name__} cannot go with {type(credentials).__name__}: "
            f"{self.name} takes {takes}"
        )


class _Ready(dict[type, V]):
    """Rows, each made ready at its first use."""

    def __init__(self, make: Callable[[type], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, request: type) -> V:
        ready = self[request] = self._make(request)
        return ready


def choose(apis: Iterable[Api], http: HttpRequest) -> Api:
    """The interface that a path means: that with the longest prefix, of several the first."""
    return max(apis, key=lambda api: api.prefix_length(http))
