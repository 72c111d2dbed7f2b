"""What the values of a row are, for whoever shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from devino_codecs.masking import Kind, Kinds, kinds_of, together

from ._auth import Auth
from ._operation import Operation

if TYPE_CHECKING:
    from ._api import Api

__all__ = ["kinds_of_row"]


def kinds_of_row(api: Api, row: Operation) -> tuple[Kinds, Kinds]:
    """The kinds of a row's requests, and those of its answers."""
    always = dict.fromkeys([name.lower() for name, _ in parse_qsl(api.query)], Kind.SHOWN)
    several = () if row.several is None else (kinds_of(row.several),)
    asked = (kinds_of(row.request), *several, always, *map(_credentials, _schemes(api, row)))
    refused = {api.envelope.code.lower(): Kind.SHOWN, api.envelope.description.lower(): Kind.WORDS}
    told = kinds_of(row.answer)
    if api.envelope.result is not None and "" in told:
        told = {**told, api.envelope.result.lower(): told[""]}
    return together(asked), {**refused, **told}


def _schemes(api: Api, row: Operation) -> tuple[Auth, ...]:
    return (row.auth or api.auth).schemes


def _credentials(auth: Auth) -> Kinds:
    names = (*auth.names, *(() if auth.header is None else (auth.header,)))
    return dict.fromkeys([name.lower() for name in names], Kind.SECRET)
