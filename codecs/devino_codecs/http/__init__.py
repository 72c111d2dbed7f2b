"""An HTTP interface as a table: one row an operation, read and written for both sides.

A request is a struct. Its annotations say how each value stands on the wire, its type argument
what it is answered with; a row says where it goes, and an :class:`Api` what the rows share::

    >>> from datetime import datetime
    >>> from decimal import Decimal
    >>> from typing import Annotated
    >>> from msgspec import Struct
    >>> from devino_codecs.http import *
    >>> class Sent(Struct, frozen=True):
    ...     id: Annotated[str, ID]
    ...     price: Decimal | None = None
    >>> class Send(Request[Sent], frozen=True, kw_only=True):
    ...     to: Annotated[str, PHONE]
    ...     text: str
    ...     at: Annotated[datetime | None, UTC_SECONDS] = None
    >>> class Cancel(Request[None], frozen=True):
    ...     id: str
    >>> class Code(CodedStr):
    ...     STRANGER = "bad_key", "Nobody has this key", Verdict.LOGIN
    ...     POOR = "no_money", "The balance is too low", Verdict.FUNDS
    >>> api = Api(
    ...     name="pigeon",
    ...     auth=header("X-Api-Key"),
    ...     operations=(
    ...         Operation(Send, "POST", "messages"),
    ...         Operation(Cancel, "DELETE", "messages/{id}"),
    ...     ),
    ...     codes=Code,
    ...     envelope=Envelope("code", "description"),
    ... )

A client writes requests and reads answers; a refusal is a value::

    >>> key = ApiKey("secret")
    >>> http = api.encode_request(Send(to="79031234567", text="Hello"), key)
    >>> http.method, http.path, http.body
    ('POST', '/messages', b'{"to":"79031234567","text":"Hello"}')
    >>> api.decode_answer(Send, HttpAnswer(200, b'{"id": 18014398509481985, "price": 1.10}'))
    Sent(id='18014398509481985', price=Decimal('1.10'))
    >>> no = api.decode_answer(Send, HttpAnswer(402, b'{"code": "no_money"}'))
    >>> no.code, no.means
    (<Code.POOR: 'no_money'>, <Verdict.FUNDS: 'funds'>)

A server reads requests and writes answers, by the same table::

    >>> came = HttpRequest.of("DELETE", "/Messages//42/", headers={"X-API-Key": "secret"})
    >>> call = api.decode_request(came)
    >>> call.request, call.credentials == key
    (Cancel(id='42'), True)
    >>> api.encode_answer(Cancel, Refusal(Code.STRANGER, "who is this?", 401)).body
    b'{"code":"bad_key","description":"who is this?"}'

**The mark is the form.** Without a mark stand ``str``, ``int``, ``bool``, ``Decimal``, tables of
codes (``Code | str`` keeps what the table lacks), structs, ``tuple[X, ...]`` and ``dict[str, X]``.
What has several forms on wires, such as a date, needs a mark, and two forms are two marks:
:data:`UTC_SECONDS`, :data:`UTC_MILLISECONDS`, :data:`WALL_SECONDS`, :func:`moment`,
:data:`NET_DATE`, :data:`SERVICE_STACK_DATE`; :data:`ID`, :data:`NUMBER_ID`,
:data:`TEXT_OR_NUMBER`, :data:`WORD_OR_NUMBER`, :data:`PHONE`;
:data:`MINUTES`, :data:`TIME_SPAN`, :data:`ISO_SPAN`; :func:`form_of` makes another. Further marks
say where a field stands or what it is: :class:`Also`, :class:`InHeader`, :class:`InQuery`,
:data:`IN_BODY_TOO`, :data:`NULL`, :data:`IF_READABLE`, :data:`ONE_OR_LIST`, :class:`Within`,
:class:`Shortcut`.
:data:`SECRET`, :data:`RECIPIENT`, :data:`WORDS` and :data:`SHOWN` say what logs may show of it
(:mod:`devino_codecs.masking`); a text without such a mark is hidden. Where a value that cannot be
read must not cost the others their place, its type says so: ``tuple[Report | Unread, ...]`` with
:class:`Unread`.
"""

from typing import TYPE_CHECKING

from devino_codecs._coded import Coded, CodedInt, CodedStr, Verdict
from devino_codecs._lazy import lazy
from devino_codecs._masked import (
    RECIPIENT,
    SECRET,
    SHOWN,
    WORDS,
    Kind,
    Kinds,
    Listed,
    Masked,
    secret_values,
    secrets_of,
    without_secrets,
)
from devino_codecs._request import Request, answer_of
from devino_codecs.errors import DecodeError, EncodeError

from ._api import Api, choose
from ._auth import (
    ApiKey,
    Auth,
    Login,
    Session,
    arguments,
    basic,
    either,
    header,
)
from ._dates import NET_DATE, NET_DATE_OR_MIN, UTC_SECONDS, WALL_SECONDS, read_instant
from ._json import parse_json
from ._marks import (
    IF_READABLE,
    IN_BODY_TOO,
    NULL,
    ONE_OR_LIST,
    Also,
    InHeader,
    InQuery,
    Shortcut,
    Unread,
    Within,
)
from ._messages import ANSWER_TYPE, HttpAnswer, HttpRequest
from ._operation import Call, Envelope, Operation, Refusal, RefusalForm
from ._wire_forms import ID, MINUTES, PHONE, TEXT_OR_NUMBER, WireForm, form_of

if TYPE_CHECKING:
    from devino_codecs._numbered import NumberedStr

    from ._envelope import SERVICE_STACK, HttpCode, by_status, refusals_of
    from ._errors import (
        ArgumentError,
        InvalidArgumentError,
        MissingArgumentError,
        UnknownResourceError,
    )
    from ._jsv import parse_jsv
    from ._moments import (
        NO_ZONE,
        SERVICE_STACK_ARGUMENT,
        SERVICE_STACK_DATE,
        US_SECONDS,
        UTC_MILLISECONDS,
        moment,
        moved,
    )
    from ._pages import Items, Page, Range
    from ._plain_forms import BOOLEAN_WORD, NUMBER_ID, WORD_OR_NUMBER
    from ._protocols import Answered, Credentials
    from ._rowless import read_json, read_value, write_json
    from ._spans import ISO_SPAN, TIME_SPAN
    from ._spellings import name_of, number_of, spelt
else:
    __getattr__ = lazy(
        __name__,
        {
            "_envelope": ("SERVICE_STACK", "HttpCode", "by_status", "refusals_of"),
            "_errors": (
                "ArgumentError",
                "InvalidArgumentError",
                "MissingArgumentError",
                "UnknownResourceError",
            ),
            "_jsv": ("parse_jsv",),
            "_moments": (
                "NO_ZONE",
                "SERVICE_STACK_ARGUMENT",
                "SERVICE_STACK_DATE",
                "US_SECONDS",
                "UTC_MILLISECONDS",
                "moment",
                "moved",
            ),
            "_pages": ("Items", "Page", "Range"),
            "_plain_forms": ("BOOLEAN_WORD", "NUMBER_ID", "WORD_OR_NUMBER"),
            "_protocols": ("Answered", "Credentials"),
            "_rowless": ("read_json", "read_value", "write_json"),
            "_spans": ("ISO_SPAN", "TIME_SPAN"),
            "_spellings": ("NumberedStr", "name_of", "number_of", "spelt"),
        },
    )

__all__ = [
    "ANSWER_TYPE",
    "BOOLEAN_WORD",
    "ID",
    "IF_READABLE",
    "IN_BODY_TOO",
    "ISO_SPAN",
    "MINUTES",
    "NET_DATE",
    "NET_DATE_OR_MIN",
    "NO_ZONE",
    "NULL",
    "NUMBER_ID",
    "ONE_OR_LIST",
    "PHONE",
    "RECIPIENT",
    "SECRET",
    "SERVICE_STACK",
    "SERVICE_STACK_ARGUMENT",
    "SERVICE_STACK_DATE",
    "SHOWN",
    "TEXT_OR_NUMBER",
    "TIME_SPAN",
    "US_SECONDS",
    "UTC_MILLISECONDS",
    "UTC_SECONDS",
    "WALL_SECONDS",
    "WORDS",
    "WORD_OR_NUMBER",
    "Also",
    "Answered",
    "Api",
    "ApiKey",
    "ArgumentError",
    "Auth",
    "Call",
    "Coded",
    "CodedInt",
    "CodedStr",
    "Credentials",
    "DecodeError",
    "EncodeError",
    "Envelope",
    "HttpAnswer",
    "HttpCode",
    "HttpRequest",
    "InHeader",
    "InQuery",
    "InvalidArgumentError",
    "Items",
    "Kind",
    "Kinds",
    "Listed",
    "Login",
    "Masked",
    "MissingArgumentError",
    "NumberedStr",
    "Operation",
    "Page",
    "Range",
    "Refusal",
    "RefusalForm",
    "Request",
    "Session",
    "Shortcut",
    "UnknownResourceError",
    "Unread",
    "Verdict",
    "WireForm",
    "Within",
    "answer_of",
    "arguments",
    "basic",
    "by_status",
    "choose",
    "either",
    "form_of",
    "header",
    "moment",
    "moved",
    "name_of",
    "number_of",
    "parse_json",
    "parse_jsv",
    "read_instant",
    "read_json",
    "read_value",
    "refusals_of",
    "secret_values",
    "secrets_of",
    "spelt",
    "without_secrets",
    "write_json",
]


def __dir__() -> list[str]:
    # What is not loaded yet is shown, too.
    return sorted({*globals(), *__all__})
