"""What the values of requests and answers are, by their names on the wire: from the annotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from typing import Annotated, Any, Final, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec
from msgspec.structs import fields as struct_fields

from devino_codecs._masked import Kind, Kinds

from ._auth import Auth
from ._marks import Unread, Within
from ._operation import Envelope, Operation
from ._wire_forms import PHONE, TEXT_OR_NUMBER, WireForm

__all__ = ["kinds_of", "kinds_of_row", "together"]

_STRICT: Final = (Kind.SECRET, Kind.RECIPIENT, Kind.TEXT, Kind.WORDS, Kind.SHOWN)
"""Of two meanings of one name the first counts."""


def kinds_of(*hints: Any) -> Kinds:
    """The kinds of all values of these types: structs, or what an answer is, with their marks."""
    return together(map(_kinds, hints))


def together(several: Iterable[Kinds]) -> Kinds:
    """One table of several. If they differ about a name, the stricter counts."""
    found: dict[str, Kind] = {}
    for kinds in several:
        for name, kind in kinds.items():
            found[name] = _stricter(kind, found.get(name))
    return found


def kinds_of_row(row: Operation, auth: Auth, envelope: Envelope, query: str) -> tuple[Kinds, Kinds]:
    """The kinds of a row's requests, and those of its answers."""
    always = dict.fromkeys([name.lower() for name, _ in parse_qsl(query)], Kind.SHOWN)
    several = () if row.several is None else (kinds_of(row.several),)
    asked = (kinds_of(row.request), *several, always, *map(_credentials, auth.schemes))
    refused = {envelope.code.lower(): Kind.SHOWN, envelope.description.lower(): Kind.WORDS}
    told = kinds_of(row.answer)
    if envelope.result is not None and "" in told:
        told = {**told, envelope.result.lower(): told[""]}
    return together(asked), {**refused, **told}


def _credentials(auth: Auth) -> Kinds:
    names = (*auth.names, *(() if auth.header is None else (auth.header,)))
    return dict.fromkeys([name.lower() for name in names], Kind.SECRET)


@cache
def _kinds(hint: Any) -> Kinds:
    found: dict[str, Kind] = {}
    _gather(hint, ("",), None, found, frozenset())
    return found


def _gather(
    hint: Any,
    names: tuple[str, ...],
    kind: Kind | None,
    into: dict[str, Kind],
    seen: frozenset[Any],
) -> None:
    """Note what values of this type are, under these names."""
    form = None
    if get_origin(hint) is Annotated:
        marks = hint.__metadata__
        kind = kind or next((mark for mark in marks if isinstance(mark, Kind)), None)
        form = next((mark for mark in marks if isinstance(mark, WireForm)), None)
        names = (*names, *[mark.name for mark in marks if mark is not form and _has_name(mark)])
        deeper = next((mark for mark in marks if isinstance(mark, Within)), None)
        if deeper is not None:
            # Nobody said that what stands beside it is harmless, too.
            names = (*(names if kind is Kind.SECRET else ()), deeper.names[-1])
        hint = hint.__origin__
    cls = get_origin(hint) or hint
    if kind is None and isinstance(cls, type) and issubclass(cls, msgspec.Struct):
        own = into if form is None else dict[str, Kind]()
        if hint not in seen:
            for field in struct_fields(hint):
                _gather(field.type, (field.encode_name,), None, own, seen | {hint})
        if form is None:
            return
        # The form makes one value of the struct.
        kind = min(own.values(), key=_STRICT.index)
    if kind is None and cls not in (str, Any):
        options = [each for each in get_args(hint) if each not in (None, type(None), ..., Unread)]
        if cls in (dict, Mapping):
            # The names are the caller's own.
            kind, options = Kind.TEXT, []
        elif any(isinstance(each, type) and issubclass(each, Enum) for each in options):
            # A code, or the word that the table lacks.
            kind, options = Kind.SHOWN, []
        for each in options:
            _gather(each if form is None else Annotated[each, form], names, kind, into, seen)
        if options:
            return
    for name in names:
        into[name.lower()] = _stricter(kind or _kind_of(cls, form), into.get(name.lower()))


def _kind_of(cls: Any, form: WireForm | None) -> Kind:
    """What a value is that has no mark of a kind."""
    if form is PHONE:
        return Kind.RECIPIENT
    is_text = form is None or form is TEXT_OR_NUMBER
    return Kind.TEXT if cls is Any or (cls is str and is_text) else Kind.SHOWN


def _has_name(mark: object) -> bool:
    return isinstance(getattr(mark, "name", None), str) and not isinstance(mark, Enum)


def _stricter(kind: Kind, other: Kind | None) -> Kind:
    return kind if other is None else min(kind, other, key=_STRICT.index)
