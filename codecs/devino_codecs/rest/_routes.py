"""Each operation in each version, made ready for reading and writing; and the way to it by path."""

from functools import cache
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import fields as struct_fields

from ._arguments import KINDS, TEXT, Kind
from ._credentials import Credentials, Login, Session
from ._errors import UnknownResourceError
from ._operations import OPERATIONS, PREFIXES, Operation
from ._requests import Request

__all__ = ["Argument", "Route", "resolve", "route"]

_ALIASES = {"DestinationAddress": "DestinationAddresses", "Optional": "Optionals"}
_ALIASES |= {many: one for one, many in _ALIASES.items()}


class Argument(Struct, frozen=True):
    """One argument: a field of the request or the credentials, and its name on the wire."""

    attribute: str
    name: str
    prefix: str
    kind: Kind
    required: bool


class Route(Struct, frozen=True):
    """An operation in one version: everything that reading and writing it needs, ready-made."""

    operation: Operation[object]
    path: str
    credentials_type: type[Credentials]
    credentials: tuple[Argument, ...]
    arguments: tuple[Argument, ...]
    names: dict[bytes, str]
    """As received, in the manual's spelling or in lower case -> canonical."""


_Key: TypeAlias = tuple[type[Request[object]], type[Credentials]]

_SPELLINGS: dict[_Key, tuple[Operation[object], str, tuple[str, ...]]] = {
    (operation.request, Session if len(spelling) == 1 else Login): (
        operation,
        PREFIXES[version] + operation.resource,
        spelling,
    )
    for operation in OPERATIONS
    for version, spelling in ((1, operation.v1), (2, operation.v2))
    if spelling
}
_RESOURCES = {path.lower().removeprefix("/rest/"): key for key, (_, path, _) in _SPELLINGS.items()}


@cache  # and not at import, which would pay for operations that nobody uses
def route(request: type[Request[object]], credentials_type: type[Credentials]) -> Route:
    """Make ready an operation in the version that these credentials mean; KeyError if none."""
    operation, path, spelling = _SPELLINGS[request, credentials_type]
    credentials = tuple(
        Argument(attribute, name, f"{name}=", TEXT, required=True)
        for attribute, name in zip(credentials_type.__struct_fields__, spelling, strict=True)
    )
    arguments = tuple(
        Argument(f.name, f.encode_name, f"{f.encode_name}=", KINDS[f.type], f.required)
        for f in struct_fields(request)
    )
    names = {}
    for argument in credentials + arguments:
        for name in (argument.name, _ALIASES.get(argument.name, argument.name)):
            names[name.encode()] = names[name.lower().encode()] = argument.name
    return Route(operation, path, credentials_type, credentials, arguments, names)


def resolve(path: str) -> Route:
    """Find the operation and version of a path in any case, with any slashes."""
    parts = [part for part in path.lower().split("/") if part]
    if parts[:1] == ["rest"]:
        del parts[0]
    resource = "/".join(parts)
    key = _RESOURCES.get(resource)
    if key is not None:
        return route(*key)
    if resource == "v2/user/sessionid":
        raise UnknownResourceError("version 2 has no sessions: it takes Login with every request")
    from difflib import get_close_matches  # only here, where nobody waits

    near = get_close_matches(resource[:60], _RESOURCES, n=1)
    hint = f", did you mean /rest/{near[0]}?" if near else ""
    raise UnknownResourceError(f"no resource {path[:60]!r}{hint}")
