"""A row of the table, what stands around its answer, and what comes of it: a call, or the
interface's no."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from devino_codecs._coded import Coded, CodedInt, CodedStr
from devino_codecs._request import Request, answer_of

from ._auth import Auth

__all__ = ["Call", "CodeTable", "Envelope", "Operation", "Refusal", "RefusalForm"]

CodeTable: TypeAlias = type[CodedInt] | type[CodedStr]


class Operation(msgspec.Struct, frozen=True):
    """One row: ``Operation(SendSms, "POST", "Sms/Send")``.

    Arguments and their forms are the annotations of ``request``, the answer is its type argument.
    ``path`` is spelt as the manual does, below the interface's base; ``{Name}`` in it is the
    argument of that name.
    """

    request: type[Request[Any]]
    method: str
    path: str
    changes: bool = True
    """It has an effect: without an answer nobody knows whether it was carried out."""
    status: int = 200
    """The HTTP status of its success."""
    auth: Auth | None = None
    """Where its credentials stand, if not where the interface's do."""
    codes: CodeTable | None = None
    """The table of the codes that it is answered with, if it has one of its own."""
    said: str = ""
    """The description of its success, if not the one that the code has."""
    is_refused: Callable[[Any], bool] | None = None
    """For an answer that says of each item what became of it: whether this one took none. Then it
    stands in a refusal, which is read as the answer, too."""
    several: type[Request[Any]] | None = None
    """What a request is read as that has several values where ``request`` has room for one, and
    lists them where that field is marked :class:`Also`. It has a row of its own."""

    @property
    def name(self) -> str:
        """What it is called: its path."""
        return self.path

    @property
    def answer(self) -> Any:
        """The type of its answer."""
        return answer_of(self.request)


class Envelope(msgspec.Struct, frozen=True):
    """The keys of an answer's object. A refusal has ``code`` and ``description``.

    An answer stands under ``result``, beside them; None: it is the whole body. ``result`` may be
    the same key as ``code``, where the answer is its code. It is written before them, or after them
    if ``result_last``; where it stands in what is read does not matter.
    """

    code: str = "Code"
    description: str = "Description"
    result: str | None = None
    result_last: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """The interface's no: a value, not an exception.

    ``code``: of the interface's table, or the bare number or word if that lacks it.
    ``http_status``: what it came under; 0, to be written, is that of its code.
    """

    code: int | str
    description: str = ""
    http_status: int = 0

    @property
    def means(self) -> str:
        """The :class:`~devino_codecs.http.Verdict` of its code, ``""`` if the table lacks it."""
        return self.code.means if isinstance(self.code, Coded) else ""


class RefusalForm(msgspec.Struct, frozen=True):
    """How refusals look that carry no code.

    ``read`` gets the body's value, None if it is no JSON, and the HTTP status; it gives None for
    what is no refusal of this form. ``write`` gives JSON, None for a refusal of another form.
    Where answers are written, as in a sandbox, a table needs both: written as a code, the word "ok"
    would say that it was done.
    """

    read: Callable[[object, int], Refusal | None]
    write: Callable[[Refusal], bytes | None] = lambda _: None


class Call(msgspec.Struct, frozen=True):
    """A request as it was read: which row, what is asked, and who asks."""

    operation: Operation
    request: Any
    credentials: Any
