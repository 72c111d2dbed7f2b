"""Values as plain data: dicts, lists, strings and numbers, with the errors that receipts hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from . import errors
from .errors import DevinoError, InvalidArgument, Retry

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

__all__ = ["decode_error", "encode_error", "json_schema", "plain", "pydantic_schema", "read"]

T = TypeVar("T")


def plain(value: msgspec.Struct) -> dict[str, object]:
    """The value as JSON has it. Raises TypeError for an option that JSON cannot say."""
    # Not to_builtins: that keeps tuples.
    found: dict[str, object] = msgspec.json.decode(
        msgspec.json.encode(value, enc_hook=encode_error)
    )
    return found


def read(value: Mapping[str, object], kind: type[T]) -> T:
    """The value that :func:`plain` wrote. Raises InvalidArgument that names the place."""
    if not isinstance(value, Mapping):
        raise InvalidArgument("value", f"must be a mapping, not {type(value).__name__}")
    try:
        # msgspec reads dicts alone, and a row of a database is another Mapping.
        return msgspec.convert(dict(value), kind, dec_hook=decode_error)
    except msgspec.ValidationError as error:
        raise InvalidArgument("value", f"is no {kind.__name__}: {error}") from None


def pydantic_schema(kind: type[T]) -> CoreSchema:
    """How pydantic reads and writes the kind: as ``from_dict`` and ``to_dict`` do."""
    from pydantic_core import core_schema

    def validate(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        try:
            return kind.from_dict(value)  # type: ignore[attr-defined]
        except DevinoError as error:
            # pydantic tells its caller of a ValueError, and lets everything else through.
            raise ValueError(error.said) from None

    return core_schema.no_info_plain_validator_function(
        validate, serialization=core_schema.plain_serializer_function_ser_schema(plain)
    )


def json_schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON schema of the kind, in one piece.

    Where a value holds another of the same kind, as a message its fallback, the schema says only
    that it is an object.
    """
    (told,), parts = msgspec.json.schema_components(
        [kind], schema_hook=_schema_of, ref_template="{name}"
    )
    found: dict[str, Any] = _inlined(told, parts, ())
    return found


def encode_error(value: object) -> object:
    """A hook for msgspec: how an error of this library is written."""
    if not isinstance(value, DevinoError):
        raise TypeError(f"a value of type {type(value).__name__} cannot be written as JSON")
    # A class of a plugin is kept as the nearest one that every process knows.
    kind = next(one for one in type(value).__mro__ if one.__name__ in _KINDS)
    facts = {
        name: list(fact) if isinstance(fact, tuple) else fact
        for name, fact in vars(value).items()
        if isinstance(fact, _PLAIN) or (isinstance(fact, tuple) and _all_text(fact))
    }
    args = tuple(arg if isinstance(arg, _PLAIN) else str(arg) for arg in value.args)
    return _SavedError(kind.__name__, args, facts)


def decode_error(target: type, value: object) -> object:
    """A hook for msgspec: the error that :func:`encode_error` wrote."""
    if target is object:
        return value  # an option of a message
    if target is not DevinoError:
        raise TypeError(f"a value of type {target.__name__} cannot be read from JSON")
    if isinstance(value, DevinoError):
        return value
    saved = msgspec.convert(value, _SavedError)
    kind = _KINDS.get(saved.kind, DevinoError)
    error = kind.__new__(kind, *saved.args)
    for name, fact in saved.facts.items():
        if name == "retry":
            error.retry = Retry(str(fact))
        else:
            setattr(error, name, tuple(fact) if isinstance(fact, list) else fact)
    return error


class _SavedError(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error of the library, without its traceback and cause."""

    kind: str
    args: tuple[str | int | float | bool | None, ...] = ()
    facts: dict[str, str | int | float | bool | list[str] | None] = {}


def _schema_of(kind: type) -> dict[str, Any]:
    if kind is DevinoError:
        return {"type": "object", "title": "DevinoError", "required": ["kind"]}
    return {"title": "Any"}


def _inlined(schema: Any, parts: Mapping[str, Any], within: tuple[str, ...]) -> Any:
    if isinstance(schema, list):
        return [_inlined(one, parts, within) for one in schema]
    if not isinstance(schema, dict):
        return schema
    name = schema.get("$ref")
    if name is None:
        # pydantic has no use for the discriminator, whose targets are gone.
        kept = [key for key in schema if key != "discriminator"]
        return {key: _inlined(schema[key], parts, within) for key in kept}
    if name in within:
        return {"type": "object", "title": name}
    return _inlined(parts[name], parts, (*within, name))


def _all_text(values: tuple[object, ...]) -> bool:
    return all(isinstance(value, str) for value in values)


_PLAIN = (str, int, float, bool, type(None))
_KINDS: dict[str, type[DevinoError]] = {
    name: getattr(errors, name)
    for name in errors.__all__
    if isinstance(getattr(errors, name), type) and issubclass(getattr(errors, name), DevinoError)
}
